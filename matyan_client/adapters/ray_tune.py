"""A callback for Ray Tune: a run for each trial."""

from __future__ import annotations

import copy
from numbers import Number
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    RunAdapter,
    guarded,
)
from matyan_client.adapters._values import flat
from matyan_client.exceptions import MissingFrameworkError

try:
    from ray.tune.logger import LoggerCallback
except ImportError as exc:
    raise MissingFrameworkError(
        "ray.tune", extra="ray-tune", purpose="The adapter for Ray Tune"
    ) from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from matyan_client.repo import Repo

__all__ = ["MatyanCallback"]

_NOT_TRACKED = frozenset(
    "config date done experiment_id experiment_tag hostname node_ip pid timestamp "
    "training_iteration trial_id".split()
)
"""What Ray puts into each result that is no metric."""


class MatyanCallback(RunAdapter, LoggerCallback):
    """Makes a run for each trial, in the process that runs the tuning.

    The run has the trial's name; its config becomes params below `hparams`, `trial_id` one of its
    own. The numbers of each result are tracked at its `training_iteration`, nested ones as
    `outer/inner`. A trial that is paused, or restored with its experiment, goes on in its run; one
    that fails has the param `failed`.

    Args:
        repo: see `Run`; a path is that of this process, not of the workers.
        experiment: see `Run`.
        system_tracking_interval: see `Run`; None, the default here, since trials train elsewhere.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
    """

    def __init__(
        self,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = None,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = False,
    ) -> None:
        super().__init__()
        self._trials: dict[str, MatyanCallback] = {}
        """By trial, what holds its run."""
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @guarded
    def log_trial_start(self, trial: Any) -> None:
        """Open the trial's run."""
        holder = self._holder(trial)
        if holder._run is None and holder.experiment:
            holder.experiment.name = str(trial)
            holder._set_params({"trial_id": trial.trial_id})
            holder._set_params(trial.config, "hparams")

    @guarded
    def log_trial_result(self, iteration: int, trial: Any, result: Mapping[str, Any]) -> None:
        """Track the numbers of a result."""
        holder = self._holder(trial)
        step = result.get("training_iteration", iteration)
        metrics = {name: value for name, value in result.items() if name not in _NOT_TRACKED}
        for name, value in flat(metrics):
            if isinstance(value, Number) or hasattr(value, "item"):
                holder._track(value, name, step=step)

    @guarded
    def log_trial_end(self, trial: Any, failed: bool = False) -> None:
        """Close the trial's run."""
        holder = self._holder(trial)
        if failed:
            holder._set_params({"failed": True})
        holder.close()

    def close(self) -> None:
        """Close the runs of all trials."""
        for holder in self.__dict__.get("_trials", {}).values():
            holder.close()
        super().close()

    def get_state(self) -> dict[str, str]:
        """Hashes of the runs by trial, which Ray keeps with the experiment."""
        return {trial: each._run_hash for trial, each in self._trials.items() if each._run_hash}

    def set_state(self, state: dict[str, str]) -> None:
        """Go on with the runs of an experiment that is restored."""
        for trial, run_hash in state.items():
            self._trials[trial] = self._new_holder()
            self._trials[trial]._run_hash = run_hash

    def _holder(self, trial: Any) -> MatyanCallback:
        if trial.trial_id not in self._trials:
            self._trials[trial.trial_id] = self._new_holder()
        return self._trials[trial.trial_id]

    def _new_holder(self) -> MatyanCallback:
        holder = copy.copy(self)
        holder._trials = {}
        return holder
