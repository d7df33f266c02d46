"""WAV files: samples to bytes and back. Knows nothing about tracking."""

from __future__ import annotations

import io
import struct
from typing import Any, NamedTuple

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects._tensors import require

__all__ = ["WavFormat", "decode_wav", "encode_wav", "read_wav_format", "to_pcm"]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_MAX_CHANNELS = 32
"""More columns than this are taken for samples, that is for a transposed array."""


class WavFormat(NamedTuple):
    """What the header of a WAV file says, and where its samples are."""

    encoding: int
    channels: int
    rate: int
    bits: int
    start: int
    length: int


def to_pcm(array: Any) -> Any:
    """Bring samples to 16-bit integers of shape (samples, channels); `Audio` documents how.

    Raises:
        InvalidInputError: more than two dimensions, or samples that are not finite.
        InvalidTypeError: samples that are not int or float.
    """
    numpy = require("numpy", extra="audio", purpose="Audio of an array")
    shape = tuple(array.shape)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise InvalidInputError(
            f"Audio takes an array of shape (samples,) or (samples, channels), not {shape}."
        )
    if array.shape[1] > _MAX_CHANNELS >= array.shape[0]:
        array = array.T
    if not 0 < array.shape[1] <= _MAX_CHANNELS:
        raise InvalidInputError(f"Audio takes 1 to {_MAX_CHANNELS} channels; the array is {shape}.")
    kind = array.dtype.kind
    if kind == "f":
        return _floats_to_pcm(numpy, array)
    if kind not in "iu":
        raise InvalidTypeError(f"Audio takes samples of int or float, not {array.dtype}.")
    return _ints_to_pcm(numpy, array)


def _floats_to_pcm(numpy: Any, array: Any) -> Any:
    array = array.astype(numpy.float64)
    peak = float(numpy.abs(array).max(initial=0.0))
    if not numpy.isfinite(peak):
        raise InvalidInputError(
            "Audio samples hold NaN or infinite values; replace them first, for example with "
            "numpy.nan_to_num(samples)."
        )
    return numpy.rint(array * (32767 / max(peak, 1.0))).astype(numpy.int16)


def _ints_to_pcm(numpy: Any, array: Any) -> Any:
    if array.dtype == numpy.int16:
        return array
    if array.dtype == numpy.int8:
        return array.astype(numpy.int16) * 256
    if array.dtype == numpy.uint8:
        return (array.astype(numpy.int16) - 128) * 256
    if array.dtype == numpy.uint16:
        return (array.astype(numpy.int32) - 32768).astype(numpy.int16)
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    if low >= -32768 and high <= 32767:  # 16-bit samples in a wider type
        return array.astype(numpy.int16)
    if low >= -(2**31) and high < 2**31:
        return (array.astype(numpy.int64) >> 16).astype(numpy.int16)
    return _floats_to_pcm(numpy, array)


def encode_wav(samples: Any, rate: int) -> bytes:
    """Write 16-bit samples (samples, channels) as a WAV file."""
    import wave  # not at the top: few programs need it

    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return stream.getvalue()


def read_wav_format(content: bytes) -> WavFormat | None:
    """Read the header of a WAV file; None if there is none that makes sense."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    position, fmt = 12, b""
    while position + 8 <= len(content):
        name = content[position : position + 4]
        (length,) = struct.unpack_from("<I", content, position + 4)
        position += 8
        if name == b"fmt ":
            fmt = content[position : position + length]
        elif name == b"data":
            break
        position += length + length % 2
    else:
        return None
    if len(fmt) < 16:
        return None
    encoding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
    if encoding == _EXTENSIBLE and len(fmt) >= 26:
        (encoding,) = struct.unpack_from("<H", fmt, 24)
    if not channels or not rate:
        return None
    return WavFormat(encoding, channels, rate, bits, position, min(length, len(content) - position))


def decode_wav(content: bytes) -> tuple[int, Any] | None:
    """Return (rate, samples) of a WAV file of PCM or float samples; None for any other.

    Samples are (samples,) or (samples, channels), of the file's own type; 24 bits become int32.
    """
    numpy = require("numpy", extra="audio", purpose="Audio.to_numpy()")
    header = read_wav_format(content)
    if header is None:
        return None
    kinds = {
        (_PCM, 8): "u1",
        (_PCM, 16): "<i2",
        (_PCM, 24): "u1",
        (_PCM, 32): "<i4",
        (_FLOAT, 32): "<f4",
        (_FLOAT, 64): "<f8",
    }
    kind = kinds.get((header.encoding, header.bits))
    if kind is None:
        return None
    frame = header.channels * header.bits // 8
    raw = content[header.start : header.start + header.length // frame * frame]
    samples = numpy.frombuffer(raw, dtype=kind)
    if header.bits == 24:
        wide = numpy.zeros((len(samples) // 3, 4), dtype=numpy.uint8)
        wide[:, 1:] = samples.reshape(-1, 3)
        samples = wide.view("<i4")[:, 0]
    samples = samples.astype(samples.dtype.newbyteorder("="))  # also makes it writable
    if header.channels > 1:
        samples = samples.reshape(-1, header.channels)
    return header.rate, samples
