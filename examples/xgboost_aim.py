"""Boosted trees on the diabetes data, tracked with Aim's XGBoost callback.

Run it with Aim, or with `python -m aim_compat run examples/xgboost_aim.py`.
"""

import xgboost
from aim.xgboost import AimCallback
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

inputs, targets = load_diabetes(return_X_y=True)
train_x, val_x, train_y, val_y = train_test_split(inputs, targets, random_state=0)

params = {"max_depth": 3, "eta": 0.3, "eval_metric": ["rmse", "mae"], "nthread": 1}
callback = AimCallback(experiment="diabetes")
callback.experiment["hparams"] = params

xgboost.train(
    params,
    xgboost.DMatrix(train_x, train_y),
    num_boost_round=10,
    evals=[(xgboost.DMatrix(val_x, val_y), "validation")],
    callbacks=[callback],
    verbose_eval=False,
)
