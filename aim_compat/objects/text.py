"""Aim's Text (behaviour O04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, type_name
from aim_compat.types import BLOB
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matyan_client.objects import Encoded

__all__ = ["Text", "decode", "encode"]


@CustomObject.alias("aim.text")
class Text(CustomObject):
    """A string wrapped for tracking.

    Raises:
        TypeError: not a str.
    """

    AIM_NAME: ClassVar[str] = "aim.text"

    def __init__(self, text: str) -> None:
        super().__init__()
        if not isinstance(text, str):
            raise InvalidTypeError(
                f"`text` must be a string. It is {text!r:.80} of type {type_name(text)}; convert "
                "it with str(...)."
            )
        self.storage["data"] = BLOB(matyan.Text(text).data)

    @property
    def data(self) -> str:
        """The string."""
        text: str = self.storage["data"].load()
        return text

    def json(self) -> dict[str, Any]:
        """Nothing: a text has no more to it."""
        return {}

    def __repr__(self) -> str:
        return self.data


def encode(fields: Mapping[Any, Any]) -> tuple[Encoded, dict[Any, Any]] | None:
    """The wire form of a text, and fields a script added; None if there is no text in it."""
    content = fields.get("data")
    text = content.load() if isinstance(content, BLOB) else content
    if not isinstance(text, str):
        return None
    beside = {key: item for key, item in fields.items() if key != "data"}
    return matyan.Text(text).encode(), beside


def decode(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> dict[Any, Any]:
    """The fields of a stored text."""
    return {"data": BLOB(matyan.Text.decode(value, read_blob).data)}
