"""A small network on the digits, tracked with Aim's callback for tf.keras.

Run it with Aim, or with `python -m aim_compat run examples/tensorflow_aim.py`.
"""

import tensorflow as tf
from aim.tensorflow import AimCallback
from sklearn.datasets import load_digits

inputs, targets = load_digits(return_X_y=True)
tf.keras.utils.set_random_seed(0)

model = tf.keras.Sequential(
    [
        tf.keras.layers.Input((64,)),
        tf.keras.layers.Rescaling(1 / 16),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
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
