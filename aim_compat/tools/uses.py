"""A use of Aim in a module: what is used, how, and where."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Kind", "Span", "Use"]


class Kind(enum.Enum):
    """How something of Aim is used."""

    MODULE = "module"
    NAME = "name"
    MEMBER = "member"
    CALL = "call"
    """The making of an object: what may differ is how it is made."""
    KEYWORD = "keyword"
    QUERY = "query"
    IMPORT_TEXT = "import by text"
    """A string that names a module to be imported."""
    IMPORT_COMPUTED = "computed import"
    """An import whose module's name is put together, or comes from elsewhere."""
    TEXT = "text"
    """A string that is a name of Aim, as in `mock.patch("aim.Run")`."""
    SHELL = "shell"
    """A line of a notebook for the shell, or a cell that is not Python."""


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """Where it stands: rows and columns from 0, columns in characters."""

    row: int
    column: int
    end_row: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Use:
    """One use, in Aim's names: `name` may be `Class.member`, and is empty for a module."""

    kind: Kind
    module: str
    name: str
    span: Span
    detail: str = ""
    """The keyword, the text of the query, the line for the shell."""
    is_certain: bool = True
    """Whether it cannot be anything else."""

    @property
    def dotted(self) -> str:
        """What is used, as Aim names it."""
        return f"{self.module}.{self.name}" if self.name else self.module
