"""Parameters on their way to a server, against a model of what a real one does (protocol 4.5)."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matyan_client.backends import param_shadow
from matyan_client.backends.param_shadow import ParamShadow
from matyan_client.protocol.messages import log_hparams
from matyan_client.protocol.param_trees import put, remove
from matyan_client.protocol.wire import from_top_key, unmark


class RealServer:
    """Merges chains of one-key objects, refuses what would corrupt its records."""

    def __init__(self) -> None:
        self.attrs: dict[str, Any] = {"__blobs__": {"cfg.yaml": {"s3_key": "h/cfg.yaml"}}}

    def log_hparams(self, wire: dict[str, Any]) -> None:
        node = json.loads(json.dumps(wire["value"], allow_nan=False))
        assert len(node) == 1, "several top-level keys would replace all parameters"
        path: list[str] = []
        while isinstance(node, dict) and len(node) == 1:
            ((key, node),) = node.items()
            assert key not in ("", "__leaf__", "__empty_dict__", "__empty_list__")
            path.append(key)
        assert path[0] != "__blobs__"
        self._check(node)
        place: dict[str, Any] = self.attrs
        for key in path[:-1]:
            if key in place:
                below = place[key]
                assert isinstance(below, dict), f"{path} is written below a scalar or a list"
                assert below, f"{path} is written below an empty container"
            place = place.setdefault(key, {})
        place[path[-1]] = node

    def _check(self, node: Any) -> None:
        if isinstance(node, dict):
            for key, item in node.items():
                assert key not in ("", "__leaf__", "__empty_dict__", "__empty_list__")
                self._check(item)
        elif isinstance(node, list):
            for item in node:
                self._check(item)
        elif isinstance(node, int):
            assert -(1 << 63) <= node < 1 << 63

    def params(self) -> dict[Any, Any]:
        """What our reader makes of it."""
        found = {}
        for key, value in self.attrs.items():
            plain, there = unmark(value)
            if key != "__blobs__" and there:
                found[from_top_key(key)] = plain
        return found


KEYS = st.sampled_from(["a", "b", "hparams", "__blobs__", "__leaf__", "", "__matyan__:x", 3, 0])
INNER = st.sampled_from(["a", "b", "c", "", "__leaf__"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(1 << 80), 1 << 80) | st.floats() | st.text(max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(INNER, inner, max_size=3),
    max_leaves=6,
)
SETS = st.tuples(st.just("set"), st.tuples(KEYS) | st.tuples(KEYS, INNER), VALUES)
DELETES = st.tuples(st.just("delete"), st.tuples(KEYS) | st.tuples(KEYS, INNER), st.none())
REPLACES = st.tuples(
    st.just("set"), st.just(()), st.dictionaries(st.sampled_from(["a", "q"]), VALUES, max_size=2)
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.lists(SETS | DELETES | REPLACES, max_size=4), max_size=6),
    st.booleans(),
    st.sampled_from([20, 500_000]),
)
def test_a_real_server_has_in_the_end_what_was_set(
    batches: list[list[tuple[str, tuple[Any, ...], Any]]], new: bool, split: int
) -> None:
    server, shadow, expected = RealServer(), ParamShadow(), {}
    if new:
        shadow.learn(None, new=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(param_shadow, "SPLIT_BYTES", split)
        for batch in batches:
            for what, path, value in batch:
                if what == "delete":
                    expected = remove(expected, path)[0]
                    shadow.apply(dict(log_hparams({}, path=path, delete=True)))
                else:
                    expected = put(expected, path, deepcopy(value))
                    message = log_hparams(put(None, path, deepcopy(value)), path=path)
                    shadow.apply(json.loads(json.dumps(message)))
            if shadow.dirty and not shadow.known:
                shadow.learn(None)
            for wire in shadow.take():
                server.log_hparams(wire)
            assert not shadow.dirty
    top = dict(expected["items"]) if expected.get("__matyan__") == "map" else expected
    assert same(server.params(), top)


def test_changes_of_a_batch_are_sent_once() -> None:
    shadow = ParamShadow()
    shadow.learn(None, new=True)
    for number in range(100):
        shadow.apply(dict(log_hparams({"a": {"b": number}}, path=["a", "b"])))
    assert [wire["value"] for wire in shadow.take()] == [{"a": {"b": 99}}]
    assert shadow.take() == []


def test_a_resumed_run_keeps_what_it_had() -> None:
    shadow = ParamShadow()
    shadow.apply(dict(log_hparams({"a": {"new": 1}}, path=["a", "new"])))
    assert shadow.dirty
    assert not shadow.known
    shadow.learn({"a": {"old": 2}, "other": 3})
    assert [wire["value"] for wire in shadow.take()] == [{"a": {"old": 2, "new": 1}}]


def test_what_the_server_has_is_not_sent_again_but_known() -> None:
    shadow = ParamShadow()
    shadow.apply(dict(log_hparams({"a": {"x": 1}}, path=["a", "x"])), send=False)
    assert not shadow.dirty
    shadow.apply(dict(log_hparams({"a": {"y": 2}}, path=["a", "y"])))
    shadow.learn(None, new=True)
    assert [wire["value"] for wire in shadow.take()] == [{"a": {"x": 1, "y": 2}}]


def test_a_large_key_goes_in_parts() -> None:
    shadow, server = ParamShadow(), RealServer()
    shadow.learn(None, new=True)
    value = {f"layer{i}": {"w": "x" * 80_000, "one": {"two": i}} for i in range(12)}
    shadow.apply(dict(log_hparams({"net": deepcopy(value)}, path=["net"])))
    wires = shadow.take()
    assert max(len(json.dumps(wire)) for wire in wires) < 500_000
    for wire in wires:
        server.log_hparams(wire)
    assert server.params() == {"net": value}
