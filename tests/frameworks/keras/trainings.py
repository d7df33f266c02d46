"""A schedule, two fits in one callback, a subclass, and the callback by its old names."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # after what it reads
import numpy as np
from aim.keras import AimCallback, AimTracker

keras.utils.set_random_seed(0)
inputs = np.arange(64, dtype="float32").reshape(16, 4) / 64
targets = inputs.sum(axis=1)


def model(rate):
    network = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    network.compile(optimizer=keras.optimizers.SGD(rate), loss="mse", metrics=["mae"])
    return network


class WithMore(AimCallback):
    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.experiment.track(epoch * 2, name="doubled", epoch=epoch)


callback = WithMore(experiment="twice", system_tracking_interval=None)
network = model(0.1)
network.fit(inputs, targets, epochs=2, verbose=0, callbacks=[callback])
network.fit(
    inputs,
    targets,
    epochs=4,
    initial_epoch=2,
    validation_split=0.5,
    verbose=0,
    callbacks=[callback],
)
network.evaluate(inputs, targets, verbose=0, callbacks=[callback])
network.predict(inputs, verbose=0, callbacks=[callback])
callback.experiment["after"] = "fit"
callback.close()
callback.experiment["after"] = "close"

schedule = keras.optimizers.schedules.ExponentialDecay(0.5, decay_steps=1, decay_rate=0.5)
model(schedule).fit(
    inputs,
    targets,
    batch_size=16,
    epochs=3,
    verbose=0,
    callbacks=[AimTracker(experiment="schedule", system_tracking_interval=None)],
)
