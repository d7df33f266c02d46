"""Several objectives, several studies with one callback, params set at once."""

import optuna
from aim.optuna import AimCallback

optuna.logging.set_verbosity(optuna.logging.ERROR)
quiet = {"system_tracking_interval": None, "capture_terminal_logs": False}


def study(name, directions=("minimize",)):
    sampler = optuna.samplers.RandomSampler(seed=0)
    return optuna.create_study(sampler=sampler, study_name=name, directions=list(directions))


def two(trial):
    x = trial.suggest_int("x", 0, 9)
    return x, float(9 - x)


both = ("minimize", "maximize")
callback = AimCallback(experiment_name="two values", **quiet)
callback.setup({"by": "hand"})
study("numbered", both).optimize(two, n_trials=2, callbacks=[callback])
callback.close()

callback = AimCallback(metric_name=["low", "high"], experiment_name="named", **quiet)
study("named", both).optimize(two, n_trials=2, callbacks=[callback])
callback.close()

each = AimCallback(metric_name=["low", "high"], as_multirun=True, experiment_name="each", **quiet)
study("each", both).optimize(two, n_trials=2, callbacks=[each])


def one(trial):
    return trial.suggest_float("x", 0, 1)


reused = AimCallback(experiment_name="one after the other", **quiet)
study("first").optimize(one, n_trials=2, callbacks=[reused])
reused.close()
study("second").optimize(one, n_trials=2, callbacks=[reused])
reused.close()
