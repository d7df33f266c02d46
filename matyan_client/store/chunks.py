"""Packed column chunks: how points of a metric lie in the database.

A chunk holds points in ascending step order as columns. Steps and epochs that are regular (the
usual case) shrink to a start and a stride, or to nothing; values and times are raw doubles. Ints
are kept exactly: a chunk of ints is stored as 64-bit ints, a mixed one with a flag per point.

    count u32 | step form u8 | value form u8 | epoch form u8 | steps | values | epochs | times
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matyan_client.exceptions import StoreCorruptError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHUNK_POINTS", "Columns", "decode_chunk", "encode_chunk"]

CHUNK_POINTS = 2048

_HEAD = struct.Struct("<IBBB")
_STRIDE = struct.Struct("<qq")
_DOUBLE = struct.Struct("<d")

STEPS_REGULAR, STEPS_RAW = 0, 1
VALUES_FLOAT, VALUES_INT, VALUES_MIXED = 0, 1, 2
EPOCHS_NONE, EPOCHS_SAME, EPOCHS_RAW = 0, 1, 2


@dataclass(slots=True)
class Columns:
    """Points as parallel columns: steps int, values float or int, epochs float (NaN: none)."""

    steps: Sequence[int]
    values: Sequence[float | int]
    epochs: Sequence[float]
    times: Sequence[float]

    def __len__(self) -> int:
        return len(self.steps)


def _pack(code: str, column: Sequence[float | int]) -> bytes:
    packed = array(code, column)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(code: str, data: memoryview) -> array[float] | array[int]:
    column: array[float] | array[int] = array(code)
    column.frombytes(data)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def encode_chunk(columns: Columns) -> bytes:
    """Pack points, which must be in strictly ascending step order."""
    steps, values, epochs = columns.steps, columns.values, columns.epochs
    count = len(steps)
    parts: list[bytes] = []

    stride = steps[1] - steps[0] if count > 1 else 1
    if (
        stride < 1 << 62
        and steps[-1] - steps[0] == stride * (count - 1)
        and (count < 3 or list(steps) == list(range(steps[0], steps[-1] + 1, stride)))
    ):
        step_form = STEPS_REGULAR
        parts.append(_STRIDE.pack(steps[0], stride))
    else:
        step_form = STEPS_RAW
        parts.append(_pack("q", steps))

    ints = sum(value.__class__ is int for value in values)
    if not ints:
        value_form = VALUES_FLOAT
        parts.append(_pack("d", values))
    elif ints == count:
        value_form = VALUES_INT
        parts.append(_pack("q", values))
    else:
        value_form = VALUES_MIXED
        flags = bytearray(count)
        packed = bytearray()
        for i, value in enumerate(values):
            if value.__class__ is int:
                flags[i] = 1
                packed += struct.pack("<q", value)
            else:
                packed += _DOUBLE.pack(value)
        parts += [bytes(flags), bytes(packed)]

    if all(map(math.isnan, epochs)):
        epoch_form = EPOCHS_NONE
    elif all(epoch == epochs[0] for epoch in epochs):
        epoch_form = EPOCHS_SAME
        parts.append(_DOUBLE.pack(epochs[0]))
    else:
        epoch_form = EPOCHS_RAW
        parts.append(_pack("d", epochs))

    parts.append(_pack("d", columns.times))
    return _HEAD.pack(count, step_form, value_form, epoch_form) + b"".join(parts)


def decode_chunk(data: bytes) -> Columns:
    """Unpack a chunk.

    Raises:
        StoreCorruptError: the bytes are not a chunk.
    """
    try:
        return _decode(memoryview(data))
    except (struct.error, ValueError, IndexError) as exc:
        raise StoreCorruptError(
            f"A chunk of {len(data)} bytes cannot be decoded ({exc}); the store is damaged."
        ) from exc


def _decode(data: memoryview) -> Columns:
    count, step_form, value_form, epoch_form = _HEAD.unpack_from(data)
    at = _HEAD.size
    width = 8 * count

    steps: Sequence[int]
    if step_form == STEPS_REGULAR:
        start, stride = _STRIDE.unpack_from(data, at)
        steps = range(start, start + stride * count, stride)
        at += _STRIDE.size
    else:
        steps = _unpack("q", data[at : at + width])  # type: ignore[assignment]
        at += width

    values: Sequence[float | int]
    if value_form == VALUES_MIXED:
        flags = data[at : at + count]
        at += count
        floats, ints = (
            _unpack("d", data[at : at + width]),
            _unpack("q", data[at : at + width]),
        )
        values = [ints[i] if flag else floats[i] for i, flag in enumerate(flags)]
    else:
        values = _unpack("q" if value_form == VALUES_INT else "d", data[at : at + width])
    at += width

    epochs: Sequence[float]
    if epoch_form == EPOCHS_NONE:
        epochs = array("d", [math.nan]) * count
    elif epoch_form == EPOCHS_SAME:
        epochs = array("d", _DOUBLE.unpack_from(data, at)) * count
        at += _DOUBLE.size
    else:
        epochs = _unpack("d", data[at : at + width])
        at += width

    times = _unpack("d", data[at : at + width])
    if not len(times) == len(values) == len(steps) == count:
        raise ValueError("columns of different length")
    return Columns(steps, values, epochs, times)
