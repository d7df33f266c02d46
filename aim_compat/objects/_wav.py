"""Arrays to WAV and back with the type of the samples kept, as Aim does (behaviour O07).

`matyan_client` writes 16-bit samples, what players expect; scripts that read their audio back
with Aim get the very array they tracked.
"""

from __future__ import annotations

import struct
from typing import Any

from matyan_client.exceptions import InvalidInputError

__all__ = ["decode_int64", "encode_wav", "rate_of"]

_PCM, _FLOAT = 1, 3
_STORED = {"u1": "u1", "i1": "u1", "i2": "<i2", "i4": "<i4", "i8": "<i8", "f4": "<f4", "f8": "<f8"}


def encode_wav(array: Any, rate: int) -> bytes:
    """Write samples of shape (samples,) or (samples, channels) as a WAV file.

    Raises:
        InvalidInputError: another shape, or a type that WAV does not have.
    """
    import numpy as np

    if array.ndim not in (1, 2):
        raise InvalidInputError(
            f"Audio takes an array of shape (samples,) or (samples, channels), not {array.shape}."
        )
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    stored = _STORED.get(kind)
    if stored is None:
        raise InvalidInputError(
            f"Unsupported data type '{array.dtype}'; convert the samples to int16 or float32."
        )
    if kind == "i1":  # 8-bit WAV is unsigned
        array = array.astype(np.int16) + 128
    samples = np.ascontiguousarray(array.astype(stored))
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    width = samples.dtype.itemsize
    encoding = _FLOAT if samples.dtype.kind == "f" else _PCM
    fmt = struct.pack(
        "<HHIIHH", encoding, channels, rate, rate * channels * width, channels * width, width * 8
    )
    content = samples.tobytes()
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt
    if encoding == _FLOAT:
        chunks += b"fact" + struct.pack("<II", 4, samples.shape[0])
    chunks += b"data" + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def decode_int64(content: bytes) -> tuple[int, Any] | None:
    """Return (rate, samples) of a WAV file of 64-bit integers as `encode_wav` writes it.

    None for every other file; few readers know this type of sample.
    """
    if content[:4] != b"RIFF" or content[8:16] != b"WAVEfmt " or content[36:40] != b"data":
        return None
    encoding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", content, 20)
    if (encoding, bits) != (_PCM, 64):
        return None
    import numpy as np

    (length,) = struct.unpack_from("<I", content, 40)
    samples = np.frombuffer(content, dtype="<i8", count=length // 8, offset=44).astype(np.int64)
    return rate, samples.reshape(-1, channels) if channels > 1 else samples


def rate_of(content: bytes) -> int | None:
    """Samples per second of a WAV file as its head says; None for other files."""
    if len(content) < 28 or content[:4] != b"RIFF" or content[8:16] != b"WAVEfmt ":
        return None
    (rate,) = struct.unpack_from("<I", content, 24)
    return int(rate) or None
