"""A logger for Prophet, which has no callbacks: settings of a model, and metrics one computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from matyan_client.repo import Repo

__all__ = ["MatyanLogger"]


class MatyanLogger(RunAdapter):
    """Makes a run whose params are the settings of a model.

    Args:
        prophet_model: a `Prophet`; what its attributes hold now become params.
        repo: see `Run`.
        experiment: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
    """

    def __init__(
        self,
        prophet_model: Any,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )
        self.setup(vars(prophet_model))

    @guarded
    def setup(self, hparams: Mapping[str, Any]) -> None:
        """Open the run, and set params; does nothing when it is open."""
        if self._run is None:
            self._set_params(hparams)

    @guarded
    def track_metrics(
        self, metrics: Mapping[str, Any], context: Mapping[str, Any] | None = None
    ) -> None:
        """Track metrics of the model.

        Args:
            metrics: by name.
            context: None: `{"subset": "val"}`.
        """
        for name, value in metrics.items():
            self._track(value, name, context={"subset": "val"} if context is None else context)
