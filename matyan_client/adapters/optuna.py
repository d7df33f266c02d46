"""A callback for Optuna's `study.optimize`: a run for the study, or one for each trial."""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    MissingFrameworkError,
)
from matyan_client.objects import Text

try:
    import optuna  # noqa: TC002  # says whether Optuna is there
except ImportError as exc:
    raise MissingFrameworkError("optuna", extra="optuna", purpose="The adapter for Optuna") from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from matyan_client.repo import Repo

__all__ = ["MatyanCallback"]


class MatyanCallback(RunAdapter):
    """Tracks each trial when it ends.

    As one run: what was suggested and the values are series, at the number of the trial; what is
    not a number is tracked as text. With `as_multirun`, each trial is a run named
    `trial-<number>`: what was suggested are params below `hparams`, the values and `trial_number`
    params of their own. Trials that were pruned or failed have no values. Trials of several
    threads (`n_jobs`) are kept apart. After `close()` the next trial begins another run.

    Args:
        metric_name: name of the value; several values get names with numbers, `value_0`. Or the
            names of all.
        as_multirun: a run for each trial.
        repo: see `Run`.
        experiment_name: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.

    Raises:
        InvalidTypeError: `metric_name` is neither text nor a sequence.
    """

    def __init__(
        self,
        metric_name: str | Sequence[str] = "value",
        as_multirun: bool = False,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment_name: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        if not isinstance(metric_name, Sequence):
            raise InvalidTypeError(
                f"Expected metric_name to be string or sequence of strings, got "
                f"{type(metric_name)}."
            )
        self._metric_name = metric_name
        self._as_multirun = as_multirun
        self._number: int | None = None
        self._trials: dict[int, MatyanCallback] = {}
        """By thread, what holds the run of the trial that the thread is at."""
        self._configure(
            repo,
            experiment_name,
            system_tracking_interval,
            log_system_params,
            capture_terminal_logs,
        )
        if not as_multirun:
            self.setup()

    def __call__(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Track a trial that ended.

        Raises:
            InvalidInputError: the objective gives more or fewer values than there are names.
        """
        self._record(study, trial, self._named(trial.values or ()))

    @property
    def experiment(self) -> Any:
        """The run; with `as_multirun` that of the trial this thread is at, None outside one."""
        if not self._as_multirun:
            return super().experiment
        at = self._trials.get(threading.get_ident())
        return None if at is None else at.experiment

    @guarded
    def setup(self, args: Mapping[str, Any] | None = None) -> None:
        """Open the run, if it is not, and set params; with `as_multirun` that of a trial."""
        self._here()._set_params(args or {})

    def close(self) -> None:
        """Finish the run, or runs; the next trial begins another."""
        trials = self.__dict__.get("_trials", {})
        while trials:
            trials.popitem()[1].close()
        super().close()
        self._run_hash = None

    def track_in_run(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A decorator of objectives: inside, `experiment` is the run that the trial is part of."""

        def decorator(objective: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(objective)
            def tracked(trial: optuna.Trial) -> Any:
                self._begin(trial.number)
                return objective(trial)

            return tracked

        return decorator

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_trials": {}}

    # -- trials ----------------------------------------------------------------------------------

    def _here(self) -> MatyanCallback:
        """What holds the run of this thread."""
        if not self._as_multirun:
            return self
        thread = threading.get_ident()
        if thread not in self._trials:
            self._trials[thread] = copy.copy(self)
            self._trials[thread]._as_multirun = False
        return self._trials[thread]

    @guarded
    def _begin(self, number: int) -> MatyanCallback:
        holder = self._here()
        if holder is not self and holder._number != number:
            holder.close()  # of a trial that ended the study
            holder._number = number
        if holder._run is None and holder.experiment:
            holder.experiment.name = f"trial-{number}"
        return holder

    @guarded
    def _record(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, values: Mapping[str, float]
    ) -> None:
        holder = self._begin(trial.number)
        if holder is None:
            return
        holder._set_params({"direction": [each.name for each in study.directions]}, "hparams")
        holder._set_params({"study_name": study.study_name})
        if self._as_multirun:
            holder._set_params(trial.params, "hparams")
            holder._set_params({**values, "trial_number": trial.number})
            holder.close()
            return
        for name, value in {**trial.params, **values}.items():
            number = isinstance(value, (int, float))
            holder._track(value if number else Text(str(value)), name, step=trial.number)

    def _named(self, values: Sequence[float]) -> dict[str, float]:
        names: Sequence[str] = self._metric_name
        if isinstance(names, str):
            alone = len(values) == 1
            names = [names] if alone else [f"{names}_{i}" for i in range(len(values))]
        elif values and len(names) != len(values):
            raise InvalidInputError(
                f"The objective gives {len(values)} values, but {len(names)} names are given as "
                f"metric_name: {list(names)!r}. Give as many names, or one text for all."
            )
        return dict(zip(names, values, strict=False))
