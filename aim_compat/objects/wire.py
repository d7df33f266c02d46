"""From stored wire values back to Aim's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.objects.audio import Audio
from aim_compat.objects.distribution import Distribution
from aim_compat.objects.figure import Figure
from aim_compat.objects.image import Image
from aim_compat.objects.text import Text
from matyan_client.exceptions import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aim_compat.objects.base import CustomObject

__all__ = ["from_wire"]

_KINDS: dict[str, type[CustomObject]] = {
    cls.dtype: cls for cls in (Image, Audio, Text, Distribution, Figure)
}


def from_wire(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> CustomObject:
    """Rebuild an object from its stored wire value.

    Args:
        value: wire form, protocol section 7.5.
        read_blob: returns the bytes stored beside it; called on first need.

    Raises:
        CodecError: not one of the five kinds, or not as the protocol says.
    """
    kind = _KINDS.get(str(value.get("type")))
    if kind is None:
        raise CodecError(
            f"Stored object has type {value.get('type')!r}; known types are "
            f"{', '.join(sorted(_KINDS))}."
        )
    return kind.decode(value, read_blob)
