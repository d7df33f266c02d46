"""LightGBM's `train` and `cv` with our callback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def title(metric: str, data: str) -> str:
    return f'metric {metric} {{"data_name": "{data}"}}'


def test_a_training(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    (run,) = compare("examples/lightgbm_aim.py").ours
    assert run["experiment"] == "breast cancer"
    assert run["params"]["hparams"]["num_leaves"] == 7
    assert summary(run, digits=4) == {
        title("auc", "train"): (8, 7, 0.996),
        title("auc", "validation"): (8, 7, 0.9932),
        title("binary_logloss", "train"): (8, 7, 0.2983),
        title("binary_logloss", "validation"): (8, 7, 0.3087),
    }


def test_hooks_early_stopping_and_a_second_training(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    hooked, silent = compare("tests/frameworks/lightgbm/several_trainings.py").ours
    found = summary(hooked)
    rounds = hooked["params"]["best"] + 2 + 2
    assert found.keys() == {title("l2", "held out"), "metric round {}"}
    assert found[title("l2", "held out")][:2] == (rounds, rounds - 1)
    assert found["metric round {}"] == (rounds, rounds - 1, 1.0)
    assert hooked["params"]["rounds"] == 2
    assert hooked["params"]["after"] == "close"
    assert summary(silent) == {}


def test_cross_validation(tmp_path: Path) -> None:
    """Aim's callback raises in it, since LightGBM 4.6 tells the name of the data set apart."""
    import lightgbm
    import numpy as np

    from matyan_client.adapters.lightgbm import MatyanCallback

    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 2))
    params = {"num_threads": 1, "verbose": -1, "num_leaves": 3, "min_data_in_leaf": 2}
    callback = MatyanCallback(repo=tmp_path, system_tracking_interval=None)
    found = lightgbm.cv(
        params,
        lightgbm.Dataset(inputs, inputs[:, 0]),
        4,
        nfold=2,
        stratified=False,
        eval_train_metric=True,
        callbacks=[callback],
    )
    run = callback.experiment
    for data in ("train", "valid"):
        for kind in ("mean", "stdv"):
            series = run.read_series(f"l2-{kind}", {"data_name": data})
            assert list(series.steps) == [0, 1, 2, 3]
            assert list(series.values) == found[f"{data} l2-{kind}"]
    assert len(run.metrics()) == 4
    callback.close()


@pytest.mark.parametrize(
    "results",
    [
        [("cv_agg", "valid l2", 0.5, False, 0.1)],  # LightGBM before 4.6
        [("valid", "l2", 0.5, False, 0.1)],
    ],
)
def test_results_of_every_release(results: Any, tmp_path: Path) -> None:
    from matyan_client.adapters.lightgbm import CallbackEnv, MatyanCallback

    callback = MatyanCallback(repo=tmp_path, system_tracking_interval=None)
    callback(CallbackEnv(None, {}, 0, 0, 1, results))
    lasts = {each["name"]: each["last_value"] for each in callback.experiment.metrics()}
    assert lasts == {"l2-mean": 0.5, "l2-stdv": 0.1}
    callback.close()


def test_what_is_no_number_ends_no_training(tmp_path: Path) -> None:
    from matyan_client.adapters.lightgbm import CallbackEnv, MatyanCallback

    callback = MatyanCallback(repo=tmp_path, system_tracking_interval=None)
    bad = [("a", "bad", value, True) for value in (None, "text", [1, 2], {"b": None})]
    for results in ([*bad, ("a", "good", 1.0, True)], None, [("too", "short")]):
        callback(CallbackEnv(None, {}, 0, 0, 1, results))
    assert callback.tracking_errors == 5
    assert callback.experiment.get_metric("good", {"data_name": "a"})["count"] == 1
    callback.close()


def test_hooks_may_end_a_training(tmp_path: Path) -> None:
    from lightgbm.callback import EarlyStopException

    from matyan_client.adapters.lightgbm import CallbackEnv, MatyanCallback

    class Stopping(MatyanCallback):
        def after_tracking(self, **kwargs: Any) -> None:
            raise EarlyStopException(0, [])

    callback = Stopping(repo=tmp_path, system_tracking_interval=None)
    with pytest.raises(EarlyStopException):
        callback(CallbackEnv(None, {}, 0, 0, 1, []))
    callback.close()
