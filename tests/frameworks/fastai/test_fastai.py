"""A fastai Learner with our callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_training_is_recorded_as_on_aim(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    (run,) = compare("examples/fastai_aim.py").ours
    assert run["experiment"] == "rows"
    assert run["params"]["batch_size"] == 16
    assert run["params"]["input 1 dim 1"] == 16
    of_batches = {
        "eps_0": (1e-05, 1e-05),
        "lr_0": (0.000194, 0.000194),
        "mom_0": (0.948, 0.948),
        "sqr_mom_0": (0.99, 0.99),
        "train_loss": (0.887, 0.669),
        "wd_0": (0.01, 0.01),
    }
    assert summary(run, digits=3) == {
        "metric accuracy {}": (3, 2, 0.688),
        "metric valid_loss {}": (3, 2, 0.669),
        **{
            f'metric {name} {{"subset": "train"}}': (15, 15, v)
            for name, (v, _) in of_batches.items()
        },
        **{f'metric {name} {{"subset": "val"}}': (3, 15, v) for name, (_, v) in of_batches.items()},
    }
