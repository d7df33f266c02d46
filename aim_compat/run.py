"""`Run` as scripts written for Aim know it: a translator in front of `matyan_client.Run`.

Holds no storage, network or query code. What `track` takes is in `tracking.py`, parameters in
`params.py`, series in `sequences.py`; ids like R06 and T04 are observations of Aim 3.29.1.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import matyan_client
from aim_compat._absent_members import with_absent_members
from aim_compat.context import Context, as_context, context_from_wire, context_to_wire
from aim_compat.errors import artifacts_uri_missing
from aim_compat.objects import Artifact
from aim_compat.objects.artifact import StoredInRepository
from aim_compat.params import HIDDEN, clean_value, path_of, writable_path
from aim_compat.run_reading import RunReader
from aim_compat.run_tracker import RunTracker
from aim_compat.safe_mode import handled, noexcept
from aim_compat.snapshot import note_write
from aim_compat.tracking import (
    NOTHING,
    accepted,
    epoch_number,
    say_untracked,
    unlike_its_series,
    whole_step,
)
from matyan_client.artifacts import Artifact as StoredArtifact
from matyan_client.exceptions import EmptyListError, InvalidInputError, SequenceContentError
from matyan_client.objects.base import Trackable

if TYPE_CHECKING:
    from aim_compat.repo import Repo

__all__ = ["DEFAULT_SYSTEM_TRACKING_INT", "BasicRun", "Run"]

log = logging.getLogger("aim.ext.resource.tracker")  # scripts know it by Aim's name

DEFAULT_SYSTEM_TRACKING_INT = 10
"""Seconds between samples of system metrics."""

_DAY_S = 86_400
_DEFAULT_EXPERIMENT = "default"


@with_absent_members("aim.sdk.run.BasicRun")
class BasicRun(RunReader):
    """A tracked run that captures nothing by itself: parameters, series, log messages, artifacts.

    Args:
        run_hash: hash of a run to resume or read; None makes a new one.
        repo: path, `aim://host:port`, URL or `Repo`; None: the default repository.
        read_only: only read. Names, tags and the like can be edited all the same (R16).
        experiment: name of the experiment; a new run goes to `default` without one.
        force_resume: taken and not needed; several writers of one run are welcome.

    Raises:
        MissingRunError: no run has this hash (a RuntimeError).
        HashNeededError: read_only without a hash (a ValueError and an AssertionError).
    """

    def __init__(
        self,
        run_hash: str | None = None,
        *,
        repo: str | os.PathLike[str] | Repo | None = None,
        read_only: bool = False,
        experiment: str | None = None,
        force_resume: bool = False,
    ) -> None:
        self._open(run_hash, repo, read_only, experiment)

    def _open(
        self,
        run_hash: str | None,
        repo: str | os.PathLike[str] | Repo | None,
        read_only: bool,
        experiment: str | None,
        **capture: Any,
    ) -> None:
        super().__init__(run_hash, repo, read_only)
        if run_hash is None:
            experiment = experiment or _DEFAULT_EXPERIMENT
        for sequence in self._listing.get() or ():
            self._known_context(context_from_wire(sequence.context), sequence.context)
        if not read_only:
            self._client = matyan_client.Run(
                self.hash,
                repo=self.repo._repo,
                experiment=str(experiment) if experiment else None,
                **capture,
            )
            note_write()

    # -- parameters ------------------------------------------------------------------------------

    @noexcept
    def __setitem__(self, key: Any, val: Any) -> None:
        """Set a parameter, replacing the whole subtree (P01).

        Args:
            key: text, int, a tuple of them for a path, or `...` for everything.
            val: see `params.clean_value`.

        Raises:
            TypeError: a value that cannot be stored (P03).
            ValueError: a key that cannot be one (P04).
        """
        self._set_path(writable_path(key), clean_value(val, strict=True))

    @noexcept
    def set(self, key: Any, val: Any, strict: bool = True) -> None:
        """Set a parameter; with `strict=False` what cannot be stored becomes its `repr()` (P06)."""
        self._set_path(writable_path(key), clean_value(val, strict=strict))

    def __delitem__(self, key: Any) -> None:
        """Remove a parameter; nothing happens if there is none."""
        self._delete_path(path_of(key))

    # -- tracking --------------------------------------------------------------------------------

    def track(
        self,
        value: Any,
        name: str | None = None,
        step: int | None = None,
        epoch: float | None = None,
        *,
        context: Any = None,
    ) -> None:
        """Track a value at a step of a series.

        Args:
            value: a number or one-element array of any library, an object, a list of objects of
                one kind, or a dict of name to such values, which share one step (T05).
            name: the series; None with a dict only.
            step: None counts on from the highest; fractions are cut off.
            epoch: optional.
            context: a dict, a `Context`, or any plain value (T07).

        Raises:
            ValueError: no name, or a value that cannot be tracked or does not fit what the series
                holds (T01, T03, T08).
            NotImplementedError: a context of other than plain values (T07).
        """
        try:
            if context is not None:
                try:
                    context = self._contexts[tuple(context.items())]
                except (KeyError, TypeError, AttributeError):
                    context = self._known_context(as_context(context))
            sent = value
            kind = value.__class__
            if (kind is not float and kind is not int) or name.__class__ is not str:
                sent, name = accepted(value, name)
                if sent is NOTHING:
                    return
                self._check_forms({name: sent} if name is not None else sent, context)
            if step is not None and step.__class__ is not int:
                step = whole_step(step)
            if epoch is not None and epoch.__class__ is not int and epoch.__class__ is not float:
                epoch = epoch_number(epoch)
            note_write()
            (self._client or self._writable()).track(sent, name, step, epoch, context=context)
        except EmptyListError:
            say_untracked([])
            if isinstance(value, dict):
                rest = {key: item for key, item in value.items() if not _is_empty_list(item)}
                self.track(rest, step=step, epoch=epoch, context=context)
        except Exception as error:  # raised again unless in safe mode (R18)
            # Here and not by the decorator, which would make every call slower.
            told = error
            if isinstance(error, SequenceContentError):
                told = unlike_its_series(value, error)
            if handled(told, BasicRun.track):
                return
            if told is error:
                raise
            raise told from error

    @functools.cached_property
    def _tracker(self) -> RunTracker:
        """`track` for code that must not keep the run alive."""
        return RunTracker(self)

    def _check_forms(self, values: dict[str, Any], context: dict[str, Any] | None) -> None:
        """A series holds single objects or lists of them, not both (T08)."""
        objects = {
            name: isinstance(value, (list, tuple))
            for name, value in values.items()
            if isinstance(value, (list, tuple, Trackable))
        }
        if not objects:
            return
        idx = context_from_wire(context or {}).idx
        for name, listed in objects.items():
            if self._listed.setdefault((name, idx), listed) != listed:
                error = SequenceContentError(
                    "A series holds single objects or lists of them, not both."
                )
                error.name = name
                raise error

    def _known_context(
        self, context: Context, stored: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The wire form of a context; equal ones (T07) share that of the first."""
        wire = context_to_wire(context) if stored is None else stored
        wire = self._contexts_by_idx.setdefault(context_from_wire(wire).idx, wire)
        given = context.to_dict()
        if isinstance(given, dict):
            try:
                self._contexts[tuple(given.items())] = wire
            except TypeError:
                return wire  # nested: looked up by its id each time
        return wire

    # -- log messages ----------------------------------------------------------------------------

    def log_error(self, msg: str, **params: Any) -> None:
        """Keep an error message and fields that belong to it."""
        self._log_message(logging.ERROR, msg, **params)

    def log_warning(self, msg: str, **params: Any) -> None:
        """Keep a warning and fields that belong to it."""
        self._log_message(logging.WARNING, msg, **params)

    def log_info(self, msg: str, **params: Any) -> None:
        """Keep a message and fields that belong to it."""
        self._log_message(logging.INFO, msg, **params)

    def log_debug(self, msg: str, **params: Any) -> None:
        """Keep a debugging message and fields that belong to it."""
        self._log_message(logging.DEBUG, msg, **params)

    def _log_message(self, level: int, msg: str, **params: Any) -> None:
        self._writable().log_record(level, msg, **params)

    # -- artifacts -------------------------------------------------------------------------------

    @property
    def artifacts_uri(self) -> str | None:
        """Where artifacts of this run go, None until `set_artifacts_uri`."""
        uri = self._hidden().get("artifacts_uri")
        return None if uri is None else f"{uri}/{self.hash}"

    def set_artifacts_uri(self, uri: str) -> None:
        """Choose where artifacts go: `file:///shared/artifacts`, `s3://bucket/prefix`, or any URI
        whose scheme is registered in `aim_compat.artifacts.registry`.

        Without a scheme this warns, and `log_artifact` will fail (M03).
        """
        if "://" not in uri:
            warnings.warn(
                f'artifacts_uri must start with a scheme, e.g. s3:// or file://. Got "{uri}"',
                stacklevel=2,
            )
        self._set_path((HIDDEN, "artifacts_uri"), uri.rstrip("/"))

    @noexcept
    def log_artifact(
        self, path: str | os.PathLike[str], name: str | None = None, *, block: bool = False
    ) -> None:
        """Copy a file to the artifacts URI; its name there is the file's own without `name`.

        Args:
            path: the file.
            name: a relative path below the artifacts URI.
            block: return only when it is there; stores over the network upload in the background.

        Raises:
            ValueError: no artifacts URI is set, or one of a kind we do not have.
            OSError: the file cannot be read, or not be copied.
            MissingDependencyError: the library for this kind of store is not installed.
        """
        uri = self.artifacts_uri
        if uri is None:
            raise artifacts_uri_missing()
        artifact = Artifact(path, uri=uri, name=name)
        artifact.upload(block=block)
        self._set_path((HIDDEN, "artifacts", artifact.name), clean_value(artifact, strict=True))

    @noexcept
    def log_artifacts(
        self, path: str | os.PathLike[str], name: str | None = None, *, block: bool = False
    ) -> None:
        """Copy all files below a directory; they are named below `name`, or the directory's own."""
        if self.artifacts_uri is None:
            raise artifacts_uri_missing()
        directory = FilePath(path)
        if not directory.is_dir():
            raise NotADirectoryError(f"{os.fspath(path)!r} is not a directory.")
        prefix = directory.resolve().name if name is None else name
        for file in sorted(directory.rglob("*")):
            if file.is_file():
                relative = file.relative_to(directory).as_posix()
                self.log_artifact(str(file), f"{prefix}/{relative}".lstrip("/"), block=block)

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """Artifacts by name; those that `matyan_client` keeps in the repository are among them."""
        found: dict[str, Artifact] = {
            record.path: StoredInRepository(StoredArtifact(record, self._backend))
            for record in self._backend.list_artifacts(self.hash)
        }
        return {**found, **self._hidden("artifacts")}

    # -- end -------------------------------------------------------------------------------------

    def report_progress(self, *, expect_next_in: int = 0, block: bool = False) -> None:
        """Taken and not needed: a run tells by itself that its process is alive.

        Raises:
            ValueError: the run only reads (R16).
        """
        del expect_next_in, block
        if self.read_only:
            raise InvalidInputError("Progress reports are not enabled for this run")

    def report_successful_finish(self, *, block: bool = True) -> None:
        """Taken and not needed: `close()` says it."""
        del block
        self.report_progress()

    def close(self) -> None:
        """Finish the run; quiet when it is finished already, or only reads."""
        if self._client is not None:
            self._client.close()
            note_write()


