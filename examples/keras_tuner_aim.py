"""How many units a small network needs for the digits: a run for each trial of Keras Tuner.

Run it with Aim, or with `python -m aim_compat run examples/keras_tuner_aim.py`.
"""

import keras
import keras_tuner
from aim.keras_tuner import AimCallback
from sklearn.datasets import load_digits

inputs, targets = load_digits(return_X_y=True)


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Dense(hp.Choice("units", [8, 32]), activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Choice("rate", [0.001, 0.01])),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


tuner = keras_tuner.GridSearch(
    build, objective="val_accuracy", max_trials=3, overwrite=True, directory="tuning"
)
tuner.search(
    inputs[:256],
    targets[:256],
    validation_split=0.25,
    epochs=2,
    batch_size=64,
    verbose=0,
    callbacks=[AimCallback(tuner=tuner, experiment="digits")],
)
