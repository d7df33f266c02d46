"""Aim's Figure (behaviour O06): plotly JSON as text."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, comes_from, type_name
from aim_compat.types import BLOB
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Figure", "decode", "encode", "matplotlib_get_offset_position"]

log = logging.getLogger("aim.sdk.objects.figure")  # scripts know it by Aim's name

_FIXED = {"source": "plotly", "format": "raw_json"}
_EXACT = "text"
"""Member of the wire value: the JSON text as plotly wrote it, where it is more than `data`."""


@CustomObject.alias("aim.figure")
class Figure(CustomObject):
    """A plotly figure, kept as JSON.

    Args:
        obj: a plotly figure, or a matplotlib figure, which plotly converts as far as it can.

    Raises:
        TypeError: anything else.
        ValueError: a matplotlib figure that plotly cannot convert.
    """

    AIM_NAME: ClassVar[str] = "aim.figure"

    def __init__(self, obj: Any) -> None:
        super().__init__()
        if comes_from(obj, "matplotlib", "Figure"):
            log.warning(
                "Tracking a matplotlib object using Figure might not behave as expected: plotly "
                "converts only a part of matplotlib. Image(figure) keeps the picture."
            )
            text = _dumped(matyan.Figure(obj).data)
        elif comes_from(obj, "plotly", "BaseFigure"):
            text = obj.to_json()
        else:
            raise InvalidTypeError(f"Object is not a Plotly Figure instance: {type_name(obj)}.")
        self.storage["source"] = _FIXED["source"]
        self.storage["version"] = _plotly_version()
        self.storage["format"] = _FIXED["format"]
        self.storage["data"] = BLOB(text)

    @property
    def data(self) -> str:
        """The figure as JSON text."""
        text: str = self.storage["data"].load()
        return text

    def json(self) -> dict[str, Any]:
        """Where the figure came from and how it is kept."""
        return {key: self.storage[key] for key in ("source", "format", "version")}

    def to_plotly_figure(self) -> Any:
        """A `plotly.graph_objects.Figure`.

        Raises:
            MissingDependencyError: plotly is not installed (a ModuleNotFoundError).
        """
        stored = matyan.Figure.decode({"data": self.data}, bytes)
        try:
            from plotly.io import from_json
        except ImportError:
            return stored.to_plotly_figure()  # which says what to install
        return from_json(self.data)


def _plotly_version() -> str:
    """What Aim finds in `plotly.version`, a module that recent releases lack (behaviour O06)."""
    return str(getattr(sys.modules.get("plotly.version"), "__version__", "unknown"))


def matplotlib_get_offset_position(self: Any) -> str:
    """What matplotlib's collections answered before they lost the method plotly asks for."""
    del self
    return "screen"


def _dumped(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))


def encode(fields: Mapping[Any, Any]) -> tuple[Encoded, dict[Any, Any]] | None:
    """The wire form of a figure, and fields beside it; None if there is no figure in it."""
    content = fields.get("data")
    text = content.load() if isinstance(content, BLOB) else content
    try:
        data = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    value = matyan.Figure(data).encode().value
    if _dumped(value["data"]) != text:
        value[_EXACT] = text
    beside = {key: item for key, item in fields.items() if key != "data"}
    for key, usual in {**_FIXED, "version": "unknown"}.items():
        if beside.get(key) == usual:
            del beside[key]
    return Encoded(value, None, ""), beside


def decode(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> dict[Any, Any]:
    """The fields of a stored figure."""
    exact = value.get(_EXACT)
    text = exact if isinstance(exact, str) else _dumped(matyan.Figure.decode(value, read_blob).data)
    return {
        "data": BLOB(text),
        "format": _FIXED["format"],
        "source": _FIXED["source"],
        "version": "unknown",
    }
