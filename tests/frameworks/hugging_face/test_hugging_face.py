"""Hugging Face's Trainer with our callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    assert {title: what for title, what in found.items() if not title.startswith(SPEED)} == {}
