"""Chunks give back exactly the columns they were made of."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matyan_client.exceptions import StoreCorruptError
from matyan_client.store.chunks import Columns, decode_chunk, encode_chunk

INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def columns(draw: st.DrawFn) -> Columns:
    if draw(st.booleans()):
        start, stride, count = draw(st.integers(-99, 99)), draw(st.integers(1, 9)), 1
        count = draw(st.integers(1, 20))
        steps = [start + stride * i for i in range(count)]
    else:
        steps = sorted(draw(st.sets(INT64, min_size=1, max_size=20)))
    n = len(steps)

    def column(values: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(values, min_size=n, max_size=n))

    values = column(st.one_of(st.floats(), INT64) if draw(st.booleans()) else st.floats())
    epochs = draw(st.sampled_from([[math.nan] * n, [3.0] * n, [float(i) for i in range(n)]]))
    return Columns(steps, values, epochs, column(st.floats(0, 2e9)))


def same(a: float, b: float) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b))


@given(columns())
def test_round_trip(given_columns: Columns) -> None:
    back = decode_chunk(encode_chunk(given_columns))
    assert list(back.steps) == list(given_columns.steps)
    assert all(map(same, back.values, given_columns.values))
    assert all(map(same, back.epochs, given_columns.epochs))
    assert list(back.times) == list(given_columns.times)


@given(columns(), st.integers(0, 400))
def test_a_cut_chunk_is_an_error(given_columns: Columns, cut: int) -> None:
    data = encode_chunk(given_columns)
    if cut < len(data):
        with pytest.raises(StoreCorruptError):
            decode_chunk(data[:cut])


def test_regular_points_cost_two_doubles() -> None:
    n = 1000
    regular = Columns(range(n), array("d", [0.5]) * n, array("d", [math.nan]) * n, [1.0] * n)
    assert len(encode_chunk(regular)) < 16 * n + 64
