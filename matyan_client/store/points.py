"""Points of metrics: appended to chunks, merged where steps repeat or come late, and read back.

(sequence, step) is the key and the last write wins, so that applying something twice is harmless.
Summaries: `first` is what was tracked first, `last` belongs to the highest step, `min`/`max` cover
everything tracked.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matyan_client.store.chunks import CHUNK_POINTS, Columns, decode_chunk, encode_chunk

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

__all__ = ["add_points", "read_columns"]


@dataclass(slots=True)
class _Summary:
    count: int
    first: Any
    first_step: int | None
    last: Any
    last_step: int | None
    min: Any
    max: Any


def add_points(
    connection: sqlite3.Connection,
    sequence_id: int,
    dtype: str,
    columns: Columns,
    automatic: Sequence[bool],
) -> None:
    """Add points in the order they were tracked.

    Steps that were counted, not chosen (`automatic`), give way to points that are there already:
    they were counted by a process that did not know of them.
    """
    row = connection.execute(
        "SELECT count, first, first_step, last, last_step, min, max FROM sequences WHERE id = ?",
        (sequence_id,),
    ).fetchone()
    summary = _Summary(*row)
    if not summary.count and dtype == "float":
        dtype = ""  # what scalars are declared with; the values tell
    if summary.last_step is not None and automatic[0] and columns.steps[0] <= summary.last_step:
        columns = _renumbered(columns, automatic, summary.last_step + 1)
    _summarise(summary, columns)
    fresh = _in_order(columns)
    last_step = row[4]
    if last_step is None or fresh.steps[0] > last_step:
        _append(connection, sequence_id, fresh)
        summary.count += len(fresh)
    else:
        summary.count += _merge(connection, sequence_id, fresh)
    connection.execute(
        "UPDATE sequences SET dtype = ?, count = ?, first = ?, first_step = ?, last = ?,"
        " last_step = ?, min = ?, max = ? WHERE id = ?",
        (
            _widened(dtype, columns.values),
            summary.count,
            _storable(summary.first),
            summary.first_step,
            _storable(summary.last),
            summary.last_step,
            _storable(summary.min),
            _storable(summary.max),
            sequence_id,
        ),
    )


def _storable(value: Any) -> Any:
    # SQLite turns NaN into NULL silently; readers take NULL of a non-empty sequence for NaN.
    return None if value is not None and math.isnan(value) else value


def _widened(dtype: str, values: Sequence[float | int]) -> str:
    """int and float in one sequence make it `number`."""
    for seen in {"int" if value.__class__ is int else "float" for value in values}:
        if dtype in ("", seen):
            dtype = seen
        elif dtype in ("int", "float"):
            dtype = "number"
    return dtype


def _renumbered(columns: Columns, automatic: Sequence[bool], first: int) -> Columns:
    shift = first - columns.steps[0]
    steps = [s + shift if auto else s for s, auto in zip(columns.steps, automatic, strict=True)]
    return Columns(steps, columns.values, columns.epochs, columns.times)


def _summarise(summary: _Summary, columns: Columns) -> None:
    if summary.first_step is None:
        summary.first_step, summary.first = columns.steps[0], columns.values[0]
    top = max(columns.steps)
    if summary.last_step is None or top >= summary.last_step:
        at = len(columns) - 1
        while columns.steps[at] != top:
            at -= 1
        summary.last_step, summary.last = top, columns.values[at]
    known = [value for value in columns.values if value == value]
    if known:
        low, high = min(known), max(known)
        summary.min = low if summary.min is None else min(low, summary.min)
        summary.max = high if summary.max is None else max(high, summary.max)


def _in_order(columns: Columns) -> Columns:
    """Ascending steps; of equal steps the one tracked last."""
    steps = columns.steps
    if all(a < b for a, b in itertools.pairwise(steps)):
        return columns
    places = {step: at for at, step in enumerate(steps)}
    order = [places[step] for step in sorted(places)]
    return Columns(*([column[at] for at in order] for column in _all(columns)))


def _all(columns: Columns) -> tuple[Sequence[Any], ...]:
    return columns.steps, columns.values, columns.epochs, columns.times


def _insert(connection: sqlite3.Connection, sequence_id: int, columns: Columns) -> None:
    for at in range(0, len(columns), CHUNK_POINTS):
        part = Columns(*(column[at : at + CHUNK_POINTS] for column in _all(columns)))
        connection.execute(
            "INSERT INTO chunks (sequence_id, first_step, last_step, count, data)"
            " VALUES (?, ?, ?, ?, ?)",
            (sequence_id, part.steps[0], part.steps[-1], len(part), encode_chunk(part)),
        )


def _append(connection: sqlite3.Connection, sequence_id: int, fresh: Columns) -> None:
    tail = connection.execute(
        "SELECT rowid, count, data FROM chunks WHERE sequence_id = ?"
        " ORDER BY first_step DESC LIMIT 1",
        (sequence_id,),
    ).fetchone()
    if tail is not None and tail[1] < CHUNK_POINTS:
        fresh = _joined([decode_chunk(tail[2]), fresh])
        connection.execute("DELETE FROM chunks WHERE rowid = ?", (tail[0],))
    _insert(connection, sequence_id, fresh)


def _joined(parts: Sequence[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    columns: list[list[Any]] = [[], [], [], []]
    for part in parts:
        for whole, piece in zip(columns, _all(part), strict=True):
            whole.extend(piece)
    return Columns(*columns)


def _merge(connection: sqlite3.Connection, sequence_id: int, fresh: Columns) -> int:
    """Mix points into the chunks they overlap; returns how many steps are new."""
    rows = connection.execute(
        "SELECT rowid, data FROM chunks WHERE sequence_id = ?"
        " AND last_step >= ? AND first_step <= ? ORDER BY first_step",
        (sequence_id, fresh.steps[0], fresh.steps[-1]),
    ).fetchall()
    if not rows:
        _insert(connection, sequence_id, fresh)
        return len(fresh)
    old = _joined([decode_chunk(data) for _, data in rows])
    merged = {step: point for step, *point in zip(*_all(old), strict=True)}
    before = len(merged)
    merged.update({step: point for step, *point in zip(*_all(fresh), strict=True)})
    connection.executemany("DELETE FROM chunks WHERE rowid = ?", [(row[0],) for row in rows])
    steps = sorted(merged)
    values, epochs, times = zip(*(merged[step] for step in steps), strict=True)
    _insert(connection, sequence_id, Columns(steps, values, epochs, times))
    return len(merged) - before


def read_columns(
    connection: sqlite3.Connection,
    sequence_id: int,
    start: int | None = None,
    stop: int | None = None,
) -> Iterator[Columns]:
    """Points with start <= step < stop, chunk by chunk, in ascending step order."""
    low = -(1 << 63) if start is None else start
    high = (1 << 63) - 1 if stop is None else stop - 1
    rows = connection.execute(
        "SELECT first_step, last_step, data FROM chunks WHERE sequence_id = ?"
        " AND last_step >= ? AND first_step <= ? ORDER BY first_step",
        (sequence_id, low, high),
    )
    for first, last, data in rows:
        columns = decode_chunk(data)
        if first < low or last > high:
            a = bisect_left(columns.steps, low)
            b = bisect_left(columns.steps, high + 1)
            if a == b:
                continue
            columns = Columns(*(column[a:b] for column in _all(columns)))
        yield columns
