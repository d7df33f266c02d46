"""Small types that Aim's signatures mention: report modes, statuses, value aliases.

Facts of Aim 3.29.1 (behaviour Q01, Q05, M06); imports nothing of this package.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Dict, List, Tuple, Union  # noqa: UP035  # see below

if TYPE_CHECKING:
    from collections.abc import Callable

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

AimObjectKey = Union[int, str]  # noqa: UP007  # scripts look into them: as Aim's are at run time
AimObjectPath = Tuple[AimObjectKey, ...]  # noqa: UP006  # as above
AimObjectPrimitive = Union[None, bool, int, float, str, bytes]  # noqa: UP007  # as above
AimObjectArray = Union[List["AimObject"], Tuple["AimObject", ...]]  # noqa: UP006, UP007  # as above
AimObjectDict = Dict[AimObjectKey, "AimObject"]  # noqa: UP006  # as above
AimObject = Union[AimObjectPrimitive, AimObjectArray, AimObjectDict]  # noqa: UP007  # as above
"""What parameters and contexts are made of."""


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
    """Bytes, or a text, of an object, read when they are wanted.

    Args:
        data: what it holds.
        loader_fn: gives what it holds when it is first asked for.
    """

    def __init__(self, data: Any = None, loader_fn: Callable[[], Any] | None = None) -> None:
        self.data = data
        self.loader_fn = loader_fn

    def load(self) -> Any:
        """What it holds; read on first call.

        Raises:
            AssertionError: there is neither data nor a way to get them.
        """
        if self.data is None:
            assert self.loader_fn is not None, "this BLOB is empty"
            self.data = self.loader_fn()
            self.loader_fn = None
        return self.data

    def transform(self, transform_fn: Callable[[Any], Any]) -> BLOB:
        """What `transform_fn` makes of it; later, if it is not read yet."""
        if self.data is not None:
            return type(self)(transform_fn(self.data))
        return type(self)(loader_fn=lambda: transform_fn(self.load()))

    def __bytes__(self) -> bytes:
        return bytes(self.load())

    def __len__(self) -> int:
        return len(bytes(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> BLOB:
        """A copy that reads no earlier than this one; what it holds is never changed in place."""
        twin = type(self)(self.data, None if self.data is not None else self.load)
        memo[id(self)] = twin
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Read: how it is read does not leave the process."""
        return {"data": self.load(), "loader_fn": None}
