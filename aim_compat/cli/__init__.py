"""The command line `aim-compat`: runs scripts written for Aim, and has Aim's commands.

`main` reads the arguments, `managing` does what Aim's commands do to runs and repositories,
`entry` is Aim's entry point as code calls it, `actions` what Aim's notebook magic calls. Aim's
own modules below `aim.cli` come from the table, as everywhere.
"""

from __future__ import annotations

from typing import Any

from aim_compat import _aliases
from aim_compat.cli.main import main

__all__ = ["main"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _aliases.resolve("aim.cli", name)
