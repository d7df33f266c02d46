"""Aim's Image, Audio, Text, Distribution and Figure, on top of those of `matyan_client`.

What they take and refuse, their attributes and reduced `json()` follow Aim 3.29.1 (behaviour
O01-O09); anything taken here that Aim refuses is a row in `_surface.py`. One file a kind, named
as in `matyan_client.objects`.
"""

from __future__ import annotations

from aim_compat.objects.audio import Audio
from aim_compat.objects.base import CustomObject, ObjectStorage
from aim_compat.objects.distribution import Distribution
from aim_compat.objects.figure import Figure
from aim_compat.objects.image import (
    Image,
    ImageFormatError,
    UnreadableImageError,
    convert_to_aim_image_list,
)
from aim_compat.objects.text import Text
from aim_compat.objects.wire import from_wire

__all__ = [
    "Audio",
    "CustomObject",
    "Distribution",
    "Figure",
    "Image",
    "ImageFormatError",
    "ObjectStorage",
    "Text",
    "UnreadableImageError",
    "convert_to_aim_image_list",
    "from_wire",
]
