"""PyTorch Lightning's Trainer with our logger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

TRIALS = "tests/frameworks/pytorch_lightning/trials.py"
ODD = ("several", "text", "none")


def test_a_training_is_recorded_as_on_aim(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (run,) = compare("examples/pytorch_lightning_aim.py").ours
    assert (run["name"], run["experiment"], run["tags"]) == ("two numbers", "sums", ["example"])
    assert run["params"]["hparams"] == {"rate": 0.1, "sizes": [2, 8, 1]}
    assert summary(run, digits=3) == {
        'metric loss {"subset": "test"}': (1, 24, 0.166),
        'metric loss {"subset": "train"}': (12, 23, 0.144),
        'metric loss {"subset": "val"}': (3, 23, 0.0828),
        "metric sums_checked {}": (1, 0, 2.0),
    }


def test_the_package_under_its_older_name(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    """Which Aim's logger is never of, if both are installed."""
    (run,) = record_ours(TRIALS, "older_name").ours
    assert summary(run, digits=3)['metric loss {"subset": "train"}'][:2] == (16, 15)


def test_what_is_no_metric_does_not_stop_training(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    found = record_ours(TRIALS, "odd_values")
    (run,) = found.ours
    steps = {title: (count, last) for title, (count, last, _) in summary(run).items()}
    assert steps == {
        "metric by hand {}": (16, 15),
        'metric loss {"subset": "train"}': (16, 15),
        "metric nan {}": (16, 15),
        "metric nested/deep {}": (16, 15),
        "metric tensor {}": (16, 15),
    }
    assert [found.printed.count(f"could not record metric {name!r}") for name in ODD] == [1] * 3
    assert "48 times something could not be recorded" in found.printed


def test_a_place_that_cannot_be_written_does_not_stop_training(
    record_ours: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    found = record_ours(TRIALS, "unwritable", str(tmp_path / "file"))
    assert found.ours == []
    assert found.printed.count("could not record a run") == 1
    assert (found.directory / "trained").exists()


def test_a_killed_training_goes_on_in_its_run(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (killed,) = record_ours(TRIALS, "killed", code=-9).ours
    assert summary(killed)['metric loss {"subset": "train"}'][:2] == (11, 10)
    (run,) = record_ours(TRIALS, "resumed").ours
    assert (run["name"], run["ended"]) == ("long", True)
    steps, values, epochs = run["sequences"]['metric loss {"subset": "train"}']
    assert steps == [*range(16)]
    assert epochs == [0.0] * 8 + [1.0] * 8
    before = killed["sequences"]['metric loss {"subset": "train"}'][1]
    assert values[:11] == before  # as the checkpoint restores what they come from


def test_loggers_are_used_again_and_beside_each_other(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    first, second = record_ours(TRIALS, "twice").ours
    assert [first["experiment"], second["experiment"]] == ["default", "other"]
    assert summary(first)["metric after fit {}"] == (1, 0, 1.0)
    assert summary(first)['metric loss {"subset": "train"}'][:2] == (16, 15)
    assert summary(first)['metric loss {"subset": "val"}'][0] == 1
    assert summary(second)['metric loss {"subset": "train"}'][:2] == (8, 7)
    assert first["ended"]
    assert second["ended"]


def test_data_loaders_may_fork_and_spawn(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    runs = record_ours(TRIALS, "workers").ours
    assert [summary(run)['metric loss {"subset": "train"}'][:2] for run in runs] == [(8, 7)] * 2


def test_one_of_several_processes_records(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (run,) = record_ours(TRIALS, "ddp").ours
    assert summary(run)['metric loss {"subset": "train"}'][:2] == (4, 3)
    assert summary(run)["metric by hand {}"][:2] == (4, 3)


def test_a_run_that_is_not_there_is_said_before_training(record_ours: Callable[..., Any]) -> None:
    found = record_ours(TRIALS, "unknown_hash")
    assert (found.directory / "error").read_text() == "MissingRunError"
    assert found.ours == []
