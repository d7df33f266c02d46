"""Values that cannot travel between two processes as they are, written down as data.

A call and its arguments are made up once and carried out on both subjects, so an image or a numpy
number in them is a `Recipe`, made into the real thing where it is used.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
from typing import Any, NamedTuple

__all__ = ["Recipe", "build", "is_object"]

_OBJECTS = frozenset({"image", "audio", "distribution", "figure", "text"})


class Recipe(NamedTuple):
    """How to make a value: what kind, and of what."""

    kind: str
    of: Any = None

    def __repr__(self) -> str:
        return f"{self.kind}({self.of!r})"


def build(value: Any, aim: Any) -> Any:
    """The value itself, with all recipes in it carried out.

    Args:
        value: plain Python data with recipes anywhere in it.
        aim: the module under test, which makes the objects.
    """
    if isinstance(value, Recipe):
        return _MAKERS[value.kind](value.of, aim)
    if isinstance(value, (list, tuple)):
        return type(value)(build(item, aim) for item in value)
    if isinstance(value, dict):
        return {key: build(item, aim) for key, item in value.items()}
    return value


def is_object(value: Any) -> bool:
    """Whether a value is one of Aim's objects, or a list."""
    return isinstance(value, (list, tuple)) and (
        not isinstance(value, Recipe) or value.kind in _OBJECTS
    )


def _image(shade: int, aim: Any) -> Any:
    import numpy as np

    return aim.Image(np.full((2, 3), shade, "uint8"), caption=f"shade {shade}")


def _audio(samples: list[int], aim: Any) -> Any:
    import numpy as np

    return aim.Audio(np.array(samples, "int16"), rate=8000, caption="beep")


def _distribution(samples: list[float], aim: Any) -> Any:
    return aim.Distribution(samples, bin_count=4)


def _figure(height: int, aim: Any) -> Any:
    import plotly.graph_objects as go

    return aim.Figure(go.Figure(go.Bar(x=[1], y=[height])))


def _numpy(kind: str) -> Any:
    def make(value: Any, aim: Any) -> Any:
        import numpy as np

        return getattr(np, kind)(value)

    return make


_MAKERS: dict[str, Any] = {
    "image": _image,
    "audio": _audio,
    "distribution": _distribution,
    "figure": _figure,
    "text": lambda text, aim: aim.Text(text),
    "array": _numpy("array"),
    "float32": _numpy("float32"),
    "float64": _numpy("float64"),
    "int64": _numpy("int64"),
    "bool_": _numpy("bool_"),
    "set": lambda items, aim: set(items),
    "decimal": lambda text, aim: decimal.Decimal(text),
    "fraction": lambda text, aim: fractions.Fraction(text),
    "complex": lambda text, aim: complex(text),
    "date": lambda day, aim: datetime.datetime(2024, 1, day),  # noqa: DTZ001  # what scripts have
    "path": lambda text, aim: pathlib.PurePosixPath(text),
    "class": lambda name, aim: {"int": int, "object": object}[name],
}
