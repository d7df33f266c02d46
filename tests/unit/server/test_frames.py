"""The short way a point takes past the validator, and the long one, agree."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from matyan_client.protocol.batches import Batch
from matyan_client.server.frames import Collector, _Run
from tests.unit.server.live_server import point

TEXTS = st.one_of(st.text(max_size=5), st.sampled_from(["loss", "", "\ud800", "é", "float", "int"]))
ODD = st.one_of(
    st.none(), st.booleans(), st.sampled_from(["1", "x", "2.5", "NaN"]), st.just([]), st.just({})
)
NUMBERS = st.one_of(
    st.integers(-10, 10),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(),
    st.sampled_from([1 << 63, (1 << 63) - 1, -(1 << 63), 10**400, 1 << 53, 2.0, -0.0]),
    ODD,
)
TIMES = st.one_of(
    st.sampled_from(
        [
            "2026-03-01T10:00:00.123456+00:00",
            "2026-03-01T10:00:00.123456Z",
            "2026-03-01T10:00:00.123456+01:00",
            "2026-03-01T10:00:00.12345+00:00",
            "2026-13-01T10:00:00.123456+00:00",
            "2026-02-30T10:00:00.123456+00:00",
            "2026-03-01T24:00:00.123456+00:00",
            "2026-03-01T10:00:60.123456+00:00",
            "2026-03-01 10:00:00.123456+00:00",
            "0000-03-01T10:00:00.123456+00:00",
            "9999-12-31T23:59:59.999999+00:00",
            "1969-12-31T23:59:59.999999+00:00",
            "2026-03-01T10:00:00.\uff1123456+00:00",
            "2026-03-01T10:00:00.123456+00:00\n",
            "2026-03-01",
            1772359200,
            1772359200.25,
            None,
        ]
    ),
    st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "+00:00"),
)
CONTEXTS = st.one_of(
    st.none(),
    st.dictionaries(TEXTS, st.one_of(TEXTS, NUMBERS, st.just([{"a": 1}])), max_size=3),
    ODD,
)
POINTS = st.fixed_dictionaries(
    {"type": st.just("log_metric")},
    optional={
        "name": st.one_of(TEXTS, NUMBERS),
        "value": NUMBERS,
        "step": NUMBERS,
        "epoch": NUMBERS,
        "context": CONTEXTS,
        "dtype": st.one_of(
            TEXTS, st.none(), st.sampled_from(["image", "logs", "custom:x"]), NUMBERS
        ),
        "client_datetime": TIMES,
        "run_id": st.just("x"),
    },
).map(lambda fields: {**point(0), **fields})


def taken(frame: list[Any], *, quick: bool) -> tuple[Any, ...]:
    """What a frame becomes, with the short way or without it."""
    collector = Collector()
    if not quick:
        run = collector._runs["r"] = _Run("r", collector.batches)
        run.quick_point = lambda raw: False  # type: ignore[method-assign]  # the long way only
    verdict = collector.add("r", json.dumps(frame))
    return (
        comparable(collector.batches),
        verdict.error,
        verdict.closes,
        verdict.storable,
        collector.messages,
    )


def comparable(batches: list[Batch]) -> list[Any]:
    """Batches with types shown, where NaN equals itself."""
    return [
        (
            repr(batch.messages),
            [
                (
                    columns.name,
                    columns.context,
                    columns.dtype,
                    columns.steps,
                    [repr(value) for value in columns.values],
                    ["" if math.isnan(epoch) else repr(epoch) for epoch in columns.epochs],
                    columns.times,
                    columns.automatic,
                )
                for columns in batch.points.values()
            ],
        )
        for batch in batches
    ]


@settings(max_examples=600, deadline=None)
@given(st.lists(POINTS, max_size=4))
def test_both_ways_agree(frame: list[Any]) -> None:
    assert taken(frame, quick=True) == taken(frame, quick=False)


def test_a_usual_point_takes_the_short_way() -> None:
    run = _Run("r", [])
    assert run.quick_point(point(3, 0.25, context={"subset": "train"}, epoch=1))
    assert run.quick_point(point(4, 7))
    assert not run.quick_point(point(None))
    assert not run.quick_point(point(5, "0.5"))


def test_points_of_a_series_become_one_column_and_one_batch() -> None:
    collector = Collector()
    for frame in range(3):
        messages = [point(frame * 10 + i, context={"b": 1, "a": 2}) for i in range(5)]
        line = {"type": "log_terminal_line", "line": "x", "step": frame}
        other = [point(frame * 10 + i, context={"a": 2, "b": 1}) for i in range(5, 10)]
        collector.add("r", json.dumps([*messages, line, *other]))
    (batch,) = collector.batches
    (columns,) = batch.points.values()
    assert columns.steps == list(range(30))
    assert len(batch.messages) == 3
