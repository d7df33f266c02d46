"""What can be tracked beside scalars: images, audio, text, distributions, figures, own types.

Knows nothing about runs, storage or the network; heavy libraries are imported when first needed.
"""

from __future__ import annotations

from matyan_client.objects.audio import Audio
from matyan_client.objects.base import (
    CONTENT_TYPES,
    Encoded,
    Trackable,
    decode_object,
    is_trackable,
)
from matyan_client.objects.custom import Blob, Custom, pack_fields, stored_type_name, unpack_fields
from matyan_client.objects.distribution import Distribution
from matyan_client.objects.figure import Figure
from matyan_client.objects.image import Image
from matyan_client.objects.text import Text

__all__ = [
    "CONTENT_TYPES",
    "Audio",
    "Blob",
    "Custom",
    "Distribution",
    "Encoded",
    "Figure",
    "Image",
    "Text",
    "Trackable",
    "decode_object",
    "is_trackable",
    "pack_fields",
    "stored_type_name",
    "unpack_fields",
]
