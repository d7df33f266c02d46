"""Accelerate with our tracker class; Aim's tracker of its own is run by tests/libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_what_is_logged_is_recorded(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    found = record_ours("tests/frameworks/accelerate/training.py")
    (run,) = found.ours
    assert (run["name"], run["experiment"], run["ended"]) == ("trial", "accelerated", True)
    assert run["params"]["hparams"] == {"lr": 0.1, "optimizer": {"name": "sgd", "nesterov": None}}
    assert run["params"]["noted"] == "by hand"
    counts = {title: (count, last) for title, (count, last, _) in summary(run).items()}
    assert counts == {
        "images picture {}": (1, 1),
        "metric loss {}": (4, 3),
        'metric mean {"subset": "val"}': (2, 1),
        "metric without step {}": (1, 0),
    }
    assert run["sequences"]['metric mean {"subset": "val"}'][2] == [0, 1]
    assert found.printed.count("could not record metric 'text'") == 1
