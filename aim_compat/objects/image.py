"""Aim's Image (behaviour O01-O03, O09); encoding is `matyan_client.objects.Image`'s."""

from __future__ import annotations

import itertools
import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import (
    CustomObject,
    caption_beside,
    caption_text,
    comes_from,
    is_array,
)
from aim_compat.objects.tree import Deferred
from aim_compat.types import BLOB
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Image",
    "ImageFormatError",
    "UnreadableImageError",
    "UnwritableImageError",
    "convert_to_aim_image_list",
    "decode",
    "encode",
]

_SOURCE = "PIL.Image"
_FIELDS = ("caption", "data", "format", "height", "mode", "source", "width")


class ImageFormatError(InvalidInputError, KeyError):
    """An image format that cannot be written; Aim raises KeyError (behaviour O03)."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would print the repr


class UnwritableImageError(InvalidTypeError, OSError):
    """Pixels no format holds; Aim raises TypeError or lets Pillow's OSError through (O01)."""


class UnreadableImageError(InvalidInputError, OSError):
    """A file that is no image, or a damaged one; Aim lets Pillow's OSError through."""


@CustomObject.alias("aim.image")
class Image(CustomObject):
    """A picture with a caption, kept encoded.

    Args:
        image: path (str or pathlib), PIL image, numpy array (height, width[, channels]), torch
            tensor (channels, height, width), TensorFlow tensor or matplotlib figure. Floats are
            0 to 1.
        caption: text shown with it.
        format: `png`, `jpeg` (or `jpg`), `webp`, `gif`, `bmp`, `tiff` in any case; None keeps the
            format of a file and makes `png` of everything else.
        quality: 1 to 100 for JPEG and WEBP.
        optimize: spend time on a smaller encoding.

    Raises:
        ValueError: no such file, or an array that is no image.
        TypeError: anything else, or an array whose shape, type or range is no image.
        KeyError: a format that cannot be written.
        OSError: a file that is no image.
    """

    AIM_NAME: ClassVar[str] = "aim.image"
    DEFAULT_IMG_FORMAT: ClassVar[str] = "png"
    FLAG_WARN_RGBA_RGB: ClassVar[bool] = False

    def __init__(
        self,
        image: Any,
        caption: str = "",
        format: str | None = None,
        quality: int = 90,
        optimize: bool = False,
    ) -> None:
        super().__init__()
        image = _as_levels(_image_source(image))
        try:
            encoded = matyan.Image(image, "", format, quality, optimize)
        except InvalidTypeError as exc:
            if str(exc).startswith("Image takes a path"):
                raise _unsupported(image) from exc
            raise
        except InvalidInputError as exc:
            raise _image_error(exc, image, format) from exc
        # Aim keeps Pillow's spelling for what came from a file or a figure, its own otherwise.
        named = isinstance(image, str) or comes_from(image, "matplotlib", "Figure")
        named = named or bool(getattr(image, "format", None))
        stored = encoded.format if named and not format else encoded.format.lower()
        data = BLOB(encoded.to_bytes())
        fields = _fields(data, stored, encoded.width, encoded.height, caption)
        self.storage.container.update(fields)

    @property
    def caption(self) -> str:
        """Text shown with the image; settable."""
        caption: str = self.storage["caption"]
        return caption

    @caption.setter
    def caption(self, caption: str) -> None:
        self.storage["caption"] = caption

    @property
    def format(self) -> str:
        """Stored image format."""
        format_: str = self.storage["format"]
        return format_

    @property
    def width(self) -> int | None:
        """Pixels from left to right."""
        width: int | None = self.storage["width"]
        return width

    @property
    def height(self) -> int | None:
        """Pixels from top to bottom."""
        height: int | None = self.storage["height"]
        return height

    @property
    def size(self) -> tuple[int | None, int | None]:
        """(width, height)."""
        return self.width, self.height

    def to_pil_image(self) -> Any:
        """Decode to a `PIL.Image.Image`.

        Raises:
            MissingDependencyError: Pillow is not installed.
            InvalidInputError: the stored bytes are damaged.
        """
        return matyan.Image.decode({}, lambda: bytes(self.storage["data"])).to_pil_image()

    def json(self) -> dict[str, Any]:
        """Caption, format, width and height."""
        return {
            "caption": self.caption,
            "format": self.format,
            "width": self.width,
            "height": self.height,
        }

    def __eq__(self, other: object) -> bool:
        """Same format, size and pixels; captions may differ (behaviour O03)."""
        if not isinstance(other, Image):
            return False
        if self.format.lower() != other.format.lower() or self.size != other.size:
            return False
        return bool(self.storage["data"].load() == other.storage["data"].load())

    __hash__ = None  # type: ignore[assignment]  # unhashable in Aim, as captions change


