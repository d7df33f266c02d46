"""The functions, classes and modules a query may use (protocol section 9.6), made safe.

Whatever could run long or make something huge in one call is replaced by a bounded version.
"""

from __future__ import annotations

import builtins
import datetime as dt
import math
import random
import string
from numbers import Number
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import QueryError
from matyan_client.query.budget import INT_BITS_MAX, check_size
from matyan_client.query.operations import Module, make_set, multiply, power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["NAMES", "guarded"]

COUNTING_MAX = 1_000
"""Largest number for `math.factorial`, `comb` and `perm`."""


def _range(*bounds: int) -> range:
    made = range(*bounds)
    try:
        check_size(len(made))
    except OverflowError as exc:
        raise QueryError("The query makes a range that is too long.") from exc
    return made


def _sum(values: Iterable[Any], start: Any = 0) -> Any:
    if isinstance(start, list):
        return _concatenated(values, start)
    if not isinstance(start, Number):
        raise TypeError("sum() in a query adds numbers, or lists to a list")
    total: Any = start
    for value in values:
        if not isinstance(value, (Number, dt.timedelta)):
            raise TypeError("sum() in a query adds numbers, or lists to a list")
        total = total + value
    return total


def _concatenated(lists: Iterable[Any], start: list[Any]) -> list[Any]:
    total = list(start)
    for item in lists:
        if not isinstance(item, list):
            raise TypeError("sum() in a query adds numbers, or lists to a list")
        total += item
        check_size(len(total))
    return total


def _round(number: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 400:
        raise QueryError(f"The query rounds to {digits} digits.")
    return round(number, digits)


def _pow(base: Any, exponent: Any, modulus: Any = None) -> Any:
    if modulus is None:
        return power(base, exponent)
    for value in (base, exponent, modulus):
        if isinstance(value, int) and value.bit_length() > 64:
            raise QueryError("The query computes a power modulo something with huge numbers.")
    return pow(base, exponent, modulus)


def _counting(function: Callable[..., int]) -> Callable[..., int]:
    """`math.factorial`, `comb` or `perm` of numbers up to a thousand."""

    def bounded(*numbers: int) -> int:
        if any(number > COUNTING_MAX for number in numbers):
            raise QueryError(f"The query counts beyond {COUNTING_MAX}.")
        return function(*numbers)

    return bounded


def _prod(values: Iterable[Any], *, start: Any = 1) -> Any:
    total = start
    for value in values:
        if not isinstance(value, Number):
            raise TypeError("math.prod() in a query multiplies numbers only")
        total = multiply(total, value)
    return total


def _lcm(*numbers: int) -> int:
    total = 1
    for number in numbers:
        total = math.lcm(total, number)
        if total.bit_length() > INT_BITS_MAX:
            raise QueryError("The query computes a least common multiple that is huge.")
    return total


def _sample(population: Any, k: int) -> list[Any]:
    return _RANDOM.sample(population, k)


def _choices(population: Any, weights: Any = None, *, cum_weights: Any = None, k: int = 1) -> Any:
    check_size(k)
    return _RANDOM.choices(population, weights, cum_weights=cum_weights, k=k)


def _same_type(first: Any, *others: Any) -> bool:
    return all(_kind(other) is _kind(first) for other in others)


def _kind(value: Any) -> type:
    """The class of a value as users know it, whatever a dialect makes of it."""
    return next(kind for kind in type(value).__mro__ if kind.__module__ in ("builtins", "datetime"))


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


_ERRORS = [
    value
    for value in vars(builtins).values()
    if isinstance(value, type) and issubclass(value, BaseException)
]
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
            )
        },
        **{error.__name__: error for error in _ERRORS},
        "Ellipsis": ...,
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
            " isqrt ldexp lgamma log log10 log1p log2 modf nan nextafter pi pow radians remainder"
            " sin sinh sqrt tan tanh tau trunc ulp cbrt dist exp2".split(),
            comb=_counting(math.comb),
            factorial=_counting(math.factorial),
            lcm=_lcm,
            perm=_counting(math.perm),
            prod=_prod,
        ),
        "random": Module(
            _RANDOM,
            "random uniform randint randrange choice gauss triangular normalvariate"
            " expovariate".split(),
            choices=_choices,
            sample=_sample,
        ),
        "same_type": _same_type,
        "string": Module(
            string,
            "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation"
            " printable whitespace capwords".split(),
        ),
    }
)
"""Every name a query knows beside those its search binds."""
