"""Joins chunk columns into a `Series`: numpy arrays where numpy is installed, lists elsewhere."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.records import Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matyan_client.store.chunks import Columns

__all__ = ["series_of", "take"]


def series_of(name: str, context: dict[str, Any], parts: Sequence[Columns]) -> Series:
    """One series from chunks in step order."""
    integers = _integers(parts)
    if importlib.util.find_spec("numpy") is None:
        lists: list[list[Any]] = [[], [], [], []]
        for part in parts:
            columns = (part.steps, part.values, part.epochs, part.times)
            for whole, piece in zip(lists, columns, strict=True):
                whole.extend(piece)
        steps, values, epochs, times = lists
        return Series(name, context, steps, values, epochs, times, integers=integers)
    import numpy as np

    def joined(column: str, dtype: Any) -> Any:
        pieces = [_as_array(getattr(part, column), dtype) for part in parts]
        return np.concatenate(pieces) if pieces else np.empty(0, dtype)

    all_int = integers is not None and all(integers)
    return Series(
        name,
        context,
        joined("steps", np.int64),
        joined("values", np.int64 if all_int else np.float64),
        joined("epochs", np.float64),
        joined("times", np.float64),
        integers=integers,
    )


def _as_array(column: Sequence[float | int], dtype: Any) -> Any:
    import numpy as np

    if isinstance(column, range):
        return np.arange(column.start, column.stop, column.step, dtype=dtype)
    return np.asarray(column, dtype=dtype)


def _integers(parts: Sequence[Columns]) -> list[bool] | None:
    """Which values are ints; None if none is."""
    if not any(_kind(part) != "d" for part in parts):
        return None
    flags: list[bool] = []
    for part in parts:
        kind = _kind(part)
        if kind:
            flags += [kind == "q"] * len(part)
        else:
            flags += [value.__class__ is int for value in part.values]
    return flags if any(flags) else None


def _kind(part: Columns) -> str:
    return getattr(part.values, "typecode", "")


def take(series: Series, places: Sequence[int]) -> Series:
    """The points at some places."""
    if isinstance(series.steps, list):
        columns = [
            [column[i] for i in places]
            for column in (series.steps, series.values, series.epochs, series.times)
        ]
    else:
        columns = [
            column[list(places)]
            for column in (series.steps, series.values, series.epochs, series.times)
        ]
    integers = None if series.integers is None else [series.integers[i] for i in places]
    steps, values, epochs, times = columns
    return Series(series.name, series.context, steps, values, epochs, times, integers=integers)
