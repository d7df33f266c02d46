"""Objects of an application's own: a type name, and a tree of plain values, bytes and objects.

What the tree means is the application's business; it is stored, indexed and read back as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError
from matyan_client.objects.base import (
    Encoded,
    LazyBytes,
    Trackable,
    decode_object,
    register,
    stored_field,
)
from matyan_client.objects.params import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

__all__ = ["Blob", "Custom", "pack_fields", "stored_type_name", "unpack_fields"]

_RANGE = "range_in_blob"
"""Member of an object's wire value: where, in the bytes of the object around it, its own are."""


@register
class Blob(Trackable):
    """Bytes that are kept beside the value they belong to, and read when they are asked for.

    Args:
        content: bytes, or a text of any length.

    Raises:
        InvalidTypeError: neither bytes nor text.
    """

    dtype: ClassVar[str] = "blob"

    def __init__(self, content: bytes | bytearray | memoryview | str) -> None:
        if not isinstance(content, (bytes, bytearray, memoryview, str)):
            raise InvalidTypeError(f"Blob takes bytes or text, not {type(content).__name__}.")
        self._text = isinstance(content, str)
        raw = (
            content.encode("utf-8", "surrogatepass") if isinstance(content, str) else bytes(content)
        )
        self._raw = LazyBytes(raw)

    def get(self) -> bytes | str:
        """The content; read on first call."""
        raw = self._raw.get()
        return raw.decode("utf-8", "surrogatepass") if self._text else raw

    def json(self) -> dict[str, Any]:
        """Return a dict of type and content, as base64."""
        return {"type": self.dtype, "base64": base64.b64encode(self._raw.get()).decode("ascii")}

    def encode(self) -> Encoded:
        """Return the wire value and the bytes."""
        value: dict[str, Any] = {"type": self.dtype}
        return Encoded({**value, "text": True} if self._text else value, self._raw.get(), "bin")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; the bytes are read on first need."""
        blob = cls.__new__(cls)
        blob._text = stored_field(value, "text", bool, False)
        blob._raw = LazyBytes(read=read_blob)
        return blob

    def __repr__(self) -> str:
        loaded = self._raw.loaded
        return "Blob(not read yet)" if loaded is None else f"Blob({len(loaded)} bytes)"


@register
class Custom(Trackable):
    """An object of a type the application names.

    Args:
        type_name: the application's name of the type, such as `geometry.point`.
        fields: names or numbers to what parameters take (`objects.params.to_json`): plain values,
            lists and dicts of them, and other objects.

    Raises:
        InvalidInputError: no type name.
        InvalidTypeError: a type name that is no text, or fields that are no mapping.
    """

    dtype: ClassVar[str] = "custom"

    def __init__(self, type_name: str, fields: Mapping[str | int, Any]) -> None:
        if not isinstance(type_name, str):
            raise InvalidTypeError(f"The type name of an object is text, not {type_name!r}.")
        if not type_name:
            raise InvalidInputError("The type name of an object must not be empty.")
        if not isinstance(fields, Mapping):
            raise InvalidTypeError(f"The fields of an object are a dict, not {fields!r:.80}.")
        self.type_name = type_name
        self.fields = dict(fields)

    @property
    def sequence_dtype(self) -> str:
        """`custom:` and the type name: a sequence holds objects of one type."""
        return f"{self.dtype}:{self.type_name}"

    def json(self) -> dict[str, Any]:
        """Return a dict of type, name and fields."""
        fields = to_json(self.fields, encode_object=lambda item: item.json(), path=self.type_name)
        return {"type": self.dtype, "name": self.type_name, "fields": fields}

    def encode(self) -> Encoded:
        """Return the wire value, and the bytes of all objects in it as one blob.

        Raises:
            InvalidTypeError: a field of a type that cannot be stored.
        """
        fields, blob = pack_fields(self.fields, path=self.type_name)
        value = {"type": self.dtype, "name": self.type_name, "fields": fields}
        return Encoded(value, blob, "" if blob is None else "bin")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; bytes are read on first need."""
        custom = cls.__new__(cls)
        custom.type_name = stored_type_name(value)
        custom.fields = unpack_fields(value, read_blob, decode_object)
        return custom

    def __repr__(self) -> str:
        return f"Custom({self.type_name!r}, {list(self.fields)})"


def stored_type_name(value: Mapping[str, Any]) -> str:
    """The application's type name in the wire value of an object of its own.

    Raises:
        CodecError: there is none.
    """
    name = stored_field(value, "name", str, "")
    if not name:
        raise CodecError(f"Stored object has no type name: {value!r:.80}.")
    return str(name)


def pack_fields(
    fields: Mapping[str | int, Any], *, path: str, after: bytes = b""
) -> tuple[Any, bytes | None]:
    """The JSON value of fields, and the bytes of all objects in them joined, None without any.

    Args:
        fields: as for `Custom`.
        path: name of what they belong to, for messages.
        after: bytes to put before those of the objects.
    """
    parts = [after]
    size = len(after)

    def beside(item: Trackable) -> dict[str, Any]:
        nonlocal size
        encoded = item.encode()
        if encoded.blob is None:
            return encoded.value
        parts.append(encoded.blob)
        start, size = size, size + len(encoded.blob)
        return {**encoded.value, _RANGE: [start, size]}

    packed = to_json(fields, encode_object=beside, path=path)
    return packed, b"".join(parts) if len(parts) > 1 else None


def unpack_fields(
    value: Mapping[str, Any],
    read_blob: Callable[[], bytes],
    decode: Callable[[Mapping[str, Any], Callable[[], bytes]], Any],
) -> dict[str | int, Any]:
    """The fields in a wire value.

    Args:
        value: wire value of an object.
        read_blob: returns the bytes beside it; called on first need of any of them, and once.
        decode: makes an object of its wire value and of what reads its bytes.

    Raises:
        CodecError: malformed fields.
    """
    whole = LazyBytes(read=read_blob)

    def decode_inner(inner: dict[str, Any]) -> Any:
        at = inner.pop(_RANGE, None) or [0, 0]
        try:
            start, stop = map(int, at)
        except (TypeError, ValueError) as exc:
            raise CodecError(f"Stored object has its bytes at {at!r:.80}.") from exc
        return decode(inner, lambda: whole.get()[start:stop])

    fields = from_json(value.get("fields", {}), decode_object=decode_inner)
    if not isinstance(fields, dict):
        raise CodecError(f"Stored object has fields {fields!r:.80}; they are a dict.")
    return fields
