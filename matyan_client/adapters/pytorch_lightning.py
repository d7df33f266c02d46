"""Records what a PyTorch Lightning `Trainer` logs (extra `pytorch-lightning`)."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import DEFAULT_SYSTEM_TRACKING_INTERVAL, guarded
from matyan_client.adapters._loggers import LoggerAdapter
from matyan_client.adapters._values import plain_mapping
from matyan_client.exceptions import InvalidInputError, MissingFrameworkError

_OLDER_NAME_ONLY = "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules
try:
    if importlib.util.find_spec("lightning") and not _OLDER_NAME_ONLY:
        from lightning.pytorch.loggers.logger import Logger
        from lightning.pytorch.utilities import rank_zero_only
    else:
        from pytorch_lightning.loggers.logger import Logger
        from pytorch_lightning.utilities import rank_zero_only
except ImportError as exc:
    raise MissingFrameworkError(
        "lightning", extra="pytorch-lightning", purpose="The logger for PyTorch Lightning"
    ) from exc

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

__all__ = ["MatyanLogger"]

_PREFIXES = {"train": "train_", "val": "val_", "test": "test_"}


class MatyanLogger(LoggerAdapter, Logger):
    """A logger for `Trainer(logger=...)` that records a training as a run.

    | recorded | as |
    |---|---|
    | hyperparameters of module and data module | params `hparams` |
    | what is logged | metrics; what comes before or after a name becomes context, by default `train_loss` the metric `loss` with `{"subset": "train"}` |

    It is of the package that is in use, `lightning` or `pytorch_lightning`; checkpoints go below
    `save_dir`, as Lightning has it. The run ends with each
    of `fit`, `validate`, `test` and `predict`, and goes on with the next. Ranks other than zero
    record nothing.

    Args:
        repo: where runs live; see `Run`.
        experiment: experiment of the run.
        train_metric_prefix: deprecated; see `context_prefixes`.
        val_metric_prefix: deprecated; see `context_prefixes`.
        test_metric_prefix: deprecated; see `context_prefixes`.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
        run_name: name of the run.
        run_hash: hash of a run to go on with, as when training is resumed from a checkpoint.
        context_prefixes: for each name in the context, its values and how names of metrics begin
            that get it: `{"subset": {"train": "train_"}}`. Empty: none.
        context_postfixes: the same for how names end.

    Raises:
        InvalidInputError: `context_prefixes` together with deprecated prefixes (a ValueError).
    """  # noqa: E501  # a table

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
        run_name: str | None = None,
        run_hash: str | None = None,
        context_prefixes: dict[str, dict[str, str]] | None = None,
        context_postfixes: dict[str, dict[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self._configure(
            repo,
            experiment,
            system_tracking_interval,
            log_system_params,
            capture_terminal_logs,
            run_hash=run_hash,
            run_name=run_name,
        )
        given = {
            "train": train_metric_prefix,
            "val": val_metric_prefix,
            "test": test_metric_prefix,
        }
        changed = [subset for subset, prefix in given.items() if prefix != _PREFIXES[subset]]
        if context_prefixes is None or context_prefixes == {"subset": _PREFIXES}:
            prefixes = {subset: prefix for subset, prefix in given.items() if prefix}
            context_prefixes = {"subset": prefixes} if prefixes else {}
        elif changed:
            raise InvalidInputError(
                f"{changed[0]}_metric_prefix={given[changed[0]]!r} does not go together with "
                f"context_prefixes={context_prefixes!r}; say all in context_prefixes."
            )
        for subset in changed:
            warnings.warn(
                f"{subset}_metric_prefix is deprecated; use context_prefixes instead.",
                DeprecationWarning,
                stacklevel=2,
            )
        self._context_prefixes = context_prefixes
        self._context_postfixes = context_postfixes or {}

    def _rank(self) -> int:
        rank = getattr(rank_zero_only, "rank", None)
        return super()._rank() if rank is None else rank

    @guarded
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace) -> None:
        """Keep hyperparameters as params `hparams`.

        Args:
            params: a mapping, a Namespace, an OmegaConf config, or None.
        """
        self._set_params(plain_mapping(params), "hparams")

    @guarded
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Track metrics; one named `epoch` says which epoch the others belong to."""
        for key, value in metrics.items():
            if key != "epoch":
                name, context = self.parse_context(key)
                self._track(value, name, step=step, epoch=metrics.get("epoch"), context=context)

    def parse_context(self, name: str) -> tuple[str, dict[str, str]]:
        """The name without its prefixes and postfixes, and the context they say."""
        context = {}
        for key, values in self._context_prefixes.items():
            for value, prefix in values.items():
                if name.startswith(prefix):
                    name, context[key] = name[len(prefix) :], value
                    break
        for key, values in self._context_postfixes.items():
            for value, postfix in values.items():
                if name.endswith(postfix):
                    name, context[key] = name[: -len(postfix)], value
                    break
        return name, context

    def finalize(self, status: str = "") -> None:
        """Finish the run; what is logged after that continues it."""
        super().finalize(status)
        self.close()
