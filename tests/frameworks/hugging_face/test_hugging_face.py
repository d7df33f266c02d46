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
