"""Tracked figures, kept as Plotly JSON."""

from __future__ import annotations

import base64
import json
import math
import struct
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError
from matyan_client.objects._tensors import class_is, require
from matyan_client.objects.base import Encoded, Trackable, register, stored_field
from matyan_client.objects.params import to_json

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Figure"]

_TYPECODES = {
    "i1": "b",
    "u1": "B",
    "u1c": "B",
    "i2": "h",
    "u2": "H",
    "i4": "i",
    "u4": "I",
    "f4": "f",
    "f8": "d",
}
"""Element types of Plotly's typed arrays, as struct writes them."""


@register
class Figure(Trackable):
    """A tracked figure value for use with `Run.track`.

    Args:
        obj: a plotly Figure, a matplotlib Figure (converted by `plotly.tools`, which leaves out
            what Plotly cannot draw, such as images; `Image(figure)` keeps those), or a dict as in
            Plotly's JSON. Numbers that are not finite become null, as Plotly writes them, and
            packed arrays plain lists, which every version of Plotly reads.

    Raises:
        InvalidTypeError: (a TypeError) an object of another type.
        InvalidInputError: (a ValueError) a matplotlib figure that plotly.tools cannot convert.
        MissingDependencyError: a matplotlib figure, and plotly is not installed.
    """

    dtype: ClassVar[str] = "figure"

    def __init__(self, obj: Any) -> None:
        self._data: dict[str, Any]
        if class_is(obj, "plotly", "BaseFigure"):
            self._data = _plotly_json(obj)
        elif class_is(obj, "matplotlib", "Figure"):
            self._data = _plotly_json(_convert_matplotlib(obj))
        elif isinstance(obj, Mapping):
            self._data = _plain(to_json(obj, path="figure"))
        else:
            raise InvalidTypeError(
                "Figure takes a plotly Figure, a matplotlib Figure or a dict of Plotly JSON, not "
                f"{type(obj).__module__}.{type(obj).__qualname__}."
            )

    @property
    def data(self) -> dict[str, Any]:
        """The figure as Plotly JSON: `data` (traces), `layout`, perhaps `frames`."""
        return self._data

    def to_plotly_figure(self) -> Any:
        """Return a `plotly.graph_objects.Figure`; what this plotly does not know is left out.

        Raises:
            MissingDependencyError: plotly is not installed.
        """
        graph_objects = require(
            "plotly.graph_objects", extra="figure", purpose="Figure.to_plotly_figure()"
        )
        return graph_objects.Figure(_plain(self._data), skip_invalid=True)

    def json(self) -> dict[str, Any]:
        """Return `{"type": "figure", "data": {...}}`."""
        return {"type": self.dtype, "data": self._data}

    def encode(self) -> Encoded:
        """Return the wire value; a figure has no blob."""
        return Encoded(self.json(), None, "")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value, whose data may be JSON text; `read_blob` is not used."""
        data = stored_field(value, "data", (dict, str), {})
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except ValueError as exc:
                raise CodecError(f"Stored figure is not JSON: {exc}.") from exc
            if not isinstance(data, dict):
                raise CodecError(f"Stored figure is {data!r:.80}, not an object.")
        figure = cls.__new__(cls)
        figure._data = data
        return figure

    def __repr__(self) -> str:
        return f"Figure(keys={list(self._data)})"


def _plotly_json(figure: Any) -> dict[str, Any]:
    data: dict[str, Any] = _plain(json.loads(figure.to_json()))
    return data


def _convert_matplotlib(figure: Any) -> Any:
    tools = require(
        "plotly.tools", extra="figure", purpose="Tracking a matplotlib figure as Figure"
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # plotly's own use of matplotlib
            return tools.mpl_to_plotly(figure)
    except Exception as exc:  # the converter fails in any way on what it lacks
        raise InvalidInputError(
            f"plotly.tools cannot convert this matplotlib figure ({type(exc).__name__}: {exc}). "
            "Track it as an image instead: Image(figure)."
        ) from exc


def _plain(value: Any) -> Any:
    """Lists for packed arrays (older Plotly does not know them), null for NaN and infinity."""
    if isinstance(value, dict):
        unpacked = _unpack(value) if "bdata" in value else None
        if unpacked is not None:
            return _plain(unpacked)
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _unpack(packed: dict[str, Any]) -> list[Any] | None:
    """The numbers of a Plotly typed array (`dtype`, `bdata`, `shape`); None if it is not one."""
    code = _TYPECODES.get(str(packed.get("dtype")))
    if code is None:
        return None
    try:
        raw = base64.b64decode(packed["bdata"], validate=True)
        numbers: list[Any] = [number for (number,) in struct.iter_unpack(f"<{code}", raw)]
        shape = [int(size) for size in str(packed.get("shape", len(numbers))).split(",")]
    except (TypeError, ValueError, struct.error):
        return None
    if math.prod(shape) != len(numbers) or not numbers:
        return None if numbers else []
    for size in reversed(shape[1:]):
        numbers = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    return numbers
