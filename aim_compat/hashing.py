"""The deterministic 64-bit hash of plain data that Aim uses for contexts, runs and sequences.

The numbers are Aim's own (behaviour S02, S11; facts of its format), so that ids and the order of
series that follows from them (S12) are the same in both packages. Numbers that are equal hash
alike whatever their type; dicts hash alike whatever their order.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

__all__ = ["hash_auto"]

_NONE = 1393794177995070132


def _salt(number: int) -> bytes:
    return struct.pack("<q", number)


_NUMBER = _salt(-7494597716789683807)
_ARRAY = _salt(2965039128708897743)
_OBJECT = _salt(-2435585119574290752)
_TEXT = _salt(7540324813251503183)
_BYTES = _salt(-6836296829636613855)


def _digest(data: bytes, salt: bytes) -> int:
    digest = hashlib.blake2b(data, digest_size=8, salt=salt).digest()
    return int.from_bytes(digest, "little", signed=True)


def _number(value: float) -> int:
    """Python's hash of the nearest float, but -1 stays -1 and NaN is 0."""
    if value != value:
        return 0
    try:
        size = hash(abs(float(value)))
    except OverflowError:
        size = hash(abs(int(value)))
    return -size if value < 0 else size


def hash_auto(obj: Any) -> int:
    """Hash None, bool, int, float, str, bytes, lists, tuples and dicts of them.

    Raises:
        NotImplementedError: anything else (behaviour T07).
    """
    if obj is None:
        return _NONE
    if isinstance(obj, (int, float)):
        return _digest(struct.pack("<q", _number(obj)), _NUMBER)
    if isinstance(obj, str):
        return _digest(str.encode(obj, "utf-8", "surrogatepass"), _TEXT)
    if isinstance(obj, bytes):
        return _digest(obj, _BYTES)
    if isinstance(obj, (list, tuple)):
        return _digest(b"".join(struct.pack("<q", hash_auto(item)) for item in obj), _ARRAY)
    if isinstance(obj, dict):
        pairs = sorted(
            ((hash_auto(key), value) for key, value in obj.items()), key=lambda pair: pair[0]
        )
        parts = [_digest(struct.pack("<qq", key, hash_auto(value)), _ARRAY) for key, value in pairs]
        return _digest(b"".join(struct.pack("<q", part) for part in parts), _OBJECT)
    raise NotImplementedError(
        f"{obj!r} of type {type(obj).__name__!r} has no deterministic hash: expected None, a "
        "number, text, bytes, or lists and dicts of them."
    )
