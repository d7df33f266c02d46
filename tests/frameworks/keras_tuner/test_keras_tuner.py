"""Keras Tuner with our callback, on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

REPAIR = """
import sys, types
from keras_tuner.src.engine import tuner_utils
sys.modules["keras_tuner.engine"] = types.ModuleType("keras_tuner.engine")
sys.modules["keras_tuner.engine.tuner_utils"] = tuner_utils
"""
"""Aim's callback imports a module by the name it had before Keras Tuner 1.4."""


def test_a_search(
    compare: Callable[..., Any], summary: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    found = compare("examples/keras_tuner_aim.py", repair=REPAIR).ours
    assert [run["params"] for run in found] == [
        {"trial_id": "0", "units": 8, "rate": 0.001},
        {"trial_id": "1", "units": 8, "rate": 0.01},
        {"trial_id": "2", "units": 32, "rate": 0.001},
    ]
    for run in found:
        assert run["experiment"] == "digits"
        assert run["ended"]
        assert {name: what[:2] for name, what in summary(run).items()} == {
            "metric accuracy {}": (6, 5),
            "metric loss {}": (6, 5),
        }
