"""The binary streams searches answer with (protocol section 6): trees as flat records.

Encoding walks a tree depth first into records of (path, value). Decoding takes any chunking of the
bytes, gives records as soon as they are whole, and says so if the stream ends within one. `Folder`
puts records back together, with the markers that tell lists and empty containers.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from matyan_client.exceptions import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "ARRAY",
    "OBJECT",
    "Decoder",
    "Folder",
    "Marker",
    "Record",
    "decode_path",
    "decode_series_array",
    "encode_path",
    "encode_record",
    "encode_series_array",
    "encode_tree",
    "progress_of",
]

RECORD_MAX: Final = 1 << 31
"""Longest key or value, in bytes; more than this is not a stream of ours."""

_LENGTH = struct.Struct("<I")
_KEY_INT = struct.Struct(">q")
_INT = struct.Struct("<q")
_FLOAT = struct.Struct("<d")
_END = 0xFE


class Marker(NamedTuple):
    """Says what container begins at a path."""

    name: str


ARRAY: Final = Marker("array")
"""A list begins here (also an empty one)."""
OBJECT: Final = Marker("object")
"""An empty object is here."""


class Record(NamedTuple):
    """One record: where in the tree, and a scalar or marker."""

    path: tuple[str | int, ...]
    value: Any


# -- encoding ----------------------------------------------------------------


def encode_path(path: Sequence[str | int]) -> bytes:
    """The bytes of a path (section 6.2).

    Raises:
        CodecError: a component that is neither text nor an int of 64 bits.
    """
    parts: list[bytes] = []
    for key in path:
        if isinstance(key, str):
            parts.append(_utf8(key))
        elif isinstance(key, int) and not isinstance(key, bool):
            parts.append(b"\xfe" + _packed(_KEY_INT, key))
        else:
            raise CodecError(f"{key!r} cannot be part of a path: expected text or an int.")
        parts.append(b"\xfe")
    return b"".join(parts)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        raise CodecError(f"{text!r} is not valid Unicode and cannot be sent.") from exc


def _packed(form: struct.Struct, number: int) -> bytes:
    try:
        return form.pack(number)
    except struct.error as exc:
        raise CodecError(f"{number} does not fit into 64 bits and cannot be sent.") from exc


def _encode_value(value: Any) -> bytes:
    if value is None:
        return b"\x00"
    if isinstance(value, bool):
        return b"\x01\x01" if value else b"\x01\x00"
    if isinstance(value, int):
        return b"\x02" + _packed(_INT, value)
    if isinstance(value, float):
        return b"\x03" + _FLOAT.pack(value)
    if isinstance(value, str):
        return b"\x04" + _utf8(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b"\x05" + bytes(value)
    if value is ARRAY:
        return b"\x06"
    if value is OBJECT:
        return b"\x07"
    return b"\x04" + _utf8(repr(value))


def encode_record(path: Sequence[str | int], value: Any) -> bytes:
    """One record; a value that is no scalar becomes its printed representation."""
    return _framed(encode_path(path), _encode_value(value))


def _framed(key: bytes, data: bytes) -> bytes:
    return _LENGTH.pack(len(key)) + key + _LENGTH.pack(len(data)) + data


def encode_tree(tree: Any, at: tuple[str | int, ...] = ()) -> Iterator[bytes]:
    """A tree as the bytes of its records, one by one, depth first and in order of insertion
    (section 6.4); `at`: the path where it stands.

    Raises:
        CodecError: a key that is neither text nor int, or an int beyond 64 bits.
    """
    return _encoded(tree, encode_path(at))


def _encoded(tree: Any, key: bytes) -> Iterator[bytes]:
    if isinstance(tree, dict):
        if not tree:
            yield _framed(key, _encode_value(OBJECT))
        for name, item in tree.items():
            yield from _encoded(item, key + encode_path((name,)))
    elif isinstance(tree, (list, tuple)) and not isinstance(tree, Marker):
        yield _framed(key, _encode_value(ARRAY))
        for index, item in enumerate(tree):
            yield from _encoded(item, key + encode_path((index,)))
    else:
        yield _framed(key, _encode_value(tree))


# -- decoding ----------------------------------------------------------------


def decode_path(key: bytes) -> tuple[str | int, ...]:
    """The path in the bytes of a key (section 6.2).

    Raises:
        CodecError: not a path.
    """
    path: list[str | int] = []
    at = 0
    while at < len(key):
        if key[at] != _END:
            end = key.find(_END, at)
            if end < 0:
                raise CodecError(f"The path {key!r} is cut short.")
            try:
                path.append(key[at:end].decode())
            except UnicodeDecodeError as exc:
                raise CodecError(f"The path {key!r} is not valid UTF-8.") from exc
            at = end + 1
        elif at + 9 < len(key) and key[at + 9] == _END:
            path.append(_KEY_INT.unpack_from(key, at + 1)[0])
            at += 10
        else:
            path.append("")
            at += 1
    return tuple(path)


def _decode_value(data: bytes) -> Any:
    kind, payload = data[:1], data[1:]
    if kind == b"\x04":
        try:
            return payload.decode()
        except UnicodeDecodeError as exc:
            raise CodecError(f"A text of {len(payload)} bytes is not valid UTF-8.") from exc
    if kind == b"\x05":
        return payload
    if kind in _FIXED and len(payload) == _FIXED[kind]:
        if kind == b"\x02":
            return _INT.unpack(payload)[0]
        if kind == b"\x03":
            return _FLOAT.unpack(payload)[0]
        if kind == b"\x01":
            return payload != b"\x00"
        return {b"\x00": None, b"\x06": ARRAY, b"\x07": OBJECT}[kind]
    raise CodecError(f"{data[:16]!r} ({len(data)} bytes) is not a value of the protocol.")


_FIXED = {b"\x00": 0, b"\x01": 1, b"\x02": 8, b"\x03": 8, b"\x06": 0, b"\x07": 0}


class Decoder:
    """Takes a stream in chunks of any size and gives its records.

    States: within a record, or between two. Only between two may a stream end.

    Args:
        record_max: longest key or value taken, in bytes.
    """

    def __init__(self, record_max: int = RECORD_MAX) -> None:
        self._buffer = bytearray()
        self._record_max = record_max

    def feed(self, chunk: bytes) -> list[Record]:
        """The records that are whole with this chunk.

        Raises:
            CodecError: the bytes are not a stream of records.
        """
        buffer = self._buffer
        buffer += chunk
        records: list[Record] = []
        at = 0
        while True:
            key = self._field(at)
            if key is None:
                break
            value = self._field(at + _LENGTH.size + len(key))
            if value is None:
                break
            records.append(Record(decode_path(key), _decode_value(value)))
            at += 2 * _LENGTH.size + len(key) + len(value)
        del buffer[:at]
        return records

    def _field(self, at: int) -> bytes | None:
        if len(self._buffer) < at + _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, at)
        if length > self._record_max:
            raise CodecError(f"A record of {length} bytes is not one: this is no such stream.")
        start = at + _LENGTH.size
        if len(self._buffer) < start + length:
            return None
        return bytes(self._buffer[start : start + length])

    def close(self) -> None:
        """The stream has ended.

        Raises:
            CodecError: within a record; what is missing is not known.
        """
        if self._buffer:
            raise CodecError(
                f"The stream ends within a record ({len(self._buffer)} bytes of it came)."
            )


@dataclass(slots=True)
class Folder:
    """Puts records together into top-level trees, one after another (section 6.5).

    Args:
        by_name: trees are not told apart by their first component; each begins at `("name",)`
            (object batches). Otherwise a tree is what shares the first component.
    """

    by_name: bool = False
    _key: str | int | None = None
    _tree: Any = None
    _open: bool = field(default=False)

    def add(self, record: Record) -> Iterator[tuple[str | int | None, Any]]:
        """Take a record; gives the tree before it once a new one begins, as (key, tree).

        The key is the first component, or None for trees without one.
        """
        path, value = record
        if self.by_name:
            begins = path == ("name",) or not self._open
            key: str | int | None = None
            inner = path
        else:
            key = path[0] if path else None
            begins = not self._open or key != self._key
            inner = path[1:]
        if begins:
            yield from self.finish()
            self._key, self._tree, self._open = key, None, True
        self._tree = _put(self._tree, inner, value)

    def finish(self) -> Iterator[tuple[str | int | None, Any]]:
        """The last tree, if there is one."""
        if self._open:
            yield self._key, self._tree
        self._key, self._tree, self._open = None, None, False


def _put(tree: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        if value is ARRAY:
            return []
        return {} if value is OBJECT else value
    key, rest = path[0], path[1:]
    if isinstance(tree, list):
        if not isinstance(key, int) or (key != len(tree) and key != len(tree) - 1):
            raise CodecError(f"Element {key!r} of a list comes after {len(tree)} elements.")
        if key == len(tree):
            tree.append(_put(None, rest, value))
        else:
            tree[key] = _put(tree[key], rest, value)
        return tree
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise CodecError(f"{key!r} is said to be within the scalar {tree!r}.")
    tree[key] = _put(tree.get(key), rest, value)
    return tree


def progress_of(key: object, tree: object) -> tuple[int, int] | None:
    """(looked at, in all) if a tree is a progress frame (section 6.6); `(0, 0)` is the last."""
    if not isinstance(key, str) or not key.startswith("progress_"):
        return None
    if not isinstance(tree, list) or len(tree) != 2:
        raise CodecError(f"{tree!r:.100} is not a progress frame.")
    return int(tree[0]), int(tree[1])


# -- numeric arrays ----------------------------------------------------------------


def encode_series_array(values: Iterable[float]) -> dict[str, Any]:
    """Numbers as section 6.7 packs them: little-endian doubles."""
    numbers = [math.nan if value is None else float(value) for value in values]
    blob = struct.pack(f"<{len(numbers)}d", *numbers)
    return {"type": "numpy", "shape": len(numbers), "dtype": "float64", "blob": blob}


def decode_series_array(packed: Mapping[str, Any]) -> list[float]:
    """The numbers of a packed array.

    Raises:
        CodecError: not a packed array, or one whose length is not what it says.
    """
    blob, shape = packed.get("blob"), packed.get("shape")
    known = packed.get("type") == "numpy" and packed.get("dtype") == "float64"
    if not known or not isinstance(blob, bytes) or not isinstance(shape, int):
        raise CodecError(f"{packed!r:.100} is not a packed array of doubles.")
    if len(blob) != 8 * shape:
        raise CodecError(f"An array of {shape} doubles cannot have {len(blob)} bytes.")
    return list(struct.unpack(f"<{shape}d", blob))
