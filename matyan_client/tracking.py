"""Tracks values, objects and files of one run.

Checks what the caller gives, turns it into points and protocol messages, and hands those to the
backend's writer. When a run is opened and closed is decided in `run.py`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matyan_client.artifacts import check_artifact_name, files_below
from matyan_client.editing import RunEditor
from matyan_client.exceptions import (
    EmptyListError,
    ReadOnlyRunError,
    SequenceContentError,
)
from matyan_client.protocol import messages
from matyan_client.protocol.contexts import canonical, check_context
from matyan_client.protocol.records import KIND_OF_DTYPE, RunRecord, content_of
from matyan_client.protocol.wire import is_plain_object
from matyan_client.values import as_epoch, as_number, as_objects, as_step, check_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from matyan_client.artifacts import Uploads
    from matyan_client.objects.base import Encoded, Trackable

__all__ = ["RunTracker"]

log = logging.getLogger("matyan_client.run")

SCALARS = "float"
"""dtype scalars are declared with; the store finds out about ints by itself."""

KEPT_OBJECTS_MAX = 1000
"""Most calls of `track` with objects that are kept while the disk refuses their bytes."""

_MAX_STEP = (1 << 63) - 1

_DTYPE_OF_KIND: dict[str, str] = {kind: dtype for dtype, kind in KIND_OF_DTYPE.items()}


class _Sequence:
    """What a run remembers of a sequence it tracks."""

    __slots__ = ("content", "context", "name", "next_step", "number")

    def __init__(self, name: str, context: dict[str, Any], content: str) -> None:
        self.name = name
        self.context = context
        self.content = content
        self.next_step = 0
        self.number = -1


class RunTracker(RunEditor):
    """The tracking part of a run."""

    _uploads: Uploads

    def __init__(self) -> None:
        super().__init__()
        self._sequences: dict[Any, _Sequence] = {}
        self._by_identity: dict[tuple[str, str], _Sequence] = {}
        self._kept_objects: deque[Callable[[], None]] = deque()
        self._objects_lost = 0
        self._warned_objects = False

    def _continue(self, known: RunRecord) -> None:
        for record in known.sequences or ():
            sequence = _Sequence(record.name, record.context, content_of(record.dtype))
            sequence.next_step = 0 if record.last_step is None else record.last_step + 1
            self._by_identity[record.name, canonical(record.context)] = sequence

    # -- tracking -------------------------------------------------------------------------------

    def track(
        self,
        value: Any,
        name: str | None = None,
        step: int | None = None,
        epoch: float | None = None,
        *,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Log a scalar or custom object for the given sequence and step.

        Args:
            value: a number (also numpy scalars, and arrays or tensors of one element), an Image,
                Audio, Text, Distribution, Figure or Custom, or a list of objects of one kind (an
                empty one, too, once the sequence has objects). Without `name`: a dict of name to
                such values, which share one step.
            name: sequence name; required unless `value` is a dict.
            step: whole number; None counts on from the highest step of this name and context.
                Tracking a step again replaces it.
            epoch: optional epoch the step belongs to.
            context: optional mapping that distinguishes sequences of one name, e.g. the subset.

        Raises:
            ValueError: no name, or a value, step, epoch or context that cannot be tracked (as
                InvalidInputError). Nothing of this call is tracked then.
            ReadOnlyRunError: the run was opened for reading (a RuntimeError).
        """
        now = time.time()
        if name is None:
            if isinstance(value, dict) and value:
                self._track_dict(value, step, epoch, context, now)
                return
            if isinstance(value, dict):
                return
        if value.__class__ is float or (
            value.__class__ is int and -_MAX_STEP <= value <= _MAX_STEP
        ):
            number = value
        elif (objects := as_objects(value, str(name))) is not None:
            self._track_objects(objects, value, check_name(name), step, epoch, context, now)
            return
        else:
            number = as_number(value, str(check_name(name)))
        if epoch is not None and epoch.__class__ is not float:
            epoch = as_epoch(epoch)
        sequence = self._sequence(name, context, "metric")
        automatic = step is None
        writer = self._writer
        if self._closed:
            writer = self._open_writer()
        with self._lock:
            if step is None:
                step = sequence.next_step
            elif step.__class__ is not int:
                step = as_step(step)
            if step >= sequence.next_step:
                if step > _MAX_STEP:
                    as_step(step)
                sequence.next_step = step + 1
            elif step < -_MAX_STEP:
                as_step(step)
            if sequence.number < 0:
                sequence.number = writer.declare(sequence.name, sequence.context, SCALARS)  # type: ignore[union-attr]  # _sequence refuses read-only runs
        writer.point(sequence.number, number, step, epoch, now, automatic=automatic)  # type: ignore[union-attr]  # as above

    def _track_dict(
        self,
        values: dict[Any, Any],
        step: int | None,
        epoch: float | None,
        context: Mapping[str, Any] | None,
        now: float,
    ) -> None:
        """All values are checked before the first is written."""
        if step is not None:
            step = as_step(step)
        if epoch is not None:
            epoch = as_epoch(epoch)
        ready: list[tuple[_Sequence, Any]] = []
        for name, value in values.items():
            checked = check_name(name)
            objects = as_objects(value, checked)
            content = "metric"
            if objects is not None:
                content = content_of(self._dtype(objects, checked, context))
            sequence = self._sequence(checked, context, content)
            ready.append((sequence, as_number(value, checked) if objects is None else value))
        with self._lock:
            if step is None:
                step = ready[0][0].next_step
        for sequence, value in ready:
            self.track(value, sequence.name, step, epoch, context=sequence.context)

    def _track_objects(
        self,
        objects: Sequence[Trackable],
        value: Any,
        name: str,
        step: int | None,
        epoch: float | None,
        context: Mapping[str, Any] | None,
        now: float,
    ) -> None:
        dtype = self._dtype(objects, name, context)
        encoded = [item.encode() for item in objects]
        sequence = self._sequence(name, context, content_of(dtype))
        if epoch is not None:
            epoch = as_epoch(epoch)
        if step is not None:
            step = as_step(step)
        automatic = step is None
        with self._lock:
            if step is None:
                step = sequence.next_step
            sequence.next_step = max(sequence.next_step, step + 1)
        several = isinstance(value, (list, tuple))
        self._deliver_objects(
            partial(
                self._write_objects, sequence, dtype, encoded, several, step, epoch, now, automatic
            )
        )

    def _dtype(
        self, objects: Sequence[Trackable], name: str, context: Mapping[str, Any] | None
    ) -> str:
        """What kind of objects these are; of none, what the sequence holds already."""
        if objects:
            return objects[0].sequence_dtype
        held = self._by_identity.get((name, canonical(check_context(context))))
        if held is None or held.content == "metric":
            raise EmptyListError(
                f"Cannot track an empty list as {name!r}: nothing was tracked there yet that says "
                "what it is a list of."
            )
        return _DTYPE_OF_KIND.get(held.content, held.content)

    def _write_objects(
        self,
        sequence: _Sequence,
        dtype: str,
        objects: Sequence[Encoded],
        several: bool,
        step: int,
        epoch: float | None,
        now: float,
        automatic: bool,
    ) -> None:
        stored = [
            self._store_encoded(
                item, by_name=several or not is_plain_object(dtype, item.value, epoch)
            )
            for item in objects
        ]
        self._open_writer().append(
            messages.log_custom_object(
                sequence.name,
                {"type": "list", "items": stored} if several else stored[0],
                step=step,
                epoch=epoch,
                context=sequence.context,
                dtype=dtype,
                time=now,
                automatic=automatic,
            )
        )

    def _deliver_objects(self, write: Callable[[], None] | None = None) -> None:
        """Write objects, those first whose bytes the disk refused before.

        Trouble with the disk is not about what was given: the objects are kept in memory, and
        training goes on.
        """
        with self._lock:
            if write is not None:
                self._kept_objects.append(write)
            while self._kept_objects:
                first = self._kept_objects.popleft()
                try:
                    first()
                except OSError as exc:
                    self._kept_objects.appendleft(first)
                    if not self._warned_objects:
                        self._warned_objects = True
                        log.warning(
                            "Run %s: the bytes of tracked objects cannot be stored (%s). They are "
                            "kept in memory and stored as soon as the disk takes them.",
                            self.hash,
                            exc,
                        )
                    break
            while len(self._kept_objects) > KEPT_OBJECTS_MAX:
                self._kept_objects.popleft()
                self._objects_lost += 1

    def _sequence(
        self, name: str | None, context: Mapping[str, Any] | None, content: str
    ) -> _Sequence:
        """The state of a sequence; checks name and context when it is first seen."""
        try:
            key: Any = (
                (name, *context.items(), *map(type, context.values())) if context else (name,)
            )
            sequence = self._sequences[key]
        except (KeyError, TypeError, AttributeError):
            if self.read_only:
                raise ReadOnlyRunError(
                    f"Run {self.hash!r} was opened with read_only=True; open it without to track."
                ) from None
            checked, mapping = check_name(name), check_context(context)
            identity = (checked, canonical(mapping))
            with self._lock:
                sequence = self._by_identity.setdefault(
                    identity, _Sequence(checked, mapping, content)
                )
                with contextlib.suppress(TypeError, NameError, UnboundLocalError):
                    hash(key)
                    self._sequences[key] = sequence
        if sequence.content != content:
            error = SequenceContentError(
                f"Cannot track {content} as {name!r} in context {sequence.context!r}: that "
                f"sequence holds {sequence.content}. Choose another name or context."
            )
            error.name = sequence.name
            raise error
        return sequence

    # -- artifacts ------------------------------------------------------------------------------

    def log_artifact(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        block: bool = False,
    ) -> None:
        """Keep a file with the run; it is copied in the background.

        Args:
            path: the file.
            name: artifact name, a relative path; defaults to the file's own name.
            block: return only when it is stored.

        Raises:
            FileNotFoundError: there is no such file.
            IsADirectoryError: a directory; use `log_artifacts`.
            InvalidInputError: a name that could not safely become a path.
        """
        source = Path(path)
        if source.is_dir():
            raise IsADirectoryError(
                f"{str(source)!r} is a directory; use log_artifacts() to keep all of its files."
            )
        if not source.is_file():
            raise FileNotFoundError(f"There is no file {str(source)!r} to keep as an artifact.")
        with source.open("rb"):
            checked = check_artifact_name(source.name if name is None else name)
        self._open_writer()
        future = self._uploads.start(self._open_writer(), source, checked)
        if block:
            future.result()

    def log_artifacts(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        block: bool = False,
    ) -> None:
        """Keep all files under a directory with the run.

        Args:
            path: the directory.
            name: optional prefix for artifact names; each file keeps its relative path.
            block: return only when all are stored.

        Raises:
            FileNotFoundError: there is no such directory.
            NotADirectoryError: a file; use `log_artifact`.
        """
        directory = Path(path)
        if not directory.exists():
            raise FileNotFoundError(f"There is no directory {str(directory)!r}.")
        if not directory.is_dir():
            raise NotADirectoryError(f"{str(directory)!r} is a file; use log_artifact().")
        prefix = "" if name is None else check_artifact_name(name) + "/"
        for source, relative in files_below(directory):
            self.log_artifact(source, prefix + relative, block=block)
