"""Aim's Image, Audio, Text, Distribution, Figure and own types, on top of `matyan_client`'s.

What they take and refuse, their attributes and reduced `json()` follow Aim 3.29.1 (behaviour
O01-O09); anything taken here that Aim refuses is a row in `_surface.py`. One file a kind, named
as in `matyan_client.objects`.
"""

from __future__ import annotations

from aim_compat.objects.artifact import Artifact
from aim_compat.objects.audio import Audio
from aim_compat.objects.base import CustomObject, UnregisteredObject
from aim_compat.objects.distribution import Distribution
from aim_compat.objects.figure import Figure, matplotlib_get_offset_position
from aim_compat.objects.image import (
    Image,
    ImageFormatError,
    UnreadableImageError,
    convert_to_aim_image_list,
)
from aim_compat.objects.log import LogLine, LogRecord
from aim_compat.objects.text import Text
from aim_compat.objects.tree import CustomObjectBase, InMemoryTreeView, TreeView, resolved
from aim_compat.objects.wire import aim_type, from_wire, list_to_wire, to_wire

__all__ = [
    "Artifact",
    "Audio",
    "CustomObject",
    "CustomObjectBase",
    "Distribution",
    "Figure",
    "Image",
    "ImageFormatError",
    "InMemoryTreeView",
    "LogLine",
    "LogRecord",
    "Text",
    "TreeView",
    "UnreadableImageError",
    "UnregisteredObject",
    "aim_type",
    "convert_to_aim_image_list",
    "from_wire",
    "list_to_wire",
    "matplotlib_get_offset_position",
    "resolved",
    "to_wire",
]
