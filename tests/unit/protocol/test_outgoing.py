"""Points as texts: what a server makes of them is what was tracked."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from matyan_client.protocol.batches import PointColumns
from matyan_client.protocol.messages import parse_message
from matyan_client.protocol.outgoing import message_texts, point_texts
from matyan_client.protocol.wire import from_wire

POINTS = st.lists(
    st.tuples(
        st.integers(-(1 << 62), 1 << 62),
        st.floats() | st.integers(-(1 << 63), (1 << 63) - 1),
        st.floats(),
        st.floats(0, 4e9),
        st.booleans(),
    ),
    max_size=20,
)


@settings(deadline=None)
@given(POINTS, st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.integers()))
def test_points_come_back(
    points: list[tuple[int, float, float, float, bool]], name: str, context: dict[str, int]
) -> None:
    columns = PointColumns(name, context, "float")
    for step, value, epoch, time, automatic in points:
        columns.steps.append(step)
        columns.values.append(value)
        columns.epochs.append(epoch)
        columns.times.append(time)
        columns.automatic.append(automatic)
    found = list(point_texts(columns, shift=1000))
    assert len(found) == len(points)
    for (step, text), (given_step, value, epoch, _, automatic) in zip(found, points, strict=True):
        assert text.isascii()
        raw = json.loads(text)
        parse_message(raw)  # a real server takes it
        message = from_wire(raw)
        assert step == message["step"] == given_step + (1000 if automatic else 0)
        assert (message["name"], message["context"]) == (name, context)
        assert same(message["value"], value)
        assert message["epoch"] is None if math.isnan(epoch) else message["epoch"] == epoch


def same(a: float, b: float) -> bool:
    return (a == b and type(a) is type(b)) or (a != a and b != b)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_real_server_never_gets_what_json_lacks(value: float) -> None:
    columns = PointColumns("m", {}, "float", [0], [value], [float("nan")], [1.5], [False])
    ((_, text),) = point_texts(columns)
    assert json.loads(text, parse_constant=lambda name: AssertionError(name))["value"] == value


def test_what_stays_in_the_journal_is_not_sent() -> None:
    assert (
        message_texts(
            {
                "type": "upload_pending",
                "source": "/a",
                "artifact_path": "a",
                "size_bytes": 1,
                "mtime_ns": 1,
            }
        )
        == []
    )
