"""Parameters, contexts and summaries as values in a query of Aim's (behaviour A01, A05, A06).

They compare like what they are, except that an order between kinds is false instead of an error,
and that a child which is not there is `Undefined`.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import TYPE_CHECKING, Any

from aim_compat.aimql.missing import STORED_NONE, Undefined, Unordered
from aim_compat.context import Context
from aim_compat.params import ordered
from matyan_client.protocol.records import StoredObject
from matyan_client.query import plain_attribute, plain_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ContextProxy", "TreeProxy", "get_attribute", "get_item", "walk", "wrapped"]


class _Quiet:
    """Ordered like its plain value; against a value of another kind the answer is False."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return _in_order(operator.lt, self, other)

    def __le__(self, other: object) -> bool:
        return _in_order(operator.le, self, other)

    def __gt__(self, other: object) -> bool:
        return _in_order(operator.gt, self, other)

    def __ge__(self, other: object) -> bool:
        return _in_order(operator.ge, self, other)


class _QuietInt(_Quiet, int):
    """An int parameter."""

    __slots__ = ()


class _QuietFloat(_Quiet, float):
    """A float parameter."""

    __slots__ = ()


class _QuietText(_Quiet, str):
    """A text parameter; unlike in Aim its methods, indices and slices work (A05)."""

    __slots__ = ()


class _QuietList(_Quiet, list[Any]):
    """A list parameter."""

    __slots__ = ()


def _in_order(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    plain: Any
    if isinstance(left, str):
        plain = str.__str__(left)
    elif isinstance(left, list):
        plain = list(left)
    else:
        plain = int.__int__(left) if isinstance(left, int) else float.__float__(left)
    try:
        return bool(compare(plain, right))
    except TypeError:
        return False


def wrapped(value: Any) -> Any:
    """A stored value as a query sees it."""
    if isinstance(value, StoredObject):
        return TreeProxy(value.tree)
    if isinstance(value, dict):
        return TreeProxy(value)
    if isinstance(value, list):
        return _QuietList(map(wrapped, value))
    if value is None:
        return STORED_NONE
    if isinstance(value, (bool, bytes)):
        return value
    if isinstance(value, int):
        return _QuietInt(value)
    return _QuietFloat(value) if isinstance(value, float) else _QuietText(value)


# -- members ---------------------------------------------------------------------------------------


def get_attribute(value: Any, name: str) -> Any:
    """`value.name`: what a parameter does not have is undefined, what others lack is None."""
    try:
        return plain_attribute(value, name)
    except AttributeError:
        if not isinstance(value, (_Quiet, bool)):
            return None
        return partial(_get, value) if name == "get" else Undefined().query_getattr(name)


def _get(value: Any, key: Any, default: Any = None) -> Any:
    found = get_item(value, key)
    return default if type(found) is Undefined else found


def get_item(value: Any, key: Any) -> Any:
    """`value[key]`: what a parameter does not have is undefined."""
    if not isinstance(value, (_Quiet, bool)):
        return plain_item(value, key)
    if isinstance(key, tuple):
        for part in key:
            value = get_item(value, part)
        return value
    if not isinstance(key, (str, int, slice)):
        raise _unsupported(key)
    try:
        return value[key]  # type: ignore[index]  # numbers have no items, which is caught
    except (TypeError, IndexError):
        return Undefined()


def _unsupported(key: Any) -> TypeError:
    return TypeError(f"Value {key!r} of type {type(key)} is not supported")


def walk(tree: Any, key: Any, missing: Any) -> Any:
    """The value at a key, or at a tuple of keys from the top down."""
    value = tree
    for part in key if isinstance(key, tuple) else (key,):
        if not isinstance(part, (str, int)):
            raise _unsupported(part)
        if isinstance(value, StoredObject):
            value = value.tree
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        else:
            return missing
    return wrapped(value)


class TreeProxy(Unordered):
    """An object among parameters: what is missing in it is undefined."""

    __slots__ = ("_tree",)

    def __init__(self, tree: dict[Any, Any]) -> None:
        self._tree = tree

    def query_getattr(self, name: str) -> Any:
        """`get`, `keys`, `items`, or a child; `values` where there is no such child."""
        if name == "get":
            return self._get
        if name in ("keys", "items") or (name == "values" and name not in self._tree):
            return getattr({key: wrapped(item) for key, item in self._tree.items()}, name)
        return wrapped(self._tree[name]) if name in self._tree else Undefined()

    def query_getitem(self, key: Any) -> Any:
        """A child, or one further down by a tuple of keys."""
        return walk(self._tree, key, Undefined())

    def query_plain(self) -> Any:
        """The tree."""
        return self._tree

    def _get(self, key: Any, default: Any = None) -> Any:
        return walk(self._tree, key, default)

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a child."""
        return item in self._tree

    def __iter__(self) -> Iterator[Any]:
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)

    def __eq__(self, other: object) -> bool:
        return self._tree == (other._tree if isinstance(other, TreeProxy) else other)

    __hash__ = None  # type: ignore[assignment]  # as mutable as the dict it stands for

    def __repr__(self) -> str:
        return str(ordered(self._tree, lambda stored: stored.tree))


class ContextProxy(Unordered):
    """A context: a missing key is an error (A04)."""

    __slots__ = ("_value",)

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def query_getattr(self, name: str) -> Any:
        """An item."""
        return self.query_getitem(name)

    def query_getitem(self, key: Any) -> Any:
        """An item."""
        value = self._value[key]
        return ContextProxy(value) if isinstance(value, dict) else wrapped(value)

    def query_plain(self) -> Any:
        """The context."""
        return self._value

    def query_contains(self, item: Any) -> bool:
        """Whether there is such a key."""
        return item in self._value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return (
            Context(self._value) == (other._value if isinstance(other, ContextProxy) else other)
            and other is not None
        )

    __hash__ = None  # type: ignore[assignment]  # as mutable as the dict it stands for

    def __repr__(self) -> str:
        return str(self._value)
