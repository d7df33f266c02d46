"""Optuna's studies with our callback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_one_run_and_many(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    found = compare("examples/optuna_aim.py").ours
    one, *trials = found
    assert one["experiment"] == "one run"
    assert one["params"] == {"hparams": {"direction": ["MINIMIZE"]}, "study_name": "parabola"}
    assert summary(one, digits=4) == {
        "metric loss {}": (6, 5, 75.12),
        "metric shape {}": (6, 5, 2.0),
        "metric x {}": (6, 5, -4.129),
    }
    assert [run["name"] for run in trials] == ["trial-0", "trial-1", "trial-2"]
    for number, run in enumerate(trials):
        assert run["experiment"] == "a run a trial"
        assert run["params"]["trial_number"] == number
        assert run["params"]["study_name"] == "descent"
        assert sorted(run["params"]["hparams"]) == ["direction", "x"]
        last = run["sequences"]["metric loss so far {}"][1][-1]
        assert run["params"]["loss"] == last
        assert summary(run, digits=17) == {"metric loss so far {}": (5, 4, last)}
    assert all(run["ended"] for run in found)


def test_several_values_and_studies(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    found = compare("tests/frameworks/optuna/studies.py").ours
    numbered, named, first, second, *reused = found
    assert list(summary(numbered)) == [
        f"metric {name} {{}}" for name in ("value_0", "value_1", "x")
    ]
    assert numbered["params"]["by"] == "hand"
    assert {name: what[:2] for name, what in summary(named).items()} == {
        f"metric {name} {{}}": (2, 1) for name in ("high", "low", "x")
    }
    for run in (first, second):
        assert {"low", "high", "trial_number"} < run["params"].keys()
    assert [run["params"]["study_name"] for run in reused] == ["first", "second"]


def quiet_study() -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), study_name="s")


def test_pruned_and_failed_trials_and_choices_that_are_no_numbers(tmp_path: Path) -> None:
    """Aim's callback ends the study at each of these."""
    import optuna

    from matyan_client.adapters.optuna import MatyanCallback

    def objective(trial: Any) -> float:
        trial.suggest_categorical("kind", ["round", "square"])
        trial.suggest_categorical("nothing", [None])
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ZeroDivisionError
        return float("nan") if trial.number == 3 else 1.0

    callback = MatyanCallback(repo=tmp_path, system_tracking_interval=None)
    study = quiet_study()
    study.optimize(objective, n_trials=5, callbacks=[callback], catch=(ZeroDivisionError,))
    assert len(study.trials) == 5
    run = callback.experiment
    assert list(run.read_series("value").steps) == [0, 4]
    texts = {each["name"]: each["count"] for each in run.collect_sequence_info("texts")["texts"]}
    assert texts == {"kind": 5, "nothing": 5}
    assert callback.tracking_errors == 0
    callback.close()


def test_trials_of_several_threads_are_kept_apart(tmp_path: Path) -> None:
    from matyan_client import Repo
    from matyan_client.adapters.optuna import MatyanCallback

    callback = MatyanCallback(
        as_multirun=True,
        repo=tmp_path,
        system_tracking_interval=None,
        log_system_params=False,
        capture_terminal_logs=False,
    )
    met = threading.Barrier(2, timeout=60)

    @callback.track_in_run()
    def objective(trial: Any) -> float:
        met.wait()  # two trials are at this point at once
        callback.experiment.track(trial.number, name="number")
        met.wait()
        return float(trial.suggest_int("x", 0, 9))

    quiet_study().optimize(objective, n_trials=6, n_jobs=2, callbacks=[callback])
    assert callback.experiment is None
    repo = Repo(str(tmp_path))
    runs: dict[Any, Any] = {
        run.name: run for run in map(repo.get_run, repo.list_all_runs()) if run is not None
    }
    assert sorted(runs) == [f"trial-{number}" for number in range(6)]
    for number in range(6):
        run = runs[f"trial-{number}"]
        assert run.get_param(("trial_number",)) == number
        assert run.get_metric("number")["last_value"] == number
        assert run.get_metric("number")["count"] == 1


def test_a_trial_that_ends_the_study_shares_its_run_with_no_other(tmp_path: Path) -> None:
    from matyan_client import Repo
    from matyan_client.adapters.optuna import MatyanCallback

    callback = MatyanCallback(as_multirun=True, repo=tmp_path, system_tracking_interval=None)

    @callback.track_in_run()
    def objective(trial: Any) -> float:
        callback.experiment.track(1.0, name="seen")
        if trial.number == 0:
            raise ZeroDivisionError
        return 1.0

    study = quiet_study()
    with pytest.raises(ZeroDivisionError):
        study.optimize(objective, n_trials=1, callbacks=[callback])
    study.optimize(objective, n_trials=1, callbacks=[callback])
    callback.close()
    repo = Repo(str(tmp_path))
    found = [repo.get_run(each) for each in repo.list_all_runs()]
    assert sorted(str(run and run.name) for run in found) == ["trial-0", "trial-1"]
    assert repo.list_active_runs() == []


def test_names_that_do_not_fit(tmp_path: Path) -> None:
    from matyan_client.adapters.optuna import MatyanCallback

    with pytest.raises(TypeError, match="Expected metric_name to be string or sequence"):
        MatyanCallback(metric_name=3)  # type: ignore[arg-type]  # that is the point
    callback = MatyanCallback(["a", "b"], repo=tmp_path, system_tracking_interval=None)
    with pytest.raises(ValueError, match="The objective gives 1 values, but 2 names"):
        quiet_study().optimize(lambda trial: 1.0, n_trials=1, callbacks=[callback])
    callback.close()
