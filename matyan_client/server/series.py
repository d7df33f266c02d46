"""Points of metrics (protocol sections 8.2 and 8.4): as JSON for people, or every bit of them."""

from __future__ import annotations

import json
import sys
from array import array
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.streams import encode_series_array, encode_tree
from matyan_client.server.answers import Stream, as_json, tree_bytes
from matyan_client.server.asking import (
    SequenceName,
    steps,
    wants_exact,
    whole_number,
    with_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.protocol.records import SequenceRecord, Series
    from matyan_client.server.context import Context

__all__ = ["find_sequence", "routes"]


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    batch, align = with_body(list[SequenceName], _get_batch), with_body(_Alignment, _align)
    return [
        Route("/runs/search/metric/align/", partial(align, context), methods=["POST"]),
        Route("/runs/{run_hash}/metric/get-batch/", partial(batch, context), methods=["POST"]),
    ]


def find_sequence(
    sequences: Sequence[SequenceRecord], wanted: SequenceName
) -> SequenceRecord | None:
    """The sequence of this name and context; failing that, one whose context is equal.

    A browser does not tell 1.0 from 1, so neither may be asked for precisely (7.4).
    """
    named = [sequence for sequence in sequences if sequence.name == wanted.name]
    text = canonical(wanted.context)
    for sequence in named:
        if canonical(sequence.context) == text:
            return sequence
    return next((each for each in named if each.context == wanted.context), None)


# -- get-batch -----------------------------------------------------------------------------------


def _get_batch(context: Context, request: Request, body: list[SequenceName]) -> Response:
    store = context.backend.store
    run_hash = request.path_params["run_hash"]
    start, stop = steps(request, "record_range")
    exact = wants_exact(request)
    density = whole_number(request, "record_density", 0 if exact else 50)
    run = store.get_run(run_hash, params=False, sequences=True, artifacts=False)
    if run is None:
        raise HTTPException(404)

    def read(wanted: SequenceName | SequenceRecord) -> Series | None:
        return store.read_series(
            run_hash,
            wanted.name,
            wanted.context,
            start=start,
            stop=stop,
            density=density if density > 0 else None,
        )

    if exact:

        def pieces() -> Iterator[bytes]:
            for place, wanted in enumerate(body):
                series = read(wanted)
                yield from encode_tree({place: None if series is None else _columns(series)})

        return Stream(pieces())

    def shown() -> Iterator[bytes]:
        between = b"["
        for wanted in body:
            known = find_sequence(run.sequences or (), wanted)
            series = None if known is None else read(known)
            if series is not None:
                yield between + as_json(_points(wanted, series))
                between = b","
        yield b"[]" if between == b"[" else b"]"

    return Stream(shown(), "application/json")


def _points(wanted: SequenceName, series: Series) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "context": wanted.context,
        "iters": [int(step) for step in series.steps],
        "values": [float(value) for value in series.values],
    }


def _columns(series: Series) -> dict[str, Any]:
    """A metric as columns of little-endian numbers, with all that tells ints from floats."""
    values = [float(value) for value in series.values]
    flags = series.integers
    big: dict[int, int] = {}
    if flags is not None:
        for place, value in enumerate(series.values):
            if flags[place] and abs(values[place]) >= 1 << 53 and int(value) != values[place]:
                big[place] = int(value)
    columns: dict[str, Any] = {
        "steps": _packed("q", [int(step) for step in series.steps]),
        "values": _packed("d", values),
        "epochs": _packed("d", series.epochs),
        "times": _packed("d", series.times),
        "integers": None if flags is None else bytes(map(bool, flags)),
    }
    if big:
        columns["big"] = json.dumps(big)
    return columns


def _packed(code: str, column: Sequence[float]) -> bytes:
    packed = array(code, column)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


# -- align ---------------------------------------------------------------------------------------


class _Trace(SequenceName):
    slice: list[int] | None = None


class _Run(BaseModel):
    run_id: str
    traces: list[_Trace]


class _Alignment(BaseModel):
    align_by: str
    runs: list[_Run]


def _align(context: Context, request: Request, body: _Alignment) -> Response:
    store = context.backend.store

    def pieces() -> Iterator[bytes]:
        for asked in body.runs:
            run = store.get_run(asked.run_id, params=False, sequences=True, artifacts=False)
            if run is None:
                continue
            aligned = []
            for trace in asked.traces:
                axis = find_sequence(
                    run.sequences or (), SequenceName(name=body.align_by, context=trace.context)
                )
                if axis is None:
                    continue
                last = trace.slice[1] if trace.slice and len(trace.slice) > 1 else 0
                series = store.read_series(
                    run.hash,
                    axis.name,
                    axis.context,
                    start=None,
                    stop=min(last, (1 << 63) - 2) + 1 if last > 0 else None,
                    density=None,
                )
                if series is not None:
                    aligned.append(
                        {
                            "name": trace.name,
                            "context": trace.context,
                            "x_axis_values": encode_series_array(series.values),
                            "x_axis_iters": encode_series_array(series.steps),
                        }
                    )
            yield from tree_bytes({run.hash: aligned})

    return Stream(pieces())
