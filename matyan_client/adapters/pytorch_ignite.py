"""Records what PyTorch Ignite's engines log (extra `pytorch-ignite`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import DEFAULT_SYSTEM_TRACKING_INTERVAL, guarded
from matyan_client.adapters._loggers import LoggerAdapter
from matyan_client.adapters._values import plain_mapping
from matyan_client.exceptions import InvalidTypeError, MissingFrameworkError

try:
    import ignite.distributed as idist

    try:
        from ignite.handlers.base_logger import (
            BaseLogger,
            BaseOptimizerParamsHandler,
            BaseOutputHandler,
        )
    except ImportError:  # before 0.5
        from ignite.contrib.handlers.base_logger import (
            BaseLogger,
            BaseOptimizerParamsHandler,
            BaseOutputHandler,
        )
except ImportError as exc:
    raise MissingFrameworkError(
        "ignite", extra="pytorch-ignite", purpose="The logger for PyTorch Ignite"
    ) from exc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ignite.engine import Engine, Events
    from torch.optim import Optimizer

__all__ = ["MatyanLogger", "OptimizerParamsHandler", "OutputHandler"]


class MatyanLogger(LoggerAdapter, BaseLogger):
    """A logger to attach to Ignite's engines, that records a training as a run.

    `attach_output_handler(engine, event, tag=..., metric_names=..., output_transform=...)` tracks
    what an engine puts out as `<tag>_<name>`; tags `train`, `val` and `test` become the context
    `{"subset": "train"}` and so on. `attach_opt_params_handler(engine, event, optimizer)` tracks
    `lr_group_0` and so on. Processes other than the first record nothing.

    Args:
        repo: where runs live; see `Run`.
        experiment: experiment of the run.
        train_metric_prefix: how names begin that are about training; empty or None: none do.
        val_metric_prefix: the same for validation.
        test_metric_prefix: the same for testing.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
    """

    def __init__(
        self,
        repo: str | None = None,
        experiment: str | None = None,
        train_metric_prefix: str | None = "train_",
        val_metric_prefix: str | None = "val_",
        test_metric_prefix: str | None = "test_",
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        super().__init__()
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )
        self._prefixes = {
            "train": train_metric_prefix,
            "test": test_metric_prefix,
            "val": val_metric_prefix,
        }

    def _rank(self) -> int:
        rank: int = idist.get_rank()
        return rank or super()._rank()

    @guarded
    def log_params(self, params: Mapping[str, Any]) -> None:
        """Keep hyperparameters, a mapping or an OmegaConf config, as params `hparams`."""
        self._set_params(plain_mapping(params), "hparams")

    @guarded
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Track metrics; a prefix of a name becomes the context `subset`."""
        for key, value in metrics.items():
            name, context = key, {}
            for subset, prefix in self._prefixes.items():
                if prefix and key.startswith(prefix):
                    name, context = key[len(prefix) :], {"subset": subset}
                    break
            self._track(value, name, step=step, context=context)

    def _create_output_handler(self, *args: Any, **kwargs: Any) -> OutputHandler:
        return OutputHandler(*args, **kwargs)

    def _create_opt_params_handler(self, *args: Any, **kwargs: Any) -> OptimizerParamsHandler:
        return OptimizerParamsHandler(*args, **kwargs)


class OutputHandler(BaseOutputHandler):
    """Tracks an engine's output and metrics.

    Args:
        tag: what names begin with, such as `train`.
        metric_names: metrics of the engine, or "all".
        output_transform: makes a number, or a dict of numbers, of the engine's output.
        global_step_transform: called with engine and event, returns the step; None: the count of
            the event.
        state_attributes: attributes of the engine's state.
    """

    def __init__(
        self,
        tag: str,
        metric_names: str | list[str] | None = None,
        output_transform: Callable[..., Any] | None = None,
        global_step_transform: Callable[..., int] | None = None,
        state_attributes: list[str] | None = None,
    ) -> None:
        super().__init__(
            tag, metric_names, output_transform, global_step_transform, state_attributes
        )

    def __call__(self, engine: Engine, logger: MatyanLogger, event_name: str | Events) -> None:
        """Track them for one event.

        Raises:
            InvalidTypeError: another logger, or a step that is no int (a TypeError).
        """
        _check_logger(self, logger)
        rendered = self._setup_output_metrics_state_attrs(engine)
        step = self.global_step_transform(engine, event_name)
        if not isinstance(step, int):
            raise InvalidTypeError(
                f"global_step_transform must return an int, not {step!r} of type "
                f"{type(step).__name__!r}."
            )
        logger.log_metrics({"_".join(keys): value for keys, value in rendered.items()}, step=step)


class OptimizerParamsHandler(BaseOptimizerParamsHandler):
    """Tracks a parameter of an optimizer, by default its learning rate, for each of its groups.

    Args:
        optimizer: a torch optimizer, or what has `param_groups`.
        param_name: the parameter.
        tag: what names begin with.
    """

    def __init__(
        self, optimizer: Optimizer, param_name: str = "lr", tag: str | None = None
    ) -> None:
        super().__init__(optimizer, param_name, tag)

    def __call__(self, engine: Engine, logger: MatyanLogger, event_name: str | Events) -> None:
        """Track it for one event.

        Raises:
            InvalidTypeError: another logger (a TypeError).
        """
        _check_logger(self, logger)
        prefix = f"{self.tag}_" if self.tag else ""
        logger.log_metrics(
            {
                f"{prefix}{self.param_name}_group_{number}": float(group[self.param_name])
                for number, group in enumerate(self.optimizer.param_groups)
            },
            step=engine.state.get_event_attrib_value(event_name),
        )


def _check_logger(handler: Any, logger: Any) -> None:
    if not isinstance(logger, MatyanLogger):
        raise InvalidTypeError(
            f"{type(handler).__name__} works only with the logger of this module, not with "
            f"{type(logger).__name__!r}."
        )
