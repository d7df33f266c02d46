"""PyTorch Lightning's Trainer with our logger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


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
