"""What adapters share: the run of a training, from its opening to its end, and what may go wrong.

Training comes first. What an adapter cannot do is logged once, with its cause, and counted; the
framework that calls it never sees an error, except one: a run that the caller asked for and that
cannot be, such as a hash no run has, which is raised when the run is opened.
"""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from matyan_client.adapters._ranks import rank_of_process
from matyan_client.adapters._values import flat, storable
from matyan_client.exceptions import InvalidInputError, NotFoundError
from matyan_client.run import Run

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from matyan_client.repo import Repo

__all__ = ["DEFAULT_SYSTEM_TRACKING_INTERVAL", "NO_RUN", "NoRun", "RunAdapter", "guarded"]

log = logging.getLogger("matyan_client.adapters")

DEFAULT_SYSTEM_TRACKING_INTERVAL = 10
"""Seconds between samples of system metrics."""

_opening = threading.RLock()

Hook = TypeVar("Hook", bound="Callable[..., Any]")


class NoRun:
    """What stands for the run where there is none: it takes every call and keeps nothing.

    In processes that are not rank zero, and where the run could not be opened, so that code that
    tracks to `adapter.experiment` by itself need not ask.
    """

    hash = None
    name = None
    experiment = None
    active = False

    def __getattr__(self, name: str) -> NoRun:
        if name.startswith("__"):
            raise AttributeError(name)  # protocols that Python and libraries ask for
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> NoRun:
        return self

    def __getitem__(self, key: Any) -> NoRun:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep nothing."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep nothing."""

    def __delitem__(self, key: Any) -> None:
        """There is nothing."""

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NO_RUN"

    def __repr__(self) -> str:
        return "<no run>"


NO_RUN = NoRun()


