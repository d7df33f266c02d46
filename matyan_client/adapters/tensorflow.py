"""A callback for tf.keras: Keras as TensorFlow has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matyan_client.adapters._keras import EpochEndMixin
from matyan_client.adapters._lifecycle import DEFAULT_SYSTEM_TRACKING_INTERVAL
from matyan_client.exceptions import MissingFrameworkError

try:
    from tensorflow.keras.callbacks import Callback
except ImportError as exc:
    raise MissingFrameworkError(
        "tensorflow", extra="tensorflow", purpose="The adapter for tf.keras"
    ) from exc

if TYPE_CHECKING:
    import os

    from matyan_client.repo import Repo

__all__ = ["MatyanCallback"]


class MatyanCallback(EpochEndMixin, Callback):
    """Makes a run, and tracks what `fit` reports of each epoch.

    The run stays open after `fit`, so that another `fit` counts on; `close()` it.

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
        _ = self.experiment
