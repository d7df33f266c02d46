"""The stream codec: byte for byte the real server's, in any chunking, never silently short."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matyan_client.exceptions import CodecError
from matyan_client.protocol.streams import (
    ARRAY,
    OBJECT,
    Decoder,
    Folder,
    decode_path,
    decode_series_array,
    encode_path,
    encode_record,
    encode_series_array,
    encode_tree,
    progress_of,
)

MARKERS = {"array_marker": ARRAY, "object_marker": OBJECT}


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$bytes" in value:
        return bytes.fromhex(value["$bytes"])
    if "$map" in value:
        return {key: plain(item) for key, item in value["$map"]}
    if "$marker" in value:
        return MARKERS[value["$marker"]]
    if "$repr" in value:
        return 1 + 2j
    return {key: plain(item) for key, item in value.items()}


def same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b)


def decoded(data: bytes, sizes: int) -> list[tuple[Any, Any]]:
    decoder = Decoder()
    records = []
    for at in range(0, len(data), sizes):
        records += decoder.feed(data[at : at + sizes])
    decoder.close()
    return [tuple(record) for record in records]


def folded(data: bytes, *, by_name: bool = False) -> list[tuple[Any, Any]]:
    folder, decoder = Folder(by_name=by_name), Decoder()
    trees = [tree for record in decoder.feed(data) for tree in folder.add(record)]
    decoder.close()
    return trees + list(folder.finish())


def test_bytes_of_the_real_server(vectors: dict[str, Any]) -> None:
    for case in vectors["codec"]["encode"]:
        data = b"".join(encode_tree(plain(case["tree"])))
        assert len(data) == case["len"], case["name"]
        if "sha256" in case:
            assert hashlib.sha256(data).hexdigest() == case["sha256"], case["name"]
        else:
            assert data.hex() == case["hex"], case["name"]
        listed = [pair for pair in case["pairs"] if "path" in pair]  # a long one is elided
        pairs = [(tuple(pair["path"]), plain(pair["value"])) for pair in listed]
        for sizes in (1, 3, 1 << 20):
            found = decoded(data, sizes)
            assert all(any(same(pair, record) for record in found) for pair in pairs)
            if len(listed) == len(case["pairs"]):
                assert same(found, pairs), case["name"]


def test_trees_of_the_real_server(vectors: dict[str, Any]) -> None:
    for case in vectors["codec"]["encode"]:
        tree = plain(case["tree"])
        if case["name"] == "other_object":
            tree = {"o": "(1+2j)"}
        found = folded(b"".join(encode_tree(tree)))
        if isinstance(tree, dict) and tree:
            assert same(dict(found), tree), case["name"]


def test_what_cannot_be_encoded(vectors: dict[str, Any]) -> None:
    bad: dict[str, Any] = {
        "int_2_63": {"a": 2**63},
        "int_below_min": {"a": -(2**63) - 1},
        "float_key": {1.5: 1},
        "none_key": {None: 1},
    }
    assert set(bad) == {case["name"] for case in vectors["codec"]["encode_errors"]}
    for tree in [*bad.values(), {True: 1}, {"a": "\ud800"}, {2**70: 1}]:
        with pytest.raises(CodecError):
            list(encode_tree(tree))


keys = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=5) | st.integers(
    -(2**50), 2**50
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=5),
    st.binary(max_size=5),
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(keys, trees, min_size=1, max_size=4), st.integers(1, 50))
def test_any_tree_in_any_chunks(tree: dict[Any, Any], sizes: int) -> None:
    data = b"".join(encode_tree(tree))
    assert dict(folded(data)) == tree
    assert decoded(data, sizes) == decoded(data, len(data))


@given(st.dictionaries(keys, scalars, min_size=1, max_size=2))
def test_a_cut_stream_is_an_error_or_shorter_by_whole_records(
    tree: dict[Any, Any],
) -> None:
    parts = list(encode_tree(tree))
    data = b"".join(parts)
    ends = {sum(map(len, parts[:n])) for n in range(len(parts) + 1)}
    for cut in range(len(data)):
        decoder = Decoder()
        decoder.feed(data[:cut])
        if cut in ends:
            decoder.close()
        else:
            with pytest.raises(CodecError, match="ends within a record"):
                decoder.close()


@given(st.binary(max_size=60))
def test_rubbish_is_refused_or_incomplete(data: bytes) -> None:
    decoder = Decoder()
    try:
        decoder.feed(data)
        decoder.close()
    except CodecError:
        return
    assert decoded(data, 1) == decoded(data, 60)


@given(st.lists(keys, max_size=4))
def test_paths(path: list[Any]) -> None:
    assert decode_path(encode_path(path)) == tuple(path)


def test_trees_follow_each_other() -> None:
    data = b"".join(
        part
        for tree in (
            {"progress_0": (0, 2)},
            {"run1": {"params": {}, "traces": {"metric": []}}},
            {"run2": {"props": {"tags": [{"name": "t"}]}}},
            {"progress_1": [0, 0]},
        )
        for part in encode_tree(tree)
    )
    found = folded(data)
    assert [key for key, _ in found] == ["progress_0", "run1", "run2", "progress_1"]
    assert [progress_of(key, tree) for key, tree in found] == [(0, 2), None, None, (0, 0)]
    assert found[1][1] == {"params": {}, "traces": {"metric": []}}


def test_series_trees_begin_at_their_name() -> None:
    series = [
        {"name": "a", "context": {}, "values": [[{"data": "x", "index": 0}]], "iters": [0]},
        {"name": "a", "context": {"k": 1}, "values": [], "iters": []},
    ]
    data = b"".join(part for tree in series for part in encode_tree(tree))
    assert [tree for _, tree in folded(data, by_name=True)] == series


def test_numeric_arrays() -> None:
    packed = encode_series_array([1.0, 0.5, None])  # type: ignore[list-item]
    assert packed["blob"].hex()[:32] == "000000000000f03f000000000000e03f"
    back = decode_series_array(packed)
    assert back[:2] == [1.0, 0.5]
    assert back[2] != back[2]
    assert decode_series_array(encode_series_array([])) == []
    for bad in ({}, {**packed, "shape": 5}, {**packed, "dtype": "int8"}, {**packed, "blob": "x"}):
        with pytest.raises(CodecError):
            decode_series_array(bad)


def test_contradictions_are_errors() -> None:
    for records in (
        [(("r", "a"), 1), (("r", "a", "b"), 2)],
        [(("r",), ARRAY), (("r", 5), 1)],
        [(("r",), ARRAY), (("r", "x"), 1)],
    ):
        data = b"".join(encode_record(path, value) for path, value in records)
        with pytest.raises(CodecError):
            folded(data)
