"""What `Run.track` takes: turns values, steps and epochs of any library into Python numbers.

Bad input is refused here, before anything is written, with a message that names it.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    NotOneNumberError,
    OutOfRangeError,
)
from matyan_client.objects.base import Trackable, is_trackable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["as_epoch", "as_number", "as_objects", "as_step", "check_name"]

_INT64 = 1 << 63


def as_number(value: Any, name: str) -> float | int:
    """A Python int (64 bits) or float from a number of any library.

    Arrays and tensors of exactly one element count as that element; bools as 0 and 1; ints beyond
    64 bits become floats.

    Raises:
        InvalidTypeError: not a number.
        NotOneNumberError: an array of several elements, or of none.
        OutOfRangeError: an int no float can hold.
    """
    kind = value.__class__
    if kind is float:
        return value  # type: ignore[no-any-return]
    if kind is int or isinstance(value, int):
        return _fitting(int(value), name)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (str, bytes, bytearray)) or value is None:
        raise _not_trackable(value, name)
    item = getattr(value, "item", None)
    if callable(item):
        return _from_array(value, item, name)
    numpy = getattr(value, "numpy", None)
    if callable(numpy):  # tensors of libraries that have no item()
        return as_number(numpy(), name)
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        raise _not_trackable(value, name)
    if hasattr(kind, "__index__"):
        return _fitting(operator.index(value), name)
    if hasattr(kind, "__float__"):
        return float(value)
    raise _not_trackable(value, name)


def _from_array(value: Any, item: Any, name: str) -> float | int:
    try:
        number = item()
    except (ValueError, TypeError, RuntimeError) as exc:
        raise NotOneNumberError(
            f"Cannot track {value!r} as {name!r}: expected one number, but it has shape "
            f"{getattr(value, 'shape', '?')}. Reduce it first, for example with .mean()."
        ) from exc
    if isinstance(number, (bool, int)):
        return _fitting(int(number), name)
    if isinstance(number, float):
        return float(number)
    raise _not_trackable(value, name)


def _fitting(number: int, name: str) -> float | int:
    if -_INT64 <= number < _INT64:
        return number
    try:
        return float(number)
    except OverflowError as exc:
        raise OutOfRangeError(
            f"Cannot track an int of {number.bit_length()} bits as {name!r}: no float holds it."
        ) from exc


def _not_trackable(value: Any, name: str) -> InvalidTypeError:
    return InvalidTypeError(
        f"Cannot track {value!r} of type {type(value).__name__!r} as {name!r}: expected a number, "
        "an Image, Audio, Text, Distribution or Figure, or a list of objects of one of these kinds."
    )


def as_objects(value: Any, name: str) -> Sequence[Trackable] | None:
    """The tracked objects in `value`, or None if it is not about objects; an empty list has none.

    Raises:
        InvalidTypeError: a list that mixes kinds or holds something else.
    """
    if is_trackable(value):
        return (value,)
    if not isinstance(value, (list, tuple)):
        return None
    for item in value:
        if not is_trackable(item):
            raise _not_trackable(value, name)
    kinds = sorted({item.sequence_dtype for item in value})
    if len(kinds) > 1:
        raise InvalidTypeError(f"Cannot track a list that mixes {kinds} as {name!r}.")
    return value


def as_step(step: Any) -> int:
    """A step as int: anything that stands for a whole number of 64 bits.

    Raises:
        InvalidTypeError: not a number.
        InvalidInputError: a fraction, NaN or infinite.
        OutOfRangeError: beyond 64 bits.
    """
    if step.__class__ is int:
        number: int = step
    else:
        try:
            number = operator.index(step)
        except TypeError:
            number = _whole(step)
    if not -_INT64 <= number < _INT64:
        raise OutOfRangeError(f"Step {step!r} does not fit into 64 bits.")
    return number


def _whole(step: Any) -> int:
    if isinstance(step, (str, bytes)) or not hasattr(type(step), "__float__"):
        raise InvalidTypeError(
            f"A step is a whole number, not {step!r} of type {type(step).__name__!r}."
        )
    try:
        number = float(step)
        whole = int(number)
    except (ValueError, OverflowError, TypeError) as exc:
        raise InvalidInputError(f"A step is a whole number, not {step!r}.") from exc
    if whole != number:
        raise InvalidInputError(f"A step is a whole number, not {step!r}.")
    return whole


def as_epoch(epoch: Any) -> float | None:
    """An epoch as float; NaN counts as none.

    Raises:
        InvalidTypeError: not a number.
    """
    if isinstance(epoch, (str, bytes)):
        raise InvalidTypeError(f"An epoch is a number, not {epoch!r}.")
    try:
        number = float(epoch)
    except (TypeError, ValueError, RuntimeError, OverflowError) as exc:
        raise InvalidTypeError(
            f"An epoch is a number, not {epoch!r} of type {type(epoch).__name__!r}."
        ) from exc
    return None if number != number else number


def check_name(name: Any) -> str:
    """The name of a sequence.

    Raises:
        InvalidInputError: missing or empty.
        InvalidTypeError: not text.
    """
    if name is None:
        raise InvalidInputError(
            "track() needs the name of the sequence: track(value, name='loss')."
        )
    if not isinstance(name, str):
        raise InvalidTypeError(
            f"The name of a sequence is text, not {name!r} of type {type(name).__name__!r}."
        )
    if not name:
        raise InvalidInputError("The name of a sequence must not be empty.")
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as exc:
            raise InvalidInputError(f"Sequence name {name!r} is not valid Unicode.") from exc
    return str(name)
