"""What operators, methods and attributes do in a query, none of it without a bound.

Whatever could make something huge is checked before it is carried out; plain values have the
members listed here and no others.
"""

from __future__ import annotations

import ast
import datetime as dt
import operator
import re
import time
from functools import partial
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
    "get_item",
    "make_dict",
    "make_set",
    "multiply",
    "power",
]

FORM_MAX = 200
"""Longest form of a date."""
SAME_HASH_MAX = 64
"""Most different keys of one hash: chosen integers would make sets and dicts crawl."""


class Module(Proxy):
    """A closed namespace, such as `math`, of members of something that a query may use."""

    __slots__ = ("_members",)

    def __init__(self, module: object, names: Iterable[str], **bounded: Any) -> None:
        found = {name: getattr(module, name) for name in names if hasattr(module, name)}
        self._members = {**found, **bounded}

    def query_getattr(self, name: str) -> Any:
        """A member."""
        if name not in self._members:
            raise AttributeError(f"there is no {name!r} here that a query may use")
        return self._members[name]


_NUMBER = frozenset({"conjugate", "imag", "real"})
_SETS = frozenset("copy difference intersection isdisjoint issubset issuperset union".split())
_DATE = frozenset(
    "year month day weekday isoweekday isoformat isocalendar strftime ctime toordinal"
    " timetuple".split()
)
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        "capitalize casefold center count endswith expandtabs find index isalnum isalpha isascii"
        " isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join"
        " ljust lower lstrip maketrans partition removeprefix removesuffix replace rfind rindex"
        " rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate"
        " upper zfill".split()
    ),
    list: frozenset({"copy", "count", "index"}),
    tuple: frozenset({"count", "index"}),
    dict: frozenset({"copy", "get", "items", "keys", "values"}),
    set: _SETS,
    frozenset: _SETS,
    int: _NUMBER | {"bit_length", "denominator", "numerator"},
    float: _NUMBER | {"hex", "is_integer"},
    complex: _NUMBER,
    dt.datetime: _DATE
    | frozenset(
        "hour minute second microsecond tzinfo fold date time timetz timestamp utctimetuple"
        " utcoffset tzname dst astimezone replace".split()
    ),
    dt.date: _DATE,
    dt.time: frozenset("hour minute second microsecond tzinfo fold isoformat strftime".split()),
    dt.timedelta: frozenset("days seconds microseconds total_seconds".split()),
    time.struct_time: frozenset(
        "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst".split()
    ),
    type(dt.date.min.isocalendar()): frozenset({"week", "weekday", "year"}),
}


def _strptime(text: str, form: str) -> dt.datetime:
    if len(form) > FORM_MAX or len(text) > FORM_MAX:
        raise QueryError(f"The query reads a date by a form of more than {FORM_MAX} characters.")
    return dt.datetime.strptime(text, form)  # noqa: DTZ007 - as the form says


def _utcnow() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)


def _utcfromtimestamp(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).replace(tzinfo=None)


_STATIC: dict[Any, dict[str, Any]] = {
    dt.datetime: {
        "now": dt.datetime.now,
        "utcnow": _utcnow,
        "today": dt.datetime.today,
        "fromtimestamp": dt.datetime.fromtimestamp,
        "utcfromtimestamp": _utcfromtimestamp,
        "fromisoformat": dt.datetime.fromisoformat,
        "fromisocalendar": dt.datetime.fromisocalendar,
        "fromordinal": dt.datetime.fromordinal,
        "combine": dt.datetime.combine,
        "strptime": _strptime,
        "max": dt.datetime.max,  # noqa: DTZ901 - as Python gives it
        "min": dt.datetime.min,  # noqa: DTZ901 - as Python gives it
        "resolution": dt.datetime.resolution,
    },
    dt.timedelta: {
        "max": dt.timedelta.max,
        "min": dt.timedelta.min,
        "resolution": dt.timedelta.resolution,
    },
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
            if kind is str and name in _SAFE_TEXT:
                return partial(_SAFE_TEXT[name], value)
            if name == "strftime":
                return _safe_strftime(value)
            if kind in (set, frozenset):
                return _safe_set_method(value, name)
            return getattr(value, name)
    if type(value) is str and name in ("format", "format_map"):
        raise TypeError(f"{name}() is not for queries; write f'...' or '...' % ...")
    raise AttributeError(f"{type(value).__name__!r} has no attribute {name!r} that a query may use")


def get_item(value: Any, key: Any) -> Any:
    """`value[key]` as a query sees it."""
    return value.query_getitem(key) if isinstance(value, Proxy) else value[key]


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return text.replace(old, new, count)


def _join(text: str, parts: Iterable[str]) -> str:
    listed = list(parts)
    check_size(sum(map(len, listed)) + len(text) * len(listed))
    return text.join(listed)


def _center(text: str, width: int, fill: str = " ") -> str:
    check_size(width)
    return text.center(width, fill)


def _ljust(text: str, width: int, fill: str = " ") -> str:
    check_size(width)
    return text.ljust(width, fill)


def _rjust(text: str, width: int, fill: str = " ") -> str:
    check_size(width)
    return text.rjust(width, fill)


def _zfill(text: str, width: int) -> str:
    check_size(width)
    return text.zfill(width)


def _expandtabs(text: str, tabsize: int = 8) -> str:
    check_size(len(text) + text.count("\t") * max(tabsize, 0))
    return text.expandtabs(tabsize)


def _translate(text: str, table: dict[int, Any]) -> str:
    if type(table) is not dict:
        raise TypeError("translate() in a query takes a dict")
    longest = max((len(to) for to in table.values() if isinstance(to, str)), default=1)
    check_size(len(text) * max(longest, 1))
    return text.translate(table)


_SAFE_TEXT: dict[str, Callable[..., str]] = {
    "center": _center,
    "expandtabs": _expandtabs,
    "join": _join,
    "ljust": _ljust,
    "replace": _replace,
    "rjust": _rjust,
    "translate": _translate,
    "zfill": _zfill,
}


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


def multiply(a: Any, b: Any) -> Any:
    """`a * b`, unless the result is huge."""
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
        if "*" in form and isinstance(b, tuple):  # widths among the values
            length += sum(abs(item) for item in b if isinstance(item, int))
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
        return 0  # among the values
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
    ast.Mult: multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.MatMult: operator.matmul,
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
