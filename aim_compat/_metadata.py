"""What `importlib.metadata` says about `aim` while this package stands for it."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path
from typing import Any

from aim_compat._surface import AIM_VERSION

__all__ = ["AimDistribution", "is_about_aim"]

_FILES = {
    "METADATA": (
        "Metadata-Version: 2.1\n"
        "Name: aim\n"
        f"Version: {AIM_VERSION}\n"
        "Summary: aim_compat of matyan-client, in place of Aim\n"
        "License: Apache-2.0\n"
    ),
    "top_level.txt": "aim\n",
}


class AimDistribution(importlib.metadata.Distribution):
    """A distribution `aim` of the version this package follows; it has no files."""

    def read_text(self, filename: str) -> str | None:
        """The text of a metadata file, None if there is none of this name."""
        return _FILES.get(str(filename))

    def locate_file(self, path: Any) -> Path:
        """Where a file of the distribution would be."""
        return Path(__file__).parent / str(path)


def is_about_aim(context: Any) -> bool:
    """Whether a search for distributions (by name, or for all on `sys.path`) includes `aim`."""
    if "path" in vars(context) and context.path is not sys.path:
        return False
    name = context.name
    return name is None or re.sub(r"[-_.]+", "-", name).lower() == "aim"
