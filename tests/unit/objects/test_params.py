from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import json
import math
import pathlib
import types
import uuid
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError
from matyan_client.objects import Text
from matyan_client.objects.params import MAX_DEPTH, TAG, from_json, to_json

any_text = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates, too
keys = any_text | st.integers() | st.just(TAG)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.binary(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=30,
)


def through_text(value: Any, **options: Any) -> Any:
    text = json.dumps(to_json(value), ensure_ascii=False)
    text.encode()  # what is stored must be proper UTF-8
    return from_json(json.loads(text), **options)


def same(left: Any, right: Any) -> bool:
    """Equality of value and type, at every level; NaN is itself, key order counts."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return same(list(left), list(right)) and same(list(left.values()), list(right.values()))
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return repr(left) == repr(right)
    return bool(left == right)


@given(values)
def test_what_has_a_json_form_or_a_tag_comes_back_as_it_was(value: Any) -> None:
    assert same(through_text(value), value)


@pytest.mark.parametrize(
    "value",
    [
        2**70,
        -(10**5000),
        [10**5000, None, 1.5],
        {10**5000: 1},
        math.inf,
        -0.0,
        "\ud800 half",
        {"\udfff": 1},
        {TAG: "bytes", "base64": "YQ=="},
        {"a": {TAG: 1}},
        {1: "a", "1": "b"},
        b"\x00\xff",
        {"a.b": {"": []}},
        {},
        [],
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_corner_values_come_back(value: Any) -> None:
    assert same(through_text(value), value)


class Plain(enum.Enum):
    A = "x"


class Number(enum.IntEnum):
    A = 3


class Word(str, enum.Enum):
    A = "w"


class Pair(NamedTuple):
    a: int
    b: float


class Wide(float):
    pass


@dataclasses.dataclass
class Inner:
    path: pathlib.PurePosixPath = dataclasses.field(
        default_factory=lambda: pathlib.PurePosixPath("a/b")
    )


@dataclasses.dataclass(frozen=True)
class Outer:
    inner: Inner = dataclasses.field(default_factory=Inner)
    lr: float = 0.1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        (Pair(1, 2.5), [1, 2.5]),
        (range(3), [0, 1, 2]),
        (collections.deque([1, "a"]), [1, "a"]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({1, "a"}, [1, "a"]),
        (collections.OrderedDict(z=1, a=2), {"z": 1, "a": 2}),
        (collections.defaultdict(int, a=1), {"a": 1}),
        (collections.ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (argparse.Namespace(a=1, b=(2,)), {"a": 1, "b": [2]}),
        (types.SimpleNamespace(a=1), {"a": 1}),
        (Outer(), {"inner": {"path": "a/b"}, "lr": 0.1}),
        (Plain.A, "x"),
        (Number.A, 3),
        (Word.A, "w"),
        (Wide(2.5), 2.5),
        (Wide(-0.0), -0.0),
        (pathlib.PurePosixPath("/x/y"), "/x/y"),
        (dt.datetime(2024, 1, 2, 3, tzinfo=dt.timezone.utc), "2024-01-02T03:00:00+00:00"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.time(1, 2), "01:02:00"),
        (dt.timedelta(minutes=1.5), 90.0),
        (decimal.Decimal("1.5"), 1.5),
        (decimal.Decimal("-Infinity"), -math.inf),
        (fractions.Fraction(1, 4), 0.25),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        ({True: 1, 2: {False: 0}}, {1: 1, 2: {0: 0}}),
        ({Word.A: 1, Plain.A: 2, pathlib.PurePosixPath("p"): 3}, {"w": 1, "x": 2, "p": 3}),
        ({np.int64(4): 1}, {4: 1}),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("é"), "é"),
        (np.bytes_(b"a"), b"a"),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array(5), 5),
        (np.array([]), []),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([1, None, "x"], dtype=object), [1, None, "x"]),
        (np.datetime64("2024-01-02"), "2024-01-02"),
        (np.array(["2024-01-02T03", "NaT"], "M8[ns]"), ["2024-01-02T03:00:00.000000000", "NaT"]),
        (np.timedelta64(1500, "ms"), 1.5),
        ([np.float64(1), (np.int8(2), {"a": np.array([True])})], [1.0, [2, {"a": [True]}]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_types_become_the_documented_plain_value(value: Any, expected: Any) -> None:
    assert same(through_text(value), expected)


def test_floats_that_are_no_numbers_survive_in_arrays() -> None:
    assert same(through_text(np.array([math.nan, math.inf, 1.0])), [math.nan, math.inf, 1.0])


def test_pydantic_models() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Config(pydantic.BaseModel):  # type: ignore[name-defined,misc]  # imported just above
        lr: float = 0.1
        when: dt.date = dt.date(2024, 1, 2)
        child: dict[str, Plain] = {"a": Plain.A}  # noqa: RUF012  # pydantic copies defaults

    assert through_text(Config()) == {"lr": 0.1, "when": "2024-01-02", "child": {"a": "x"}}


def test_omegaconf_is_resolved_and_says_what_it_cannot_resolve() -> None:
    conf = pytest.importorskip("omegaconf").OmegaConf
    config = conf.create({"a": {"b": 1, "c": "${a.b}"}, "l": [1, "${a.b}"]})
    assert through_text({"cfg": config}) == {"cfg": {"a": {"b": 1, "c": 1}, "l": [1, 1]}}
    assert through_text(config.l) == [1, 1]
    with pytest.raises(InvalidInputError, match=r"'cfg'.*nowhere"):
        to_json({"cfg": conf.create({"c": "${nowhere}"})})


class Tensor:
    """A stand-in with the parts of a torch tensor that are used; torch is too big for a test."""

    __module__ = "torch"

    def __init__(self, data: Any) -> None:
        self._data = data

    def is_complex(self) -> bool:
        return False

    def detach(self) -> Tensor:
        return self

    def tolist(self) -> Any:
        return self._data


def test_torch_like_tensors_become_lists_and_scalars() -> None:
    assert through_text({"w": Tensor([[1.0, 2.0]]), "s": Tensor(3)}) == {"w": [[1.0, 2.0]], "s": 3}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": {"b": [1, object()]}}, r"'hparams\.a\.b\[1\]'"),
        ({"model": {"act": math.sin}}, "'hparams.model.act'"),
        ({"a": int}, "'hparams.a'"),
        ({"a": 1j}, "complex"),
        ({"a": np.array([1j])}, "complex128"),
        ({"a": iter([1])}, "list_iterator"),
        ({"a": {1.5: 1}}, "1.5"),
        ({"a": {None: 1}}, r"'hparams\.a'.*None"),
        ({"a": {(1, 2): 1}}, "tuple"),
        ({"a": Text("x")}, "Text"),
    ],
)
def test_refusals_name_the_path_and_are_type_errors(value: Any, words: str) -> None:
    with pytest.raises(InvalidTypeError, match=words) as caught:
        to_json(value, path="hparams")
    assert isinstance(caught.value, TypeError)
    assert "hparams" in str(caught.value)


def test_tensors_without_data_are_refused_by_name() -> None:
    class Meta(Tensor):
        def tolist(self) -> Any:
            raise NotImplementedError("no data")

    with pytest.raises(InvalidTypeError, match=r"'w'.*no data"):
        to_json({"w": Meta(None)})


def test_a_repr_that_fails_does_not_hide_the_error() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    with pytest.raises(InvalidTypeError, match="Broken"):
        to_json({"a": Broken()})


def test_cycles_are_refused_wherever_they_close() -> None:
    loop: dict[str, Any] = {}
    loop["a"] = [loop]
    space = argparse.Namespace()
    space.me = space
    holder = Outer()
    cyclic = np.empty(1, dtype=object)
    cyclic[0] = [cyclic]
    object.__setattr__(holder, "lr", {"h": holder})
    for value in (loop, space, holder, cyclic):
        with pytest.raises(InvalidInputError, match="contains itself"):
            to_json({"x": value})


def test_the_same_value_twice_is_no_cycle() -> None:
    shared = {"a": [1]}
    assert to_json([shared, shared]) == [shared, shared]


def test_depth_limit() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    assert same(through_text(value), value)
    with pytest.raises(InvalidInputError, match=str(MAX_DEPTH)):
        to_json([value])


@pytest.mark.parametrize(
    "value",
    [{"x": 1, Plain.A: 2}, {"p": 1, pathlib.PurePosixPath("p"): 2}],
)
def test_keys_that_become_the_same_are_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="two of its keys"):
        to_json(value)


@pytest.mark.parametrize("value", [decimal.Decimal("1e999"), fractions.Fraction(10**400)])
def test_numbers_too_large_for_a_float_are_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="'a'"):
        to_json({"a": value})


def test_objects_go_through_the_given_functions() -> None:
    stored: list[Any] = []

    def encode(item: Any) -> dict[str, Any]:
        stored.append(item)
        return dict(item.encode().value)

    text = Text("hi")
    value = to_json({"o": [text]}, encode_object=encode)
    assert stored == [text]
    assert from_json(value) == {"o": [{"type": "text", "data": "hi"}]}
    back = from_json(value, decode_object=lambda wire: Text(wire["data"]))
    assert back["o"][0].data == "hi"


def test_an_error_of_decode_object_is_not_disguised() -> None:
    def refuse(wire: dict[str, Any]) -> Any:
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        from_json(
            {"a": {TAG: "map", "items": [[1, {TAG: "object", "value": {}}]]}}, decode_object=refuse
        )


@pytest.mark.parametrize(
    "value",
    [
        {TAG: "bytes"},
        {TAG: "bytes", "base64": 5},
        {TAG: "bytes", "base64": "?"},
        {TAG: "text", "base64": "/w=="},
        {TAG: "int", "hex": "xyz"},
        {TAG: "map", "items": [[1]]},
        {TAG: "map", "items": [[[], 1]]},
        {TAG: "object", "value": 5},
        {TAG: "later", "x": 1},
        {TAG: None},
        {TAG: []},
    ],
)
def test_malformed_tags_are_codec_errors(value: Any) -> None:
    with pytest.raises(CodecError):
        from_json({"a": [value]})


def test_neither_direction_changes_its_argument() -> None:
    value = {"a": [1, {"b": (2,)}], 3: [4]}
    before = repr(value)
    stored = to_json(value)
    written = repr(stored)
    back = from_json(stored)
    back["a"].append(5)
    back[3].append(5)
    assert (repr(value), repr(stored)) == (before, written)
