"""Messages as texts ready for a frame. Points, which are most of everything, are written column
by column without a dict for each."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.messages import log_metric
from matyan_client.protocol.wire import to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matyan_client.protocol.batches import PointColumns
    from matyan_client.protocol.messages import Message

__all__ = ["encode_wire", "message_texts", "point_texts"]

_EXACT_EPOCH = 1 << 53

encode_wire = json.JSONEncoder(separators=(",", ":")).encode
"""A wire message as text, ASCII."""


def message_texts(message: Message) -> list[str]:
    """The texts to send for a message of a journal; not for parameters, see `wire.to_wire`."""
    return [encode_wire(wire) for wire in to_wire(message)]


def point_texts(columns: PointColumns, *, shift: int = 0) -> Iterator[tuple[int, str]]:
    """The steps and texts of points, in order.

    Args:
        columns: points of one sequence.
        shift: added to steps that were counted.
    """
    name, context, dtype = map(encode_wire, (columns.name, columns.context, columns.dtype))
    head = f'{{"type":"log_metric","name":{name},"context":{context},"dtype":{dtype},"value":'
    for value, step, epoch, time, automatic in zip(
        columns.values,
        columns.steps,
        columns.epochs,
        columns.times,
        columns.automatic,
        strict=True,
    ):
        if automatic:
            step += shift
        if value - value != 0:  # NaN and the infinities
            yield step, _odd(columns, value, step, epoch, time)
        elif epoch != epoch:
            yield step, f'{head}{value!r},"step":{step},"epoch":null,"client_datetime":{time!r}}}'
        elif math.isfinite(epoch) and epoch == int(epoch) and abs(epoch) < _EXACT_EPOCH:
            tail = f'"epoch":{int(epoch)},"client_datetime":{time!r}}}'
            yield step, f'{head}{value!r},"step":{step},{tail}'
        else:
            yield step, _odd(columns, value, step, epoch, time)


def _odd(columns: PointColumns, value: float, step: int, epoch: float, time: float) -> str:
    point: Any = log_metric(
        columns.name,
        value,
        step=step,
        epoch=None if epoch != epoch else epoch,
        context=columns.context,
        dtype=columns.dtype,
        time=time,
    )
    (text,) = message_texts(point)
    return text
