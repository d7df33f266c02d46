"""Distributions of a PyTorch model's weights and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LAYERS = ("encode.Sequential__0.Linear", "norm.BatchNorm1d", "last.Linear")


def test_a_training_is_recorded_as_on_aim(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (run,) = compare("examples/pytorch_aim.py").ours
    found = summary(run, digits=3)
    assert found.pop('metric loss {"subset": "train"}') == (6, 5, 0.406)
    assert {title: (count, last) for title, (count, last, _) in found.items()} == {
        f'distributions {layer} {{"params": "{params}", "type": "{kind}"}}': (3, 2)
        for layer in LAYERS
        for params in ("weights", "biases")
        for kind in ("data", "gradients")
        if (layer, params) != ("last.Linear", "biases")
    }
