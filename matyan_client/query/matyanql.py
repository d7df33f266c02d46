"""MatyanQL: what its names stand for (protocol sections 9.2 and 9.3)."""

from __future__ import annotations

import ast
import logging
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.records import StoredObject
from matyan_client.query.dialect import Dialect
from matyan_client.query.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matyan_client.protocol.records import RunRecord, SequenceKind, SequenceRecord

__all__ = ["MATYANQL"]

log = logging.getLogger("matyan_client.query")

_RUN_ATTRIBUTES = frozenset(
    "hash name description experiment tags created_at creation_time end_time duration active"
    " archived is_archived metrics".split()
)


class _TreeProxy(Proxy):
    """An object among parameters, or a context: a missing attribute is None, a missing item an
    error."""

    __slots__ = ("_tree",)

    def __init__(self, tree: dict[Any, Any]) -> None:
        self._tree = tree

    def query_getattr(self, name: str) -> Any:
        """`tree.name`, None if absent."""
        return _wrapped(self._tree.get(name))

    def query_getitem(self, key: Any) -> Any:
        """`tree[key]`, or `tree[a, b]`."""
        value: Any = self._tree
        for part in key if isinstance(key, tuple) else (key,):
            value = (value.tree if isinstance(value, StoredObject) else value)[part]
        return _wrapped(value)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a key."""
        return item in self._tree

    def query_plain(self) -> Any:
        """The tree."""
        return self._tree

    def __iter__(self) -> Iterator[Any]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _TreeProxy):
            return self._tree == other._tree
        return self._tree == other

    __hash__ = None  # type: ignore[assignment]  # as mutable as the dict it stands for


def _wrapped(value: Any) -> Any:
    if isinstance(value, StoredObject):
        return _TreeProxy(value.tree)
    if isinstance(value, dict):
        return _TreeProxy(value)
    if isinstance(value, list) and any(
        isinstance(item, (dict, list, StoredObject)) for item in value
    ):
        return [_wrapped(item) for item in value]
    return value


class _TagsProxy(Proxy):
    """`in`, `not in` and `.contains(name)`, nothing else."""

    __slots__ = ("_tags",)

    def __init__(self, tags: list[str]) -> None:
        self._tags = tags

    def query_getattr(self, name: str) -> Any:
        """`tags.contains`."""
        if name == "contains":
            return self._tags.__contains__
        raise AttributeError(f"tags have no {name!r}")

    def query_contains(self, item: Any) -> bool:
        """Whether the run carries this tag."""
        return item in self._tags

    def __bool__(self) -> bool:
        return bool(self._tags)


class _LastProxy(Proxy):
    """`.last` and `.last_step` of a metric; None where there is no such metric."""

    __slots__ = ("_sequence",)

    def __init__(self, sequence: SequenceRecord | None) -> None:
        self._sequence = sequence

    def query_getattr(self, name: str) -> Any:
        """One of the summary's values."""
        if name in ("last", "last_step", "first", "first_step", "min", "max"):
            return getattr(self._sequence, name, None)
        raise AttributeError(f"a metric has no {name!r}")


class _MetricsProxy(Proxy):
    """`metrics["name"]` is the first of that name, `metrics["name", {...}]` exactly that one."""

    __slots__ = ("_sequences",)

    def __init__(self, sequences: list[SequenceRecord]) -> None:
        self._sequences = [s for s in sequences if s.kind == "metric"]

    def query_getitem(self, key: Any) -> Any:
        """The summary of a metric."""
        name, context = key if isinstance(key, tuple) else (key, None)
        if isinstance(context, _TreeProxy):
            context = context.query_plain()
        text = None if context is None else canonical(context)
        for sequence in self._sequences:
            if sequence.name == name and (text is None or canonical(sequence.context) == text):
                return _LastProxy(sequence)
        return _LastProxy(None)

    def query_contains(self, item: Any) -> bool:
        """Whether there is a metric of this name."""
        return any(sequence.name == item for sequence in self._sequences)


class _RunProxy(Proxy):
    """`run`: properties, and every other attribute a parameter."""

    __slots__ = ("_run",)

    def __init__(self, run: RunRecord) -> None:
        self._run = run

    def query_getattr(self, name: str) -> Any:
        """A property or parameter; a missing parameter is None."""
        run = self._run
        if name not in _RUN_ATTRIBUTES:
            return _wrapped((run.params or {}).get(name))
        if name in ("created_at", "creation_time"):
            return run.created_at
        if name in ("archived", "is_archived"):
            return run.archived
        if name == "duration":
            return 0.0 if run.duration is None else run.duration
        if name == "tags":
            return _TagsProxy(run.tags)
        if name == "metrics":
            return _MetricsProxy(run.sequences or [])
        return getattr(run, name)

    def query_getitem(self, key: Any) -> Any:
        """A parameter; a missing one is an error."""
        return _TreeProxy(self._run.params or {}).query_getitem(key)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a parameter."""
        return item in (self._run.params or {})


class _SequenceProxy(Proxy):
    """`metric`, `images`, ...: one sequence of the run being looked at."""

    __slots__ = ("_run", "_sequence")

    def __init__(self, run: RunRecord, sequence: SequenceRecord) -> None:
        self._run = run
        self._sequence = sequence

    def query_getattr(self, name: str) -> Any:
        """`name`, `context`, `last`, `last_step`, `run`."""
        if name == "context":
            return _TreeProxy(self._sequence.context)
        if name == "run":
            return _RunProxy(self._run)
        if name in ("name", "last", "last_step", "first", "first_step", "min", "max"):
            return getattr(self._sequence, name)
        raise AttributeError(f"a sequence has no {name!r}")


def _only_visible(tree: ast.expr | None, text: str) -> bool:
    """Not if some comparison has `run.archived` or `run.is_archived` as an operand, be it by
    `in` or `is`. To the letter of protocol section 9.3: `not run.archived` does not count, which
    changes nothing, nor does a bare `run.archived`, which therefore matches no run.
    """
    del text
    if tree is None:
        return True
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for operand in (node.left, *node.comparators):
                if (
                    isinstance(operand, ast.Attribute)
                    and operand.attr in ("archived", "is_archived")
                    and isinstance(operand.value, ast.Name)
                    and operand.value.id == "run"
                ):
                    return False
    return True


def _sequence_name(kind: SequenceKind) -> str:
    return kind


def _note(exc: Exception, text: str) -> None:
    log.debug("Query %r: %s: %s counts as no match.", text, type(exc).__name__, exc)


MATYANQL = Dialect(
    name="MatyanQL",
    run_proxy=_RunProxy,
    sequence_proxy=_SequenceProxy,
    sequence_name=_sequence_name,
    default_filter=_only_visible,
    reserved=_RUN_ATTRIBUTES,
    datetime_as_seconds=True,
    on_error=_note,
)
"""The query language of Matyan."""
