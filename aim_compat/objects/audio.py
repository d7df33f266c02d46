"""Aim's Audio (behaviour O07)."""

from __future__ import annotations

import operator
import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects import _wav
from aim_compat.objects.base import (
    CustomObject,
    caption_beside,
    caption_text,
    comes_from,
    is_array,
    type_name,
)
from aim_compat.types import BLOB
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Audio", "decode", "encode"]

_FIELDS = ("caption", "data", "format")


@CustomObject.alias("aim.audio")
class Audio(CustomObject):
    """A sound: bytes of a known format, or samples that become WAV.

    Args:
        data: a path, bytes, a BytesIO (read from where it stands), or a numpy array (or tensor) of
            shape (samples,) or (samples, channels), whose type is kept.
        format: `mp3`, `wav` or `flac`; needed for everything but arrays.
        caption: text shown with it.
        rate: samples per second of an array; 22500 if not given.

    Raises:
        ValueError: no or another format, no such file, samples that WAV cannot hold.
        TypeError: data of another type.
    """

    AIM_NAME: ClassVar[str] = "aim.audio"
    UNKNOWN: ClassVar[str] = ""
    MP3: ClassVar[str] = "mp3"
    WAV: ClassVar[str] = "wav"
    FLAC: ClassVar[str] = "flac"
    audio_formats: ClassVar[tuple[str, ...]] = (MP3, WAV, FLAC)
    DEFAULT_RATE: ClassVar[int] = 22500

    def __init__(
        self, data: Any, format: str = "", caption: str = "", rate: int | None = None
    ) -> None:
        super().__init__()
        if comes_from(data, "torch", "Tensor"):
            data = data.detach().cpu().numpy()
        if is_array(data):
            import numpy as np

            content = _wav.encode_wav(np.asarray(data), _samples_rate(rate or self.DEFAULT_RATE))
            format = self.WAV
        else:
            format = self._check_format(format)
            content = _audio_bytes(data)
        self.storage["caption"] = caption
        self.storage["format"] = format
        self.storage["data"] = BLOB(content)

    @classmethod
    def _check_format(cls, format_: Any) -> str:
        if format_ is None or format_ == "":
            raise InvalidInputError(
                f"Audio format must be provided. It is one of {cls.audio_formats}."
            )
        if not isinstance(format_, str):
            raise InvalidTypeError(f"Audio format must be a str, not {format_!r}.")
        if format_.lower() not in cls.audio_formats:
            raise InvalidInputError(
                f"Invalid audio format is provided. Must be one of {cls.audio_formats}, not "
                f"{format_!r}."
            )
        return format_.lower()

    def json(self) -> dict[str, Any]:
        """Caption and format."""
        return {"caption": self.storage["caption"], "format": self.storage["format"]}

    def get(self) -> BytesIO:
        """The encoded audio as a binary stream."""
        return BytesIO(bytes(self.storage["data"]))

    def to_numpy(self) -> tuple[int, Any]:
        """(rate, samples) of a WAV.

        Raises:
            AssertionError: another format (behaviour O07).
            ValueError: the bytes are not WAV.
        """
        if self.storage["format"] != self.WAV:
            raise AssertionError(
                f"Only WAV is decoded, not {self.storage['format']!r}; get() returns the bytes."
            )
        content = bytes(self.storage["data"])
        wide = _wav.decode_int64(content)
        if wide is not None:
            return wide
        return matyan.Audio.decode({"format": self.WAV}, lambda: content).to_numpy()


def _samples_rate(rate: Any) -> int:
    try:
        whole = operator.index(int(rate) if isinstance(rate, float) else rate)
    except (TypeError, ValueError, OverflowError) as exc:
        raise InvalidTypeError(f"Audio rate must be an int, not {rate!r}.") from exc
    if not 0 < whole < 2**31 or whole != rate:
        raise InvalidInputError(f"Audio rate must be a positive whole number, not {rate!r}.")
    return whole


def _audio_bytes(data: Any) -> bytes:
    if isinstance(data, (str, os.PathLike)):
        path = os.path.expanduser(os.fsdecode(data))
        if not os.path.isfile(path):
            raise InvalidInputError(
                f"Invalid audio file path. There is no file {os.fsdecode(data)!r} (working "
                f"directory: {os.getcwd()!r})."
            )
        with open(path, "rb") as file:
            return file.read()
    if isinstance(data, BytesIO):
        return data.read()
    if isinstance(data, bytes):
        return data
    raise InvalidTypeError(
        f"Content is not a byte-stream object. Audio takes a path, bytes, BytesIO or a numpy "
        f"array, not {type_name(data)}."
    )


def encode(fields: Mapping[Any, Any]) -> tuple[Encoded, dict[Any, Any]] | None:
    """The wire form of a sound, and fields beside it; None if there is no sound in it."""
    content, format_ = fields.get("data"), fields.get("format")
    raw = content.load() if isinstance(content, BLOB) else None
    if not isinstance(raw, bytes) or not isinstance(format_, str):
        return None
    caption = fields.get("caption")
    value = {
        "type": matyan.Audio.dtype,
        "format": format_,
        "caption": caption_text(caption),
        "rate": _wav.rate_of(raw),
    }
    beside = {key: item for key, item in fields.items() if key not in _FIELDS}
    return Encoded(value, raw, format_), {**beside, **caption_beside(caption)}


def decode(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> dict[Any, Any]:
    """The fields of a stored sound; its bytes are read on first need."""
    checked = matyan.Audio.decode(value, read_blob)
    return {
        "caption": value.get("caption", ""),
        "data": BLOB(loader_fn=read_blob),
        "format": checked.format,
    }