class RunAdapter:
    """Mixed into the callback or logger of a framework, before the framework's own class.

    The run is made when it is first needed, closed at the end of training, and opened again for
    what comes after. Copies and pickles of an adapter belong to the same run.

    `__init__` of the adapter calls `_configure`. An adapter for runs of another class overrides
    `_open_run` and `_write_param`.
    """

    _run: Any = None
    _run_hash: str | None = None
    _run_name: str | None = None
    _repo_path: Any = None
    _experiment_name: str | None = None
    _capture: Mapping[str, Any] = {}
    _joined = False
    _unavailable = False
    _refusal: Exception | None = None
    _said: frozenset[tuple[str, str]] = frozenset()

    tracking_errors = 0
    """How often something could not be recorded, so far."""

    def _configure(
        self,
        repo: str | os.PathLike[str] | Repo | None,
        experiment: str | None,
        system_tracking_interval: float | None,
        log_system_params: bool | None,
        capture_terminal_logs: bool | None,
        *,
        run_hash: str | None = None,
        run_name: str | None = None,
    ) -> None:
        """Say what the run is to be; see `Run` for the arguments."""
        self._repo_path = repo
        self._experiment_name = experiment
        self._run_hash = run_hash
        self._run_name = run_name
        self._capture = {
            "system_tracking_interval": system_tracking_interval,
            "log_system_params": log_system_params,
            "capture_terminal_logs": capture_terminal_logs,
        }

    # -- the run ---------------------------------------------------------------------------------

    @property
    def experiment(self) -> Any:
        """The run, opened if it is not; a `NoRun` in processes that do not record.

        Raises:
            InvalidInputError: what the run was to be cannot be; the message says what.
            NotFoundError: no run has the hash that was given.
        """
        if self._run is None and not self._unavailable:
            with _opening:
                if self._run is None and self._records_here():
                    self._run = self._opened()
        return NO_RUN if self._run is None else self._run

    def join_run(self, run_hash: str) -> None:
        """Record in an existing run from now on, whatever the rank of this process is.

        Ranks other than zero record nothing unless they join the run of rank zero, whose hash
        the training has to pass on. Their metrics have their rank in the context.
        """
        self.close()
        self._run_hash = run_hash
        self._joined = True

    def _resume(self, run_hash: str) -> None:
        """Go on with the run that a checkpoint belongs to; with a new one if it is not here."""
        if run_hash == self._run_hash:
            return
        self.close()
        before, self._run_hash = self._run_hash, run_hash
        try:
            _ = self.experiment
        except (InvalidInputError, NotFoundError) as exc:
            self._run_hash = before
            log.warning("The run of the checkpoint cannot be continued, so a new one is: %s", exc)

    def close(self) -> None:
        """Finish the run; using the adapter again continues it."""
        run, self._run = self._run, None
        self._unavailable = False
        if run is not None:
            try:
                run.close()
            except Exception as exc:  # noqa: BLE001  # training goes on
                self._note_error("the end of the run", exc)
        if self.tracking_errors > len(self._said):
            log.warning(
                "%s: %d times something could not be recorded; each cause was said above.",
                type(self).__name__,
                self.tracking_errors,
            )
        self.tracking_errors, self._said = 0, frozenset()

    def __del__(self) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_run": None, "_refusal": None}

    def _rank(self) -> int:
        """The rank of this process in its training."""
        return rank_of_process()

    def _records_here(self) -> bool:
        return self._joined or self._rank() == 0

    def _opened(self) -> Any:
        known = self._run_hash
        options = {"repo": self._repo_path, **self._capture}
        if known is None:
            options["experiment"] = self._experiment_name
        else:
            options["log_system_params"] = False
        try:
            run = self._open_run(known, **options)
            self._run_hash = run.hash
            if self._run_name is not None:
                run.name = self._run_name
        except (InvalidInputError, NotFoundError) as exc:
            self._refusal = exc
            raise
        except Exception as exc:  # noqa: BLE001  # training goes on without
            self._unavailable = True
            self._note_error("a run, so that nothing is recorded", exc)
            return None
        return run

    def _open_run(self, run_hash: str | None, **options: Any) -> Any:
        """Open the run of this hash, or a new one."""
        return Run(run_hash, **options)

    def _write_param(self, run: Any, path: tuple[str | int, ...], value: Any) -> None:
        """Set one param of the run, whatever it is."""
        run.set_param(path, storable(value))

    # -- recording -------------------------------------------------------------------------------

    def _set_params(self, params: Mapping[Any, Any], *above: str) -> None:
        """Set params below a path, each on its own: what cannot be stored takes none along."""
        run = self.experiment
        for key, value in params.items() if run else ():
            path = (*above, *(key if isinstance(key, tuple) else (key,)))
            try:
                self._write_param(run, tuple(map(_key, path)), value)
            except Exception as exc:  # noqa: BLE001  # training goes on
                self._note_error(f"param {'.'.join(map(str, path))!r}", exc)

    def _track(
        self,
        value: Any,
        name: str,
        *,
        step: Any = None,
        epoch: Any = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Track one value; a dict is tracked as its parts, named `name/part`."""
        run = self.experiment
        if not run:
            return
        if self._joined:
            context = {**(context or {}), "rank": self._rank()}
        for label, item in flat({name: value}):
            try:
                run.track(item, name=label, step=step, epoch=epoch, context=context)
            except Exception as exc:  # noqa: BLE001  # training goes on
                self._note_error(f"metric {label!r}", exc)

    def _note_error(self, what: str, exc: Exception) -> None:
        """Count that something could not be recorded, and say it the first time."""
        self.tracking_errors += 1
        cause = (what, type(exc).__name__)
        if cause not in self._said:
            self._said |= {cause}
            log.warning(
                "%s could not record %s: %s: %s. Training goes on; this is not said again.",
                type(self).__name__,
                what,
                type(exc).__name__,
                str(exc).rstrip("."),
                exc_info=log.isEnabledFor(logging.DEBUG),
            )


def _key(key: Any) -> str | int:
    return key if type(key) in (str, int) else str(key)


def guarded(method: Hook) -> Hook:
    """A hook of an adapter whose errors do not reach the framework, but its log; it returns None
    then.

    The error of a run that cannot be opened as asked does; see `RunAdapter.experiment`.
    """

    @functools.wraps(method)
    def call(self: RunAdapter, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as exc:
            if exc is self._refusal:
                raise
            self._note_error(f"what {method.__name__} was told", exc)
            return None

    return cast("Hook", call)
