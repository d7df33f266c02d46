"""Views of a sequence that has been read."""

from __future__ import annotations

from typing import Any

import pytest

from aim_compat.columns import PlainColumns
from aim_compat.views import (
    ArrayView,
    SequenceData,
    SequenceV1Data,
    SequenceV2Data,
    TreeArrayView,
)


def data(steps: list[int], *, numeric: bool) -> SequenceData:
    columns = PlainColumns(steps, [float(step) for step in steps], [1.0] * len(steps))
    names: list[tuple[str, str | None]] = [("val", None), ("epoch", "float64"), ("time", "float64")]
    return (SequenceV2Data if numeric else SequenceV1Data)(lambda: columns, names)


def steps_of(found: SequenceData) -> list[int]:
    return found.items_list()[0]


@pytest.mark.parametrize(
    ("k", "steps"),
    # Observed with Aim 3.29.1.
    [
        (1, [0, 19]),
        (3, [0, 6, 12, 18, 19]),
        (7, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19]),
        (0, list(range(20))),
        (21, list(range(20))),
    ],
)
def test_samples_of_objects_are_aims(k: int, steps: list[int]):
    assert steps_of(data(list(range(20)), numeric=False).sample(k)) == steps


def test_samples_of_metrics_are_exact_and_keep_both_ends():
    metric = data(list(range(500)), numeric=True)
    for k in (2, 5, 50, 499):
        steps = steps_of(metric.sample(k))
        assert (len(steps), steps[0], steps[-1]) == (k, 0, 499)
        assert len(set(steps)) == k
    assert steps_of(metric.sample(1)) == [499]


def test_ranges_end_before_their_stop():
    found = data([0, 1, 2, 5], numeric=False)
    assert steps_of(found.range(1, 5)) == [1, 2]
    assert steps_of(found.range(0, 6).sample(2)) == [0, 2, 5]
    assert found.range(5, 1).items_list() == ([], [[], [], []])


def test_columns_are_shown_as_asked():
    found = data([0, 2], numeric=True)
    assert found.view(["time", "val"]).items_list() == ([0, 2], [[1.0, 1.0], [0.0, 2.0]])
    assert list(found.view("val")) == [(0, (0.0,)), (2, (2.0,))]
    assert [type(column) for column in found.values()] == [tuple] * 3
    with pytest.raises(ValueError, match="at least one column"):
        found.view("zz")


def test_missing_epochs_are_nan_for_metrics_and_none_for_objects():
    assert data([0], numeric=False).values_list()[1] == [None]
    assert str(data([0], numeric=True).values_list()[1]) == "[nan]"


def view(steps: list[int], values: list[Any]) -> ArrayView:
    return TreeArrayView(lambda: (steps, values))


def test_a_view_is_by_step():
    found = view([-1, 0, 3], ["x", "a", "b"])
    assert (found[3], found[-1], len(found), bool(found)) == ("b", "x", 4, True)
    assert found.tolist() == ["a", None, None, "b"]
    assert (found.first(), found.last()) == ((-1, "x"), (3, "b"))
    assert list(found.keys()) == [-1, 0, 3]
    with pytest.raises(KeyError):
        found[1]
    with pytest.raises(NotImplementedError):
        found[0:2]


def test_an_empty_view():
    found = view([], [])
    assert (len(found), bool(found), found.tolist()) == (0, False, [])
    with pytest.raises(KeyError):
        found.last()


def test_a_list_that_would_not_fit_is_refused():
    with pytest.raises(ValueError, match="sparse_list"):
        view([10**12], [1.0]).tolist()


def test_arrays_have_aims_dtypes():
    numpy = pytest.importorskip("numpy")
    steps, (values, epochs, times) = data([0, 2], numeric=True).numpy()
    assert [array.dtype for array in (steps, values, epochs, times)] == [numpy.int64] + 3 * [
        numpy.float64
    ]
    assert view([0], [["a", "b"]]).values_numpy().dtype == object
