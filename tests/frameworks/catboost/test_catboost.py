"""CatBoost's log with our stream."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def title(kind: str, loss: str = "RMSE") -> str:
    return f'metric {loss} {{"log": "{kind}"}}'


def test_a_training(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    (run,) = compare("examples/catboost_aim.py").ours
    assert run["experiment"] == "diabetes"
    assert run["params"] == {"bestIteration": 6.0, "bestTest": pytest.approx(57.26139)}
    assert summary(run, digits=5) == {
        title("best"): (10, 9, 57.261),
        title("learn"): (10, 9, 47.605),
        title("test"): (10, 9, 58.079),
    }


def test_other_logs(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    learning, one_set, silent = compare("tests/frameworks/catboost/classes.py").ours
    assert {name: found[:2] for name, found in summary(learning).items()} == {
        title("learn", "Logloss"): (5, 4)
    }
    assert {name: found[:2] for name, found in summary(one_set).items()} == {
        title(kind, "Logloss"): (5, 4) for kind in ("learn", "test", "best")
    }
    assert summary(silent) == {}
    assert silent["params"] == {"written by": "the user"}


def test_lines(tmp_path: Path) -> None:
    from matyan_client.adapters.catboost import MatyanLogger

    out = io.StringIO()
    logger = MatyanLogger(repo=tmp_path, system_tracking_interval=None, log_cout=out)
    lines = [
        "Learning rate set to 0.03\n",
        "0:\tlearn: 0.0000000\ttest: 0.5\tbest: 0.5 (0)\ttotal: 1ms\tremaining: 2ms\n",
        "1:\ttest: 0.25\ttest1: 0.75\tbest: 0.25 (1)\ttotal: 1ms\n",
        "2:\tlearn: nan\ttotal: 1ms\n",
        "3:\tlearn: broken\ttotal: 1ms\n",
        "\n",
        "bestTest = 0.25\n",
        "model = some.cbm\n",
        "word\n",
        "",
    ]
    for line in lines:
        logger.write(line)
    logger.flush()
    assert out.getvalue() == "".join(lines)  # Aim's keeps `bestTest = …` to itself
    run = logger.experiment
    read = {
        kind: dict(zip(series.steps, map(str, series.values), strict=True))
        for kind in ("learn", "test", "test1", "best")
        for series in [run.read_series("Loss", {"log": kind})]
    }
    assert read == {
        "learn": {0: "0.0", 2: "nan"},  # Aim's leaves out what is zero
        "test": {0: "0.5", 1: "0.25"},  # Aim's needs `learn` in front
        "test1": {1: "0.75"},
        "best": {0: "0.5", 1: "0.25"},
    }
    assert run.get_param(("bestTest",)) == 0.25
    assert run.get_param(("model",)) == "some.cbm"
    assert logger.tracking_errors == 1
    logger.close()


def test_what_cannot_be_written_to() -> None:
    from matyan_client.adapters.catboost import MatyanLogger

    with pytest.raises(TypeError, match="log_cout must have a method write, which 3 lacks"):
        MatyanLogger(log_cout=3)
