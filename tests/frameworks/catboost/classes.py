"""A classifier that is perfect at once, without a set to evaluate, with two of them, and silent."""

from aim.catboost import AimLogger
from catboost import CatBoostClassifier

inputs = [[float(i), float(i % 3)] for i in range(40)]
targets = [int(i >= 20) for i in range(40)]


def train(experiment, **fitting):
    logger = AimLogger(
        loss_function="Logloss",
        experiment=experiment,
        system_tracking_interval=None,
        capture_terminal_logs=False,
    )
    logger.experiment["written by"] = "the user"
    model = CatBoostClassifier(
        iterations=5, depth=2, random_seed=0, thread_count=1, allow_writing_files=False
    )
    model.fit(inputs, targets, log_cout=logger, **fitting)


train("learning only", logging_level="Info")
train("one set", eval_set=(inputs[::2], targets[::2]), logging_level="Verbose")
train("silent", logging_level="Silent")
