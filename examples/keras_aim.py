"""A small network on the digits, tracked with Aim's Keras callback.

Run it with Aim, or with `python -m aim_compat run examples/keras_aim.py`.
"""

import keras
from aim.keras import AimCallback
from sklearn.datasets import load_digits

inputs, targets = load_digits(return_X_y=True)
keras.utils.set_random_seed(0)

model = keras.Sequential(
    [
        keras.layers.Input((64,)),
        keras.layers.Rescaling(1 / 16),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

callback = AimCallback(experiment="digits")
callback.experiment["hparams"] = {"units": 32, "optimizer": "adam"}
model.fit(
    inputs[:512],
    targets[:512],
    validation_split=0.25,
    epochs=3,
    batch_size=64,
    verbose=0,
    callbacks=[callback],
)
