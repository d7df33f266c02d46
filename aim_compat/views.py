"""What `metric.values`, `.epochs`, `.timestamps` and `.data` are: views of a sequence by step.

Aim's views of metrics are keyed by a hash of the step (behaviour S02); these give real steps in
ascending order, as Aim's own views of texts and images do (S05). Names and shapes are Aim's.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat._absent_members import with_absent_members
from aim_compat.errors import EmptyViewError, MissingKeyError
from matyan_client.exceptions import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aim_compat.columns import Columns

__all__ = [
    "ArrayView",
    "SequenceData",
    "SequenceV1Data",
    "SequenceV2Data",
    "TreeArrayView",
    "numpy_module",
]

_DENSE_MAX = 50_000_000
"""Longest list `tolist()` makes of steps with gaps."""


def numpy_module(purpose: str) -> Any:
    """numpy, imported when it is needed.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import numpy
    except ImportError as exc:
        raise MissingDependencyError("numpy", extra="numpy", purpose=purpose) from exc
    return numpy


@with_absent_members("aim.storage.arrayview.ArrayView")
class ArrayView:
    """One column of a sequence by step."""

    __slots__ = ()

    dtype: str | None
    _read: Callable[[], tuple[list[int], Sequence[Any]]]
    _arrays: Callable[[], tuple[Any, Any] | None] | None

    def __iter__(self, /) -> Iterator[Any]:
        return iter(self._read()[1])

    def __bool__(self, /) -> bool:
        return bool(self._read()[0])

    def __len__(self, /) -> int:
        """The last step + 1, as Aim has it (not the number of points)."""
        steps = self._read()[0]
        return max(0, steps[-1] + 1) if steps else 0

    def __getitem__(self, key: Any, /) -> Any:
        """The value at a step.

        Raises:
            MissingKeyError: nothing was tracked at it (a KeyError).
            NotImplementedError: a slice (behaviour S02); use `metric.data.range()`.
        """
        if isinstance(key, slice):
            raise NotImplementedError("A view has no slices; use .data.range(start, stop).")
        steps, values = self._read()
        if isinstance(key, (int, float)) or hasattr(key, "__index__"):
            at = bisect_left(steps, key)
            if at < len(steps) and steps[at] == key:
                return values[at]
        raise MissingKeyError((key,))

    def keys(self) -> Iterator[int]:
        """The steps."""
        return iter(self._read()[0])

    def indices(self) -> Iterator[int]:
        """The steps."""
        return self.keys()

    def values(self) -> Iterator[Any]:
        """The values in step order."""
        return iter(self)

    def items(self) -> Iterator[tuple[int, Any]]:
        """(step, value) in step order."""
        steps, values = self._read()
        return iter(list(zip(steps, values, strict=True)))

    def sparse_list(self) -> tuple[list[int], list[Any]]:
        """(steps, values) as lists."""
        steps, values = self._read()
        return list(steps), list(values)

    def indices_list(self) -> list[int]:
        """The steps as list."""
        return self.sparse_list()[0]

    def values_list(self) -> list[Any]:
        """The values as list."""
        return self.sparse_list()[1]

    def sparse_numpy(self) -> tuple[Any, Any]:
        """(steps, values) as numpy arrays."""
        numpy = numpy_module("sparse_numpy()")
        ready = None if self._arrays is None else self._arrays()
        if ready is not None:
            return ready[0].astype(numpy.int64), ready[1].copy()
        steps, values = self._read()
        return numpy.array(steps, dtype="int64"), _as_array(numpy, values, self.dtype)

    def indices_numpy(self) -> Any:
        """The steps as numpy array."""
        return self.sparse_numpy()[0]

    def values_numpy(self) -> Any:
        """The values as numpy array."""
        return self.sparse_numpy()[1]

    def tolist(self) -> list[Any]:
        """The values at steps 0, 1, 2, …; None where nothing was tracked.

        Raises:
            InvalidInputError: the last step is so high that the list would not fit into memory.
        """
        steps, values = self._read()
        length = len(self)
        if length > _DENSE_MAX and length > 2 * len(steps):
            raise InvalidInputError(
                f"tolist() would have {length} entries for {len(steps)} values; use "
                "values_list() or sparse_list()."
            )
        dense: list[Any] = [None] * length
        for step, value in zip(steps, values, strict=True):
            if step >= 0:
                dense[step] = value
        return dense

    def first(self) -> tuple[int, Any]:
        """The lowest step and its value.

        Raises:
            EmptyViewError: nothing was tracked (a KeyError and a ValueError).
        """
        return self._at(0)

    def last(self) -> tuple[int, Any]:
        """The highest step and its value.

        Raises:
            EmptyViewError: nothing was tracked (a KeyError and a ValueError).
        """
        return self._at(-1)

    def _at(self, place: int) -> tuple[int, Any]:
        steps, values = self._read()
        if not steps:
            raise EmptyViewError
        return steps[place], values[place]

    def first_idx(self) -> int:
        """The lowest step."""
        return self.first()[0]

    def first_value(self) -> Any:
        """The value at the lowest step."""
        return self.first()[1]

    def last_idx(self) -> int:
        """The highest step."""
        return self.last()[0]

    def last_value(self) -> Any:
        """The value at the highest step."""
        return self.last()[1]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._read()[0])} values>"


