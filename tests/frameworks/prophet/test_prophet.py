"""Prophet with our logger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

BACKEND = "<prophet.models.CmdStanPyBackend object at 0x"


def test_a_forecast(compare: Callable[..., Any], summary: Callable[..., Any]) -> None:
    found = compare("examples/prophet_aim.py", varying=["stan_backend"])  # has an address
    (run,) = found.ours
    assert run["params"]["stan_backend"].startswith(BACKEND)
    assert run["experiment"] == "forecast"
    assert run["params"]["weekly_seasonality"] is True
    assert run["params"]["changepoint_prior_scale"] == 0.05
    assert len(run["params"]) > 30
    assert summary(run, digits=1) == {
        'metric mae {"subset": "train"}': (1, 0, 0.07),
        'metric mae {"subset": "val"}': (1, 0, 0.09),
        'metric worst {"subset": "val"}': (1, 0, 0.2),
    }


def test_a_fitted_model_and_what_is_no_number(tmp_path: Path) -> None:
    import pandas as pd

    from matyan_client.adapters.prophet import MatyanLogger

    class Model:
        def __init__(self) -> None:
            self.growth = "linear"
            self.history = pd.DataFrame({"y": [1.0, 2.0]})
            self.itself = self
            self.nested = {"a": [1, {"b": object}]}

    logger = MatyanLogger(Model(), tmp_path, system_tracking_interval=None)
    logger.track_metrics({"good": 1.0, "none": None, "text": "a", "odd": float("nan")})
    run = logger.experiment
    assert run.get_param(("growth",)) == "linear"
    assert isinstance(run.get_param(("history",)), str)
    assert sorted(each["name"] for each in run.metrics()) == ["good", "odd"]
    assert logger.tracking_errors == 2
    logger.close()
    logger.track_metrics({"good": 2.0}, {"after": "close"})
    assert logger.experiment.hash == run.hash
    logger.close()
