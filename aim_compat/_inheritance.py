"""What the processes that a script starts inherit, so that `aim` means this package in them, too.

Three variables of the environment carry it: `AIM_COMPAT_INSTALL=1` and a directory in PYTHONPATH
whose `sitecustomize` installs this package in every Python (`_site/`), and a directory in PATH in
which the command `aim` is ours (`_site/bin`, run by the Python of `AIM_COMPAT_PYTHON`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["leave_to_children", "take_from_children"]

_INSTALL = "AIM_COMPAT_INSTALL"
_PYTHON = "AIM_COMPAT_PYTHON"
_SITE = str(Path(__file__).resolve().parent / "_site")
_PLACES = {"PYTHONPATH": _SITE, "PATH": os.path.join(_SITE, "bin")}


def leave_to_children() -> None:
    """From now on processes that are started inherit it. Twice is fine."""
    take_from_children()
    os.environ[_INSTALL] = "1"
    os.environ[_PYTHON] = sys.executable
    for name, place in _PLACES.items():
        os.environ[name] = os.pathsep.join([place, *_others(name)])


def take_from_children() -> None:
    """Undo `leave_to_children`; what it did not set stays as it is."""
    os.environ.pop(_INSTALL, None)
    os.environ.pop(_PYTHON, None)
    for name, place in _PLACES.items():
        given = os.environ.get(name, "")
        if place not in given.split(os.pathsep):
            continue
        others = _others(name)
        if others:
            os.environ[name] = os.pathsep.join(others)
        else:
            del os.environ[name]


def _others(name: str) -> list[str]:
    """The places in a variable that are not ours."""
    given = os.environ.get(name, "")
    return [each for each in given.split(os.pathsep) if each != _PLACES[name]] if given else []
