"""Tracked text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from matyan_client.exceptions import InvalidTypeError
from matyan_client.objects.base import (
    Encoded,
    Trackable,
    clean_text,
    register,
    stored_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["Text"]


@register
class Text(Trackable):
    """A tracked text value for use with `Run.track`.

    Args:
        text: what to log. Lone surrogates, which the wire cannot carry, become U+FFFD.

    Raises:
        InvalidTypeError: `text` is not a str.
    """

    dtype: ClassVar[str] = "text"

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise InvalidTypeError(
                f"Text takes a str, not {text!r:.80} of type {type(text).__name__}; "
                "convert it with str(...)."
            )
        self._data = clean_text(str.__str__(text))

    @property
    def data(self) -> str:
        """The text content."""
        return self._data

    def json(self) -> dict[str, Any]:
        """Return `{"type": "text", "data": ...}`."""
        return {"type": self.dtype, "data": self._data}

    def encode(self) -> Encoded:
        """Return the wire value; a text has no blob."""
        return Encoded(self.json(), None, "")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; `read_blob` is not used."""
        text = cls.__new__(cls)
        text._data = stored_field(value, "data", str, "")
        return text

    def __repr__(self) -> str:
        return f"Text({self._data[:60]!r})"
