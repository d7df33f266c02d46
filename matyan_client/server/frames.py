"""From the text of a WebSocket frame to batches the store applies (protocol section 3).

Most messages are points. A well-formed one takes a short way past the validator, which agrees with
the long one; consecutive points become columns. No I/O, one thread at a time.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from matyan_client.exceptions import InvalidMessageError
from matyan_client.objects.params import well_formed
from matyan_client.protocol import param_trees as trees
from matyan_client.protocol.batches import Batch, PointColumns
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.messages import parse_message, parse_time
from matyan_client.protocol.records import kind_of
from matyan_client.protocol.wire import companion_of, from_top_key, from_wire, unmark

if TYPE_CHECKING:
    from matyan_client.protocol.messages import Message

__all__ = ["Collector", "Verdict"]

DEPTH_MAX = 100
"""How deep a value may be nested: readers, ours and others, walk it recursively."""
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_EXACT_INT = 1 << 53
_NONE = float("nan")
_CACHED_MAX = 10_000

_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MICROS = re.compile(r"\.(\d{6})(?:\+00:00|Z)", re.ASCII)
_BEFORE_POINTS = frozenset(
    {
        "add_tag",
        "blob_ref",
        "finish_run",
        "log_hparams",
        "log_record",
        "log_terminal_line",
        "remove_tag",
        "set_run_property",
    }
)
"""Messages that may be applied before points that came earlier: neither sees the other."""


class Verdict(NamedTuple):
    """What is to be said of a frame once its batches are stored."""

    batches: list[Batch]
    """Where its messages are, perhaps among those of other frames."""
    error: str | None = None
    """Why its rest was not taken."""
    closes: bool = False
    """Whether the connection ends without a reply."""
    storable: bool = True
    """False if something in it is valid, but nothing that can be stored."""


class Collector:
    """Takes frames of any runs in order, and makes batches of them.

    Attributes:
        batches: what to apply, in this order.
        messages: how many messages were taken.
    """

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.messages = 0
        self._runs: dict[str, _Run] = {}

    def add(self, run_hash: str, text: str) -> Verdict:
        """Take a frame; what precedes a message that is refused is taken."""
        try:
            frame = json.loads(text)
        except ValueError as exc:
            return Verdict([], error=str(exc))
        except RecursionError:
            return Verdict([], error="The frame is nested too deeply.")
        run = self._runs.get(run_hash)
        if run is None:
            run = self._runs[run_hash] = _Run(run_hash, self.batches)
        touched = run.touch()
        storable = True
        for item in frame if frame.__class__ is list else (frame,):
            if item.__class__ is not dict:
                return Verdict(touched, closes=True)
            try:
                if not run.quick_point(item):
                    storable &= run.message(item)
            except InvalidMessageError as exc:
                return Verdict(touched, error=str(exc), storable=storable)
            except RecursionError:
                return Verdict(touched, error="A message is nested too deeply.", storable=storable)
            self.messages += 1
        return Verdict(touched, storable=storable)


class _Run:
    """Batches of one run, the last of which is open."""

    def __init__(self, run_hash: str, batches: list[Batch]) -> None:
        self.run_hash = run_hash
        self._batches = batches
        self._batch: Batch | None = None
        self._columns: dict[tuple[str, str], tuple[PointColumns, bool]] = {}
        self._touched: list[Batch] = []

    def touch(self) -> list[Batch]:
        """A list of the batches that take what comes until this is called again."""
        self._touched = [] if self._batch is None else [self._batch]
        return self._touched

    def quick_point(self, raw: dict[str, Any]) -> bool:
        """Take a message if it is a point without anything unusual; False if it is not."""
        try:
            if raw["type"] != "log_metric" or "epoch_exact" in raw:
                return False
            name, value, step = raw["name"], raw["value"], raw["step"]
            epoch, context, dtype = raw["epoch"], raw["context"], raw["dtype"]
            moment = _quick_time(raw["client_datetime"])
        except KeyError:
            return False
        if (
            moment is None
            or name.__class__ is not str
            or not (
                value.__class__ is float or (value.__class__ is int and _LEAST <= value <= _MOST)
            )
            or step.__class__ is not int
            or not _LEAST <= step <= _MOST
            or not (dtype.__class__ is str or dtype is None)
        ):
            return False
        if epoch is None:
            epoch = _NONE
        elif epoch.__class__ is int and -_EXACT_INT <= epoch <= _EXACT_INT:
            epoch = float(epoch)
        else:
            return False
        if context:
            if context.__class__ is not dict:
                return False
            text = _quick_canonical(context)
            if text is None:
                return False
        elif context is None or context.__class__ is dict:
            text = ""
        else:
            return False
        if not (name.isascii() and (dtype is None or dtype.isascii())):
            return False
        self._add(name, text, context or {}, dtype, value, step, epoch, moment)
        return True

    def message(self, raw: dict[str, Any]) -> bool:
        """Take any message; False if it is valid, but cannot be stored.

        Raises:
            InvalidMessageError: it is not valid.
        """
        restored = from_wire(raw)
        exact = restored is not raw
        if exact and companion_of(str(raw.get("name"))) and restored.get("type") != raw.get("type"):
            # Only what a companion may stand for.
            if restored.get("type") != "log_metric":
                raise InvalidMessageError(f"A companion cannot be a {restored.get('type')!r}.")
        message = cast("dict[str, Any]", parse_message(restored, exact=exact))
        kind = message["type"]
        for field in ("value", "context", "extra_args", "logger_info"):
            if not _is_shallow(message.get(field)):
                raise InvalidMessageError(
                    f"A {kind} message does not validate: {field}: nested deeper than {DEPTH_MAX}."
                )
        if kind == "log_metric":
            return self._slow_point(message)
        if kind == "log_hparams":
            message = _unmarked(message)
        elif kind == "log_custom_object":
            if message.get("step") is not None and not _LEAST <= message["step"] <= _MOST:
                return False
            if kind_of(message.get("dtype", "custom")) == "metric":
                message["dtype"] = "custom"
        elif kind == "blob_ref" and not _SHA256.fullmatch(message.get("sha256") or ""):
            message.pop("sha256", None)  # what was uploaded under the key tells
        if self._columns and kind not in _BEFORE_POINTS:
            self._close()
        self._current().messages.append(cast("Message", message))
        return True

    def _slow_point(self, message: dict[str, Any]) -> bool:
        step, epoch, value = message["step"], message["epoch"], message["value"]
        if step is not None and not _LEAST <= step <= _MOST:
            return False
        try:
            epoch = _NONE if epoch is None else float(epoch)
            if value.__class__ is int and not _LEAST <= value <= _MOST:
                value = float(value)
        except OverflowError:
            return False
        context = message["context"] or {}
        self._add(
            message["name"],
            canonical(context),
            context,
            message["dtype"],
            value,
            step,
            epoch,
            parse_time(message["client_datetime"]),
        )
        return True

    def _add(
        self,
        name: str,
        context_text: str,
        context: dict[str, Any],
        dtype: str | None,
        value: float,
        step: int | None,
        epoch: float,
        moment: float,
    ) -> None:
        key = (name, context_text)
        found = self._columns.get(key)
        if found is None or found[1] is not (step is None):
            if found is not None:
                self._close()
            if dtype is None or kind_of(dtype) != "metric":
                dtype = "float"
            columns = PointColumns(name, context, dtype)
            batch = self._current()
            batch.points[len(batch.points)] = columns
            self._columns[key] = (columns, step is None)
        else:
            columns = found[0]
        if (
            dtype == "int"
            and value.__class__ is float
            and value.is_integer()
            and abs(value) < _MOST
        ):
            value = int(value)  # clients that send every value as a double
        columns.steps.append(len(columns.steps) if step is None else step)
        columns.values.append(value)
        columns.epochs.append(epoch)
        columns.times.append(moment)
        columns.automatic.append(step is None)

    def _current(self) -> Batch:
        if self._batch is None:
            self._batch = Batch(self.run_hash)
            self._batches.append(self._batch)
            self._touched.append(self._batch)
        return self._batch

    def _close(self) -> None:
        self._batch = None
        self._columns = {}


def _unmarked(message: dict[str, Any]) -> dict[str, Any]:
    """Parameters as they were set (`wire.mark`): what was marked replaces all that is there.

    Raises:
        InvalidMessageError: its path is not in its value, or a mark is none.
    """
    if message.get("delete") and message.get("path") is not None:
        return {**message, "value": {}}
    try:
        return _restored(message)
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        raise InvalidMessageError(
            f"A log_hparams message does not validate: path {message.get('path')!r:.100}, value "
            f"{message['value']!r:.100}: {exc!r:.100}."
        ) from exc


def _restored(message: dict[str, Any]) -> dict[str, Any]:
    path, value = message.get("path"), message["value"]
    if path is None:
        names, value = trees.single_path(value)
        path = [from_top_key(names[0]), *names[1:]] if names else []
        if not path and len(value) == 1:  # the only key is the reserved one
            ((key, value),) = value.items()
            path = [key]
        elif path == names and well_formed(unmark(value)[0]) == value:
            return message
    else:
        for key in path:
            value = trees.child(value, key)
    if path:
        value, there = unmark(value)
        if not there:
            return {"type": "log_hparams", "path": list(path), "value": {}, "delete": True}
    else:
        kept = ((from_top_key(key), unmark(item)) for key, item in value.items())
        value = {key: item for key, (item, present) in kept if present}
    value = well_formed(value)
    for key in reversed(path):
        value = trees.put({}, [key], value)
    return {"type": "log_hparams", "path": list(path), "value": value}


_bases: dict[str, int | None] = {}
"""Texts of whole seconds, UTC, to Unix microseconds; None for what is no time."""


def _quick_time(text: Any) -> float | None:
    """The time of a text as nearly all clients write it, None if it is another."""
    if text.__class__ is not str or not 27 <= len(text) <= 32:
        return None
    fraction = _MICROS.fullmatch(text, 19)
    if fraction is None:
        return None
    seconds = text[:19]
    base = _bases.get(seconds)
    if base is None:
        if not _SECONDS.fullmatch(seconds):
            return None
        try:
            moment = dt.datetime.fromisoformat(seconds + "+00:00")
        except ValueError:
            return None
        if len(_bases) >= _CACHED_MAX:
            _bases.clear()
        base = _bases[seconds] = int(moment.timestamp()) * 1_000_000
    return (base + int(fraction[1])) / 1_000_000


_canonicals: dict[str, str | None] = {}


def _quick_canonical(context: dict[str, Any]) -> str | None:
    """The canonical text of a context of plain values; None if it has others."""
    key = repr(context)
    if len(key) > 1000:
        return None
    try:
        return _canonicals[key]
    except KeyError:
        plain = all(
            name.isascii() and (value is None or value.__class__ in (str, int, float, bool))
            for name, value in context.items()
        )
        if len(_canonicals) >= _CACHED_MAX:
            _canonicals.clear()
        found = _canonicals[key] = canonical(context) if plain else None
        return found


def _is_shallow(value: Any) -> bool:
    """Whether a value is nested at most `DEPTH_MAX` deep."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            item
            for node in level
            if node.__class__ in (dict, list)
            for item in (node.values() if node.__class__ is dict else node)
        ]
        if not level:
            return True
    return False
