"""A callback for Keras Tuner: a run for each trial."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError

try:
    import keras_tuner  # noqa: F401  # says whether Keras Tuner is there
    from keras.callbacks import Callback
except ImportError as exc:
    raise MissingFrameworkError(
        "keras_tuner", extra="keras-tuner", purpose="The adapter for Keras Tuner"
    ) from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from matyan_client.repo import Repo

__all__ = ["MatyanCallback"]


class MatyanCallback(RunAdapter, Callback):
    """Makes a run for each trial, and tracks what is reported after each batch.

    The run's params are `trial_id` and the trial's hyperparameters. Keras Tuner copies callbacks
    for each execution of a trial; each execution is a run.

    Args:
        tuner: the tuner whose `search` gets this callback.
        repo: see `Run`.
        experiment: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
    """

    def __init__(
        self,
        tuner: Any = None,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        super().__init__()
        self.tuner = tuner
        self.trial: Any = None
        self._trial_id: str | None = None
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @property
    def experiment(self) -> Any:
        """The run of the trial this is at; None before there is one."""
        return None if self._trial_id is None else super().experiment

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Open a run, if another trial began."""
        self._enter_trial()

    def on_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Track what is reported of the batch; steps count on through the epochs."""
        self._track_batch(logs or {})

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Close the run of the trial."""
        self.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.copy(self)  # the tuner is not the callback's to copy

    @guarded
    def _enter_trial(self) -> None:
        oracle = self.tuner.oracle
        ongoing = oracle.ongoing_trials
        trial = ongoing.get(self.tuner.tuner_id) or next(iter(ongoing.values()))
        if trial.trial_id != self._trial_id:
            self.close()
            self._run_hash = None
            self._trial_id = trial.trial_id
            self._set_params({"trial_id": trial.trial_id})
        self.trial = oracle.get_trial(trial.trial_id)
        self._set_params(self.trial.hyperparameters.values)

    @guarded
    def _track_batch(self, logs: Mapping[str, Any]) -> None:
        if self._trial_id is not None:
            for name, value in logs.items():
                self._track(value, name)
