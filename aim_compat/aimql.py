"""AimQL: what `run`, `metric`, `images`, … stand for in a query (behaviour A01 to A07).

A dialect of the language of `matyan_client.query`, which parses and evaluates. What is not there
comes in two kinds: a missing parameter of a run equals None, what is missing deeper down equals
nothing at all. Both are false, and comparing them by order is false too, never an error.
"""

from __future__ import annotations

import logging
import operator
import time
from typing import TYPE_CHECKING, Any

from aim_compat.context import Context, context_from_wire
from aim_compat.params import visible
from aim_compat.structured import naive_utc
from matyan_client.exceptions import QueryError, QuerySyntaxError
from matyan_client.protocol.records import StoredObject
from matyan_client.query import Dialect, Proxy, Query, parse

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator

    from matyan_client.protocol.records import RunRecord, SequenceKind, SequenceRecord

__all__ = ["AIMQL", "parse_aimql"]

log = logging.getLogger("aim_compat.query")

_RUN_ATTRIBUTES = frozenset(
    "hash name description experiment tags archived active created_at creation_time end_time "
    "finalized_at updated_at duration notes info metrics".split()
)
_SUMMARY = frozenset("first first_step last last_step min max dtype version".split())


# -- values ----------------------------------------------------------------------------------------


class _Quiet:
    """Ordered like its plain value; against a value of another kind the answer is False."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return _ordered(operator.lt, self, other)

    def __le__(self, other: object) -> bool:
        return _ordered(operator.le, self, other)

    def __gt__(self, other: object) -> bool:
        return _ordered(operator.gt, self, other)

    def __ge__(self, other: object) -> bool:
        return _ordered(operator.ge, self, other)


class _QuietInt(_Quiet, int):
    """An int parameter."""

    __slots__ = ()


class _QuietFloat(_Quiet, float):
    """A float parameter."""

    __slots__ = ()


class _QuietText(_Quiet, str):
    """A text parameter; unlike in Aim its methods, indices and slices work (A05)."""

    __slots__ = ()


def _ordered(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    plain: Any
    if isinstance(left, str):
        plain = str.__str__(left)
    else:
        plain = int.__int__(left) if isinstance(left, int) else float.__float__(left)
    try:
        return bool(compare(plain, right))
    except TypeError:
        return False


def _wrapped(value: Any) -> Any:
    if isinstance(value, StoredObject):
        return _TreeProxy(value.value)
    if isinstance(value, dict):
        return _TreeProxy(value)
    if isinstance(value, list):
        return [_wrapped(item) for item in value]
    if value is None:
        return _NONE
    if isinstance(value, (bool, bytes)):
        return value
    if isinstance(value, int):
        return _QuietInt(value)
    return _QuietFloat(value) if isinstance(value, float) else _QuietText(value)


# -- what is missing -------------------------------------------------------------------------------


class _UndefinedProxy(Proxy):
    """What is missing below a parameter: false, equal to nothing, with nothing in it."""

    __slots__ = ()

    def query_getattr(self, name: str) -> Any:
        """Nothing again."""
        del name
        return _UNDEFINED

    def query_getitem(self, key: Any) -> Any:
        """Nothing again."""
        del key
        return _UNDEFINED

    def query_contains(self, item: Any) -> bool:
        """Not to be asked (A01)."""
        del item
        raise TypeError("argument of type 'Undefined' is not iterable")

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return False

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__


class _NoneProxy(_UndefinedProxy):
    """A missing parameter of a run, or one that is None: equal to None."""

    __slots__ = ()

    def query_contains(self, item: Any) -> bool:
        """It has nothing in it."""
        del item
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, _NoneProxy)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    def __str__(self) -> str:
        return "None"


class _ObjectProxy(_UndefinedProxy):
    """An object that was tracked: there, and equal to nothing a query can write."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    __hash__ = _UndefinedProxy.__hash__


_UNDEFINED = _UndefinedProxy()
_NONE = _NoneProxy()
_OBJECT = _ObjectProxy()


# -- trees -----------------------------------------------------------------------------------------


