"""Objects of an application's own: what they hold comes back, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import matyan_client
from matyan_client.copying import copy_run
from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError
from matyan_client.objects import Blob, Custom, Text, decode_object

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
OBJECTS = st.recursive(
    PLAIN
    | st.builds(Blob, st.binary(max_size=50) | st.text())
    | st.builds(Text, st.text(st.characters(exclude_categories=["Cs"]))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            Custom,
            st.text(min_size=1),
            st.dictionaries(st.text() | st.integers(), inner, max_size=3),
        )
    ),
    max_leaves=10,
)


def shown(value: Any) -> Any:
    """A value with the objects in it as what they hold."""
    if isinstance(value, Custom):
        return ("custom", value.type_name, shown(value.fields))
    if isinstance(value, Blob):
        return ("blob", value.get())
    if isinstance(value, Text):
        return ("text", value.data)
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value


def stored(item: Custom | Blob) -> Any:
    """What reading gives: over JSON text, with the blob beside it."""
    value, blob, _ = item.encode()
    return decode_object(json.loads(json.dumps(value)), lambda: blob or b"")


@given(st.text(min_size=1), st.dictionaries(st.text() | st.integers(), OBJECTS, max_size=4))
def test_what_an_object_holds_comes_back(name: str, fields: dict[str | int, Any]) -> None:
    item = Custom(name, fields)
    again = stored(item)
    assert isinstance(again, Custom)
    assert shown(again) == shown(item)
    assert again.sequence_dtype == f"custom:{name}"
    assert json.loads(json.dumps(item.json()))["name"] == name


def test_bytes_are_read_once_and_only_when_they_are_asked_for() -> None:
    item = Custom("t", {"a": Blob(b"x" * 10), "b": {"c": Custom("u", {"d": Blob(b"y")})}, "n": 1})
    value, blob, extension = item.encode()
    reads = []

    def read() -> bytes:
        reads.append(1)
        return blob or b""

    again: Any = decode_object(value, read)
    assert again.fields["n"] == 1
    assert not reads
    assert again.fields["a"].get() == b"x" * 10
    assert again.fields["b"]["c"].fields["d"].get() == b"y"
    assert len(reads) == 1
    assert (len(blob or b""), extension) == (11, "bin")


def test_an_object_without_bytes_has_no_blob() -> None:
    assert Custom("t", {"a": [1]}).encode() == (
        {"type": "custom", "name": "t", "fields": {"a": [1]}},
        None,
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((5, {}), InvalidTypeError),
        (("", {}), InvalidInputError),
        (("t", [1]), InvalidTypeError),
    ],
)
def test_custom_refuses(arguments: tuple[Any, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Custom(*arguments)


def test_fields_that_cannot_be_stored_are_named() -> None:
    with pytest.raises(InvalidTypeError, match=r"'point\.x\.y'"):
        Custom("point", {"x": {"y": object()}}).encode()


def test_a_blob_holds_bytes_or_text() -> None:
    for content in (b"", b"\0", bytearray(b"x"), memoryview(b"y"), "", "ü\ud800"):
        again = stored(Blob(content))
        assert again.get() == (content if isinstance(content, str) else bytes(content))
    with pytest.raises(InvalidTypeError, match="bytes or text"):
        Blob(5)  # type: ignore[arg-type]  # that it is refused is the point


@pytest.mark.parametrize(
    "value",
    [
        {"type": "custom"},
        {"type": "custom", "name": 5},
        {"type": "custom", "name": "t", "fields": [1]},
        {
            "type": "custom",
            "name": "t",
            "fields": {
                "a": {"__matyan__": "object", "value": {"type": "blob", "range_in_blob": "x"}}
            },
        },
        {"type": "blob", "text": 5},
    ],
)
def test_malformed_wire_values_are_codec_errors(value: dict[str, Any]) -> None:
    with pytest.raises(CodecError):
        decode_object(value, lambda: b"")


def test_runs_keep_them_as_parameters_and_in_sequences(tmp_path: Path) -> None:
    point = Custom(
        "geometry.point", {"x": 1, "raw": Blob(b"\0" * 100), "note": {"deep": Text("t")}}
    )
    with matyan_client.Run(repo=tmp_path) as run:
        run["point"] = {"p": point}
        run.track(point, name="points", step=3)
        run.track([point, point], name="lists")
        with pytest.raises(ValueError, match=r"holds custom:geometry\.point"):
            run.track(Custom("geometry.line", {}), name="points")
        with pytest.raises(ValueError, match="mixes"):
            run.track([point, Custom("geometry.line", {})], name="mixed")
        run_hash = run.hash
    repo = matyan_client.Repo(tmp_path)
    read = repo.get_run(run_hash)
    assert read is not None
    assert shown(read["point"]["p"]) == shown(point)
    assert read["point.p.x"] == 1
    (record,) = read.read_objects("points")
    assert (record.step, shown(record.value)) == (3, shown(point))
    info = read.collect_sequence_info("objects")["objects"]
    assert sorted(each["name"] for each in info) == ["lists", "points"]
    assert len(repo.query_runs("run.point.p.x == 1 and run.point.p.note.deep.data == 't'")) == 1
    assert len(repo.query_runs("run.point.p.x == 2")) == 0
    with matyan_client.Run(run_hash, repo=tmp_path) as again:
        with pytest.raises(ValueError, match=r"holds custom:geometry\.point"):
            again.track(Text("t"), name="points")
        again.set_param(("point", "p", "x"), {"y": 5})
        assert again.get_param(("point", "p", "x", "y")) == 5
        assert again.delete_param(("point", "p", "note"))
        changed = again["point"]["p"]
        assert (changed.type_name, sorted(changed.fields)) == ("geometry.point", ["raw", "x"])
        assert changed.fields["raw"].get() == b"\0" * 100


def test_copies_of_a_run_have_them_too(tmp_path: Path) -> None:
    point = Custom("p", {"raw": Blob(b"abc"), "t": Text("t"), 1: "int key"})
    with matyan_client.Run(repo=tmp_path / "a") as run:
        run["p"] = point
        run.track(point, name="ps")
        run_hash = run.hash
    source, target = matyan_client.Repo(tmp_path / "a"), matyan_client.Repo(tmp_path / "b")
    copy_run(run_hash, source.backend, target.backend)
    source.delete_run(run_hash)
    read = target.get_run(run_hash)
    assert read is not None
    assert shown(read["p"]) == shown(point)
    assert [shown(record.value) for record in read.read_objects("ps")] == [shown(point)]
