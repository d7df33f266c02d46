"""What operators, methods and attributes do in a query, none of it without a bound.

Whatever could make something huge is checked before it is carried out; plain values have the
members listed here and no others.
"""

from __future__ import annotations

import ast
import datetime as dt
import operator
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import QueryError
from matyan_client.query.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

__all__ = [
    "BINARY",
    "COMPARE",
    "UNARY",
    "Module",
    "check_format",
    "check_size",
    "get_attribute",
    "power",
]

INT_BITS_MAX = 4_096
SIZE_MAX = 100_000
"""Longest text, list or range an evaluation may make."""


class Module(Proxy):
    """A closed namespace, such as `math`, of members a query may use."""

    __slots__ = ("_members",)

    def __init__(self, module: ModuleType, names: Iterable[str]) -> None:
        self._members = {name: getattr(module, name) for name in names}

    def query_getattr(self, name: str) -> Any:
        """A member."""
        return self._members[name]


_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        "capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit"
        " islower isnumeric isspace istitle isupper join lower lstrip partition removeprefix"
        " removesuffix replace rfind rindex rpartition rsplit rstrip split splitlines startswith"
        " strip swapcase title upper".split()
    ),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    dict: frozenset({"get", "items", "keys", "values"}),
    set: frozenset({"difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"}),
    frozenset: frozenset(
        {"difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"}
    ),
    int: frozenset({"bit_length"}),
    float: frozenset({"is_integer"}),
    dt.datetime: frozenset(
        "year month day hour minute second microsecond date time timestamp weekday isoweekday"
        " isoformat strftime replace".split()
    ),
    dt.date: frozenset("year month day weekday isoweekday isoformat strftime".split()),
    dt.time: frozenset("hour minute second microsecond isoformat strftime".split()),
    dt.timedelta: frozenset("days seconds microseconds total_seconds".split()),
}
_STATIC: dict[Any, frozenset[str]] = {
    dt.datetime: frozenset(
        {"now", "utcnow", "today", "fromtimestamp", "fromisoformat", "strptime"}
    ),
    dt.timedelta: frozenset({"max", "min"}),
}
_GROWING = {"join", "replace"}


def get_attribute(value: Any, name: str) -> Any:
    """`value.name` as a query sees it.

    Raises:
        AttributeError: there is no such member, or it is not for queries.
    """
    if isinstance(value, Proxy):
        return value.query_getattr(name)
    if value is None:
        return None  # what is missing is None at every depth (protocol section 9.5)
    if isinstance(value, type):
        if name in _STATIC.get(value, ()):
            return getattr(value, name)
        raise AttributeError(f"{value.__name__!r} has no member {name!r} that a query may use")
    for kind in type(value).__mro__:
        if name in _METHODS.get(kind, ()):
            if name == "replace" and isinstance(value, str):
                return _safe_replace(value)
            if name == "join" and isinstance(value, str):
                return _safe_join(value)
            if name == "strftime":
                return _safe_strftime(value)
            return getattr(value, name)
    raise AttributeError(f"{type(value).__name__!r} has no attribute {name!r} that a query may use")


def _safe_replace(text: str) -> Callable[..., str]:
    def replace(old: str, new: str, count: int = -1) -> str:
        check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
        return text.replace(old, new, count)

    return replace


def _safe_join(text: str) -> Callable[[Iterable[str]], str]:
    def join(parts: Iterable[str]) -> str:
        listed = list(parts)
        check_size(sum(map(len, listed)) + len(text) * len(listed))
        return text.join(listed)

    return join


def _safe_strftime(moment: Any) -> Callable[[str], str]:
    def strftime(form: str) -> str:
        check_size(len(form) * 64)
        return str(moment.strftime(form))

    return strftime


def check_size(size: int) -> None:
    """Refuse to make something huge.

    Raises:
        QueryError: it would be.
    """
    if size > SIZE_MAX:
        raise QueryError(f"The query makes a value of {size} elements; {SIZE_MAX} is the most.")


def _multiply(a: Any, b: Any) -> Any:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, (str, bytes, list, tuple)) and isinstance(other, int):
            check_size(len(one) * max(other, 0))
    _check_bits(a, b, lambda x, y: x + y)
    return a * b


def power(a: Any, b: Any) -> Any:
    """`a ** b`, unless the result is huge."""
    if isinstance(a, int) and isinstance(b, int):
        bits = a.bit_length() * max(b, 0)
        if bits > INT_BITS_MAX and a not in (0, 1, -1):
            raise QueryError(f"The query computes an integer of about {bits} bits.")
    return a**b


def _left_shift(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b > INT_BITS_MAX:
        raise QueryError(f"The query computes an integer of {a.bit_length() + b} bits.")
    return a << b


def _check_bits(a: Any, b: Any, of: Callable[[int, int], int]) -> None:
    if isinstance(a, int) and isinstance(b, int):
        bits = of(a.bit_length(), b.bit_length())
        if bits > INT_BITS_MAX:
            raise QueryError(f"The query computes an integer of {bits} bits.")


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes, list, tuple)) and isinstance(b, (str, bytes, list, tuple)):
        check_size(len(a) + len(b))
    return a + b


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes)):
        form = a if isinstance(a, str) else a.decode("latin-1")
        check_format(form)
        result = a % b
        check_size(len(result))
        return result
    return a % b


def check_format(form: str) -> None:
    digits = ""
    for char in form:
        if char.isdigit():
            digits += char
            if len(digits) > 4:
                raise QueryError("The query formats a text with a width of five digits or more.")
        else:
            digits = ""
        if char == "*":
            raise QueryError("The query formats a text with a computed width.")


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.Pow: power,
    ast.LShift: _left_shift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def _contains(item: Any, container: Any) -> bool:
    if isinstance(container, Proxy):
        return container.query_contains(item)
    return item in container


COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: _contains,
    ast.NotIn: lambda a, b: not _contains(a, b),
}
