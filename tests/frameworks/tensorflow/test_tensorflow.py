"""tf.keras with our callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_training(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    (run,) = compare("examples/tensorflow_aim.py").ours
    assert run["experiment"] == "digits"
    assert run["params"]["hparams"] == {"units": 32, "optimizer": "adam"}
    assert summary(run, digits=2) == {
        'metric accuracy {"subset": "train"}': (3, 2, 0.11),
        'metric accuracy {"subset": "val"}': (3, 2, 0.094),
        'metric loss {"subset": "train"}': (3, 2, 2.2),
        'metric loss {"subset": "val"}': (3, 2, 2.2),
    }
    assert run["sequences"]['metric loss {"subset": "val"}'][2] == [0.0, 1.0, 2.0]
