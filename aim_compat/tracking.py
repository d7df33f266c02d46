"""What `Run.track` takes and refuses, with Aim's exception types (behaviour T01 to T05).

What passes goes on to `matyan_client.Run.track` as it is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aim_compat.errors import (
    dict_with_name,
    incompatible_values,
    name_missing,
    name_unsupported,
    not_trackable,
)
from aim_compat.numbers import convert_to_py_number, is_number
from aim_compat.objects import CustomObject
from aim_compat.params import wire_list, wire_object
from matyan_client.objects.base import Trackable, is_trackable

if TYPE_CHECKING:
    from collections.abc import Callable

    from matyan_client.exceptions import InvalidInputError, SequenceContentError

__all__ = [
    "NOTHING",
    "accepted",
    "epoch_number",
    "say_untracked",
    "unlike_its_series",
    "whole_step",
]

log = logging.getLogger("aim.sdk.tracker")  # scripts know it by Aim's name

NOTHING: Any = object()
"""Stands for a value that was taken and is not stored."""


_warned = False


def accepted(value: Any, name: Any) -> tuple[Any, str | None]:
    """The value and name to track.

    Numbers of any library are judged by `matyan_client`, which has Aim's exception types for them.

    Raises:
        InvalidInputError: no name, or something that is neither number nor object (a ValueError).
    """
    if isinstance(value, dict):
        if name is not None:
            raise dict_with_name()
        return _accepted_dict(value), None
    if name is None:
        raise name_missing()
    return _accepted_value(value), _accepted_name(name)


def _accepted_dict(values: dict[Any, Any]) -> Any:
    kept = {str(name): _accepted_value(value) for name, value in values.items()}
    kept = {name: value for name, value in kept.items() if value is not NOTHING}
    return kept or NOTHING


def _accepted_name(name: Any) -> str:
    """Text, or an int as its text, which Aim takes and cannot list (behaviour T13)."""
    if isinstance(name, str):
        return str.__str__(name)
    if isinstance(name, int):
        return str(int(name))
    raise name_unsupported(name)


def _accepted_value(value: Any) -> Any:
    if isinstance(value, (int, float, Trackable)) and not isinstance(value, complex):
        return value
    if isinstance(value, CustomObject):
        return wire_object(value)
    if isinstance(value, (list, tuple)):
        return _accepted_list(value)
    if isinstance(value, str) and hasattr(value, "dtype"):
        return wire_list([str(value)])[0]  # numpy's text: plain text is refused, this is stored
    if isinstance(value, (str, bytes, dict)) or not _number_like(value):
        raise not_trackable(value)
    return value


def _number_like(value: Any) -> bool:
    """Arrays and tensors of all libraries have one of these; Decimal and Fraction do not."""
    return any(callable(getattr(value, method, None)) for method in ("item", "numpy"))


def _accepted_list(value: Any) -> Any:
    if all(map(is_trackable, value)):
        return value
    return wire_list(value)


def say_untracked(value: Any) -> None:
    """Aim keeps an empty list, which says of nothing what it is a list of (behaviour T01)."""
    global _warned
    if not _warned:
        _warned = True
        log.warning("track() was given an empty list first (%r); nothing is tracked.", value)


def unlike_its_series(given: Any, error: SequenceContentError) -> InvalidInputError:
    """The error for what was given to `track`, when some of it is unlike its series (T08)."""
    named = {str(name): value for name, value in given.items()} if isinstance(given, dict) else {}
    value = named.get(error.name, given)
    if is_number(value):
        value = convert_to_py_number(value)
    return incompatible_values(value, error.name, str(error))


def whole_step(step: Any) -> Any:
    """A step with its fraction cut off, as Aim reads it back (behaviour T04)."""
    if isinstance(step, (str, bytes)):
        return step  # refused, with its type named, by matyan_client
    truncate: Callable[[], int] | None = getattr(step, "__trunc__", None)
    if isinstance(step, float) and (step != step or step in (float("inf"), float("-inf"))):
        return step
    return step if truncate is None else int(step)


def epoch_number(epoch: Any) -> Any:
    """An epoch that is the text of a number as that number, as Aim reads it back (T06)."""
    try:
        return float(epoch) if isinstance(epoch, str) else epoch
    except ValueError:
        return epoch  # refused, and named, by matyan_client
