"""Edits one run: name, description, tags, parameters, log records.

Checks what the caller gives and turns it into protocol messages for the backend's writer.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import InvalidInputError, InvalidTypeError, ServerError
from matyan_client.objects.base import CONTENT_TYPES, Encoded, Trackable
from matyan_client.objects.params import to_json
from matyan_client.protocol import messages
from matyan_client.protocol.param_trees import put
from matyan_client.reading import RunReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matyan_client.backends.base import Writer

__all__ = ["RunEditor", "check_text"]

log = logging.getLogger("matyan_client.run")


class RunEditor(RunReader, ABC):
    """The editing part of a run."""

    read_only: bool
    """Whether the run was opened for reading only."""
    _writer: Writer | None
    _closed: bool

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @abstractmethod
    def _open_writer(self) -> Writer:
        """The writer, opened again if the run was closed.

        Raises:
            ReadOnlyRunError: the run was opened for reading.
        """

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
        """Remove a tag from this run; returns whether it was there (or may have been: the
        deployment could not be asked)."""
        try:
            there = tag_name in self.tags
        except ServerError:
            if self._writer is None:
                raise
            there = True
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
        """Remove the parameter at a path; returns whether it was there (or may have been: the
        deployment could not be asked)."""
        writer = self._open_writer()  # a run that only reads refuses, whether there is one or not
        try:
            self.get_param(path)
        except KeyError:
            return False
        except ServerError as exc:
            log.warning("Run %s: %s is removed without a look: %s", self.hash, path, exc)
        writer.append(messages.log_hparams({}, path=list(path), delete=True))
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
        return self._store_encoded(value.encode(), by_name=True)

    def _store_encoded(self, encoded: Encoded, *, by_name: bool = False) -> dict[str, Any]:
        """The wire value of an encoded object; raises OSError if the disk refuses its bytes."""
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
                by_name=by_name,
            )
        )
        return {**encoded.value, "s3_key": blob.key}

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
