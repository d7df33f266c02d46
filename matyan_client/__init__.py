"""The SDK of Matyan, an experiment tracker: `Run`, `Repo` and the objects a run can track.

Importing this package loads nothing heavy; names resolve when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matyan_client.objects import Audio, Distribution, Figure, Image, Text
    from matyan_client.repo import Repo
    from matyan_client.run import Run

__version__ = "0.4.0.dev0"

__all__ = [
    "Audio",
    "Distribution",
    "Figure",
    "Image",
    "Repo",
    "Run",
    "Text",
    "__version__",
]

_HOMES = {
    "Audio": "matyan_client.objects",
    "Distribution": "matyan_client.objects",
    "Figure": "matyan_client.objects",
    "Image": "matyan_client.objects",
    "Repo": "matyan_client.repo",
    "Run": "matyan_client.run",
    "Text": "matyan_client.objects",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
