"""Runs at the start of every Python that `python -m aim_compat run` starts, however indirectly.

Python imports the first `sitecustomize` on its path; this one installs aim_compat and then runs
the one it stands in front of. A Python that cannot import aim_compat (another environment) is left
as it is.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

_HERE = os.path.dirname(os.path.abspath(__file__))


def _install() -> None:
    root = os.path.dirname(os.path.dirname(_HERE))
    if PathFinder.find_spec("aim_compat") is None:
        if os.path.basename(root) in ("site-packages", "dist-packages"):
            return  # installed, but for another environment than this one
        sys.path.append(root)  # a checkout
    import aim_compat

    aim_compat.install()


def _run_next() -> None:
    others = [path for path in sys.path if os.path.abspath(path) != _HERE]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if os.environ.get("AIM_COMPAT_INSTALL"):
    _install()
_run_next()
