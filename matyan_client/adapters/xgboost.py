"""A callback for XGBoost's `train` and `cv`, and `callbacks=` of its estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError

try:
    from xgboost import collective
    from xgboost.callback import TrainingCallback
except ImportError as exc:
    raise MissingFrameworkError(
        "xgboost", extra="xgboost", purpose="The adapter for XGBoost"
    ) from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from matyan_client.repo import Repo

__all__ = ["MatyanCallback"]


class MatyanCallback(RunAdapter, TrainingCallback):
    """Tracks what is evaluated after each boosting round, and closes the run at the end.

    Series are named as the metrics, in the context `{"stdv": False}`; with `cv` their standard
    deviations are beside, in `{"stdv": True}`. Where several sets are evaluated, that is the last
    of them, which is the one early stopping goes by, and all of them are in contexts of their own
    with `data_name` besides. A training that continues another, in the same callback, counts on.

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
        super().__init__()
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @guarded
    def setup(self) -> None:
        """Open the run, if it is not."""
        _ = self.experiment

    def before_training(self, model: Any) -> Any:
        """Open the run."""
        self.setup()
        return model

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]
    ) -> bool:
        """Track the latest results; never asks to stop."""
        self._track_results(evals_log)
        return False

    def after_training(self, model: Any) -> Any:
        """Close the run."""
        self.close()
        return model

    @guarded
    def _track_results(self, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
        last = list(evals_log)[-1:]
        for data, metrics in evals_log.items():
            for name, log in metrics.items():
                results = log[-1] if isinstance(log[-1], tuple) else (log[-1],)
                for result, stdv in zip(results, (False, True), strict=False):
                    if data in last:
                        self._track(result, name, context={"stdv": stdv})
                    if len(evals_log) > 1:
                        self._track(result, name, context={"stdv": stdv, "data_name": data})

    def _rank(self) -> int:
        return int(collective.get_rank()) or super()._rank()
