"""PyTorch Ignite's engines with our logger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_training_is_recorded_as_on_aim(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (run,) = compare("examples/pytorch_ignite_aim.py").ours
    assert run["experiment"] == "sums"
    assert run["params"] == {
        "finished": True,
        "hparams": {"batch_size": 8, "model": "two layers", "optimizer": {"lr": 0.1}},
    }
    assert summary(run, digits=3) == {
        'metric loss {"subset": "train"}': (12, 24, 0.168),
        "metric lr_group_0 {}": (3, 3, 0.025),
        'metric mae {"subset": "val"}': (3, 3, 0.239),
        'metric mse {"subset": "val"}': (3, 3, 0.0996),
    }
