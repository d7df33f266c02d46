"""Parameter keys, values and the order they come back in."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
from pathlib import PurePosixPath
from typing import Any

import pytest

from aim_compat.params import (
    clean_value,
    example_types,
    flatten,
    key_order,
    look_up,
    ordered,
    path_of,
    writable_path,
)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Point:
    def __repr__(self) -> str:
        return "Point()"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (..., ()),
        ((), ()),
        ("a", ("a",)),
        (("a", 1), ("a", 1)),
        (["a", "b"], ("a", "b")),
        (True, (1,)),
        ("a.b", ("a.b",)),
    ],
)
def test_keys_are_paths(key: Any, path: tuple[Any, ...]):
    assert path_of(key) == path


@pytest.mark.parametrize("key", [1.5, None, b"x", ("a", None)])
def test_other_keys_are_value_errors(key: Any):
    with pytest.raises(ValueError, match="supported"):
        path_of(key)


@pytest.mark.parametrize("key", ["", ("a", "")])
def test_an_empty_key_names_nothing_that_could_be_written(key: Any):
    assert path_of(key)
    with pytest.raises(ValueError, match="empty"):
        writable_path(key)


def test_keys_have_64_bits():
    assert path_of(2**63 - 1) == (2**63 - 1,)
    with pytest.raises(OverflowError, match="64 bits"):
        path_of(2**63)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ((1, [2, (3,)]), [1, [2, [3]]]),
        ({"a": {1: None}}, {"a": {1: None}}),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        (PurePosixPath("/x"), "/x"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.datetime(2024, 1, 2, 3), "2024-01-02T03:00:00"),  # noqa: DTZ001 - as users write it
        ({3, 1}, [1, 3]),
        (2**70, 2**70),
        (b"ab", b"ab"),
    ],
)
def test_strict_takes_what_can_be_stored(value: Any, stored: Any):
    assert clean_value(value, strict=True) == stored


@pytest.mark.parametrize("value", [object(), decimal.Decimal(1), 1j, len, bytearray(b"a"), int])
def test_strict_refuses_the_rest_with_a_type_error(value: Any):
    with pytest.raises(TypeError, match="Unhandled non-native value"):
        clean_value({"a": [value]}, strict=True)


def test_numpy_scalars_are_taken_and_arrays_are_not():
    numpy = pytest.importorskip("numpy")
    cleaned = clean_value([numpy.int64(3), numpy.float32(0.5), numpy.bool_(True)], strict=True)
    assert cleaned == [3, 0.5, True]
    assert [type(item) for item in cleaned] == [int, float, bool]
    with pytest.raises(TypeError):
        clean_value(numpy.arange(3), strict=True)


def test_without_strict_the_rest_becomes_its_repr():
    value = {"p": Point(), "e": [Colour.RED, PurePosixPath("/x")], "n": 1}
    assert clean_value(value, strict=False) == {
        "p": "Point()",
        "e": [repr(Colour.RED), repr(PurePosixPath("/x"))],
        "n": 1,
    }


def test_a_dict_that_contains_itself_is_refused():
    value: dict[str, Any] = {}
    value["self"] = value
    with pytest.raises(ValueError, match="contains itself"):
        clean_value(value, strict=True)


def test_keys_come_back_in_aims_order():
    # Observed with Aim 3.29.1.
    wanted = ["Z", "ab", "a", "b", "~", "é", 0, 1, 300, -1]
    assert sorted([-1, "é", "b", 300, "a", 1, "ab", "Z", 0, "~"], key=key_order) == wanted
    assert list(ordered({"b": 1, "a": {"z": 1, "y": 2}}, lambda stored: stored)) == ["a", "b"]


def test_look_up_goes_through_dicts_and_lists():
    tree = {"a": [{"b": 1}]}
    assert look_up(tree, ("a", 0, "b")) == 1
    for path in (("x",), ("a", 1), ("a", -1), ("a", 0, "b", "c")):
        with pytest.raises(KeyError) as failure:
            look_up(tree, path)
        assert str(failure.value) == str(KeyError(f"No key {path!r} is present."))


def test_flatten_makes_columns_three_levels_deep():
    tree = {"hp": {"lr": 0.1, "l": [1, 2], "deep": {"a": {"b": 1}}}, "i": {1: 2}, "e": {}}
    assert dict(flatten(tree, "run")) == {
        "run.hp.lr": 0.1,
        "run.hp.l": "[1, 2]",
        "run.hp.deep.a": '{"b": 1}',
        "run.i[1]": 2,
        "run.e": "{}",
    }


def test_example_types_show_the_leaves():
    assert example_types({"l": [1, {"a": "x"}], "n": None}) == {
        "l": {
            "__example_type__": "<class 'list'>",
            0: {"__example_type__": "<class 'int'>"},
            1: {"a": {"__example_type__": "<class 'str'>"}},
        },
        "n": {"__example_type__": "<class 'NoneType'>"},
    }
