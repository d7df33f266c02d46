"""Boosted trees on the diabetes data, CatBoost's log led into a run.

Run it with Aim, or with `python -m aim_compat run examples/catboost_aim.py`.
"""

from aim.catboost import AimLogger
from catboost import CatBoostRegressor
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

inputs, targets = load_diabetes(return_X_y=True)
train_x, val_x, train_y, val_y = train_test_split(inputs, targets, random_state=0)

model = CatBoostRegressor(
    iterations=10,
    depth=3,
    loss_function="RMSE",
    random_seed=0,
    thread_count=1,
    allow_writing_files=False,
)
model.fit(
    train_x,
    train_y,
    eval_set=(val_x, val_y),
    log_cout=AimLogger(loss_function="RMSE", experiment="diabetes"),
    logging_level="Info",
)