@with_absent_members("aim.storage.treearrayview.TreeArrayView")
class TreeArrayView(ArrayView):
    """A column that is read when it is looked at.

    Args:
        read: gives (steps, values), steps ascending; called on every access.
        dtype: numpy dtype of the values, None: objects.
        arrays: gives both as numpy arrays, or None if they have to be made.
    """

    __slots__ = ("_arrays", "_read", "dtype")

    def __init__(
        self,
        read: Callable[[], tuple[list[int], Sequence[Any]]],
        dtype: str | None = None,
        *,
        arrays: Callable[[], tuple[Any, Any] | None] | None = None,
    ) -> None:
        self._read = read
        self._arrays = arrays
        self.dtype = dtype


def _as_array(numpy: Any, values: Sequence[Any], dtype: str | None) -> Any:
    if dtype is not None:
        return numpy.array([numpy.nan if value is None else value for value in values], dtype)
    array = numpy.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return array


@with_absent_members("aim.sdk.sequence.SequenceData")
class SequenceData:
    """The columns of a sequence (`metric.data`), steps ascending (behaviour S03, S05).

    Args:
        read: gives the columns; called on every access.
        columns: (name, numpy dtype) of each column shown, of `val`, `epoch` and `time`.
        step_range: first step wanted and first step no longer wanted, None: all.
        n_items: sample size, -1 for all.
    """

    version: ClassVar[int]
    """1 for objects, 2 for numbers."""

    def __init__(
        self,
        read: Callable[[], Columns],
        columns: list[tuple[str, str | None]],
        *,
        step_range: tuple[int, int] | None = None,
        n_items: int = -1,
    ) -> None:
        if not columns:
            raise InvalidInputError(
                "Cannot create SequenceData. Please specify at least one column. There are: "
                "'val', 'epoch', 'time'."
            )
        self._read = read
        self.columns = columns
        self.step_range = step_range
        self.n_items = n_items

    def view(self, columns: str | Sequence[str]) -> SequenceData:
        """Only some of the columns, in the order given.

        Raises:
            InvalidInputError: none of them exists (a ValueError).
        """
        names = [columns] if isinstance(columns, str) else list(columns)
        known = dict(self.columns)
        kept = [(name, known[name]) for name in names if name in known]
        return self._but(columns=kept)

    def range(self, start: int, stop: int) -> SequenceData:
        """Only start <= step < stop."""
        return self._but(step_range=(math.ceil(start), math.ceil(stop)))

    def sample(self, k: int) -> SequenceData:
        """About `k` points, evenly spread, the first and the last among them; 0 or less: all.

        Aim takes those with the lowest hash of metrics (behaviour S04), and every (n // k)-th of
        other sequences (S05).
        """
        return self._but(n_items=int(k))

    def _but(
        self,
        columns: list[tuple[str, str | None]] | None = None,
        step_range: tuple[int, int] | None = None,
        n_items: int | None = None,
    ) -> SequenceData:
        return type(self)(
            self._read,
            self.columns if columns is None else columns,
            step_range=self.step_range if step_range is None else step_range,
            n_items=self.n_items if n_items is None else n_items,
        )

    def _selected(self) -> tuple[list[int], list[list[Any]]]:
        read = self._read()
        steps = read.steps
        places: Sequence[int] = range(len(steps))
        if self.step_range is not None:
            start, stop = self.step_range
            places = range(bisect_left(steps, start), bisect_left(steps, stop))
        places = _sampled(places, self.n_items, even=self.version == 2)
        columns = [self._column(read, name, places) for name, _ in self.columns]
        return [steps[place] for place in places], columns

    def _column(self, read: Columns, name: str, places: Sequence[int]) -> list[Any]:
        if name == "val":
            column: list[Any] = read.values
        elif name == "time":
            column = read.times
        else:
            column = read.epochs
            if self.version == 2:
                column = [math.nan if epoch is None else float(epoch) for epoch in column]
        return column[:] if len(places) == len(column) else [column[place] for place in places]

    def items_list(self) -> tuple[list[int], list[list[Any]]]:
        """(steps, [values, epochs, times]); epochs of metrics are floats, NaN where there is
        none."""
        return self._selected()

    def values_list(self) -> list[list[Any]]:
        """The columns."""
        return self._selected()[1]

    def indices_list(self) -> list[int]:
        """The steps."""
        return self._selected()[0]

    def items(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """(step, (value, epoch, time)) in step order."""
        steps, columns = self._selected()
        return zip(steps, zip(*columns, strict=True), strict=True)

    def __iter__(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        return self.items()

    def values(self) -> Iterator[tuple[list[Any]]]:
        """Each column in a tuple of its own, as Aim has it (behaviour S03)."""
        return ((column,) for column in self._selected()[1])

    def indices(self) -> Iterator[int]:
        """The steps."""
        return iter(self._selected()[0])

    def numpy(self) -> tuple[Any, list[Any]]:
        """(steps, [values, epochs, times]) as numpy arrays."""
        numpy = numpy_module("data.numpy()")
        if self.step_range is None and self.n_items <= 0:
            ready = self._read().arrays
            if ready is not None:
                floats = [ready[name].astype("float64") for name, _ in self.columns]
                return ready["step"].astype(numpy.int64), floats
        steps, columns = self._selected()
        return numpy.array(steps, dtype="int64"), [
            _as_array(numpy, column, "float64" if self.version == 2 else dtype)
            for column, (_, dtype) in zip(columns, self.columns, strict=True)
        ]


class SequenceV1Data(SequenceData):
    """Columns of a sequence of objects."""

    version = 1


@with_absent_members("aim.sdk.sequence.SequenceV2Data")
class SequenceV2Data(SequenceData):
    """Columns of a metric."""

    version = 2

    @property
    def steps(self) -> TreeArrayView:
        """The steps, by themselves."""
        return TreeArrayView(lambda: (self._selected()[0], self._selected()[0]), "int64")


def _sampled(places: Sequence[int], k: int, *, even: bool) -> Sequence[int]:
    count = len(places)
    if k <= 0 or k >= count:
        return places
    if even:
        if k == 1:
            return places[-1:]
        return [places[at * (count - 1) // (k - 1)] for at in range(k)]
    picked = list(places[:: count // k])
    if picked[-1] != places[-1]:
        picked.append(places[-1])
    return picked
