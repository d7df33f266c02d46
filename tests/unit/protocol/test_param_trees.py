"""Changing stored parameter trees must equal changing plain Python dicts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from matyan_client.objects.params import from_json, to_json
from matyan_client.protocol.param_trees import leaves, put, remove, single_path

keys = st.one_of(st.sampled_from(["a", "b", "c", "__matyan__", "x.y"]), st.integers(-2, 2))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.binary())
trees = st.recursive(
    scalars,
    lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)


def put_plain(node: Any, path: list[Any], value: Any) -> Any:
    if not path:
        return value
    key = path[0]
    if isinstance(node, list):
        if isinstance(key, int) and -len(node) <= key:
            node += [None] * (key + 1 - len(node))
            node[key] = put_plain(node[key], path[1:], value)
            return node
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        node = {}
    node[key] = put_plain(node.get(key), path[1:], value)
    return node


def remove_plain(node: Any, path: list[Any]) -> bool:
    for key in path[:-1]:
        try:
            node = node[key] if isinstance(node, (dict, list)) else None
        except (KeyError, IndexError, TypeError):
            return False
    try:
        if isinstance(node, (dict, list)):
            del node[path[-1]]
            return True
    except (KeyError, IndexError, TypeError):
        return False
    return False


@given(trees, st.lists(keys, min_size=1, max_size=3), trees)
def test_put_equals_plain_assignment(tree: Any, path: list[Any], value: Any) -> None:
    changed = put(to_json(tree), path, to_json(value))
    assert from_json(changed) == put_plain(from_json(to_json(tree)), path, value)


@given(trees, st.lists(keys, min_size=1, max_size=3))
def test_remove_equals_plain_deletion(tree: Any, path: list[Any]) -> None:
    plain = from_json(to_json(tree))
    found = remove_plain(plain, path)
    assert (from_json((result := remove(to_json(tree), path))[0]), result[1]) == (plain, found)


def test_single_path_follows_protocol_4_5() -> None:
    assert single_path({"hparams": {"lr": 0.1}}) == (["hparams", "lr"], 0.1)
    assert single_path({"hparams": {"a": 1, "b": 2}}) == (["hparams"], {"a": 1, "b": 2})
    assert single_path({"a": 1, "b": 2}) == ([], {"a": 1, "b": 2})
    assert single_path({"x": {}}) == (["x"], {})


def test_leaves_are_what_an_index_can_hold() -> None:
    tree = {
        "a": {"b": 1, "nan": float("nan"), "l": [1], "none": None},
        "map": {5: "hidden", "s": True},
        "huge": 2**5000,
        "odd": "\ud800",
    }
    assert {path: from_json(value) for path, value in leaves(to_json(tree), ("p",))} == {
        ("p", "a", "b"): 1,
        ("p", "map", "s"): True,
        ("p", "huge"): 2**5000,
        ("p", "odd"): "\ud800",
    }
