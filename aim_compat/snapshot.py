"""Says how long what was read may stand for what is stored.

Objects that only read keep what they read for at most a second, and not beyond the next write this
process makes through this package, so that a loop over runs costs one search and not one read per
attribute, while nobody sees anything older than the contract of the read path allows.
"""

from __future__ import annotations

import time
from typing import Generic, TypeVar

__all__ = ["Snapshot", "note_write"]

MAX_AGE_S = 1.0

T = TypeVar("T")

_writes = 0


def note_write() -> None:
    """Something was written in this process: nothing read before counts any more."""
    global _writes
    _writes += 1


class Snapshot(Generic[T]):
    """A value and when it was read."""

    __slots__ = ("_read_at", "_value", "_writes")

    def __init__(self) -> None:
        self._value: T | None = None
        self._writes = -1
        self._read_at = 0.0

    def put(self, value: T) -> T:
        """Keep a value that was just read."""
        self._value = value
        self._writes = _writes
        self._read_at = time.monotonic()
        return value

    def get(self) -> T | None:
        """The value if it still counts, else None."""
        if self._writes != _writes or time.monotonic() - self._read_at > MAX_AGE_S:
            return None
        return self._value
