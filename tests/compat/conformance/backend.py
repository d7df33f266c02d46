"""Where the drop-in keeps what the cases write: one class for each backend.

A case is about a directory. A backend says what a script is to pass as `repo` for it, and may keep
something running as long as the case lasts. Real Aim has a storage of its own, in the directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["BACKENDS", "DEFAULT_BACKEND", "Backend"]


class Backend(Protocol):
    """One way to keep repositories."""

    @property
    def name(self) -> str:
        """What `--backend` calls it."""

    def serving(self, directory: str) -> AbstractContextManager[str]:
        """Keep the repository of a directory; gives what a script passes as `repo`."""


class Embedded:
    """A `.matyan` below the directory itself; nothing runs."""

    name = "embedded"

    @contextmanager
    def serving(self, directory: str) -> Iterator[str]:
        """See `Backend`."""
        yield directory


DEFAULT_BACKEND = Embedded()
BACKENDS: dict[str, Backend] = {DEFAULT_BACKEND.name: DEFAULT_BACKEND}
