"""Ray Tune with our callback."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("default")  # Ray's own are many


def runs_of(repo: Path) -> list[Any]:
    from matyan_client import Repo

    opened = Repo(str(repo))
    return [opened.get_run(each) for each in opened.list_all_runs()]


@pytest.mark.timeout(300)
def test_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray
    from ray import tune

    from matyan_client.adapters.ray_tune import MatyanCallback

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AIR_NEW_OUTPUT", "0")
    callback = MatyanCallback(tmp_path / "repo", experiment="search", log_system_params=False)

    older = None if hasattr(tune, "RunConfig") else importlib.import_module("ray.train")
    report = tune.report if older is None else older.report

    def train(config: dict[str, Any]) -> None:
        for step in range(3):
            report({"loss": config["x"] / (step + 1), "nested": {"a": step}, "text": "t"})
        if config["x"] == 3:
            raise ZeroDivisionError

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        tuner = tune.Tuner(
            train,
            param_space={"x": tune.grid_search([1, 2, 3]), "deep": {"y": 1}},
            tune_config=tune.TuneConfig(max_concurrent_trials=1),
            run_config=(older or tune).RunConfig(
                name="exp", storage_path=str(tmp_path / "ray"), callbacks=[callback], verbose=0
            ),
        )
        results = tuner.fit()
    finally:
        ray.shutdown()
    assert len(results.errors) == 1
    assert callback.tracking_errors == 0

    runs = runs_of(tmp_path / "repo")
    assert sorted(run.get_param(("hparams", "x")) for run in runs) == [1, 2, 3]
    for run in runs:
        x = run.get_param(("hparams", "x"))
        assert run.experiment == "search"
        assert run.name.startswith("train_")
        assert run.get_param(("hparams", "deep")) == {"y": 1}
        assert run.get_param(("trial_id",)) in run.name
        assert list(run.read_series("loss").values) == pytest.approx([x, x / 2, x / 3])
        assert list(run.read_series("loss").steps) == [1, 2, 3]
        assert run.get_metric("nested/a")["last_value"] == 2
        names = {each["name"] for each in run.metrics()}
        assert "time_total_s" in names
        assert not names & {"pid", "done", "timestamp", "training_iteration", "text"}
        assert bool(run.get_param().get("failed")) == (x == 3)


def trial(number: int) -> Any:
    class Trial(SimpleNamespace):
        def __str__(self) -> str:
            return f"trial_{self.trial_id}"

    return Trial(trial_id=str(number), config={"x": number})


def test_a_restored_experiment_goes_on_in_its_runs(tmp_path: Path) -> None:
    from matyan_client.adapters.ray_tune import MatyanCallback

    first = MatyanCallback(tmp_path, log_system_params=False)
    first.log_trial_start(trial(1))
    first.log_trial_result(1, trial(1), {"loss": 1.0, "training_iteration": 1})
    state = first.get_state()
    first.close()

    again = MatyanCallback(tmp_path, log_system_params=False)
    again.set_state(state)
    again.log_trial_start(trial(1))
    again.log_trial_result(2, trial(1), {"loss": 0.5, "training_iteration": 2})
    again.log_trial_start(trial(2))
    bad = {"loss": None, "text": "a", "list": [1, 2], "odd": float("nan"), "deep": {"b": 1}}
    again.log_trial_result(1, trial(2), bad)
    again.log_trial_end(trial(2), failed=True)
    again.log_trial_end(trial(1))
    again.close()

    runs = {run.name: run for run in runs_of(tmp_path)}
    assert sorted(runs) == ["trial_1", "trial_2"]
    assert list(runs["trial_1"].read_series("loss").values) == [1.0, 0.5]
    assert sorted(each["name"] for each in runs["trial_2"].metrics()) == ["deep/b", "odd"]
    assert runs["trial_2"].get_param(("failed",)) is True
