"""A sequence once it is read: a list per column, steps ascending.

`views.py` shows columns, `sequences.py` knows which records they come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matyan_client.protocol.records import ObjectRecord, Series

__all__ = ["Columns", "MetricColumns", "ObjectColumns", "PlainColumns"]


class Columns(Protocol):
    """One sequence, read: a list per column, in ascending order of steps."""

    @property
    def steps(self) -> list[int]:
        """The steps."""
        ...

    @property
    def values(self) -> list[Any]:
        """What `data` shows: floats of metrics, objects of others."""
        ...

    @property
    def exact(self) -> list[Any]:
        """The values as they were tracked: ints stay int."""
        ...

    @property
    def epochs(self) -> list[float | int | None]:
        """Epochs as they were given, None where there was none."""
        ...

    @property
    def times(self) -> list[float]:
        """Unix seconds."""
        ...

    @property
    def arrays(self) -> dict[str, Any] | None:
        """`step`, `val`, `epoch` and `time` as numpy arrays, if they were read as such."""
        ...


class MetricColumns:
    """Columns of a metric; numpy arrays stay so until a list is wanted."""

    def __init__(self, series: Series | None) -> None:
        self._series = series
        self.arrays: dict[str, Any] | None = None
        if series is not None and hasattr(series.steps, "dtype"):
            self.arrays = {
                "step": series.steps,
                "val": series.values,
                "epoch": series.epochs,
                "time": series.times,
            }

    def _list(self, column: str) -> list[Any]:
        if self._series is None:
            return []
        found = getattr(self._series, column)
        return found.tolist() if hasattr(found, "tolist") else list(found)

    @property
    def steps(self) -> list[int]:
        return self._list("steps")

    @property
    def values(self) -> list[float]:
        return [float(value) for value in self._list("values")]

    @property
    def exact(self) -> list[float | int]:
        values = self._list("values")
        integers = None if self._series is None else self._series.integers
        if integers is None:
            return values
        return [
            int(value) if whole else value for value, whole in zip(values, integers, strict=True)
        ]

    @property
    def epochs(self) -> list[float | int | None]:
        return [_as_given(epoch) for epoch in self._list("epochs")]

    @property
    def times(self) -> list[float]:
        return self._list("times")


class ObjectColumns:
    """Columns of a series of objects; objects are made anew on each look."""

    arrays = None

    def __init__(
        self, records: list[ObjectRecord], decode: Callable[[Mapping[str, Any]], Any]
    ) -> None:
        self._records = records
        self._decode = decode

    @property
    def steps(self) -> list[int]:
        return [record.step for record in self._records]

    @property
    def values(self) -> list[Any]:
        return [
            [self._decode(item) for item in record.value]
            if isinstance(record.value, list)
            else self._decode(record.value)
            for record in self._records
        ]

    @property
    def exact(self) -> list[Any]:
        return self.values

    @property
    def epochs(self) -> list[float | int | None]:
        return [_as_given(record.epoch) for record in self._records]

    @property
    def times(self) -> list[float]:
        return [record.time for record in self._records]

    @property
    def longest(self) -> int | None:
        """Length of the longest list, None without any."""
        return max(
            (len(record.value) for record in self._records if isinstance(record.value, list)),
            default=None,
        )


class PlainColumns:
    """Columns that are lists already; there are no epochs."""

    arrays = None

    def __init__(self, steps: list[int], values: list[Any], times: list[float]) -> None:
        self.steps = steps
        self.values = values
        self.exact = values
        self.epochs: list[float | int | None] = [None] * len(steps)
        self.times = times


def _as_given(epoch: float | None) -> float | int | None:
    """An epoch as it was given: None, or an int if it is whole."""
    if epoch is None or epoch != epoch:
        return None
    return int(epoch) if epoch == epoch // 1 and abs(epoch) < 1 << 53 else epoch
