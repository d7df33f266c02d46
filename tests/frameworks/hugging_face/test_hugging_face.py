"""Hugging Face's Trainer with our callback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

TRIALS = "tests/frameworks/hugging_face/trials.py"
ODD = ("text", "none")
SPEED = ("metric runtime", "metric samples_per_second", "metric steps_per_second")


def test_a_training_is_recorded_as_on_aim(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (run,) = compare("examples/hugging_face_aim.py", timed=SPEED).ours
    assert run["experiment"] == "text-classifier"
    assert run["params"]["hparams"]["num_train_epochs"] == 2
    assert run["params"]["model"]["num_labels"] == 2
    assert run["params"]["trained"] is True
    found = summary(run, digits=3)
    assert {title: what for title, what in found.items() if not title.startswith(SPEED)} == {
        'metric accuracy {"sub_dataset": "long", "subset": "eval"}': (2, 8, 0.5),
        'metric accuracy {"sub_dataset": "short", "subset": "eval"}': (2, 8, 0.375),
        'metric accuracy {"subset": "test"}': (1, 8, 0.438),
        "metric epoch {}": (4, 8, 2.0),
        "metric grad_norm {}": (4, 8, 0.291),
        "metric learning_rate {}": (4, 8, 6.25e-06),
        'metric loss {"sub_dataset": "long", "subset": "eval"}': (2, 8, 0.693),
        'metric loss {"sub_dataset": "short", "subset": "eval"}': (2, 8, 0.694),
        'metric loss {"subset": "test"}': (1, 8, 0.694),
        'metric loss {"subset": "train"}': (1, 8, 0.694),
        "metric loss {}": (4, 8, 0.694),
        "metric total_flos {}": (1, 8, 15700000.0),
    }


def test_what_is_no_metric_does_not_stop_training(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    """Nor does a model without a config, which ends it with Aim; and names are not garbled for what
    they have in common by chance."""
    found = record_ours(TRIALS, "odd_values")
    (run,) = found.ours
    counts = {title: (count, last) for title, (count, last, _) in summary(run).items()}
    assert counts['metric loss {"subset": "train"}'] == (1, 8)
    assert counts["metric loss {}"] == (8, 8)
    assert counts['metric only_one {"subset": "eval"}'] == (1, 8)
    assert counts["metric nested/deep {}"] == counts["metric nan {}"] == (1, 8)
    assert counts["metric one_two {}"] == (1, 8)
    assert counts["metric by hand {}"] == (8, 8)
    assert "model" not in run["params"]
    assert [found.printed.count(f"could not record metric {name!r}") for name in ODD] == [1, 1]


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
    assert summary(killed)["metric loss {}"][:2] == (10, 10)
    found = record_ours(TRIALS, "resumed")
    (run,) = found.ours
    assert (run["experiment"], run["ended"]) == ("long", True)
    steps, values, _ = run["sequences"]["metric loss {}"]
    assert steps == [*range(1, 17)]
    assert values[:10] == killed["sequences"]["metric loss {}"][1]
    assert "stateful" not in found.printed


def test_a_checkpoint_without_its_run_begins_a_new_one(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    record_ours(TRIALS, "killed", code=-9)
    found = record_ours(TRIALS, "elsewhere")
    assert "cannot be continued, so a new one is" in found.printed
    assert (found.directory / "elsewhere" / ".matyan").is_dir()


def test_callbacks_are_used_again_and_beside_each_other(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    first, second = record_ours(TRIALS, "twice").ours
    assert [first["experiment"], second["experiment"]] == ["default", "other"]
    assert summary(first)["metric loss {}"][:2] == (16, 16)
    assert summary(second)["metric loss {}"][:2] == (8, 8)
    assert first["params"]["hparams"]["num_train_epochs"] == 2