class Run(BasicRun):
    """A tracked run; unless told otherwise it also captures system metrics and terminal lines.

    Args:
        run_hash: see `BasicRun`.
        repo: see `BasicRun`.
        read_only: see `BasicRun`.
        experiment: see `BasicRun`.
        force_resume: see `BasicRun`.
        system_tracking_interval: seconds between samples of system metrics; None or what is not
            between 0 and a day: none.
        log_system_params: keep executable, packages, environment, git state as `__system_params`.
        capture_terminal_logs: keep what is written to stdout and stderr.

    Raises:
        MissingRunError: no run has this hash (a RuntimeError).
        HashNeededError: read_only without a hash (a ValueError and an AssertionError).
    """

    @noexcept
    def __init__(
        self,
        run_hash: str | None = None,
        *,
        repo: str | os.PathLike[str] | Repo | None = None,
        read_only: bool = False,
        experiment: str | None = None,
        force_resume: bool = False,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INT,
        log_system_params: bool | None = False,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        self._open(
            run_hash,
            repo,
            read_only,
            experiment,
            system_tracking_interval=_sampling_interval(system_tracking_interval),
            log_system_params=bool(log_system_params),
            capture_terminal_logs=bool(capture_terminal_logs),
        )


def _is_empty_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and not value


def _sampling_interval(interval: Any) -> float | None:
    """The interval if it is one, else None and a warning (R17)."""
    if interval is None:
        return None
    if isinstance(interval, (int, float)) and 0 < interval < _DAY_S:
        return float(interval)
    log.warning(
        "To track system resource usage please set `system_tracking_interval` greater than 0 and "
        "less than 1 day"
    )
    return None
