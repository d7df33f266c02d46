"""`Context`: what tells sequences of one name apart, and its form on the wire.

Aim takes any plain value as a context; the wire takes mappings with text keys. Contexts that are
not such a mapping travel as `{"__aim_context__": <value as JSON>}` and come back as they were.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from aim_compat.errors import ContextError
from aim_compat.hashing import hash_auto
from matyan_client.objects.params import from_json, to_json

__all__ = ["Context", "as_context", "context_from_wire", "context_to_wire"]

_WRAPPED = "__aim_context__"
_PLAIN = frozenset({type(None), bool, int, float, str})


class Context:
    """What distinguishes sequences of one name (behaviour S11).

    Two contexts are equal if they have the same items, in whatever order and whether numbers are
    written as int, float or bool. Also equal to a dict (or other plain value) with the same items.

    Args:
        context: None, a dict, or any other plain value; it is copied.
    """

    __slots__ = ("_context", "_idx")

    def __init__(self, context: Any) -> None:
        if isinstance(context, Context):
            context = context._context
        self._context: Any = {} if context is None else copy.deepcopy(context)
        self._idx: int | None = None

    @property
    def idx(self) -> int:
        """A 64-bit number that is the same in every process.

        Raises:
            ContextError: something in the context is no plain value (a NotImplementedError).
        """
        if self._idx is None:
            self._idx = _context_idx(self._context)
        return self._idx

    def to_dict(self) -> Any:
        """The context as it was given; None became `{}`."""
        return self._context

    def __iter__(self) -> Iterator[Any]:
        return iter(self._context)

    def __len__(self) -> int:
        return len(self._context)

    def __getitem__(self, idx: Any) -> Any:
        return self._context[idx]

    def __hash__(self) -> int:
        return self.idx

    def __eq__(self, other: object) -> bool:
        try:
            return self.idx == as_context(other).idx
        except ContextError:
            return False

    def __repr__(self) -> str:
        return f"<Context#{self.idx} {self._context}>"


def as_context(value: Any) -> Context:
    """A `Context` of what was given where Aim wants one; dicts and None are accepted too."""
    return value if isinstance(value, Context) else Context(value)


def _context_idx(value: Any) -> int:
    """The id of a context's plain value.

    Raises:
        ContextError: something in it is no plain value.
    """
    try:
        return hash_auto(value)
    except NotImplementedError as exc:
        raise ContextError(f"Cannot use {value!r} as a context: {exc}") from exc


def context_to_wire(context: Any) -> dict[str, Any]:
    """The mapping that stands for a context on the wire.

    Args:
        context: None, a `Context`, or any plain value; numpy scalars count as their value.

    Raises:
        ContextError: something in it is no plain value (a NotImplementedError, behaviour T07).
    """
    if isinstance(context, Context):
        context = context.to_dict()
    if context is None:
        return {}
    plain = _plain(context)
    if isinstance(plain, dict) and _WRAPPED not in plain and _is_json(plain):
        return plain
    return {_WRAPPED: to_json(plain)}


def context_from_wire(wire: Mapping[str, Any]) -> Context:
    """The context a mapping on the wire stands for."""
    if len(wire) == 1 and _WRAPPED in wire:
        return Context(from_json(wire[_WRAPPED]))
    return Context(dict(wire))


def _plain(value: Any) -> Any:
    """The value in Aim's own types; tuples stay, as they hash and store like lists."""
    if type(value) in _PLAIN or isinstance(value, (int, float, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return _plain(value.item())
    raise ContextError(
        f"Cannot use {value!r} of type {type(value).__name__!r} in a context: expected None, a "
        "number, text, bytes, or lists and dicts of them."
    )


def _key(key: Any) -> Any:
    if isinstance(key, (str, int)):
        return key
    plain = _plain(key)
    if isinstance(plain, (str, int)):
        return plain
    raise ContextError(f"Cannot use {key!r} as a key of a context: expected text or an int.")


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    return not isinstance(value, bytes)
