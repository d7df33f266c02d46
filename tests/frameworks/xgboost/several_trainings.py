"""Cross-validation, then two trainings in the same callback, with two evaluation sets."""

import numpy as np
import xgboost
from aim.xgboost import AimCallback

rng = np.random.default_rng(0)
inputs = rng.normal(size=(120, 4))
targets = inputs[:, 0] + rng.normal(0, 0.1, 120)
data = xgboost.DMatrix(inputs[:80], targets[:80])
more = xgboost.DMatrix(inputs[80:], targets[80:])
params = {"max_depth": 2, "nthread": 1}

xgboost.cv(
    params,
    data,
    num_boost_round=4,
    nfold=2,
    seed=0,
    callbacks=[AimCallback(experiment="cv", system_tracking_interval=None)],
)

callback = AimCallback(experiment="twice", system_tracking_interval=None)
sets = [(data, "train"), (more, "validation")]
first = xgboost.train(params, data, 3, evals=sets, callbacks=[callback], verbose_eval=False)
xgboost.train(
    params, data, 2, evals=sets, callbacks=[callback], xgb_model=first, verbose_eval=False
)
xgboost.train(params, data, 2, callbacks=[AimCallback(experiment="nothing evaluated")])
