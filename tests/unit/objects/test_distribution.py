from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Distribution
from matyan_client.objects.distribution import _bin_numpy, _bin_plain

numbers = st.floats(-1e6, 1e6) | st.integers(-(2**40), 2**40)


@given(st.lists(numbers, max_size=60), st.integers(1, 80))
def test_binning_without_numpy_equals_numpy(samples: list[float | int], bins: int) -> None:
    plain = _bin_plain(samples, bins)
    assert plain == _bin_numpy(samples, bins)
    try:
        counts, edges = np.histogram(np.array(samples, dtype=float), bins=bins)
    except ValueError:  # numpy refuses samples it cannot tell apart
        assert sum(plain[0]) == len(samples)
    else:
        assert plain == (counts.tolist(), (edges[0], edges[-1]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "int64"])
def test_arrays_are_binned_as_numpy_does(dtype: str) -> None:
    samples = (np.random.default_rng(0).normal(size=(50, 40)) * 20 + 100).astype(dtype)
    counts, edges = np.histogram(samples, bins=64)
    distribution = Distribution(samples)
    assert distribution.weights == counts.tolist()
    assert distribution.range == (float(edges[0]), float(edges[-1]))
    back, back_edges = distribution.to_numpy_histogram()
    assert back.tolist() == counts.tolist()
    assert back_edges == pytest.approx(edges)


def test_properties_json_and_repr() -> None:
    distribution = Distribution([1, 2, 3, 4], bin_count=2)
    assert (distribution.bin_count, distribution.range) == (2, (1.0, 4.0))
    assert distribution.weights == [2, 2]
    assert distribution.json() == {
        "type": "distribution", "bin_count": 2, "range": [1.0, 4.0], "data": [2, 2],
    }  # fmt: skip
    assert repr(distribution) == "Distribution(bin_count=2, range=(1.0, 4.0))"


@pytest.mark.parametrize(
    ("asked", "made"), [(1, 1), (512, 512), (513, 512), (10**6, 512), (np.int64(7), 7)]
)
def test_bins_are_capped(asked: int, made: int) -> None:
    assert Distribution([1.0, 2.0], asked).bin_count == made
    assert Distribution.from_samples([1.0, 2.0], bin_count=asked).bin_count == made


def test_default_bin_count_is_64() -> None:
    assert Distribution.from_samples([1.0]).bin_count == 64


def test_histograms_are_kept_as_given() -> None:
    distribution = Distribution.from_histogram([1, 2.5, np.int64(3)], (0, 3))
    assert distribution.json()["data"] == [1, 2.5, 3]
    assert [type(weight) for weight in distribution.weights] == [int, float, int]
    assert distribution.range == (0.0, 3.0)
    assert Distribution(hist=np.ones(600), bin_range=np.array([0.0, 1.0])).bin_count == 600
    assert Distribution(hist=[], bin_range=(0, 1)).bin_count == 0


@pytest.mark.parametrize(
    ("samples", "range_"),
    [([], (0.0, 1.0)), ([5, 5], (4.5, 5.5)), (np.zeros((0, 3)), (0.0, 1.0))],
)
def test_samples_without_a_range(samples: Any, range_: tuple[float, float]) -> None:
    assert Distribution(samples).range == range_
    assert sum(Distribution(samples).weights) == len(samples)


@pytest.mark.parametrize(
    "samples",
    [
        [0.1, math.nextafter(0.1, 1)],
        [1e20, 1e20],
        np.array([1.0, np.nextafter(np.float32(1), np.float32(2))], "float32"),
        np.array([1.0, 2.0], "float16"),
        [True, False],
        np.array([True, False]),
        [[1, 2], [3.0]],
        [np.float32(1), np.int8(2)],
        (1, 2),
        {1, 2},
    ],
    ids=lambda value: type(value).__name__,
)
def test_awkward_samples_are_all_counted(samples: Any) -> None:
    expected = 3 if isinstance(samples, list) and isinstance(samples[0], list) else 2
    distribution = Distribution(samples)
    assert sum(distribution.weights) == expected
    assert distribution.range[0] < distribution.range[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "needs samples"),
        ({"samples": [1], "hist": [1]}, "not both"),
        ({"hist": [1]}, "bin_range"),
        ({"hist": [1], "bin_range": (1, 0)}, "low <= high"),
        ({"hist": [1], "bin_range": (0, 1, 2)}, "low, high"),
        ({"hist": [1], "bin_range": (0, math.inf)}, "infinite"),
        ({"hist": [math.nan], "bin_range": (0, 1)}, "1 NaN"),
        ({"samples": [1.0, math.nan, math.inf, -math.inf]}, "1 NaN and 2 infinite of 4"),
        ({"samples": np.array([1.0, math.nan], "float32")}, "1 NaN and 0 infinite of 2"),
        ({"samples": [1], "bin_count": 0}, "bin_count"),
        ({"samples": [1], "bin_count": -1}, "bin_count"),
        ({"samples": [-1e308, 1e308]}, "span"),
    ],
)
def test_bad_input_is_a_value_error(arguments: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        Distribution(**arguments)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "arguments",
    [
        {"samples": ["a"]},
        {"samples": "abc"},
        {"samples": np.array(["a"])},
        {"samples": [1j]},
        {"samples": [None]},
        {"samples": [1], "bin_count": 2.5},
        {"samples": [1], "bin_count": "auto"},
        {"hist": 5j, "bin_range": (0, 1)},
        {"hist": [1], "bin_range": "ab"},
    ],
)
def test_wrong_types_are_type_errors(arguments: Any) -> None:
    with pytest.raises(InvalidTypeError):
        Distribution(**arguments)


def test_reading_back_every_stored_form_of_weights() -> None:
    value: dict[str, Any] = {"type": "distribution", "bin_count": 2, "range": [0, 1]}
    raw = struct.pack("<2d", 1.0, 2.5)
    packed = {"type": "numpy", "shape": 2, "dtype": "float64", "blob": raw}
    for data in ([1.0, 2.5], raw, packed):
        back = Distribution.decode({**value, "data": data}, lambda: b"")
        assert (back.weights, back.range) == ([1.0, 2.5], (0.0, 1.0))
