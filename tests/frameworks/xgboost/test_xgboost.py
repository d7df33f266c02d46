"""XGBoost's `train` and `cv` with our callback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = "each round is a step; Aim keeps only the last round, at step 0"
STDV = "the standard deviation; Aim has the mean there again"
SETS = "each evaluation set has a series; Aim puts all into one"


def title(metric: str, *, stdv: bool = False, data: str = "") -> str:
    named = f'"data_name": "{data}", ' if data else ""
    return f'metric {metric} {{{named}"stdv": {str(stdv).lower()}}}'


def test_a_training(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    found = compare(
        "examples/xgboost_aim.py", better=dict.fromkeys((title("mae"), title("rmse")), STEPS)
    )
    (run,) = found.ours
    assert run["ended"]
    assert run["experiment"] == "diabetes"
    assert run["params"]["hparams"]["max_depth"] == 3
    assert summary(run, digits=5) == {title("mae"): (10, 9, 47.775), title("rmse"): (10, 9, 60.745)}
    assert summary(found.aim[0], digits=5) == {  # the same values, of the last round
        title("mae"): (1, 0, 47.775),
        title("rmse"): (1, 0, 60.745),
    }


def test_cross_validation_and_several_trainings(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    names = ("train", "test", "validation")
    of_sets = [title("rmse", data=name) for name in names]
    of_sets += [title("rmse", data=name, stdv=True) for name in names[:2]]
    found = compare(
        "tests/frameworks/xgboost/several_trainings.py",
        better={
            title("rmse"): STEPS,
            title("rmse", stdv=True): STDV,
            **dict.fromkeys(of_sets, SETS),
        },
    )
    cv, twice, nothing = found.ours
    assert summary(cv, digits=4) == {
        title("rmse", stdv=stdv, data=data): (4, 3, value)
        for stdv, data, value in (
            (False, "", 0.4338),
            (False, "test", 0.4338),
            (False, "train", 0.3515),
            (True, "", 0.08817),
            (True, "test", 0.08817),
            (True, "train", 0.03085),
        )
    }
    assert summary(twice, digits=4) == {
        title("rmse"): (5, 4, 0.2264),
        title("rmse", data="train"): (5, 4, 0.2716),
        title("rmse", data="validation"): (5, 4, 0.2264),
    }
    for run, theirs in zip((cv, twice), found.aim, strict=False):
        assert summary(theirs)[title("rmse")][2] == summary(run)[title("rmse")][2]
    assert summary(nothing) == {}
    assert [run["ended"] for run in found.ours] == [True] * 3


def test_what_is_no_number_ends_no_training(tmp_path: Path) -> None:
    import xgboost

    from matyan_client.adapters.xgboost import MatyanCallback

    data = xgboost.DMatrix([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0])
    results = iter([float("nan"), 1.0, float("inf")])
    callback = MatyanCallback(repo=tmp_path, system_tracking_interval=None)
    xgboost.train(
        {"nthread": 1, "disable_default_eval_metric": True},
        data,
        3,
        evals=[(data, "train")],
        custom_metric=lambda found, about: ("odd", next(results)),
        callbacks=[callback],
        verbose_eval=False,
    )
    run = callback.experiment
    series = run.read_series("odd", {"stdv": False})
    assert [str(value) for value in series.values] == ["nan", "1.0", "inf"]

    model: Any = object()
    for value in (None, "text", [1, 2]):
        evals: Any = {"train": {"bad": [value], "good": [1.0]}}
        assert callback.after_iteration(model, 0, evals) is False
    assert callback.after_iteration(model, 0, {"train": {"bad": []}}) is False
    assert callback.tracking_errors == 4
    assert run.get_metric("good", {"stdv": False})["count"] == 3
    callback.close()
