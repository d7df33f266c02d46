"""What goes wrong around a training: it ends as if nothing had, and what was recorded is there.

With LightGBM and XGBoost, which train in a moment; how a run is opened and closed is the same code
for all frameworks.
"""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

ROUNDS = 6
PARAMS = {"num_threads": 1, "verbose": -1, "min_data_in_leaf": 1, "min_data_in_bin": 1}
QUIET: dict[str, Any] = {
    "system_tracking_interval": None,
    "log_system_params": False,
    "capture_terminal_logs": False,
}
INPUTS = [[float(number)] for number in range(20)]
TARGETS = [float(number) for number in range(20)]


def train(*callbacks: Any, rounds: int = ROUNDS) -> Any:
    import numpy as np

    data = lightgbm.Dataset(np.array(INPUTS), np.array(TARGETS))
    return lightgbm.train(
        PARAMS, data, rounds, valid_sets=[data], valid_names=["train"], callbacks=list(callbacks)
    )


def runs_of(repo: Path) -> list[Any]:
    from matyan_client import Repo

    opened = Repo(str(repo))
    return [opened.get_run(each) for each in opened.list_all_runs()]


def test_trainers_of_one_process_do_not_mix(tmp_path: Path) -> None:
    from matyan_client.adapters.lightgbm import MatyanCallback as ForLight
    from matyan_client.adapters.xgboost import MatyanCallback as ForExtreme

    inner: list[Any] = []

    class Nested(ForLight):
        def after_tracking(self, **kwargs: Any) -> None:
            data = xgboost.DMatrix(INPUTS, TARGETS)
            inner.append(ForExtreme(repo=tmp_path, experiment="inner", **QUIET))
            evals = [(data, "train")]
            xgboost.train(
                {"nthread": 1}, data, 2, evals=evals, callbacks=inner[-1:], verbose_eval=False
            )

    outer = Nested(repo=tmp_path, experiment="outer", **QUIET)
    other = ForLight(repo=tmp_path, experiment="other", **QUIET)
    train(outer, other, rounds=3)
    outer.close()
    other.close()
    found = sorted(
        (run.experiment, [(each["name"], each["count"]) for each in run.metrics()])
        for run in runs_of(tmp_path)
    )
    assert found == [
        *[("inner", [("rmse", 2)])] * 3,
        ("other", [("l2", 3)]),
        ("outer", [("l2", 3)]),
    ]


def test_twice_and_after_close(tmp_path: Path) -> None:
    from matyan_client.adapters.lightgbm import MatyanCallback

    callback = MatyanCallback(repo=tmp_path, **QUIET)
    train(callback)
    callback.close()
    callback.close()
    train(callback)
    callback.experiment.track(1.0, name="mine")
    callback.close()
    (run,) = runs_of(tmp_path)
    counts = {each["name"]: each["count"] for each in run.metrics()}
    assert counts == {"l2": 2 * ROUNDS, "mine": 1}
    assert callback.tracking_errors == 0


def test_a_repository_that_cannot_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from matyan_client.adapters.lightgbm import MatyanCallback

    (tmp_path / "file").touch()
    callback = MatyanCallback(repo=tmp_path / "file" / "below", **QUIET)
    model = train(callback)
    assert model.num_trees() == ROUNDS
    assert callback.tracking_errors == 1
    (said,) = (each.getMessage() for each in caplog.records)
    assert said.startswith("MatyanCallback could not record a run, so that nothing is recorded: ")
    assert "Training goes on" in said
    callback.close()


def test_a_disk_that_fails_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from matyan_client.adapters.lightgbm import MatyanCallback

    callback = MatyanCallback(repo=tmp_path, **QUIET)
    run = callback.experiment
    kept = run.track

    def track(value: Any, **how: Any) -> None:
        if run.get_metric("l2", how["context"]) is not None:
            raise OSError(errno.EROFS, "Read-only file system")
        kept(value, **how)

    monkeypatch.setattr(run, "track", track)
    model = train(callback)
    assert model.num_trees() == ROUNDS
    assert callback.tracking_errors == ROUNDS - 1
    assert len([each for each in caplog.records if "Read-only" in each.getMessage()]) == 1
    monkeypatch.undo()
    callback.close()
    (found,) = runs_of(tmp_path)
    assert found.get_metric("l2", {"data_name": "train"})["count"] == 1


KILLED = """
import os, signal, lightgbm, numpy as np
from aim.lightgbm import AimCallback

class Dying(AimCallback):
    def after_tracking(self, env):
        if env.iteration == 3:
            os.kill(os.getpid(), signal.SIGKILL)

data = lightgbm.Dataset(np.arange(20.0).reshape(20, 1), np.arange(20.0))
callback = Dying(experiment="killed")
callback.experiment["hparams"] = {"rounds": 100}
params = {"num_threads": 1, "verbose": -1, "min_data_in_leaf": 1}
lightgbm.train(params, data, 100, valid_sets=[data], callbacks=[callback])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_training_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "training.py").write_text(KILLED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "aim_compat", "run", "training.py"], cwd=tmp_path, check=False
    )
    assert done.returncode != 0
    (run,) = runs_of(tmp_path)
    assert run.experiment == "killed"
    assert run.get_param(("hparams", "rounds")) == 100
    (metric,) = (each for each in run.metrics() if not each["name"].startswith("__system__"))
    assert (metric["name"], metric["count"], metric["last_step"]) == ("l2", 4, 3)