def _fields(
    data: BLOB, format_: str, width: int | None, height: int | None, caption: Any
) -> dict[Any, Any]:
    return {
        "caption": caption,
        "data": data,
        "format": format_,
        "height": height,
        "mode": Deferred(lambda: _mode(bytes(data))),
        "source": _SOURCE,
        "width": width,
    }


def encode(fields: Mapping[Any, Any]) -> tuple[Encoded, dict[Any, Any]] | None:
    """The wire form of a picture, and fields beside it; None if there is no picture in it."""
    content, format_ = fields.get("data"), fields.get("format")
    raw = content.load() if isinstance(content, BLOB) else None
    width, height = fields.get("width"), fields.get("height")
    if not isinstance(raw, bytes) or not isinstance(format_, str):
        return None
    if not all(isinstance(size, int) or size is None for size in (width, height)):
        return None
    caption = fields.get("caption")
    value = {
        "type": matyan.Image.dtype,
        "format": format_,
        "caption": caption_text(caption),
        "width": width,
        "height": height,
    }
    beside = {key: item for key, item in fields.items() if key not in _FIELDS}
    if fields.get("source") != _SOURCE:
        beside["source"] = fields.get("source")
    return Encoded(value, raw, format_.lower()), {**beside, **caption_beside(caption)}


def decode(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> dict[Any, Any]:
    """The fields of a stored picture; its bytes are read on first need."""
    checked = matyan.Image.decode(value, read_blob)
    caption = value.get("caption", "")
    data = BLOB(loader_fn=read_blob)
    return _fields(data, checked.format, checked.width, checked.height, caption)


def _mode(content: bytes) -> str | None:
    """Pillow's name for the kind of pixels, None for a damaged image; reads only the header."""
    from PIL import Image as pil

    try:
        with pil.open(BytesIO(content)) as picture:
            return str(picture.mode)
    except OSError:
        return None


def _image_source(image: Any) -> Any:
    """Refuse what Aim refuses; a path becomes str, with `~` expanded where that finds a file."""
    if isinstance(image, (str, os.PathLike)):
        path = os.fsdecode(image)
        if os.path.isfile(path):
            return path
        expanded = os.path.expanduser(path)
        if not os.path.isfile(expanded):
            raise InvalidInputError(
                f"Invalid image file path. There is no file {path!r} (working directory: "
                f"{os.getcwd()!r})."
            )
        return expanded
    if isinstance(image, (bytes, bytearray, memoryview, CustomObject)) or (
        callable(getattr(image, "read", None)) and not comes_from(image, "PIL", "Image")
    ):
        raise _unsupported(image)
    return image


def _as_levels(image: Any) -> Any:
    """Float tensors from 0 to 1 as levels of 8 bits, fractions cut off as Aim does."""
    if comes_from(image, "torch", "Tensor") and image.is_floating_point() and image.numel():
        dense = image.detach()
        low, high = (float(bound) for bound in (dense.min(), dense.max()))
        return dense.mul(255).byte() if low >= 0 and high <= 1 else image
    if comes_from(image, "tensorflow", "Tensor") and image.dtype.is_floating:
        array = image.numpy()
        if array.size and array.min() >= 0 and array.max() <= 1:
            return (array * array.dtype.type(255)).astype("uint8")
    return image


def _unsupported(image: Any) -> InvalidTypeError:
    return InvalidTypeError(
        f"Cannot convert to aim.Image. Unsupported type {type(image)}. It takes a path, PIL image, "
        "numpy array, tensor or matplotlib figure; open bytes with PIL.Image.open(...)."
    )


def _image_error(exc: InvalidInputError, image: Any, format_: str | None) -> InvalidInputError:
    """Our error as one that `except` clauses written for Aim catch (behaviour O01-O03)."""
    text = str(exc)
    if format_ and "cannot be written; use" in text:
        return ImageFormatError(text)
    if isinstance(image, str):
        return UnreadableImageError(text)
    if is_array(image) and image.ndim in (2, 3):
        return UnwritableImageError(text)
    if comes_from(image, "PIL", "Image"):
        return UnreadableImageError(text)
    return InvalidInputError(f"Cannot convert to aim.Image. {text}")


def convert_to_aim_image_list(
    images: Iterable[Any], labels: Iterable[Any] | None = None
) -> list[Image]:
    """Turn several images into `Image`s, with captions from `labels` as far as they go.

    Args:
        images: anything `Image` takes, in any iterable; also one array with the images along its
            first axis.
        labels: texts, numbers, or one-element arrays and tensors.
    """
    captions = itertools.chain(
        map(_label_text, () if labels is None else labels), itertools.repeat("")
    )
    return [Image(image, caption=caption) for image, caption in zip(images, captions, strict=False)]


def _label_text(label: Any) -> str:
    item = getattr(label, "item", None)
    return label if isinstance(label, str) else str(item() if callable(item) else label)
