"""What a query of Aim's finds where there is nothing (behaviour A01, A03).

Three kinds, all false, all unordered: a missing parameter of a run equals None and is as good as
an empty dict; one that was stored as None equals None, too; what is missing deeper down equals
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.query import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MISSING", "OBJECT", "STORED_NONE", "Undefined", "Unordered"]


class Unordered(Proxy):
    """Comparing it by order is false, never an error."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__


def _get(key: Any, default: Any = None) -> Any:
    del key
    return default


def _nothing() -> tuple[()]:
    return ()


class Undefined(Unordered):
    """What is missing below a parameter: false, equal to nothing, with nothing in it.

    There is one for each time it is looked for, since `in` takes what is identical for equal.
    """

    __slots__ = ()

    def query_getattr(self, name: str) -> Any:
        """`get`, `keys` and `items` as of an empty dict; else nothing again."""
        if name == "get":
            return _get
        return _nothing if name in ("keys", "items") else Undefined()

    def query_getitem(self, key: Any) -> Any:
        """Nothing again."""
        del key
        return Undefined()

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

    def __repr__(self) -> str:
        return "Undefined"


class _StoredNone(Undefined):
    """A parameter that is None: equal to None."""

    __slots__ = ()

    def query_contains(self, item: Any) -> bool:
        """Not to be asked, as of None."""
        del item
        raise TypeError("argument of type 'NoneType' is not iterable")

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, _StoredNone)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    def __repr__(self) -> str:
        return "None"


class _Missing(_StoredNone):
    """A parameter that a run does not have: equal to None, and empty."""

    __slots__ = ()

    def query_contains(self, item: Any) -> bool:
        """It has nothing in it."""
        del item
        return False

    def query_call(self, *values: Any, **named: Any) -> Any:
        """Missing, like the method of a parameter that other runs have."""
        del values, named
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class _TrackedObject(Undefined):
    """An object that was tracked: there, and equal to nothing a query can write."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    __hash__ = Undefined.__hash__


STORED_NONE = _StoredNone()
MISSING = _Missing()
OBJECT = _TrackedObject()
