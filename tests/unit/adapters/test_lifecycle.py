"""What adapters share, without any framework: the run's life, ranks, and errors that stay quiet."""

from __future__ import annotations

import copy
import gc
import logging
import os
import pickle
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from aim_compat.adapters._runs import AimRuns
from matyan_client import Repo, Run
from matyan_client.adapters._lifecycle import NO_RUN, RunAdapter, guarded
from matyan_client.adapters._ranks import rank_of_process
from matyan_client.adapters._values import flat, storable
from matyan_client.exceptions import MissingFrameworkError, RunNotFoundError

LAUNCHERS = (
    "RANK WORLD_SIZE LOCAL_RANK NODE_RANK SLURM_PROCID SLURM_NTASKS MASTER_ADDR "
    "OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE PMI_RANK PMI_SIZE"
).split()


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


class Callback(RunAdapter):
    """As small as an adapter can be."""

    def __init__(self, repo: Any, **options: Any) -> None:
        self._configure(repo, "tried", None, False, False, **options)

    @guarded
    def on_log(self, logs: Any, step: int | None = None) -> str:
        for name, value in logs.items():
            self._track(value, name, step=step)
        return "done"

    @guarded
    def on_params(self, params: Any) -> None:
        self._set_params(params, "hparams")


class AimCallback(AimRuns, Callback):
    """The same with runs of aim_compat."""


def only_run(directory: Path) -> Any:
    repo = Repo(directory)
    (run_hash,) = repo.list_all_runs()
    return repo.get_run(run_hash)


def values(run: Any, name: str) -> dict[int, Any]:
    found = run.read_series(name)
    return dict(zip(list(found.steps), list(found.values), strict=True))


# -- the run's life --------------------------------------------------------------------------------


def test_a_run_is_made_when_it_is_needed_and_goes_on_after_close(tmp_path: Path) -> None:
    callback = Callback(tmp_path)
    assert Repo(tmp_path).list_all_runs() == []
    assert callback.on_log({"loss": 1.0}, 0) == "done"
    held = callback.experiment
    callback.close()
    callback.close()
    assert held.closed
    callback.on_log({"loss": 0.5}, 1)
    assert callback.experiment is not held
    callback.close()
    run = only_run(tmp_path)
    assert run.experiment == "tried"
    assert values(run, "loss") == {0: 1.0, 1: 0.5}
    assert run.end_time is not None


def test_a_run_of_ones_own_is_continued(tmp_path: Path) -> None:
    with Run(repo=tmp_path, capture_terminal_logs=False) as first:
        first.track(1.0, name="loss")
    for kind in (Callback, AimCallback):
        callback = kind(tmp_path, run_hash=first.hash, run_name="renamed")
        callback.on_log({"loss": 0.5})
        callback.close()
    run = only_run(tmp_path)
    assert run.name == "renamed"
    assert values(run, "loss") == {0: 1.0, 1: 0.5, 2: 0.5}


def test_a_run_that_cannot_be_as_asked_is_said_at_once(tmp_path: Path) -> None:
    callback = AimCallback(tmp_path, run_hash="nobody")
    with pytest.raises(RunNotFoundError, match="nobody"):
        callback.on_log({"loss": 1.0})


def test_dropping_an_adapter_ends_its_run(tmp_path: Path) -> None:
    callback = Callback(tmp_path)
    callback.on_log({"loss": 1.0})
    del callback
    gc.collect()
    assert only_run(tmp_path).end_time is not None


def test_copies_and_pickles_record_in_the_same_run(tmp_path: Path) -> None:
    callback = Callback(tmp_path)
    callback.on_log({"loss": 1.0}, 0)
    twins = [pickle.loads(pickle.dumps(callback)), copy.copy(callback), copy.deepcopy(callback)]
    for step, twin in enumerate(twins, start=1):
        twin.on_log({"loss": float(step)}, step)
        twin.close()
    callback.on_log({"loss": 4.0}, 4)
    callback.close()
    assert values(only_run(tmp_path), "loss") == {0: 1.0, 1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}


def test_a_checkpoint_of_a_run_that_is_not_here_begins_a_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = AimCallback(tmp_path)
    callback._resume("gone")
    assert "cannot be continued" in caplog.text
    callback.on_log({"loss": 1.0})
    assert only_run(tmp_path).hash == callback.experiment.hash
    before = callback.experiment
    callback._resume(before.hash)
    assert callback.experiment is before


