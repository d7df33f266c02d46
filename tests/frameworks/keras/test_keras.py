"""Keras 3 with our callback, on JAX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.conftest import need

need("keras")
need("jax")

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[2] / "examples" / "keras_aim.py"
RATE = 'metric lr {"subset": "train"}'


@pytest.fixture(autouse=True)
def on_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")


def title(metric: str, subset: str) -> str:
    return f'metric {metric} {{"subset": "{subset}"}}'


def test_a_training(laboratory: Any) -> None:
    ours = laboratory.on_ours(EXAMPLE)
    laboratory.compare("keras", ours, laboratory.on_aim(EXAMPLE))
    (run,) = ours
    assert run.experiment == "digits"
    assert run.params["hparams"] == {"units": 32, "optimizer": "adam"}
    assert run.counts == {
        title(metric, subset): 3 for metric in ("accuracy", "loss") for subset in ("train", "val")
    }
    assert run.series[title("loss", "val")].epochs == [0.0, 1.0, 2.0]
    assert run.lasts[title("loss", "train")] == pytest.approx(2.1869, rel=1e-2)


def test_several_fits_and_a_schedule(laboratory: Any) -> None:
    program = HERE / "trainings.py"
    ours = laboratory.on_ours(program)
    why = "Keras 3 does not name the schedule as Aim expects, and Aim tracks nothing of it"
    laboratory.compare("keras", ours, laboratory.on_aim(program), better={RATE: why})
    twice, schedule = ours
    assert twice.counts == {
        title("loss", "train"): 4,
        title("mae", "train"): 4,
        title("loss", "val"): 2,
        title("mae", "val"): 2,
        "metric doubled {}": 4,
    }
    assert twice.series[title("loss", "val")].epochs == [2.0, 3.0]
    assert twice.params == {"after": "close"}
    assert schedule.series[RATE].values == pytest.approx([0.25, 0.125, 0.0625])


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
