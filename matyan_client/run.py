"""`Run`: one experiment run, from the moment it is opened until it is closed.

Decides where the run lives, whether it is new, what is captured beside it, and when it ends. What
it writes is in `editing.py` and `tracking.py`, what it reads in `reading.py`. Knows nothing of
journals, databases or sockets.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from matyan_client import lifetime
from matyan_client.artifacts import Uploads
from matyan_client.backends.select import open_backend
from matyan_client.config import Settings
from matyan_client.editing import check_text
from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    ReadOnlyRunError,
    RunNotFoundError,
    ServerError,
)
from matyan_client.protocol import messages
from matyan_client.tracking import RunTracker

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from matyan_client.backends.base import Backend, Origin, Resumed, Writer
    from matyan_client.capture.system import ResourceSampler
    from matyan_client.capture.terminal import TerminalCapture
    from matyan_client.capture.ticker import Ticker
    from matyan_client.repo import Repo

__all__ = ["Run"]

log = logging.getLogger("matyan_client.run")

_ticker: Ticker | None = None
_unseen_said: set[str] = set()
"""Backends of which was said that they do not tell what a run holds."""


class Run(RunTracker):
    """A single experiment run.

    Tracks metrics, hyperparameters, custom objects (images, audio, ...), log records and files.
    Every write is safe from the death of this process as soon as the call returns, and none waits
    for a network or database. Close the run when it is finished, or use it as a context manager;
    one that is still open is closed when it is garbage collected, and when the process ends
    normally or by SIGTERM.

    Args:
        run_hash: hash of the run to resume. A hash that is not known yet makes a new run of that
            hash, so that several processes can agree on one. None: a new run.
        repo: where the run lives: a path, `file://...` URL, deployment URL or `Repo`. None: what
            `MATYAN_BACKEND_URL` says, else the nearest `.matyan` directory upwards from the
            working directory, else a new one there.
        frontier_url: where a deployment takes writes, if that is another URL than `repo`; None:
            what `MATYAN_FRONTIER_URL` says if `repo` is the deployment of `MATYAN_BACKEND_URL`,
            else `repo`. A directory has no such place.
        read_only: no tracking or writes of what the run holds; the run must exist.
        experiment: experiment to put the run into.
        force_resume: allow resuming a run that may exist. Resuming never resets anything here, so
            this changes nothing.
        system_tracking_interval: seconds between samples of CPU, memory, disk and GPU use; None
            samples nothing.
        log_system_params: record executable, arguments, packages, environment and git state as
            the parameter `__system_params`.
        capture_terminal_logs: record what goes to stdout and stderr.

    Raises:
        RunNotFoundError: `read_only` and no such run.
        RepoAccessError: the repository cannot be created or written.
        InvalidInputError: a value that cannot be used; the message says which.

    Example:
        >>> with Run(repo="./experiments", experiment="baseline") as run:
        ...     run["hparams.lr"] = 0.1
        ...     run.track(0.5, name="loss", context={"subset": "train"})
    """

    def __init__(
        self,
        run_hash: str | None = None,
        *,
        repo: str | os.PathLike[str] | Repo | None = None,
        frontier_url: str | None = None,
        read_only: bool = False,
        experiment: str | None = None,
        force_resume: bool = False,
        system_tracking_interval: float | None = None,
        log_system_params: bool | None = False,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        super().__init__()
        self._writer: Writer | None = None
        self._closed = True
        del force_resume
        self.backend = _backend_of(repo, frontier_url)
        self.read_only = bool(read_only)
        self.hash = uuid.uuid4().hex if run_hash is None else _check_hash(run_hash)
        self._owner_pid = os.getpid()
        self._terminal: TerminalCapture | None = None
        self._sampler: ResourceSampler | None = None
        self._warned_closed = False
        self._uploads = Uploads(self.hash)

        origin: Origin = "new" if run_hash is None else "given"
        known: Resumed | None = None
        if self.read_only:
            if run_hash is None:
                raise InvalidInputError("Run(read_only=True) needs the hash of the run to read.")
            if self.backend.get_run(self.hash, params=False, sequences=False) is None:
                raise RunNotFoundError(self.hash, self.backend.url)
            return
        if run_hash is not None:
            try:
                known = self.backend.resume(self.hash, lines=bool(capture_terminal_logs))
            except ServerError as exc:
                # What is tracked is kept, and its steps are put in place when the server is asked.
                origin = "unseen"
                said = self.backend.url in _unseen_said
                _unseen_said.add(self.backend.url)
                log.log(
                    logging.INFO if said else logging.WARNING,
                    "Run %s: what it holds already cannot be read now. %s",
                    self.hash,
                    exc,
                )
        if system_tracking_interval is not None:
            from matyan_client.capture.system import check_interval

            system_tracking_interval = check_interval(system_tracking_interval)
        if experiment is not None:
            check_text(experiment, "experiment")

        self._writer = self.backend.open_writer(self.hash, origin=origin)
        self._closed = False
        self._writer.append(messages.create_run(time=time.time(), force_resume=True))
        lifetime.watch(self)
        if known is not None:
            self._continue(known.record)
        if experiment is not None:
            self._writer.append(messages.set_run_property(experiment=experiment))
        if log_system_params:
            from matyan_client.capture.environment import system_params

            self.set_param(("__system_params",), system_params())
        if capture_terminal_logs:
            self._capture_terminal(first_line=0 if known is None else known.next_line)
        if system_tracking_interval is not None:
            self._sample_system(system_tracking_interval)

    # -- identity -------------------------------------------------------------------------------

    @property
    def repo(self) -> Repo:
        """The repository the run lives in."""
        from matyan_client.repo import Repo

        return Repo.on(self.backend)

    @property
    def closed(self) -> bool:
        """Whether this object was closed, or only ever reads."""
        return self._closed

    def _open_writer(self) -> Writer:
        """The writer; a run that was closed goes on writing, and says so once.

        Raises:
            ReadOnlyRunError: the run was opened for reading.
        """
        if self._writer is not None and not self._closed:
            return self._writer
        if self.read_only:
            raise ReadOnlyRunError(
                f"Run {self.hash!r} was opened with read_only=True; open it without to write."
            )
        with self._lock:
            if self._writer is None:
                if not self._warned_closed:
                    self._warned_closed = True
                    log.warning(
                        "Run %s was closed; what is written to it now is kept all the same.",
                        self.hash,
                    )
                self._writer = self.backend.open_writer(self.hash)
                for sequence in self._by_identity.values():
                    sequence.number = -1
                lifetime.watch(self)
            return self._writer

    # -- capturing ------------------------------------------------------------------------------

    def _capture_terminal(self, first_line: int) -> None:
        global _ticker
        from matyan_client.capture.terminal import TerminalCapture
        from matyan_client.capture.ticker import Ticker

        append = self._open_writer().append  # not self: a forgotten run must stay collectable

        def keep(number: int, line: str) -> None:
            append(messages.log_terminal_line(line, number))

        self._terminal = TerminalCapture(keep, first_line=first_line)
        self._terminal.start()
        _ticker = _ticker or Ticker()
        _ticker.add(self._terminal.flush)

    def _sample_system(self, interval_s: float) -> None:
        from matyan_client.capture.system import ResourceSampler

        me = weakref.ref(self)

        def keep(values: dict[str, float], context: dict[str, Any]) -> None:
            run = me()
            if run is not None and not run._closed:
                run.track(values, context=context)

        self._sampler = ResourceSampler(keep, interval_s)
        self._sampler.start()

    def _stop_capturing(self) -> None:
        if self._sampler is not None:
            self._sampler.stop()
            self._sampler = None
        if self._terminal is not None:
            if _ticker is not None:
                _ticker.remove(self._terminal.flush)
            self._terminal.stop()
            self._terminal = None

    # -- end ------------------------------------------------------------------------------------

    def flush(self, timeout_s: float | None = None) -> bool:
        """Make everything tracked so far readable by others; False if that failed for now."""
        self._deliver_objects()
        self._uploads.wait(self._writer)
        if self._terminal is not None:
            self._terminal.flush()
        return True if self._writer is None else self._writer.flush(timeout_s)

    def close(self) -> None:
        """Finish the run: deliver what is left, note its end, release what it holds.

        Safe to call again, and on a read-only run. In a forked child the run is left open, since
        it is the parent's to finish.
        """
        self._close(Settings.from_environment().close_timeout_s)

    def _close(self, timeout_s: float) -> None:
        """Close; wait so long for delivery, which goes on in the background after that."""
        writer = self._writer
        if writer is None:
            return
        self._stop_capturing()
        self._deliver_objects()
        self._wait_for_objects(writer, timeout_s)
        self._uploads.close(writer)
        with self._lock:
            if self._writer is None:
                return
            if not self._closed and os.getpid() == self._owner_pid:
                writer.append(messages.finish_run(time=time.time()))
            self._closed = True
            self._writer = None
        lost = writer.close(timeout_s)
        lifetime.forget(self)
        lost += len(self._kept_objects) + self._objects_lost + self._uploads.failed
        self._kept_objects.clear()
        if lost:
            log.error(
                "Run %s: %d writes could not be brought to disk and are lost.",
                self.hash,
                lost,
            )

    def _wait_for_objects(self, writer: Writer, timeout_s: float) -> None:
        """Objects that are in memory only would be lost: delivering what is on disk may make room
        for them."""
        deadline = time.monotonic() + (timeout_s or Settings.from_environment().close_timeout_s)
        while self._kept_objects and (left := deadline - time.monotonic()) > 0:
            if not writer.flush(left):
                return
            time.sleep(0.05)
            self._deliver_objects()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # On garbage collection, close the run if it was not closed explicitly. Whatever code is
        # interrupted by that does not wait for a server.
        if getattr(self, "_writer", None) is not None and not sys.is_finalizing():
            self._close(0.0)

    def _after_fork_in_child(self) -> None:
        self._lock = threading.RLock()
        self._uploads.after_fork_in_child()
        self._kept_objects.clear()  # the parent's to store
        self._sampler = None
        if self._terminal is not None:
            self._terminal.after_fork_in_child()
            self._terminal = None

    def __repr__(self) -> str:
        if self._closed and not self.read_only:
            return f"<Run {self.hash!r} (closed) in {self.backend.url!r}>"
        try:
            experiment = self.experiment
        except RunNotFoundError:
            return f"<Run {self.hash!r} (deleted) in {self.backend.url!r}>"
        except ServerError:
            return f"<Run {self.hash!r} in {self.backend.url!r}>"
        return f"<Run {self.hash!r} experiment={experiment!r} in {self.backend.url!r}>"


def _backend_of(repo: Any, frontier_url: str | None) -> Backend:
    """The backend of a `Repo`, or of what names a place."""
    backend: Backend | None = getattr(repo, "backend", None)
    if backend is None:
        return open_backend(repo, frontier_url)
    return open_backend(backend.url, frontier_url) if frontier_url else backend


def _check_hash(run_hash: Any) -> str:
    if not isinstance(run_hash, str):
        raise InvalidTypeError(f"A run hash is text, not {run_hash!r}.")
    if not run_hash or "/" in run_hash or len(run_hash) > 256 or not run_hash.isprintable():
        raise InvalidInputError(
            f"{run_hash!r} cannot be a run hash: expected up to 256 printable characters, no '/'."
        )
    return run_hash
