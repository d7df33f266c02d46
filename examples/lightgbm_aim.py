"""Boosted trees on the breast cancer data, tracked with Aim's LightGBM callback.

Run it with Aim, or with `python -m aim_compat run examples/lightgbm_aim.py`.
"""

import lightgbm
from aim.lightgbm import AimCallback
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

inputs, targets = load_breast_cancer(return_X_y=True)
train_x, val_x, train_y, val_y = train_test_split(inputs, targets, random_state=0)
train = lightgbm.Dataset(train_x, train_y)

params = {
    "objective": "binary",
    "metric": ["binary_logloss", "auc"],
    "num_leaves": 7,
    "num_threads": 1,
    "verbose": -1,
}
callback = AimCallback(experiment="breast cancer")
callback.experiment["hparams"] = params

lightgbm.train(
    params,
    train,
    num_boost_round=8,
    valid_sets=[train, lightgbm.Dataset(val_x, val_y, reference=train)],
    valid_names=["train", "validation"],
    callbacks=[callback],
)
callback.close()
