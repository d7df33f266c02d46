"""JAX's pytrees with our logger."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest


@pytest.fixture
def logger(tmp_path: Path) -> Any:
    from matyan_client.adapters.jax import MatyanLogger

    made = MatyanLogger(
        tmp_path,
        experiment="pytrees",
        system_tracking_interval=None,
        log_system_params=False,
        capture_terminal_logs=False,
    )
    yield made
    made.close()


def test_a_training_loop(logger: Any) -> None:
    import jax
    import jax.numpy as jnp

    inputs = jnp.arange(12.0).reshape(6, 2) / 12
    targets = inputs.sum(axis=1)
    params = {"dense": {"w": jnp.zeros(2), "b": jnp.zeros(())}}

    def loss_of(params: Any) -> Any:
        found = inputs @ params["dense"]["w"] + params["dense"]["b"]
        return jnp.mean((found - targets) ** 2)

    @jax.jit
    def update(params: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(params)
        moved = jax.tree_util.tree_map(lambda p, g: p - 0.1 * g, params, gradients)
        return moved, {"loss": loss, "norms": {"w": jnp.linalg.norm(gradients["dense"]["w"])}}

    losses = []
    for step in range(5):
        params, metrics = update(params)
        losses.append(float(metrics["loss"]))
        logger.log_metrics(metrics, step=jnp.asarray(step), context={"subset": "train"})
    logger.log_distributions(params, step=4)

    run = logger.experiment
    assert logger.tracking_errors == 0
    found = {each["name"]: (each["count"], each["last_step"]) for each in run.metrics()}
    assert found == {"loss": (5, 4), "norms/w": (5, 4)}
    assert list(run.read_series("loss", {"subset": "train"}).values) == losses
    kept = run.collect_sequence_info("distributions")["distributions"]
    assert sorted(each["name"] for each in kept) == ["dense/b", "dense/w"]


class Pair(NamedTuple):
    first: Any
    second: Any


def test_every_kind_of_leaf_and_path(logger: Any) -> None:
    import jax.numpy as jnp
    import numpy as np

    class Computed:
        def compute(self) -> Any:
            return {"accuracy": jnp.float32(0.5)}

    logger.log_metrics(
        {
            "half": jnp.bfloat16(1.5),
            "whole": jnp.int32(3),
            "flag": jnp.bool_(True),
            "one": jnp.ones((1, 1)),
            "numpy": np.float64(0.1),
            "plain": 0.1,
            "large": 2**60 + 1,
            "odd": jnp.float32(float("nan")),
            "pair": Pair(1, [2, 3]),
            "nothing": None,
        }
    )
    logger.log_metrics(Computed())
    logger.log_metrics(jnp.float32(4.0), step=2, epoch=1)
    assert logger.tracking_errors == 0
    lasts = {each["name"]: each["last_value"] for each in logger.experiment.metrics()}
    assert str(lasts.pop("odd")) == "nan"
    assert lasts == {
        "half": 1.5,
        "whole": 3,
        "flag": 1,
        "one": 1.0,
        "numpy": 0.1,
        "plain": 0.1,
        "large": 2**60 + 1,
        "pair/first": 1,
        "pair/second/0": 2,
        "pair/second/1": 3,
        "accuracy": 0.5,
        "value": 4.0,
    }


@dataclass
class Config:
    rate: float = 0.1
    layers: list[int] = field(default_factory=lambda: [8, 8])


def test_configs(logger: Any) -> None:
    class Frozen:
        def to_dict(self) -> dict[str, Any]:
            return {"frozen": True}

    logger.log_params(Config())
    logger.log_params({"nested": {"a": None, "activation": Frozen}})
    logger.log_params(Frozen())
    hparams = logger.experiment.get_param(("hparams",))
    assert hparams["rate"] == 0.1
    assert hparams["layers"] == [8, 8]
    assert hparams["frozen"] is True
    assert "Frozen" in hparams["nested"]["activation"]


def test_what_is_no_number_ends_no_training(logger: Any) -> None:
    import jax
    import jax.numpy as jnp

    logger.log_metrics({"array": jnp.ones(3), "text": "a", "good": 1.0, "object": object()})
    assert logger.tracking_errors == 3
    logger.log_metrics({"good": 2.0}, step="three")
    logger.log_params(3)
    logger.log_distributions({"text": "a", "nan": jnp.asarray([float("nan")])})
    assert logger.tracking_errors == 7

    @jax.jit
    def traced(x: Any) -> Any:
        logger.log_metrics({"inside": x})
        return x * 2

    assert traced(2.0) == 4.0
    assert logger.tracking_errors == 8
    lasts = {each["name"]: each["last_value"] for each in logger.experiment.metrics()}
    assert lasts == {"good": 1.0}
