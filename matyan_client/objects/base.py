"""The shape every tracked object shares, and the closed registry that reads them back.

An object is a small JSON value (protocol section 7.5) and, for images and audio, bytes beside it.
Knows nothing about where either is stored, nor about the classes themselves: they register here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "CONTENT_TYPES",
    "Encoded",
    "LazyBytes",
    "Trackable",
    "clean_text",
    "decode_object",
    "is_trackable",
    "read_caption",
    "read_stream",
    "register",
    "stored_field",
]

CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "png": "image/png",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "gif": "image/gif",
        "bmp": "image/bmp",
        "webp": "image/webp",
        "wav": "audio/wav",
        "mp3": "audio/mpeg",
        "flac": "audio/flac",
        "ogg": "audio/ogg",
    }
)
"""File extension to content type (protocol section 5.3); any other extension is
`application/octet-stream`."""


class Encoded(NamedTuple):
    """An object ready to be stored."""

    value: dict[str, Any]
    """Wire form (protocol section 7.5) without `s3_key`."""

    blob: bytes | None
    """Bytes to keep beside it, None for kinds that have none."""

    extension: str
    """File extension for the blob, such as `png`; empty without a blob."""


class Trackable(ABC):
    """Something `Run.track` and run parameters accept beside plain values."""

    dtype: ClassVar[str]
    """`image`, `audio`, `text`, `distribution`, `figure` (protocol section 7.3), or one of those in
    `custom.py`."""

    @property
    def sequence_dtype(self) -> str:
        """dtype of the sequences that hold objects like this one."""
        return self.dtype

    @abstractmethod
    def json(self) -> dict[str, Any]:
        """Return a self-contained JSON value (bytes as base64)."""

    @abstractmethod
    def encode(self) -> Encoded:
        """Return the wire value and the bytes that go beside it."""

    @classmethod
    @abstractmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild an object from its wire value; `read_blob` is called on first need, if ever.

        Raises:
            CodecError: the value does not follow protocol section 7.5.
        """


_TrackableClass = TypeVar("_TrackableClass", bound="type[Trackable]")

_REGISTRY: dict[str, type[Trackable]] = {}


def register(cls: _TrackableClass) -> _TrackableClass:
    """Make a class the one `decode_object` uses for its dtype; subclasses do not replace it."""
    if cls.dtype in _REGISTRY:
        raise RuntimeError(f"dtype {cls.dtype!r} is already registered")
    _REGISTRY[cls.dtype] = cls
    return cls


def decode_object(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Trackable:
    """Rebuild an object by the `type` in its wire value.

    Args:
        value: wire form, protocol section 7.5.
        read_blob: returns the bytes stored beside it; called on first need.

    Raises:
        CodecError: no such type, or a value that does not follow the protocol.
    """
    kind = value.get("type") if isinstance(value, Mapping) else None
    cls = _REGISTRY.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise CodecError(
            f"Stored object has type {kind!r}; known types are {', '.join(sorted(_REGISTRY))}."
        )
    return cls.decode(value, read_blob)


def is_trackable(value: object) -> bool:
    """Tell whether a value is one of the tracked object classes (or a subclass)."""
    return isinstance(value, Trackable)


class LazyBytes:
    """Bytes that are at hand, or are read when first asked for."""

    __slots__ = ("_content", "_read")

    def __init__(
        self, content: bytes | None = None, *, read: Callable[[], bytes] | None = None
    ) -> None:
        self._content = content
        self._read = read

    @property
    def loaded(self) -> bytes | None:
        """The bytes if they are at hand; never reads."""
        return self._content

    def get(self) -> bytes:
        """The bytes; reads them on first call and keeps them."""
        content = self._content
        if content is None:
            read = self._read
            content = read() if read is not None else b""
            self._content = content
            self._read = None
        return content


def clean_text(text: str) -> str:
    """Replace lone surrogates, which UTF-8 and so the wire cannot carry, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_caption(caption: object, owner: str) -> str:
    """Check a caption argument: text, or None for none; scalars are written as text.

    Raises:
        InvalidTypeError: anything else.
    """
    if caption is None:
        return ""
    if isinstance(caption, str):
        return clean_text(str.__str__(caption))
    item = getattr(caption, "item", None)  # one-element arrays and tensors, as labels often are
    plain = item() if callable(item) and getattr(caption, "size", 1) == 1 else caption
    if isinstance(plain, (int, float, str)):
        return clean_text(str(plain))
    raise InvalidTypeError(
        f"{owner} caption must be a str, not {caption!r} of type {type(caption).__name__}."
    )


def read_stream(stream: Any, owner: str, recognise: Callable[[bytes], object]) -> bytes:
    """Read a binary file-like object from where it stands.

    If nothing that `recognise` knows starts there, as in a buffer that was just written to, it is
    read from its start.

    Raises:
        InvalidTypeError: it gives text.
        InvalidInputError: it is closed or cannot be read.
    """
    try:
        content = stream.read()
        seekable = getattr(stream, "seekable", None)
        if (
            isinstance(content, bytes)
            and not recognise(content)
            and seekable is not None
            and seekable()
        ):
            stream.seek(0)
            content = stream.read()
    except (OSError, ValueError) as exc:
        raise InvalidInputError(f"The stream given to {owner} cannot be read: {exc}.") from exc
    if not isinstance(content, (bytes, bytearray)):
        raise InvalidTypeError(f"{owner} takes a file opened in binary mode ('rb').")
    return bytes(content)


def stored_field(
    value: Mapping[str, Any], name: str, accepted: type | tuple[type, ...], default: Any
) -> Any:
    """Take one member of a wire value; absent and null give the default.

    Raises:
        CodecError: it is of another type.
    """
    item = value.get(name)
    if item is None:
        return default
    if not isinstance(item, accepted):
        raise CodecError(
            f"Stored {value.get('type', 'object')} has {name} {item!r:.80} "
            f"of type {type(item).__name__}."
        )
    return item
