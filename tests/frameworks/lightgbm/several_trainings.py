"""A subclass with hooks, early stopping, a second training in the same callback."""

import lightgbm
import numpy as np
from aim.lightgbm import AimCallback

rng = np.random.default_rng(0)
inputs = rng.normal(size=(200, 4))
targets = inputs[:, 0] + rng.normal(0, 0.5, 200)
data = lightgbm.Dataset(inputs[:100], targets[:100])
held_out = lightgbm.Dataset(inputs[100:], targets[100:], reference=data)
params = {"num_leaves": 3, "num_threads": 1, "verbose": -1, "learning_rate": 0.5}


class Hooked(AimCallback):
    def before_tracking(self, **kwargs):
        self.experiment["rounds"] = kwargs["env"].end_iteration

    def after_tracking(self, **kwargs):
        self.experiment.track(kwargs["env"].iteration, name="round")


callback = Hooked(experiment="hooked", system_tracking_interval=None)
stopping = lightgbm.early_stopping(2, verbose=False)
first = lightgbm.train(
    params,
    data,
    30,
    valid_sets=[held_out],
    valid_names=["held out"],
    callbacks=[callback, stopping],
)
lightgbm.train(
    params, data, 2, valid_sets=[held_out], valid_names=["held out"], callbacks=[callback]
)
callback.experiment["best"] = first.best_iteration
callback.close()
callback.experiment["after"] = "close"

silent = AimCallback(experiment="nothing evaluated", system_tracking_interval=None)
lightgbm.train(params, data, 2, callbacks=[silent])
