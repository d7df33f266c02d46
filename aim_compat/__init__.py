"""Aim 3.29.1 as users and third-party libraries know it, on top of `matyan_client`.

Use it as `import aim_compat as aim`; or leave scripts as they are and start them with
`python -m aim_compat run script.py`; or call `aim_compat.install()` before anything imports aim.
Importing this package loads nothing heavy; names resolve when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat import _aliases
from aim_compat._install import install, uninstall

if TYPE_CHECKING:
    from types import ModuleType

    from aim_compat.cli.actions import run_process
    from aim_compat.deprecation import python_version_deprecation_check
    from aim_compat.notebook import load_ipython_extension
    from aim_compat.objects import Audio, Distribution, Figure, Image, Text
    from aim_compat.repo import Repo
    from aim_compat.run import Run
    from aim_compat.sequences import Audios, Distributions, Figures, Images, Metric, Texts
    from aim_compat.training_flow import TrainingFlow

    __version__: ModuleType  # a module in Aim, too (behaviour M06)

__all__ = [
    "Audio",
    "Audios",
    "Distribution",
    "Distributions",
    "Figure",
    "Figures",
    "Image",
    "Images",
    "Metric",
    "Repo",
    "Run",
    "Text",
    "Texts",
    "TrainingFlow",
    "install",
    "load_ipython_extension",
    "python_version_deprecation_check",
    "run_process",
    "uninstall",
]

_aliases.register()


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = _aliases.resolve("aim", name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_aliases.names_of("aim")})
