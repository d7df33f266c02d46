"""Keras 3 with our callback, on JAX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RATE = 'metric lr {"subset": "train"}'


@pytest.fixture(autouse=True)
def on_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")


def title(metric: str, subset: str) -> str:
    return f'metric {metric} {{"subset": "{subset}"}}'


def test_a_training(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    (run,) = compare("examples/keras_aim.py").ours
    assert run["experiment"] == "digits"
    assert run["params"]["hparams"] == {"units": 32, "optimizer": "adam"}
    assert summary(run, digits=2) == {
        title("accuracy", "train"): (3, 2, 0.11),
        title("accuracy", "val"): (3, 2, 0.094),
        title("loss", "train"): (3, 2, 2.2),
        title("loss", "val"): (3, 2, 2.2),
    }
    assert run["sequences"][title("loss", "val")][2] == [0.0, 1.0, 2.0]


def test_several_fits_and_a_schedule(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    why = "Keras no longer names the schedule as Aim expects, and Aim tracks nothing of it"
    found = compare("tests/frameworks/keras/trainings.py", better={RATE: why})
    twice, schedule = found.ours
    assert {name: what[:2] for name, what in summary(twice).items()} == {
        title("loss", "train"): (4, 3),
        title("mae", "train"): (4, 3),
        title("loss", "val"): (2, 1),
        title("mae", "val"): (2, 1),
        "metric doubled {}": (4, 3),
    }
    assert twice["sequences"][title("loss", "val")][2] == [2.0, 3.0]
    assert twice["params"] == {"after": "close"}
    assert schedule["sequences"][RATE][1] == pytest.approx([0.25, 0.125, 0.0625])


def test_a_run_of_ones_own(tmp_path: Path) -> None:
    from aim_compat import Run
    from aim_compat.adapters.keras import AimCallback

    run = Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    callback = AimCallback.metrics(run=run)
    assert callback.experiment is run
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.close()
    callback.on_epoch_end(1, {"loss": 2.0})
    assert callback.experiment.hash == run.hash
    callback.close()


def test_what_is_no_number_ends_no_training(tmp_path: Path) -> None:
    import numpy as np

    from matyan_client.adapters.keras import MatyanCallback

    callback = MatyanCallback(tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    bad = {"none": None, "text": "a", "array": np.zeros(3), "nested": {"in": 1.0, "bad": None}}
    callback.on_epoch_end(0, {**bad, "val_good": 1.0, "odd": float("nan")})
    callback.on_epoch_end(1, None)
    run = callback.experiment
    assert sorted(each["name"] for each in run.metrics()) == ["good", "nested/in", "odd"]
    assert callback.tracking_errors == 4
    callback.close()


def test_a_repository_that_cannot_be(tmp_path: Path) -> None:
    from matyan_client.adapters.keras import MatyanCallback

    (tmp_path / "file").touch()
    callback = MatyanCallback(tmp_path / "file" / "below", system_tracking_interval=None)
    assert not callback.experiment
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.experiment["a"] = 1
    assert callback.tracking_errors == 1
    callback.close()


@pytest.mark.parametrize(
    ("kind", "index", "chief", "records"),
    [
        ("chief", 0, True, True),
        ("worker", 0, True, False),
        ("worker", 0, False, True),
        ("worker", 1, False, False),
        ("ps", 0, True, False),
    ],
)
def test_one_process_of_a_cluster_records(
    kind: str,
    index: int,
    chief: bool,
    records: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import json

    from matyan_client.adapters.keras import MatyanCallback

    cluster = {"worker": ["a:1", "b:1"], **({"chief": ["c:1"]} if chief else {})}
    config = {"cluster": cluster, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    callback = MatyanCallback(tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    assert bool(callback.experiment) == records
    callback.on_epoch_end(0, {"loss": 1.0})
    assert callback.tracking_errors == 0
    callback.close()
