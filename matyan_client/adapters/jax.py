"""A logger for training loops in JAX and Flax, whose metrics and parameters are pytrees."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import InvalidInputError, MissingFrameworkError
from matyan_client.objects import Distribution

try:
    import jax
except ImportError as exc:
    raise MissingFrameworkError("jax", extra="jax", purpose="The adapter for JAX") from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from matyan_client.repo import Repo

__all__ = ["MatyanLogger"]


class MatyanLogger(RunAdapter):
    """Records what a training loop hands to it. Processes other than the first record nothing.

    A leaf of a pytree is named by the way to it: `{"train": {"loss": …}}` gives `train/loss`.

    Args:
        repo: see `Run`.
        experiment: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
    """

    def __init__(
        self,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @guarded
    def log_params(self, config: Any) -> None:
        """Set params below `hparams`: of a mapping, a dataclass, or what has `to_dict()`."""
        if is_dataclass(config) and not isinstance(config, type):
            config = asdict(config)
        elif hasattr(config, "to_dict"):
            config = config.to_dict()
        self._set_params(config, "hparams")

    @guarded
    def log_metrics(
        self,
        metrics: Any,
        step: Any = None,
        epoch: Any = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Track each leaf of a pytree of numbers.

        Args:
            metrics: a pytree whose leaves are numbers or arrays of one element, or what has
                `compute()` that gives one, as Flax's metrics.
            step: see `Run.track`; a JAX array will do.
            epoch: see `Run.track`.
            context: see `Run.track`.
        """
        if hasattr(metrics, "compute"):
            metrics = metrics.compute()
        for name, leaf in _leaves(metrics):
            try:
                value = _number(leaf)
            except Exception as exc:  # noqa: BLE001  # of this leaf; the others are tracked
                self._note_error(f"metric {name!r}", exc)
            else:
                self._track(value, name, step=_whole(step), epoch=epoch, context=context)

    @guarded
    def log_distributions(
        self,
        tree: Any,
        step: Any = None,
        epoch: Any = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Track how the elements of each leaf of a pytree are distributed: parameters, gradients.

        Args:
            tree: a pytree of arrays.
            step: see `Run.track`; a JAX array will do.
            epoch: see `Run.track`.
            context: see `Run.track`.
        """
        for name, leaf in _leaves(tree):
            try:
                value = Distribution(jax.device_get(leaf).astype("float64").ravel())
            except Exception as exc:  # noqa: BLE001  # of this leaf; the others are tracked
                self._note_error(f"the distribution {name!r}", exc)
            else:
                self._track(value, name, step=_whole(step), epoch=epoch, context=context)

    def _rank(self) -> int:
        return int(jax.process_index()) or super()._rank()


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        yield "/".join(map(_step_name, path)) or "value", leaf


def _step_name(key: Any) -> str:
    """A part of a path: of a dict, a list, an attribute, or a flattened index."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _number(leaf: Any) -> float | int:
    if isinstance(leaf, jax.core.Tracer):
        raise InvalidInputError(
            "it is traced: inside jit, grad and the like there are no values yet. Return metrics "
            "from the function, and log them outside."
        )
    if isinstance(leaf, (int, float)):
        return leaf
    import numpy

    array = numpy.asarray(jax.device_get(leaf))
    if array.size != 1:
        raise InvalidInputError(
            f"it is an array of shape {array.shape}; one number is wanted, such as its mean."
        )
    if array.dtype.kind in "OSUcMm":
        raise InvalidInputError(f"{leaf!r} is no number.")
    number: float | int = array.item() if array.dtype.kind in "biu" else float(array.ravel()[0])
    return number


def _whole(step: Any) -> Any:
    return step if step is None else int(step)
