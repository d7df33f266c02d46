"""Aim's Image (behaviour O01-O03, O09); encoding is `matyan_client.objects.Image`'s."""

from __future__ import annotations

import itertools
import os
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, Deferred, caption_text, comes_from, is_array
from aim_compat.types import BLOB
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import Self

__all__ = ["Image", "ImageFormatError", "UnreadableImageError", "convert_to_aim_image_list"]


class ImageFormatError(InvalidInputError, KeyError):
    """An image format that cannot be written; Aim raises KeyError (behaviour O03)."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would print the repr


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
    dtype: ClassVar[str] = "image"

    def __init__(
        self,
        image: Any,
        caption: str = "",
        format: str | None = None,
        quality: int = 90,
        optimize: bool = False,
    ) -> None:
        super().__init__()
        image = _image_source(image)
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
        self._fill(BLOB(encoded.to_bytes()), stored, encoded.width, encoded.height, caption)

    def _fill(
        self, data: BLOB, format_: str, width: int | None, height: int | None, caption: Any
    ) -> None:
        storage = self.storage
        storage["data"] = data
        storage["source"] = "PIL.Image"
        storage["mode"] = Deferred(lambda: _mode(bytes(data)))
        storage["format"] = format_
        storage["width"] = width
        storage["height"] = height
        storage["caption"] = caption

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

    def encode(self) -> Encoded:
        """The wire value, the encoded image and its file extension."""
        value = {
            "type": self.dtype,
            "format": self.format,
            "caption": caption_text(self.caption),
            "width": self.width,
            "height": self.height,
        }
        return Encoded(value, bytes(self.storage["data"]), self.format.lower())

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; the blob is read on first need."""
        checked = matyan.Image.decode(value, read_blob)
        image = cls.__new__(cls)
        caption = value.get("caption", "")
        image._fill(BLOB(None, read_blob), checked.format, checked.width, checked.height, caption)
        return image

    def __eq__(self, other: object) -> bool:
        """Same format, size and pixels; captions may differ (behaviour O03)."""
        if not isinstance(other, Image):
            return False
        if self.format.lower() != other.format.lower() or self.size != other.size:
            return False
        return bytes(self.storage["data"]) == bytes(other.storage["data"])

    __hash__ = None  # type: ignore[assignment]  # unhashable in Aim, as captions change


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
        return InvalidTypeError(text)
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
