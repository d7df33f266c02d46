"""Writes to one run: properties, parameters, tracked values, log records, artifacts.

Checks what the caller gives, turns it into points and protocol messages, and hands those to the
backend's writer. When a run is opened and closed is decided in `run.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matyan_client.artifacts import check_artifact_name, files_below
from matyan_client.exceptions import InvalidInputError, InvalidTypeError, ReadOnlyRunError
from matyan_client.objects.base import CONTENT_TYPES, Trackable
from matyan_client.objects.params import to_json
from matyan_client.protocol import messages
from matyan_client.protocol.contexts import canonical, check_context
from matyan_client.protocol.param_trees import put
from matyan_client.protocol.records import RunRecord, SequenceKind, kind_of
from matyan_client.reading import RunReader
from matyan_client.values import as_epoch, as_number, as_objects, as_step, check_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from matyan_client.artifacts import Uploads
    from matyan_client.backends.base import Writer

__all__ = ["RunTracker", "check_text"]

log = logging.getLogger("matyan_client.run")

SCALARS = "float"
"""dtype scalars are declared with; the store finds out about ints by itself."""

_MAX_STEP = (1 << 63) - 1


class _Sequence:
    """What a run remembers of a sequence it tracks."""

    __slots__ = ("context", "kind", "name", "next_step", "number")

    def __init__(self, name: str, context: dict[str, Any], kind: SequenceKind) -> None:
        self.name = name
        self.context = context
        self.kind = kind
        self.next_step = 0
        self.number = -1


class RunTracker(RunReader, ABC):
    """The writing half of a run."""

    read_only: bool
    """Whether the run was opened for reading only."""
    _writer: Writer | None
    _closed: bool
    _uploads: Uploads

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sequences: dict[Any, _Sequence] = {}
        self._by_identity: dict[tuple[str, str], _Sequence] = {}
        self._objects_lost = 0

    @abstractmethod
    def _open_writer(self) -> Writer:
        """The writer, opened again if the run was closed.

        Raises:
            ReadOnlyRunError: the run was opened for reading.
        """

    def _continue(self, known: RunRecord) -> None:
        for record in known.sequences or ():
            sequence = _Sequence(record.name, record.context, record.kind)
            sequence.next_step = 0 if record.last_step is None else record.last_step + 1
            self._by_identity[record.name, canonical(record.context)] = sequence

    # -- properties ------------------------------------------------------------------------------

    @property
    def name(self) -> str | None:
        """Human-readable run name; `Run: <hash>` until it is set."""
        return self._props().name

    @name.setter
    def name(self, value: str | None) -> None:
        self._set_property("name", value)

    @property
    def description(self) -> str | None:
        """Optional run description."""
        return self._props().description

    @description.setter
    def description(self, value: str | None) -> None:
        self._set_property("description", value)

    @property
    def experiment(self) -> str | None:
        """Name of the experiment this run belongs to, None without one."""
        return self._props().experiment

    @experiment.setter
    def experiment(self, value: str | None) -> None:
        self._set_property("experiment", value)

    @property
    def archived(self) -> bool:
        """Whether the run is archived (hidden from default views and queries)."""
        return self._props().archived

    @archived.setter
    def archived(self, value: bool) -> None:
        self._edit(messages.set_run_property(archived=bool(value)))

    def _set_property(self, field: str, value: str | None) -> None:
        if value is None:
            self._edit(messages.set_run_property(clear=[field]))
        else:
            self._edit(messages.set_run_property(**{field: check_text(value, field)}))  # type: ignore[arg-type]  # the three text properties

    def add_tag(self, value: str) -> None:
        """Attach a tag to this run; a tag it has already is not added again.

        Raises:
            InvalidTypeError: not text.
            InvalidInputError: empty.
        """
        self._edit(messages.add_tag(check_text(value, "tag", empty=False)))

    def remove_tag(self, tag_name: str) -> bool:
        """Remove a tag from this run; returns whether it was there."""
        there = tag_name in self.tags
        if there:
            self._edit(messages.remove_tag(tag_name))
        return there

    def _edit(self, message: messages.Message) -> None:
        """Names, tags and the like can be edited on any run, tracking or not."""
        if self._writer is not None:
            self._writer.append(message)
        else:
            self.record(params=False, sequences=False)
            self.backend.submit(self.hash, [message])

    # -- parameters -----------------------------------------------------------------------------

    def set_param(self, path: Sequence[str | int], value: Any) -> None:
        """Set the parameter at a path of keys, replacing all that was there.

        Args:
            path: keys from the top; `()` replaces all parameters.
            value: anything `objects.params.to_json` takes; missing parents are made.

        Raises:
            InvalidInputError: an empty path with something else than a mapping.
            InvalidTypeError: a value or key that cannot be stored.
            ReadOnlyRunError: the run was opened for reading.
        """
        keys = [_check_key(key) for key in path]
        writer = self._open_writer()
        json = to_json(value, encode_object=self._store_object, path=".".join(map(str, keys)))
        if not keys and not isinstance(json, dict):
            raise InvalidTypeError(f"All parameters of a run are a dict, not {value!r}.")
        writer.append(messages.log_hparams(put(None, keys, json), path=keys))

    def delete_param(self, path: Sequence[str | int]) -> bool:
        """Remove the parameter at a path; returns whether it was there."""
        try:
            self.get_param(path)
        except KeyError:
            return False
        self._open_writer().append(messages.log_hparams({}, path=list(path), delete=True))
        return True

    def __setitem__(self, key: str, val: Any) -> None:
        """Set a run attribute (e.g. hyperparameters) by key.

        Args:
            key: attribute name or dotted path, such as `"hparams.lr"`.
            val: any JSON value, and what `objects.params.to_json` makes one of: numpy values,
                dataclasses, enums, paths, dates, sets, configs, tracked objects.

        Raises:
            InvalidInputError: an empty key.
            InvalidTypeError: a key that is not text, or a value that cannot be stored.
        """
        if not isinstance(key, str):
            raise InvalidTypeError(f"The name of a parameter is text, not {key!r}.")
        parts = key.split(".")
        if not all(parts):
            raise InvalidInputError(
                f"{key!r} cannot name a parameter: expected names joined by single dots."
            )
        self.set_param(parts, val)

    def set(self, key: str, val: Any) -> None:
        """Alias for `self[key] = val`."""
        self[key] = val

    def __delitem__(self, key: str) -> None:
        """Remove a run attribute; nothing happens if it is not there.

        (The seed clears its write cache only; there is no cache here, so the attribute goes.)
        """
        if not self.delete_param((key,)) and "." in key:
            self.delete_param(key.split("."))

    def _store_object(self, value: Trackable) -> dict[str, Any]:
        """The wire value of an object, its bytes stored and announced."""
        encoded = value.encode()
        if encoded.blob is None:
            return encoded.value
        writer = self._open_writer()
        # Content decides the key, so equal bytes are stored once and nothing is overwritten.
        path = f"seq/{hashlib.sha256(encoded.blob).hexdigest()}.{encoded.extension}"
        blob = writer.put_blob(encoded.blob, path=path)
        writer.append(
            messages.blob_ref(
                blob.key,
                path,
                content_type=CONTENT_TYPES.get(encoded.extension, "application/octet-stream"),
                sha256=blob.sha256,
                size_bytes=blob.size_bytes,
            )
        )
        return {**encoded.value, "s3_key": blob.key}

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
                Audio, Text, Distribution or Figure, or a list of objects of one kind. Without
                `name`: a dict of name to such values, which share one step.
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
            kind = "metric" if objects is None else kind_of(objects[0].dtype)
            sequence = self._sequence(checked, context, kind)
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
        dtype = objects[0].dtype
        sequence = self._sequence(name, context, kind_of(dtype))
        writer = self._open_writer()
        if epoch is not None:
            epoch = as_epoch(epoch)
        if step is not None:
            step = as_step(step)
        try:
            stored = [self._store_object(item) for item in objects]
        except OSError as exc:
            # Trouble with the disk, not with what was given: training goes on.
            self._objects_lost += 1
            if self._objects_lost == 1:
                log.warning("Run %s: the bytes of %r cannot be stored: %s", self.hash, name, exc)
            return
        with self._lock:
            if step is None:
                step = sequence.next_step
            sequence.next_step = max(sequence.next_step, step + 1)
        writer.append(
            messages.log_custom_object(
                name,
                {"type": "list", "items": stored}
                if isinstance(value, (list, tuple))
                else stored[0],
                step=step,
                epoch=epoch,
                context=sequence.context,
                dtype=dtype,
                time=now,
            )
        )

    def _sequence(
        self, name: str | None, context: Mapping[str, Any] | None, kind: SequenceKind
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
                sequence = self._by_identity.setdefault(identity, _Sequence(checked, mapping, kind))
                with contextlib.suppress(TypeError, NameError, UnboundLocalError):
                    hash(key)
                    self._sequences[key] = sequence
        if sequence.kind != kind:
            raise InvalidInputError(
                f"Cannot track {kind} as {name!r} in context {sequence.context!r}: that sequence "
                f"holds {sequence.kind}. Choose another name or context."
            )
        return sequence

    # -- log records ----------------------------------------------------------------------------

    def log_debug(self, msg: str, **kwargs: Any) -> None:
        """Log a debug-level message and optional structured fields for this run."""
        self.log_record(logging.DEBUG, msg, **kwargs)

    def log_info(self, msg: str, **kwargs: Any) -> None:
        """Log an info-level message and optional structured fields for this run."""
        self.log_record(logging.INFO, msg, **kwargs)

    def log_warning(self, msg: str, **kwargs: Any) -> None:
        """Log a warning-level message and optional structured fields for this run."""
        self.log_record(logging.WARNING, msg, **kwargs)

    def log_error(self, msg: str, **kwargs: Any) -> None:
        """Log an error-level message and optional structured fields for this run."""
        self.log_record(logging.ERROR, msg, **kwargs)

    def log_record(self, level: int, message: str, /, **args: Any) -> None:
        """Log a message with a level of `logging` and optional structured fields.

        The record names the caller's file and line.
        """
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
            frame = frame.f_back
        self._open_writer().append(
            messages.log_record(
                str(message),
                int(level),
                time.time(),
                logger_info=[frame.f_code.co_filename, frame.f_lineno],
                extra_args=to_json(args, path="log fields") if args else None,
            )
        )

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
        future = self._uploads.start(source, checked)
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


def _check_key(key: Any) -> str | int:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, int):
        return int(key)
    raise InvalidTypeError(f"A parameter key is text or an int, not {key!r}.")


def check_text(value: Any, what: str, *, empty: bool = True) -> str:
    if not isinstance(value, str):
        raise InvalidTypeError(
            f"The {what} of a run is text, not {value!r} of type {type(value).__name__!r}."
        )
    if not value and not empty:
        raise InvalidInputError(f"The {what} of a run must not be empty.")
    return value.encode("utf-8", "replace").decode()
