"""Tracked images: any common image source in, encoded bytes and what is known of them out."""

from __future__ import annotations

import base64
import operator
import os
from typing import TYPE_CHECKING, Any, ClassVar

from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    MissingDependencyError,
)
from matyan_client.objects import _pixels
from matyan_client.objects._tensors import class_is, require, tensor_kind
from matyan_client.objects.base import (
    Encoded,
    LazyBytes,
    Trackable,
    read_caption,
    read_stream,
    register,
    stored_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["Image"]

_ALIASES = {"JPG": "JPEG", "JPE": "JPEG", "JFIF": "JPEG", "TIF": "TIFF"}
_KEPT = frozenset({"PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"})
"""Formats in which a PIL image that was opened from a file is written again."""

_DEFAULT_QUALITY = 90


@register
class Image(Trackable):
    """A tracked image value for use with `Run.track`.

    The image is encoded at once; what happens to the source later does not matter.

    | source | taken as |
    |---|---|
    | str or path, bytes, binary file | an encoded image, kept as it is unless converted |
    | PIL image | encoded in its own format if it came from a file, else PNG |
    | matplotlib Figure | drawn at its own size |
    | numpy or JAX array | (height, width) or (height, width, channels), 1 to 4 channels |
    | torch tensor | (height, width) or (channels, height, width) |
    | TensorFlow tensor | as numpy |

    Floats are 0 to 1. Outside of that an array is refused and a tensor of torch or TensorFlow is
    cut to it with a warning. Integers are 0 to 255, in a single channel up to 65535 (kept as 16
    bits); bool is black and white. Anything but a path or bytes needs Pillow; with Pillow, paths
    and bytes are checked for damage, too.

    Args:
        image: the source.
        caption: optional caption for the UI.
        format_: format to encode in, such as `"PNG"`, `"JPEG"` (or `"jpg"`) or `"WEBP"`, in any
            case; None as the table says. What the format cannot hold is converted: transparency
            becomes white in JPEG, CMYK becomes RGB in PNG.
        quality: 1 to 100 for JPEG and WEBP; values outside are cut to that.
        optimize: whether to spend time on a smaller encoding. With this or another quality than
            90, an encoded source is encoded again even if it already has the format asked for.

    Raises:
        InvalidInputError: (a ValueError) no such file, not an image, a damaged one, a format that
            cannot be written, or an array of a shape or range that is no image.
        InvalidTypeError: (also a TypeError) a source of another type.
        MissingDependencyError: Pillow is needed and not installed.
    """

    dtype: ClassVar[str] = "image"

    def __init__(
        self,
        image: Any,
        caption: str = "",
        format_: str | None = None,
        quality: int = _DEFAULT_QUALITY,
        optimize: bool = False,
    ) -> None:
        self._caption = read_caption(caption, "Image")
        self._width: int | None = None
        self._height: int | None = None
        asked = _read_format(format_)
        level = _read_quality(quality)
        encoded = _read_encoded(image)
        if encoded is None:
            picture = _to_pil(image)
            own = picture.format if class_is(image, "PIL", "Image") else None
            self._format = asked or (own if own in _KEPT else "PNG")
        else:
            content, origin = encoded
            picture = _check_encoded(content, origin)
            own = _pixels.sniff_format(content) if picture is None else picture.format
            self._format = asked or own or "PNG"
            if self._format == own and not (asked and (level != _DEFAULT_QUALITY or optimize)):
                self._bytes = LazyBytes(content)
                if picture is not None:
                    self._width, self._height = picture.size
                return
            if picture is None:
                raise MissingDependencyError("PIL", extra="image", purpose="Converting an image")
        self._width, self._height = picture.size
        self._bytes = LazyBytes(
            _pixels.encode_pil(picture, self._format, quality=level, optimize=bool(optimize))
        )

    @property
    def caption(self) -> str:
        """Optional caption for the image in the UI; writable."""
        return self._caption

    @caption.setter
    def caption(self, caption: str) -> None:
        self._caption = read_caption(caption, "Image")

    @property
    def format(self) -> str:
        """Image format, such as `PNG` or `JPEG`."""
        return self._format

    @property
    def width(self) -> int | None:
        """Image width in pixels; None for paths and bytes without Pillow."""
        return self._width

    @property
    def height(self) -> int | None:
        """Image height in pixels; None for paths and bytes without Pillow."""
        return self._height

    @property
    def size(self) -> int:
        """Size of the encoded image in bytes."""
        return len(self._bytes.get())

    def to_bytes(self) -> bytes:
        """Return the encoded image."""
        return self._bytes.get()

    def to_pil_image(self) -> Any:
        """Return a new `PIL.Image.Image`, decoded.

        Raises:
            MissingDependencyError: Pillow is not installed.
            InvalidInputError: the stored bytes are damaged.
        """
        return _pixels.open_bytes(self._bytes.get(), "The tracked image")

    def to_numpy(self) -> Any:
        """Return the pixels as an array (height, width) or (height, width, channels).

        Levels are 0 to 255 (uint8), 0 to 65535 for 16 bits, or bool. Colours of a palette are
        looked up.

        Raises:
            MissingDependencyError: numpy or Pillow is not installed.
            InvalidInputError: the stored bytes are damaged.
        """
        numpy = require("numpy", extra="image", purpose="Image.to_numpy()")
        picture = self.to_pil_image()
        if picture.mode in ("P", "PA"):
            clear = picture.mode == "PA" or "transparency" in picture.info
            picture = picture.convert("RGBA" if clear else "RGB")
        return numpy.array(picture)

    def json(self) -> dict[str, Any]:
        """Return a dict of type, data (base64), format, caption, width and height."""
        value, content, _ = self.encode()
        data = base64.b64encode(content or b"").decode("ascii")
        return {"type": value.pop("type"), "data": data, **value}

    def encode(self) -> Encoded:
        """Return the wire value, the encoded image and its file extension."""
        value = {
            "type": self.dtype,
            "format": self._format,
            "caption": self._caption,
            "width": self._width,
            "height": self._height,
        }
        return Encoded(value, self._bytes.get(), self._format.lower())

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; the blob is read on first need, decoded only on demand."""
        image = cls.__new__(cls)
        image._caption = stored_field(value, "caption", str, "")
        image._format = stored_field(value, "format", str, "PNG")
        image._width = stored_field(value, "width", int, None)
        image._height = stored_field(value, "height", int, None)
        image._bytes = LazyBytes(read=read_blob)
        return image

    def __repr__(self) -> str:
        content = self._bytes.loaded
        size = "unread" if content is None else len(content)
        return f"Image(format={self._format!r}, size={size}, caption={self._caption!r})"


def _read_format(format_: object) -> str | None:
    if format_ is None or format_ == "":
        return None
    if not isinstance(format_, str):
        raise InvalidTypeError(
            f"Image format_ must be a str such as 'PNG', not {format_!r} "
            f"of type {type(format_).__name__}."
        )
    name = format_.strip().lstrip(".").upper()
    return _ALIASES.get(name, name)


def _read_quality(quality: object) -> int:
    try:
        level = operator.index(quality)  # type: ignore[arg-type]  # any object is the point
    except TypeError as exc:
        raise InvalidTypeError(
            f"Image quality must be an int from 1 to 100, not {quality!r}."
        ) from exc
    return min(max(level, 1), 100)


def _read_encoded(source: object) -> tuple[bytes, str] | None:
    """The bytes of a source that is an encoded image, and how to name it; None for the others."""
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        try:
            with open(path, "rb") as file:
                return file.read(), f"Image file {path!r}"
        except FileNotFoundError as exc:
            raise InvalidInputError(
                f"Image file {path!r} does not exist (working directory: {os.getcwd()!r})."
            ) from exc
        except (OSError, ValueError) as exc:
            raise InvalidInputError(f"Image file {path!r} cannot be read: {exc}.") from exc
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), "The bytes given to Image"
    if callable(getattr(source, "read", None)):
        content = read_stream(source, "Image", _pixels.sniff_format)
        return content, "The stream given to Image"
    return None


def _check_encoded(content: bytes, origin: str) -> Any:
    """Open an encoded image with Pillow; None if Pillow is missing and it looks like an image."""
    try:
        return _pixels.open_bytes(content, origin)
    except MissingDependencyError:
        if _pixels.sniff_format(content) is None:
            raise InvalidInputError(
                f"{origin} is not an image of a known format ({len(content)} bytes)."
            ) from None
        return None


def _to_pil(source: Any) -> Any:
    if class_is(source, "PIL", "Image"):
        return source
    kind = tensor_kind(source)
    if kind is not None:
        return _pixels.array_to_pil(source, kind)
    if class_is(source, "matplotlib", "Figure"):
        return _pixels.figure_to_pil(source)
    raise InvalidTypeError(
        "Image takes a path, bytes, PIL image, numpy array, tensor or matplotlib figure, not "
        f"{source!r:.80} of type {type(source).__module__}.{type(source).__qualname__}."
    )
