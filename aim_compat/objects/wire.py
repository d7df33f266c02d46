"""Aim's objects to and from what `matyan_client` stores.

The five kinds that Matyan knows travel as these, with fields that a script added beside; every
other object travels as `matyan_client.objects.Custom`. What reading gives is made of the class that
is registered for the type name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aim_compat.key_order import in_key_order
from aim_compat.objects import audio, distribution, figure, image, text
from aim_compat.objects.base import CustomObject, revive
from aim_compat.objects.tree import CustomObjectBase, Deferred, InMemoryTreeView
from aim_compat.types import BLOB
from matyan_client.exceptions import CodecError
from matyan_client.objects import (
    Blob,
    Custom,
    Encoded,
    Trackable,
    pack_fields,
    stored_type_name,
    unpack_fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Clean = Callable[[Any], Any]
    ReadBlob = Callable[[], bytes]

__all__ = ["aim_type", "from_wire", "list_to_wire", "to_wire"]


class _Kind(NamedTuple):
    """One of Aim's own types that Matyan has, too."""

    type_name: str
    dtype: str
    encode: Callable[[Mapping[Any, Any]], tuple[Encoded, dict[Any, Any]] | None]
    """The wire form of fields and which of them are beside it; None if they do not fit."""
    decode: Callable[[Mapping[str, Any], ReadBlob], dict[Any, Any]]


_KINDS = (
    _Kind("aim.image", "image", image.encode, image.decode),
    _Kind("aim.audio", "audio", audio.encode, audio.decode),
    _Kind("aim.text", "text", text.encode, text.decode),
    _Kind("aim.distribution", "distribution", distribution.encode, distribution.decode),
    _Kind("aim.figure", "figure", figure.encode, figure.decode),
)
_BY_TYPE = {kind.type_name: kind for kind in _KINDS}
_BY_DTYPE = {kind.dtype: kind for kind in _KINDS}
_PLAIN = "value"
"""Type name under which a plain value in a list of objects travels."""
_OWN_BYTES = "own_bytes"
"""Member of a wire value: how many bytes of the blob are the object's; the rest are of fields."""


class _Encoded(Trackable):
    """An object of Aim's, ready to be stored."""

    dtype = "custom"

    def __init__(self, sequence_dtype: str, encoded: Encoded) -> None:
        self._sequence_dtype = sequence_dtype
        self._encoded = encoded

    @property
    def sequence_dtype(self) -> str:
        return self._sequence_dtype

    def json(self) -> dict[str, Any]:
        return self._encoded.value

    def encode(self) -> Encoded:
        return self._encoded

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: ReadBlob) -> Any:
        """What reading gives."""
        return from_wire(value, read_blob)


def list_to_wire(items: Sequence[Any], first_type: str, clean: Clean) -> list[Trackable]:
    """A list as what `matyan_client` takes: its first item decides what the sequence holds.

    Args:
        items: objects and plain values, at least one.
        first_type: Aim's name of the type of the first.
        clean: as for `to_wire`.

    Raises:
        TypeError: an item, or a field of one, that cannot be stored.
    """
    ready = [
        to_wire(item, clean)
        if isinstance(item, CustomObjectBase)
        else Custom(_PLAIN, {"value": clean(item)})
        for item in items
    ]
    held = ready[0].sequence_dtype
    if not isinstance(items[0], CustomObjectBase):
        held = f"{Custom.dtype}:{first_type}"
    return [_Encoded(held, item.encode()) for item in ready]


def to_wire(item: CustomObjectBase, clean: Clean) -> Trackable:
    """An object as what `matyan_client` takes.

    Args:
        item: the object.
        clean: turns a field into what a parameter may hold, this function included.

    Raises:
        TypeError: a field that cannot be stored.
        AttributeError: a class without `AIM_NAME`.
    """
    assert isinstance(item, CustomObject)
    name = item.get_typename()
    kind = _BY_TYPE.get(name)
    fields = item.storage.container
    fitting = kind.encode(fields) if kind is not None else None
    if kind is None or fitting is None:
        plain = {key: _later(value) for key, value in fields.items()}
        custom = Custom(name, clean(plain))
        return _Encoded(custom.sequence_dtype, custom.encode())
    encoded, beside = fitting
    if beside:
        encoded = _with_fields(encoded, clean(beside), name)
    return _Encoded(kind.dtype, encoded)


def _later(value: Any) -> Any:
    return value.compute() if isinstance(value, Deferred) else value


def _with_fields(encoded: Encoded, fields: dict[Any, Any], name: str) -> Encoded:
    own = encoded.blob or b""
    packed, blob = pack_fields(fields, path=name, after=own)
    value = {**encoded.value, "fields": packed}
    if blob is None:
        return encoded._replace(value=value)
    value[_OWN_BYTES] = len(own)
    return Encoded(value, blob, encoded.extension or "bin")


def from_wire(value: Mapping[str, Any], read_blob: ReadBlob) -> Any:
    """An object, or a `BLOB`, of its stored wire value.

    Args:
        value: wire form, protocol section 7.5.
        read_blob: returns the bytes stored beside it; called on first need.

    Raises:
        CodecError: of no known kind, or not as the protocol says.
    """
    dtype = value.get("type")
    if dtype == Blob.dtype:
        return BLOB(loader_fn=Blob.decode(value, read_blob).get)
    fields = unpack_fields(value, read_blob, from_wire)
    if dtype == Custom.dtype:
        name = stored_type_name(value)
        if name == _PLAIN:
            return fields.get("value")
        return revive(name, InMemoryTreeView(in_key_order(fields)))
    kind = _BY_DTYPE.get(str(dtype))
    if kind is None:
        known = ", ".join(sorted({*_BY_DTYPE, Blob.dtype, Custom.dtype}))
        raise CodecError(f"Stored object has type {dtype!r}; known types are {known}.")
    own = value.get(_OWN_BYTES)
    read = read_blob if own is None else lambda: read_blob()[:own]
    return revive(
        kind.type_name, InMemoryTreeView(in_key_order({**kind.decode(value, read), **fields}))
    )


def aim_type(dtype: str) -> str:
    """Aim's name of the type of value a sequence of this dtype holds."""
    kind = _BY_DTYPE.get(dtype)
    if kind is not None:
        return kind.type_name
    return dtype.partition(":")[2] or dtype
