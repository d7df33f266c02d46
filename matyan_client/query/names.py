"""The functions, classes and modules a query may use (protocol section 9.6), made safe.

Whatever could run long or make something huge in one call is replaced by a bounded version.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import string
from numbers import Number
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import QueryError
from matyan_client.query.budget import check_size
from matyan_client.query.operations import Module, make_set, power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["NAMES", "guarded"]


def _range(*bounds: int) -> range:
    made = range(*bounds)
    try:
        check_size(len(made))
    except OverflowError as exc:
        raise QueryError("The query makes a range that is too long.") from exc
    return made


def _sum(values: Iterable[Any], start: Any = 0) -> Any:
    if not isinstance(start, Number):
        raise TypeError("sum() in a query adds numbers only")
    total: Any = start
    for value in values:
        if not isinstance(value, (Number, dt.timedelta)):
            raise TypeError("sum() in a query adds numbers only")
        total = total + value
    return total


def _round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 400:
        raise QueryError(f"The query rounds to {digits} digits.")
    return round(number, digits)


def _pow(base: Any, exponent: Any) -> Any:
    return power(base, exponent)


def _bytes(value: Any = b"") -> bytes:
    if isinstance(value, int):
        check_size(value)
    return bytes(value)


def _str(value: Any = "") -> str:
    return str(value)  # no encodings, some of which take their time


def _frozenset(values: Iterable[Any] = ()) -> frozenset[Any]:
    return frozenset(make_set(values))


def _zip(*columns: Iterable[Any], strict: bool = False) -> list[tuple[Any, ...]]:
    # A list, since Python's own nests on the C stack without a check.
    return list(zip(*columns, strict=strict))


_GUARDS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {bytes: _bytes, str: _str, set: make_set, frozenset: _frozenset}
)


def guarded(called: Any) -> Any:
    """What is called where a query calls `called`: classes stand for themselves elsewhere.

    Raises:
        TypeError: it is not for calling.
    """
    if not isinstance(called, type):
        return called
    if issubclass(called, BaseException):
        raise TypeError("a query makes no exceptions")
    return _GUARDS.get(called, called)


_RANDOM = random.Random()  # not the shared one: a script's own numbers stay as it seeded them

NAMES: Mapping[str, Any] = MappingProxyType(
    {
        **{
            item.__name__: item
            for item in (
                abs,
                all,
                any,
                bool,
                bytes,
                callable,
                chr,
                complex,
                divmod,
                float,
                frozenset,
                hash,
                hex,
                id,
                int,
                isinstance,
                issubclass,
                len,
                list,
                max,
                min,
                oct,
                ord,
                repr,
                set,
                slice,
                sorted,
                str,
                tuple,
                ArithmeticError,
                AttributeError,
                Exception,
                IndexError,
                KeyError,
                LookupError,
                NameError,
                TypeError,
                ValueError,
                ZeroDivisionError,
            )
        },
        "datetime": dt.datetime,
        "pow": _pow,
        "range": _range,
        "round": _round,
        "sum": _sum,
        "timedelta": dt.timedelta,
        "zip": _zip,
        "math": Module(
            math,
            "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees e erf erfc exp"
            " expm1 fabs floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan"
            " isqrt ldexp lgamma log log10 log1p log2 modf nan pi pow radians remainder sin sinh"
            " sqrt tan tanh tau trunc".split(),
        ),
        "random": Module(_RANDOM, "random uniform randint randrange choice gauss".split()),
        "string": Module(
            string,
            "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation"
            " printable whitespace".split(),
        ),
    }
)
"""Every name a query knows beside those its search binds."""