class _TreeProxy(Proxy):
    """An object among parameters: what is missing in it is undefined."""

    __slots__ = ("_tree",)

    def __init__(self, tree: dict[Any, Any]) -> None:
        self._tree = tree

    def query_getattr(self, name: str) -> Any:
        """A child; `get`, `keys`, `values` and `items` where there is no such child."""
        if name in self._tree:
            return _wrapped(self._tree[name])
        if name == "get":
            return self._get
        if name in ("keys", "values", "items"):
            wrapped = {key: _wrapped(item) for key, item in self._tree.items()}
            return getattr(wrapped, name)
        return _UNDEFINED

    def query_getitem(self, key: Any) -> Any:
        """A child, or one further down by a tuple of keys."""
        return _walk(self._tree, key, _UNDEFINED)

    def query_plain(self) -> Any:
        """The tree."""
        return self._tree

    def _get(self, key: Any, default: Any = None) -> Any:
        return _walk(self._tree, key, default)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a child."""
        return item in self._tree

    def __iter__(self) -> Iterator[Any]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __eq__(self, other: object) -> bool:
        return self._tree == (other._tree if isinstance(other, _TreeProxy) else other)

    __hash__ = None  # type: ignore[assignment]  # as mutable as the dict it stands for


def _walk(tree: Any, key: Any, missing: Any) -> Any:
    value = tree
    for part in key if isinstance(key, tuple) else (key,):
        if not isinstance(part, (str, int)):
            raise TypeError(f"Value {part!r} of type {type(part)} is not supported")
        if isinstance(value, StoredObject):
            value = value.value
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        else:
            return missing
    return _wrapped(value)


class _ContextProxy(Proxy):
    """A context: a missing key is an error (A04)."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def query_getattr(self, name: str) -> Any:
        """An item."""
        return self.query_getitem(name)

    def query_getitem(self, key: Any) -> Any:
        """An item."""
        value = self._value[key]
        return _ContextProxy(value) if isinstance(value, dict) else _wrapped(value)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a key."""
        return item in self._value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return (
            Context(self._value) == (other._value if isinstance(other, _ContextProxy) else other)
            and other is not None
        )

    __hash__ = None  # type: ignore[assignment]  # as mutable as the dict it stands for


# -- runs and sequences ----------------------------------------------------------------------------


def _summary_value(sequence: SequenceRecord, name: str) -> Any:
    if name == "version":
        return 2 if sequence.kind == "metric" else 1
    if sequence.kind != "metric":
        if name in ("first", "last"):
            return _OBJECT
        if name == "dtype":
            return f"aim.{sequence.dtype}"
    return _wrapped(getattr(sequence, name))


class _SummaryProxy(Proxy):
    """`run.metrics[...]`: the summary of one series, false as such (A03)."""

    __slots__ = ("_sequence",)

    def __init__(self, sequence: SequenceRecord | None) -> None:
        self._sequence = sequence

    def query_getattr(self, name: str) -> Any:
        """`last`, `min`, `dtype`, …; undefined if there is no such series."""
        if self._sequence is None or name not in _SUMMARY:
            return _UNDEFINED
        return _summary_value(self._sequence, name)

    def __eq__(self, other: object) -> bool:
        return other is None and self._sequence is None

    __hash__ = None  # type: ignore[assignment]  # not to be kept in sets

    def __bool__(self) -> bool:
        return False


class _MetricsProxy(Proxy):
    """`run.metrics`: series by name, or by name and context; without one the empty context."""

    __slots__ = ("_sequences",)

    def __init__(self, sequences: list[SequenceRecord]) -> None:
        self._sequences = sequences

    def query_getitem(self, key: Any) -> Any:
        """The summary of a series."""
        name, given = key if isinstance(key, tuple) else (key, {})
        context = Context(given._value if isinstance(given, _ContextProxy) else given)
        for sequence in self._sequences:
            if sequence.name == name and context_from_wire(sequence.context) == context:
                return _SummaryProxy(sequence)
        return _SummaryProxy(None)

    def query_contains(self, item: Any) -> bool:
        """Whether there is a series of this name, in any context."""
        return any(sequence.name == item for sequence in self._sequences)


class _RunProxy(Proxy):
    """`run`: properties; every other attribute, and every item, is a parameter."""

    __slots__ = ("_run",)

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def query_getattr(self, name: str) -> Any:
        """A property, or a parameter; a missing parameter equals None."""
        if name in _RUN_ATTRIBUTES:
            return self._property(name)
        if name == "get":
            return self._get
        return _walk(visible(self._run.params), name, _NONE)

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
            return _OBJECT
        if name == "metrics":
            return _MetricsProxy(run.sequences or [])
        return getattr(run, name)

    def _get(self, key: Any, default: Any = _NONE) -> Any:
        return _walk(visible(self._run.params), key, _NONE if default is None else default)

    def query_getitem(self, key: Any) -> Any:
        """A parameter, by a key or tuple of keys; a missing one equals None."""
        return _walk(visible(self._run.params), key, _NONE)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a parameter."""
        return item in visible(self._run.params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _RunProxy) and self._run.hash == other._run.hash

    def __hash__(self) -> int:
        return hash(self._run.hash)


class _SequenceProxy(Proxy):
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
            return _ContextProxy(context_from_wire(self._sequence.context).to_dict())
        if name == "run":
            return _RunProxy(self._run)
        return _summary_value(self._sequence, name) if name in _SUMMARY else _NONE


# -- the dialect -----------------------------------------------------------------------------------


def _only_visible(tree: ast.expr | None, text: str) -> bool:
    """Archived runs are left out unless the text has `run.archived` in it (Q07)."""
    del tree
    return "run.archived" not in text


def _sequence_name(kind: SequenceKind) -> str:
    return kind


def _warn(exc: Exception, text: str) -> None:
    del text
    log.warning("query failed, %s", exc)


AIMQL = Dialect(
    name="AimQL",
    run_proxy=_RunProxy,
    sequence_proxy=_SequenceProxy,
    sequence_name=_sequence_name,
    default_filter=_only_visible,
    reserved=_RUN_ATTRIBUTES,
    on_error=_warn,
)
"""The query language of Aim."""


def parse_aimql(text: str, kind: SequenceKind | None, timezone_offset: int = 0) -> Query:
    """Parse an AimQL query over runs (`kind` None) or over sequences of a kind.

    Raises:
        QuerySyntaxError: malformed or refused (a SyntaxError, Q06).
        InvalidTypeError: not text.
    """
    try:
        return parse(text, dialect=AIMQL, kind=kind, tz_offset_min=timezone_offset)
    except QuerySyntaxError:
        raise
    except QueryError as exc:
        raise QuerySyntaxError(exc.reason, query=exc.query, position=exc.position) from exc
