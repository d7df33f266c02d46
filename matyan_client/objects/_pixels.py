"""From arrays, tensors and figures to PIL images, and from PIL images to encoded bytes.

Knows nothing about tracking; `image.py` is its only caller.
"""

from __future__ import annotations

import io
import logging
from typing import Any

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects._tensors import TensorKind, require, to_ndarray

__all__ = ["array_to_pil", "encode_pil", "figure_to_pil", "open_bytes", "sniff_format"]

_log = logging.getLogger("matyan_client.objects")

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)

_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF"})
_DEEP = frozenset({"PNG", "TIFF"})
"""Formats that store 16 bits a pixel."""


def sniff_format(content: bytes) -> str | None:
    """Tell a common image format by its first bytes; None if it is none of them."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            return name
    return None


def open_bytes(content: bytes, origin: str) -> Any:
    """Decode an encoded image completely, so that a damaged one is noticed.

    Raises:
        InvalidInputError: not an image, or a damaged one; the message names `origin`.
    """
    pil = require("PIL.Image", extra="image", purpose="Reading an image")
    try:
        image = pil.open(io.BytesIO(content))
        image.load()
    except pil.DecompressionBombError as exc:
        raise InvalidInputError(
            f"{origin} is larger than Pillow accepts ({exc}); raise PIL.Image.MAX_IMAGE_PIXELS."
        ) from exc
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as exc:
        raise InvalidInputError(
            f"{origin} is not an image, or a damaged one ({len(content)} bytes): {exc}."
        ) from exc
    return image


def array_to_pil(value: Any, kind: TensorKind) -> Any:
    """Make a PIL image of an array or tensor; `Image` documents which are accepted."""
    pil = require("PIL.Image", extra="image", purpose=f"Image of a {kind} array")
    array = to_ndarray(value, extra="image", purpose=f"Image of a {kind} array")
    shape = tuple(array.shape)
    if array.ndim not in (2, 3) or not array.size:
        raise InvalidInputError(
            f"Image takes an array of two or three dimensions with pixels in it, not {shape}."
            + (" Track a batch as a list of images." if array.ndim == 4 else "")
        )
    if kind == "torch" and array.ndim == 3 and shape[0] in (1, 2, 3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4):
        hint = " Move the channels last: numpy.moveaxis(image, 0, -1)." if shape[0] < 5 else ""
        order = "(channels, height, width)" if kind == "torch" else "(height, width, channels)"
        raise InvalidInputError(
            f"Image takes a {kind} array of shape {order} with 1 to 4 channels, not {shape}.{hint}"
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return pil.fromarray(_to_levels(array, clamp=kind in ("torch", "tensorflow")))


def _to_levels(array: Any, *, clamp: bool) -> Any:
    """Scale to 8 bits a channel; 16 bits, or one, where PIL has a mode for it."""
    import numpy as np

    kind = array.dtype.kind
    if kind == "b":
        return np.ascontiguousarray(array) if array.ndim == 2 else array.astype(np.uint8) * 255
    if kind == "f":
        return _scale_floats(array, clamp=clamp)
    if kind not in "iu":
        raise InvalidTypeError(f"Image takes arrays of bool, int or float, not {array.dtype}.")
    deep = array.ndim == 2
    if array.dtype == np.uint8 or (array.dtype == np.uint16 and deep):
        return np.ascontiguousarray(array)
    low, high = int(array.min()), int(array.max())
    if low >= 0 and high <= 255:
        return array.astype(np.uint8)
    if low >= 0 and high <= 65535 and deep:
        return array.astype(np.uint16)
    raise InvalidInputError(
        f"Image takes integer pixels from 0 to 255 (or 65535 in a single channel); this array of "
        f"{array.dtype} has {low} to {high}. Scale it first."
    )


def _scale_floats(array: Any, *, clamp: bool) -> Any:
    import numpy as np

    array = array.astype(np.float64)
    low, high = float(array.min()), float(array.max())
    if np.isnan(low):
        raise InvalidInputError(
            "Image of floats holds NaN; replace it first, for example with numpy.nan_to_num(image)."
        )
    # What rounds to 0..255 is fine: interpolation leaves values such as 1.0000001.
    if low * 255 < -0.5 or high * 255 >= 255.5:
        if not clamp:
            raise InvalidInputError(
                f"Image takes floats from 0 to 1; this array has {low!r} to {high!r}. "
                + (
                    "Pass levels as image.astype('uint8')."
                    if low >= 0 and high <= 255
                    else "Scale it first: (image - image.min()) / (image.max() - image.min())."
                )
            )
        _log.warning(
            "Image takes float tensors from 0 to 1; %r to %r was cut to that range.",
            low,
            high,
        )
    return np.rint(array.clip(0.0, 1.0) * 255).astype(np.uint8)


def figure_to_pil(figure: Any) -> Any:
    """Draw a matplotlib figure at its own size and resolution.

    Raises:
        InvalidInputError: matplotlib cannot draw it.
    """
    pil = require("PIL.Image", extra="image", purpose="Image of a matplotlib figure")
    drawn = io.BytesIO()
    try:
        figure.savefig(drawn, format="png")
    except (ValueError, RuntimeError, OSError, TypeError) as exc:
        raise InvalidInputError(f"matplotlib cannot draw this figure: {exc}.") from exc
    image = pil.open(drawn)
    image.load()
    return image


_MISWRITTEN = {("BMP", "P"), ("TIFF", "YCbCr")}
"""Formats and modes of which Pillow up to 12 writes files it cannot read again."""


def encode_pil(image: Any, format_: str, *, quality: int, optimize: bool) -> bytes:
    """Encode a PIL image; a mode the format cannot hold is converted first.

    Raises:
        InvalidInputError: a format Pillow cannot write, or an image it cannot read or convert.
    """
    pil = require("PIL.Image", extra="image", purpose=f"Writing an image as {format_}")
    pil.init()
    if format_ not in pil.SAVE:
        raise InvalidInputError(
            f"Image format {format_!r} cannot be written; use PNG, JPEG, WEBP, GIF, BMP or TIFF."
        )
    options: dict[str, Any] = {"quality": quality, "optimize": optimize}
    if format_ in _ANIMATED and getattr(image, "n_frames", 1) > 1:
        options["save_all"] = True
    try:
        image.load()
        whole = format_ == "TIFF" and image.mode in ("F", "I")  # which holds all of these
        ready = image if whole else _reduce(image, deep=format_ in _DEEP)
        if (format_, ready.mode) in _MISWRITTEN:
            ready = _to_rgb(ready, format_)
        try:
            return _save(ready, format_, options)
        except (OSError, KeyError, ValueError):  # a mode this format does not have
            options.pop("save_all", None)
            return _save(_to_rgb(ready, format_), format_, options)
    except (OSError, KeyError, ValueError, SyntaxError, SystemError) as exc:
        raise InvalidInputError(
            f"Image of mode {image.mode} and size {image.size} cannot be written as {format_}: "
            f"{exc}."
        ) from exc


def _save(image: Any, format_: str, options: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=format_, **options)
    return stream.getvalue()


def _reduce(image: Any, *, deep: bool) -> Any:
    """Bring float and deep modes to what the format holds; other modes stay as they are."""
    mode = image.mode
    if mode == "F":
        low, high = image.getextrema()
        if not (low >= 0 and high <= 255):
            raise ValueError(f"pixels of mode F must be 0 to 1 or 0 to 255, not {low} to {high}")
        return (
            image.point(lambda level: level * 255 + 0.5).convert("L")
            if high <= 1
            else (image.point(lambda level: level * 1 + 0.5).convert("L"))
        )
    if deep and mode == "I":
        low, high = image.getextrema()
        # Pillow stops writing mode I; 16 bits hold all but odd values of it.
        return image.convert("I;16") if low >= 0 and high <= 0xFFFF else image
    if not deep and (mode == "I" or mode.startswith("I;16")):
        wide = image.convert("I")
        _, high = wide.getextrema()
        if high > 255:
            wide = wide.point(lambda level: level * (1 / 257) + 0.5)
        return wide.convert("L")
    return image


def _to_rgb(image: Any, format_: str) -> Any:
    """RGB, over white where there was transparency; formats with transparency keep it."""
    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    if format_ in ("PNG", "WEBP", "TIFF"):
        return clear
    pil = require("PIL.Image", extra="image", purpose="Converting an image")
    white = pil.new("RGBA", clear.size, (255, 255, 255, 255))
    return pil.alpha_composite(white, clear).convert("RGB")
