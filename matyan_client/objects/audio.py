"""Tracked audio: encoded bytes as they are, arrays as WAV."""

from __future__ import annotations

import base64
import io
import operator
import os
from typing import TYPE_CHECKING, Any, ClassVar

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import _wav
from matyan_client.objects._tensors import require, tensor_kind, to_ndarray
from matyan_client.objects.base import (
    Encoded,
    LazyBytes,
    Trackable,
    read_caption,
    read_stream,
    register,
    stored_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["DEFAULT_RATE", "Audio"]

DEFAULT_RATE = 22050
"""Samples per second of an array given without a rate (seed)."""

_FORMATS = ("wav", "mp3", "flac", "ogg")
_ALIASES = {"wave": "wav", "oga": "ogg"}


@register
class Audio(Trackable):
    """A tracked audio value for use with `Run.track`.

    Args:
        data: a path, bytes, a binary file (read from where it stands, or from its start if no
            audio starts there), or an array or tensor of shape (samples,) or (samples, channels).
            With more than 32 columns and at most 32 rows, it is taken as (channels, samples).
            Arrays become 16-bit WAV whatever `format_` says. Floats are -1 to 1; if some are
            beyond that, all are divided by the largest. 8-, 16- and 32-bit integers are scaled
            from their whole range, but wider ones that all fit in 16 bits are taken as such.
        format_: `wav`, `mp3`, `flac` or `ogg`, in any case. Empty: by the file's suffix, else by
            the first bytes.
        caption: optional caption for the UI.
        rate: samples per second. For arrays 22050 if not given; for WAV bytes what their header
            says if not given.

    Raises:
        InvalidInputError: (a ValueError) no such file, nothing in it, a format that is unknown or
            cannot be told, an array of another shape or with NaN, a rate that is not positive.
        InvalidTypeError: (also a TypeError) data or an argument of another type.
    """

    dtype: ClassVar[str] = "audio"

    def __init__(
        self, data: Any, format_: str = "", caption: str = "", rate: int | None = None
    ) -> None:
        self._caption = read_caption(caption, "Audio")
        asked = _read_format(format_)
        self._rate = _read_rate(rate)
        if tensor_kind(data) is not None:
            samples = _wav.to_pcm(to_ndarray(data, extra="audio", purpose="Audio of an array"))
            self._rate = self._rate or DEFAULT_RATE
            self._format = "wav"
            self._bytes = LazyBytes(_wav.encode_wav(samples, self._rate))
            return
        content, name, origin = _read_source(data)
        if not content:
            raise InvalidInputError(f"{origin} is empty.")
        self._format = asked or _format_of_name(name) or _sniff(content) or ""
        if not self._format:
            raise InvalidInputError(
                f"The audio format of {origin[0].lower()}{origin[1:]} cannot be told; pass "
                f"format_, one of {', '.join(_FORMATS)}."
            )
        self._bytes = LazyBytes(content)
        if self._rate is None:
            header = _wav.read_wav_format(content) if self._format == "wav" else None
            self._rate = header.rate if header is not None else None

    @property
    def caption(self) -> str:
        """Optional caption for the audio in the UI; writable."""
        return self._caption

    @caption.setter
    def caption(self, caption: str) -> None:
        self._caption = read_caption(caption, "Audio")

    @property
    def format(self) -> str:
        """Audio format: `wav`, `mp3`, `flac` or `ogg`."""
        return self._format

    @property
    def rate(self) -> int | None:
        """Samples per second, None if not known."""
        return self._rate

    @property
    def size(self) -> int:
        """Size of the encoded audio in bytes."""
        return len(self._bytes.get())

    def to_bytes(self) -> bytes:
        """Return the encoded audio."""
        return self._bytes.get()

    def to_numpy(self) -> tuple[int, Any]:
        """Decode to (rate, samples); samples are (samples,) or (samples, channels).

        WAV keeps the type of its samples; other formats need the soundfile library and become
        float64 from -1 to 1.

        Raises:
            MissingDependencyError: numpy, or soundfile for formats other than WAV, is missing.
            InvalidInputError: the stored bytes are not audio of their format.
        """
        content = self._bytes.get()
        decoded = _wav.decode_wav(content) if self._format == "wav" else None
        if decoded is not None:
            return decoded
        soundfile = require("soundfile", extra="audio", purpose=f"Decoding {self._format} audio")
        try:
            samples, rate = soundfile.read(io.BytesIO(content))
        except RuntimeError as exc:  # what soundfile raises
            raise InvalidInputError(
                f"The tracked audio cannot be decoded as {self._format}: {exc}."
            ) from exc
        return int(rate), samples

    def json(self) -> dict[str, Any]:
        """Return a dict of type, data (base64), format, caption and rate."""
        value, content, _ = self.encode()
        data = base64.b64encode(content or b"").decode("ascii")
        return {"type": value.pop("type"), "data": data, **value}

    def encode(self) -> Encoded:
        """Return the wire value, the encoded audio and its file extension."""
        value = {
            "type": self.dtype,
            "format": self._format,
            "caption": self._caption,
            "rate": self._rate,
        }
        return Encoded(value, self._bytes.get(), self._format)

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; the blob is read on first need."""
        audio = cls.__new__(cls)
        audio._caption = stored_field(value, "caption", str, "")
        audio._format = stored_field(value, "format", str, "wav").lower()
        audio._rate = stored_field(value, "rate", int, None)
        audio._bytes = LazyBytes(read=read_blob)
        return audio

    def __repr__(self) -> str:
        content = self._bytes.loaded
        size = "unread" if content is None else len(content)
        return f"Audio(format={self._format!r}, size={size}, caption={self._caption!r})"


def _read_format(format_: object) -> str:
    if format_ is None:
        return ""
    if not isinstance(format_, str):
        raise InvalidTypeError(
            f"Audio format_ must be a str such as 'wav', not {format_!r} "
            f"of type {type(format_).__name__}."
        )
    name = format_.strip().lstrip(".").lower()
    name = _ALIASES.get(name, name)
    if name and name not in _FORMATS:
        raise InvalidInputError(
            f"Audio format {format_!r} is not known; use one of {', '.join(_FORMATS)}."
        )
    return name


def _read_rate(rate: Any) -> int | None:
    if rate is None:
        return None
    try:
        whole = operator.index(int(rate) if isinstance(rate, float) else rate)
    except (TypeError, ValueError, OverflowError) as exc:
        raise InvalidTypeError(
            f"Audio rate must be an int in samples per second, not {rate!r}."
        ) from exc
    if not 0 < whole < 2**32 or whole != rate:
        raise InvalidInputError(
            f"Audio rate must be a positive whole number of samples per second, not {rate!r}."
        )
    return whole


def _read_source(data: Any) -> tuple[bytes, str, str]:
    """The encoded bytes, a file name to judge the format by, and how to name them in messages."""
    if isinstance(data, (str, os.PathLike)):
        path = os.fsdecode(data)
        try:
            with open(path, "rb") as file:
                return file.read(), path, f"Audio file {path!r}"
        except FileNotFoundError as exc:
            raise InvalidInputError(
                f"Audio file {path!r} does not exist (working directory: {os.getcwd()!r})."
            ) from exc
        except (OSError, ValueError) as exc:
            raise InvalidInputError(f"Audio file {path!r} cannot be read: {exc}.") from exc
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), "", "The bytes given to Audio"
    if callable(getattr(data, "read", None)):
        content = read_stream(data, "Audio", _sniff)
        name = getattr(data, "name", "")
        return (
            content,
            name if isinstance(name, str) else "",
            "The stream given to Audio",
        )
    raise InvalidTypeError(
        "Audio takes a path, bytes, a binary file or an array, not "
        f"{data!r:.80} of type {type(data).__module__}.{type(data).__qualname__}."
    )


def _format_of_name(name: str) -> str:
    suffix = os.path.splitext(name)[1].lstrip(".").lower()
    suffix = _ALIASES.get(suffix, suffix)
    return suffix if suffix in _FORMATS else ""


def _sniff(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "wav"
    if content[:4] == b"fLaC":
        return "flac"
    if content[:4] == b"OggS":
        return "ogg"
    if content[:3] == b"ID3" or (len(content) > 1 and content[0] == 0xFF and content[1] >> 5 == 7):
        return "mp3"
    return None
