"""Aim's Text (behaviour O04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, type_name
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["Text"]


@CustomObject.alias("aim.text")
class Text(CustomObject):
    """A string wrapped for tracking.

    Raises:
        TypeError: not a str.
    """

    AIM_NAME: ClassVar[str] = "aim.text"
    dtype: ClassVar[str] = "text"

    def __init__(self, text: str) -> None:
        super().__init__()
        if not isinstance(text, str):
            raise InvalidTypeError(
                f"`text` must be a string. It is {text!r:.80} of type {type_name(text)}; convert "
                "it with str(...)."
            )
        self.storage["data"] = matyan.Text(text).data

    @property
    def data(self) -> str:
        """The string."""
        text: str = self.storage["data"]
        return text

    def encode(self) -> Encoded:
        """The wire value; a text has no blob."""
        return Encoded({"type": self.dtype, "data": self.data}, None, "")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value."""
        text = cls.__new__(cls)
        text.storage["data"] = matyan.Text.decode(value, read_blob).data
        return text

    def __repr__(self) -> str:
        return self.data
