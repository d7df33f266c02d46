"""A study of where a parabola is lowest: as one run, then again with a run for each trial.

Run it with Aim, or with `python -m aim_compat run examples/optuna_aim.py`.
"""

import optuna
from aim.optuna import AimCallback


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    shape = trial.suggest_categorical("shape", [1, 2])
    return shape * (x - 2) ** 2


callback = AimCallback(metric_name="loss", experiment_name="one run")
study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), study_name="parabola")
study.optimize(objective, n_trials=6, callbacks=[callback])
callback.close()

each = AimCallback(metric_name="loss", as_multirun=True, experiment_name="a run a trial")


@each.track_in_aim()
def with_steps(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    for step in range(5):
        x -= 0.2 * (x - 2)
        each.experiment.track((x - 2) ** 2, name="loss so far", step=step)
    return (x - 2) ** 2


study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1), study_name="descent")
study.optimize(with_steps, n_trials=3, callbacks=[each])
