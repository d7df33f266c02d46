"""What operators, methods and attributes do in a query, none of it without a bound.

Whatever could make something huge is checked before it is carried out; plain values have the
members listed here and no others.
"""

from __future__ import annotations

import ast
import datetime as dt
import operator
import re
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import QueryError
from matyan_client.query.budget import INT_BITS_MAX, check_size, weight
from matyan_client.query.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "BINARY",
    "COMPARE",
    "UNARY",
    "Module",
    "format_value",
    "get_attribute",
    "make_dict",
    "make_set",
    "power",
]

FORM_MAX = 200
"""Longest form of a date."""
SAME_HASH_MAX = 64
"""Most different keys of one hash: chosen integers would make sets and dicts crawl."""


class Module(Proxy):
    """A closed namespace, such as `math`, of members of something that a query may use."""

    __slots__ = ("_members",)

    def __init__(self, module: object, names: Iterable[str]) -> None:
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


def _strptime(text: str, form: str) -> dt.datetime:
    if len(form) > FORM_MAX or len(text) > FORM_MAX:
        raise QueryError(f"The query reads a date by a form of more than {FORM_MAX} characters.")
    return dt.datetime.strptime(text, form)  # noqa: DTZ007 - as the form says


def _utcnow() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)


_STATIC: dict[Any, dict[str, Any]] = {
    dt.datetime: {
        "now": dt.datetime.now,
        "utcnow": _utcnow,
        "today": dt.datetime.today,
        "fromtimestamp": dt.datetime.fromtimestamp,
        "fromisoformat": dt.datetime.fromisoformat,
        "strptime": _strptime,
    },
    dt.timedelta: {"max": dt.timedelta.max, "min": dt.timedelta.min},
}


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
        members = _STATIC.get(value, {})
        if name in members:
            return members[name]
        raise AttributeError(f"{value.__name__!r} has no member {name!r} that a query may use")
    for kind in type(value).__mro__:
        if name in _METHODS.get(kind, ()):
            if name == "replace" and isinstance(value, str):
                return _safe_replace(value)
            if name == "join" and isinstance(value, str):
                return _safe_join(value)
            if name == "strftime":
                return _safe_strftime(value)
            if kind in (set, frozenset):
                return _safe_set_method(value, name)
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
        _check_date_form(form)
        return str(moment.strftime(form))

    return strftime


def _check_date_form(form: str) -> None:
    if len(form) > FORM_MAX:
        raise QueryError(f"The query writes a date by a form of {len(form)} characters.")


def _safe_set_method(value: Any, name: str) -> Callable[..., Any]:
    def method(*others: Iterable[Any]) -> Any:
        return getattr(value, name)(*map(make_set, others))

    return method


def make_set(values: Iterable[Any] = ()) -> set[Any]:
    """`set(values)`.

    Raises:
        QueryError: too many of them share a hash.
    """
    if isinstance(values, (set, frozenset)):
        return set(values)
    listed = list(values)
    _check_hashes(listed)
    return set(listed)


def make_dict(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """`dict(pairs)`.

    Raises:
        QueryError: too many keys share a hash.
    """
    listed = list(pairs)
    _check_hashes([key for key, _ in listed])
    return dict(listed)


def _check_hashes(keys: list[Any]) -> None:
    if len(keys) <= 1000:
        return
    by_hash: dict[int, list[Any]] = {}
    for key in keys:
        same = by_hash.setdefault(hash(key), [])
        if key not in same:
            same.append(key)
            if len(same) > SAME_HASH_MAX:
                raise QueryError("The query makes a set or dict of keys that all share a hash.")


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
        length = len(form) + _widths(form)
        if isinstance(b, dict):  # one value may be written again and again
            length += form.count("%") * weight(b, 1 << 30)
        check_size(length)
    return a % b


_CONVERSION = re.compile(r"[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?")


def _widths(form: str) -> int:
    """The sum of all widths and precisions in the left side of a `%`."""
    total = 0
    at = form.find("%")
    while at >= 0:
        at += 1
        if form.startswith("(", at):
            open_ = 1
            at += 1
            while open_ and at < len(form):
                open_ += (form[at] == "(") - (form[at] == ")")
                at += 1
        match = _CONVERSION.match(form, at)
        assert match is not None  # every part is optional
        for width in match.groups(default=""):
            total += _checked_width(width)
        at = form.find("%", match.end() + 1)
    return total


def _checked_width(width: str) -> int:
    if width == "*":
        raise QueryError("The query formats a text with a computed width.")
    if len(width) > 4:
        raise QueryError("The query formats a text with a width of five digits or more.")
    return int(width or "0")


def format_value(value: Any, form: str) -> str:
    """`format(value, form)`.

    Raises:
        QueryError: it would be huge.
    """
    if isinstance(value, (dt.date, dt.time)):
        _check_date_form(form)
    else:
        for width in re.findall(r"\d+", form):
            _checked_width(width)
    return format(value, form)


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
