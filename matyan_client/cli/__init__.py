"""The command line `matyan-client`. Speaks to repositories through `Run` and `Repo` only."""

from __future__ import annotations

from matyan_client.cli.main import main

__all__ = ["main"]
