"""Aim's Figure (behaviour O06): plotly JSON as text."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, comes_from, type_name
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["Figure"]

_log = logging.getLogger("aim.sdk.objects.figure")  # scripts know it by Aim's name


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
    dtype: ClassVar[str] = "figure"

    def __init__(self, obj: Any) -> None:
        super().__init__()
        if comes_from(obj, "matplotlib", "Figure"):
            _log.warning(
                "Tracking a matplotlib object using Figure might not behave as expected: plotly "
                "converts only a part of matplotlib. Image(figure) keeps the picture."
            )
        elif not comes_from(obj, "plotly", "BaseFigure"):
            raise InvalidTypeError(f"Object is not a Plotly Figure instance: {type_name(obj)}.")
        self._fill(matyan.Figure(obj).data)

    def _fill(self, data: dict[str, Any]) -> None:
        self.storage["source"] = "plotly"
        self.storage["version"] = "unknown"
        self.storage["format"] = "raw_json"
        self.storage["data"] = json.dumps(data, separators=(",", ":"))

    @property
    def data(self) -> str:
        """The figure as JSON text."""
        text: str = self.storage["data"]
        return text

    def json(self) -> dict[str, Any]:
        """Where the figure came from and how it is kept."""
        return {key: self.storage[key] for key in ("source", "format", "version")}

    def to_plotly_figure(self) -> Any:
        """A `plotly.graph_objects.Figure`."""
        return matyan.Figure.decode({"data": self.data}, bytes).to_plotly_figure()

    def encode(self) -> Encoded:
        """The wire value; a figure has no blob."""
        return Encoded({"type": self.dtype, "data": json.loads(self.data)}, None, "")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value."""
        figure = cls.__new__(cls)
        figure._fill(matyan.Figure.decode(value, read_blob).data)
        return figure
