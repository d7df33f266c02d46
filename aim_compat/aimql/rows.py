"""What `run`, `metric`, `images`, … stand for in a query of Aim's (behaviour A01 to A04)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aim_compat.aimql.missing import MISSING, OBJECT, Undefined, Unordered
from aim_compat.aimql.values import ContextProxy, TreeProxy, walk, wrapped
from aim_compat.context import Context, context_from_wire
from aim_compat.objects import aim_type
from aim_compat.params import visible
from aim_compat.structured import naive_utc
from matyan_client.query import Proxy

if TYPE_CHECKING:
    from matyan_client.protocol.records import RunRecord, SequenceRecord

__all__ = ["RUN_ATTRIBUTES", "RunProxy", "SequenceProxy"]

RUN_ATTRIBUTES = frozenset(
    "hash name description experiment tags archived active created_at creation_time end_time "
    "finalized_at updated_at duration notes info metrics".split()
)
"""Attributes of `run` that are not parameters."""
_SUMMARY = frozenset("first first_step last last_step min max dtype version".split())


class RunProxy(Proxy):
    """`run`: properties; every other attribute, and every item, is a parameter."""

    __slots__ = ("_run",)

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def query_getattr(self, name: str) -> Any:
        """A property, or a parameter; a missing parameter equals None."""
        if name in RUN_ATTRIBUTES:
            return self._property(name)
        if name == "get":
            return self._get
        return walk(visible(self._run.params), name, MISSING)

    def _property(self, name: str) -> Any:
        run = self._run
        end = time.time() if run.end_time is None else run.end_time
        if name == "created_at":
            return naive_utc(run.created_at)
        if name == "creation_time":
            return run.created_at
        if name == "finalized_at":
            return None if run.end_time is None else naive_utc(run.end_time)
        if name == "updated_at":
            return naive_utc(end)
        if name == "duration":
            return end - run.created_at
        if name == "tags":
            return list(run.tags)
        if name == "notes":
            return []
        if name == "info":
            return OBJECT
        if name == "metrics":
            return _MetricsProxy(run.sequences or [])
        return getattr(run, name)

    def _get(self, key: Any, default: Any = None) -> Any:
        return walk(visible(self._run.params), key, MISSING if default is None else default)

    def query_getitem(self, key: Any) -> Any:
        """A parameter, by a key or tuple of keys; a missing one equals None."""
        return walk(visible(self._run.params), key, MISSING)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a parameter."""
        return item in visible(self._run.params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunProxy) and self._run.hash == other._run.hash

    def __hash__(self) -> int:
        return hash(self._run.hash)

    def __repr__(self) -> str:
        return f"<Run {self._run.hash}>"


class _MetricsProxy(Proxy):
    """`run.metrics`: series by name, or by name and context; without one the empty context."""

    __slots__ = ("_sequences",)

    def __init__(self, sequences: list[SequenceRecord]) -> None:
        self._sequences = sequences

    def query_getattr(self, name: str) -> Any:
        """Not for metrics: a name may be anything (A03)."""
        raise TypeError(f"a metric is reached as run.metrics[{name!r}]")

    def query_getitem(self, key: Any) -> Any:
        """The summary of a series; missing like a parameter if there is none."""
        name, given = key if isinstance(key, tuple) else (key, {})
        plain = given.query_plain() if isinstance(given, (ContextProxy, TreeProxy)) else given
        if isinstance(plain, dict):
            context = Context(plain)
            for sequence in self._sequences:
                if sequence.name == name and context_from_wire(sequence.context) == context:
                    return _SummaryProxy(sequence)
        return MISSING

    def query_contains(self, item: Any) -> bool:
        """Whether there is a series of this name, in any context."""
        return any(sequence.name == item for sequence in self._sequences)


class _SummaryProxy(Unordered):
    """`run.metrics[...]`: the summary of one series, false as such (A03)."""

    __slots__ = ("_sequence",)

    def __init__(self, sequence: SequenceRecord) -> None:
        self._sequence = sequence

    def query_getattr(self, name: str) -> Any:
        """`last`, `min`, `dtype`, …; undefined if the series has no such value."""
        if name == "get":
            return self._get
        return _summary_value(self._sequence, name, Undefined())

    def query_getitem(self, key: Any) -> Any:
        """As an attribute."""
        return _summary_value(self._sequence, key, Undefined())

    def _get(self, key: Any, default: Any = None) -> Any:
        return _summary_value(self._sequence, key, default)

    def query_contains(self, item: Any) -> bool:
        """Not to be looked into: no."""
        del item
        return False

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]  # not to be kept in sets

    def __bool__(self) -> bool:
        return False


class SequenceProxy(Proxy):
    """`metric`, `images`, …: one series of the run that is looked at."""

    __slots__ = ("_run", "_sequence")

    def __init__(self, run: RunRecord, sequence: SequenceRecord) -> None:
        self._run = run
        self._sequence = sequence

    def query_getattr(self, name: str) -> Any:
        """`name`, `context`, `run`, or a value of its summary; anything else equals None."""
        if name == "name":
            return self._sequence.name
        if name == "context":
            return ContextProxy(context_from_wire(self._sequence.context).to_dict())
        if name == "run":
            return RunProxy(self._run)
        return _summary_value(self._sequence, name, MISSING)

    def __repr__(self) -> str:
        return f"<{self._sequence.kind} {self._sequence.name!r}>"


def _summary_value(sequence: SequenceRecord, name: str, missing: Any) -> Any:
    """What is known of a series without reading it."""
    if name not in _SUMMARY:
        return missing
    if name == "version":
        return wrapped(2 if sequence.kind == "metric" else 1)
    if sequence.kind != "metric":
        if name in ("first", "last"):
            return OBJECT
        if name in ("min", "max"):
            return missing
        if name == "dtype":
            return aim_type(sequence.dtype)
    return wrapped(getattr(sequence, name))
