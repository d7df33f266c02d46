"""XGBoost's `train` and `cv` with our callback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.conftest import need

need("xgboost")

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[2] / "examples" / "xgboost_aim.py"

STEPS = "each round is a step; Aim keeps only the last round, at step 0"
STDV = "the standard deviation; Aim has the mean there again"
SETS = "each evaluation set has a series; Aim puts all into one"


def title(metric: str, *, stdv: bool = False, data: str = "") -> str:
    named = f'"data_name": "{data}", ' if data else ""
    return f'metric {metric} {{{named}"stdv": {str(stdv).lower()}}}'


def test_a_training(laboratory: Any) -> None:
    ours, aims = laboratory.on_ours(EXAMPLE), laboratory.on_aim(EXAMPLE)
    laboratory.compare(
        "xgboost-cpu", ours, aims, better=dict.fromkeys((title("mae"), title("rmse")), STEPS)
    )
    (run,) = ours
    assert run.ended
    assert run.experiment == "diabetes"
    assert run.params["hparams"]["max_depth"] == 3
    assert run.counts == {title("mae"): 10, title("rmse"): 10}
    assert run.series[title("rmse")].steps == list(range(10))
    assert run.lasts == pytest.approx({title("mae"): 47.77465, title("rmse"): 60.74477}, rel=1e-5)
    assert run.lasts == aims[0].lasts


def test_cross_validation_and_several_trainings(laboratory: Any) -> None:
    program = HERE / "several_trainings.py"
    ours, aims = laboratory.on_ours(program), laboratory.on_aim(program)
    names = ("train", "test", "validation")
    of_sets = [title("rmse", data=name) for name in names]
    of_sets += [title("rmse", data=name, stdv=True) for name in names[:2]]
    laboratory.compare(
        "xgboost-cpu",
        ours,
        aims,
        better={
            title("rmse"): STEPS,
            title("rmse", stdv=True): STDV,
            **dict.fromkeys(of_sets, SETS),
        },
    )
    cv, twice, nothing = ours
    assert cv.counts == {
        title("rmse", stdv=stdv, data=data): 4
        for stdv in (False, True)
        for data in ("", "train", "test")
    }
    assert twice.counts == {title("rmse", data=data): 5 for data in ("", "train", "validation")}
    for run, theirs, last in ((cv, aims[0], "test"), (twice, aims[1], "validation")):
        assert run.series[title("rmse")] == run.series[title("rmse", data=last)]
        assert run.series[title("rmse")].last == theirs.series[title("rmse")].last
    assert cv.lasts[title("rmse", stdv=True)] == pytest.approx(0.088171, rel=1e-4)
    assert nothing.series == {}
    assert [run.ended for run in ours] == [True] * 3


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
