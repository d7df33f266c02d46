from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from matyan_client.exceptions import CodecError, InvalidTypeError
from matyan_client.objects import (
    CONTENT_TYPES,
    Audio,
    Distribution,
    Figure,
    Image,
    Text,
    decode_object,
    is_trackable,
)

if TYPE_CHECKING:
    from matyan_client import objects


def make_all() -> list[objects.Trackable]:
    return [
        Image(np.zeros((3, 2), "uint8"), caption="c"),
        Audio(np.zeros(8, "int16"), caption="c", rate=8000),
        Text("hi"),
        Distribution([1, 2, 3], bin_count=3),
        Figure({"data": []}),
    ]


def test_every_kind_comes_back_from_its_wire_form() -> None:
    for item in make_all():
        value, blob, extension = item.encode()
        assert value["type"] == item.dtype
        assert "s3_key" not in value
        back = decode_object({**value, "s3_key": "x"}, io.BytesIO(blob or b"").read)
        assert type(back) is type(item)
        assert back.json() == item.json()
        assert back.encode() == (value, blob, extension)
        assert is_trackable(back)


def test_wire_forms_are_those_of_the_protocol() -> None:
    image, audio, text, distribution, figure = (item.encode() for item in make_all())
    assert image.value == {
        "type": "image", "format": "PNG", "caption": "c", "width": 2, "height": 3,
    }  # fmt: skip
    assert audio.value == {"type": "audio", "format": "wav", "caption": "c", "rate": 8000}
    assert text == ({"type": "text", "data": "hi"}, None, "")
    assert distribution.value == {
        "type": "distribution", "bin_count": 3, "range": [1.0, 3.0], "data": [1, 1, 1],
    }  # fmt: skip
    assert figure == ({"type": "figure", "data": {"data": []}}, None, "")
    assert (image.extension, audio.extension) == ("png", "wav")
    assert (CONTENT_TYPES["png"], CONTENT_TYPES["mp3"]) == ("image/png", "audio/mpeg")


def test_decoding_reads_a_blob_once_and_only_when_needed() -> None:
    for item in make_all()[:2]:
        value, blob, _ = item.encode()
        reads: list[int] = []

        def read(blob: bytes | None = blob, reads: list[int] = reads) -> bytes:
            reads.append(1)
            return blob or b""

        back: Any = decode_object(value, read)
        assert (back.caption, back.format) == ("c", value["format"])
        assert "unread" in repr(back)
        assert reads == []
        assert (back.to_bytes(), back.size) == (blob, len(blob or b""))
        assert reads == [1]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"type": "custom"},
        {"type": ["image"]},
        None,
        {"type": "image", "caption": 5},
        {"type": "image", "width": "2"},
        {"type": "text", "data": 1},
        {"type": "distribution", "data": ["a"], "range": [0, 1]},
        {"type": "distribution", "data": [1], "range": [0]},
        {"type": "distribution", "data": b"123", "range": [0, 1]},
        {"type": "figure", "data": "{"},
        {"type": "figure", "data": "[]"},
    ],
)
def test_malformed_wire_values_are_codec_errors(value: Any) -> None:
    with pytest.raises(CodecError):
        decode_object(value, lambda: b"")


def test_a_subclass_keeps_the_registered_class_and_decodes_itself() -> None:
    class Mine(Text):
        def __init__(self) -> None:
            super().__init__("mine")

    value = Mine().encode().value
    assert type(decode_object(value, lambda: b"")) is Text
    assert type(Mine.decode(value, lambda: b"")) is Mine


def test_other_values_are_not_trackable() -> None:
    assert not any(map(is_trackable, (1, "a", None, {"type": "text"}, Text)))


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, ""), (5, "5"), (np.int64(7), "7"), ("é", "é"), ("\ud83d", "\ufffd"), ("", "")],
)
def test_captions(given: Any, kept: str) -> None:
    image = Image(np.zeros((2, 2), "uint8"), caption=given)
    assert image.caption == kept
    image.caption = "later"
    assert image.encode().value["caption"] == "later"


@pytest.mark.parametrize("given", [b"x", ["a"], object()])
def test_captions_of_other_types_are_refused(given: Any) -> None:
    with pytest.raises(InvalidTypeError, match="caption"):
        Image(np.zeros((2, 2), "uint8"), caption=given)