# -- what cannot be recorded -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Callback, AimCallback])
def test_what_is_no_metric_is_said_once_and_the_rest_is_tracked(
    kind: type[Callback], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    numpy = pytest.importorskip("numpy")
    callback = kind(tmp_path)
    logs = {
        "text": "high",
        "none": None,
        "several": numpy.zeros(3),
        "nan": float("nan"),
        "array": numpy.float32(0.5),
        "one": numpy.ones((1, 1)),
        "flag": True,
        "nested": {"accuracy": 0.9, "deep": {"er": 1}},
        "loss": 1.0,
    }
    for step in range(3):
        assert callback.on_log(logs, step) == "done"
    assert callback.tracking_errors == 3 * 3
    said = [record.getMessage() for record in caplog.records]
    assert sum("metric 'text'" in line for line in said) == 1
    assert len([line for line in said if "could not record" in line]) == 3
    callback.close()
    assert "9 times something could not be recorded" in caplog.text
    run = only_run(tmp_path)
    names = {sequence.name for sequence in run.record().sequences}
    assert names == {
        "nan", "array", "one", "flag", "nested/accuracy", "nested/deep/er", "loss"
    }  # fmt: skip
    assert values(run, "loss") == {0: 1.0, 1: 1.0, 2: 1.0}


@pytest.mark.parametrize("kind", [Callback, AimCallback])
def test_params_of_any_kind_are_kept(kind: type[Callback], tmp_path: Path) -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    callback = kind(tmp_path)
    callback.on_params(
        {
            "lr": 0.1,
            "path": Path("somewhere"),
            "object": object,
            "nested": {1: {("a", "b"): {"type": dict}}, "list": [1, print]},
            "endless": endless,
            ("deep", "er"): 1,
        }
    )
    callback.close()
    found = only_run(tmp_path)["hparams"]
    assert found["lr"] == 0.1
    assert "somewhere" in found["path"]
    assert found["object"] == repr(object)
    assert found["nested"][1] == {"('a', 'b')": {"type": repr(dict)}}
    assert found["nested"]["list"] == [1, repr(print)]
    assert found["deep"] == {"er": 1}
    assert "endless" in found
    assert callback.tracking_errors == 0


def test_a_hook_that_fails_does_not_stop_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    callback = Callback(tmp_path)
    assert callback.on_log(None) is None
    assert callback.on_log(None) is None
    assert caplog.text.count("could not record what on_log was told: AttributeError") == 1
    assert callback.tracking_errors == 2


def test_a_place_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    for kind in (Callback, AimCallback):
        caplog.clear()
        callback = kind(tmp_path / "file")
        for step in range(3):
            assert callback.on_log({"loss": 1.0}, step) == "done"
            callback.on_params({"lr": 0.1})
        callback.experiment.track(1.0, name="by hand")
        callback.experiment["by hand"] = 1
        assert not callback.experiment
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "could not record a run" in caplog.text
        callback.close()


def test_nothing_stands_for_a_run() -> None:
    assert NO_RUN.track(1.0, name="x") is NO_RUN
    assert NO_RUN["a"]["b"] is NO_RUN
    NO_RUN.name = "x"
    assert (NO_RUN.name, NO_RUN.hash, NO_RUN.active, list(NO_RUN)) == (None, None, False, [])
    assert pickle.loads(pickle.dumps(NO_RUN)) is NO_RUN
    assert copy.deepcopy(NO_RUN) is NO_RUN


# -- ranks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"RANK": "0", "WORLD_SIZE": "2"}, 0),
        ({"RANK": "1", "WORLD_SIZE": "2"}, 1),
        ({"RANK": "1"}, 0),
        ({"RANK": "high", "WORLD_SIZE": "2"}, 0),
        ({"LOCAL_RANK": "1"}, 1),
        ({"LOCAL_RANK": "0", "NODE_RANK": "2"}, 2),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, 0),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "4", "MASTER_ADDR": "node1"}, 3),
        ({"OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "8"}, 5),
    ],
    ids=str,
)
def test_ranks_are_as_launchers_say(
    environment: dict[str, str], rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert rank_of_process() == rank


def test_other_ranks_make_no_run_and_join_one_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Callback(tmp_path)
    first.on_log({"loss": 1.0}, 0)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    second = Callback(tmp_path)
    assert second.on_log({"loss": 9.0}, 0) == "done"
    assert second.experiment is NO_RUN
    assert second.tracking_errors == 0
    second.join_run(first.experiment.hash)
    second.on_log({"loss": 2.0}, 0)
    second.close()
    first.close()
    run = only_run(tmp_path)
    assert values(run, "loss") == {0: 1.0}
    joined = run.read_series("loss", {"rank": 1})
    assert list(joined.values) == [2.0]


# -- processes -------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from test_lifecycle import AimCallback
callback = AimCallback(sys.argv[1])
for step in range(100):
    callback.on_log({"loss": float(step)}, step)
print(callback.experiment.hash, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_training_is_whole_and_can_be_continued(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    callback = AimCallback(tmp_path, run_hash=done.stdout.strip())
    callback.on_log({"loss": 0.0}, 100)
    callback.close()
    assert list(values(only_run(tmp_path), "loss")) == list(range(101))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_worker_that_drops_the_adapter_ends_nothing(tmp_path: Path) -> None:
    script = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_lifecycle import Callback
callback = Callback({str(tmp_path)!r})
callback.on_log({{"loss": 1.0}}, 0)
child = os.fork()
if child == 0:
    del callback
    os._exit(0)
os.waitpid(child, 0)
assert callback.experiment.end_time is None
callback.on_log({{"loss": 2.0}}, 1)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
    assert values(only_run(tmp_path), "loss") == {0: 1.0, 1: 2.0}


# -- values ----------------------------------------------------------------------------------------


def test_names_inside_dicts() -> None:
    assert dict(flat({"a": 1, "b": {"c": 2, 3: {"d": None}}})) == {"a": 1, "b/c": 2, "b/3/d": None}


def test_storable_leaves_what_can_be_stored() -> None:
    given = {"a": [1, 2.5, None, "x", b"y"], 1: (True,), "n": Namespace(b=1)}
    assert storable(given) == {"a": [1, 2.5, None, "x", b"y"], 1: [True], "n": {"b": 1}}


def test_the_error_for_a_missing_framework_can_be_caught_as_any_of_aims() -> None:
    error = MissingFrameworkError("xgboost", extra="xgboost", purpose="x")
    assert isinstance(error, RuntimeError)
    assert isinstance(error, ModuleNotFoundError)
    assert "pip install 'matyan-client[xgboost]'" in str(error)
