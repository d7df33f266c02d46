"""Small types that Aim's signatures mention: report modes, statuses, value aliases.

Facts of Aim 3.29.1 (behaviour Q01, Q05, M06); imports nothing of this package.
"""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

__all__ = [
    "BLOB",
    "AimObject",
    "AimObjectArray",
    "AimObjectDict",
    "AimObjectKey",
    "AimObjectPath",
    "AimObjectPrimitive",
    "QueryReportMode",
    "RepoStatus",
]

AimObjectKey: TypeAlias = "int | str"
AimObjectPath: TypeAlias = "tuple[int | str, ...]"
AimObjectPrimitive: TypeAlias = "bool | int | float | str | bytes | None"
AimObject: TypeAlias = Any
"""None, bool, int, float, str, bytes, or lists, tuples and dicts of them."""
AimObjectArray: TypeAlias = "list[Any] | tuple[Any, ...]"
AimObjectDict: TypeAlias = "dict[int | str, Any]"


class QueryReportMode(enum.Enum):
    """How a query tells how far it is; anything else acts like DISABLED (behaviour Q05)."""

    DISABLED = 0
    PROGRESS_BAR = 1
    PROGRESS_TUPLE = 2


class RepoStatus(enum.Enum):
    """What `Repo.check_repo_status` says; only MISSING and UPDATED occur here."""

    MISSING = 1
    UPDATE_REQUIRED = 2
    PATCH_REQUIRED = 3
    UPDATED = 4


class BLOB:
    """Bytes of an object, read with `load()` when they are wanted."""

    __slots__ = ("_data", "_load")

    def __init__(self, data: bytes | None = None, load_fn: Any = None) -> None:
        self._data = data
        self._load = load_fn

    def load(self) -> bytes | None:
        """The bytes; read on first call."""
        if self._data is None and self._load is not None:
            self._data = self._load()
        return self._data

    def __bytes__(self) -> bytes:
        return self.load() or b""
