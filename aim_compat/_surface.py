"""Aim's surface, one table (`_surface_table.py` and beside it): what became of every name of Aim.

From this come the import paths (`_aliases.py`), the errors for what is absent, the page
docs/compatibility.md (`python -m aim_compat surface --markdown`) and the surface test. A name is

- supported: works as in Aim;
- differs: works, and the note says how and why it is not the same;
- absent: not here; the note says why and what to use instead.

Imports nothing of what it lists.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aim_compat._surface_notes import ABSENT, DIFFERS
from aim_compat._surface_table import AIM_VERSION, CONSTANTS, HOMES, MODULES
from matyan_client.exceptions import MatyanError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "AIM_VERSION",
    "AbsentModuleError",
    "AbsentNameError",
    "Row",
    "Status",
    "absence",
    "find",
    "has_module",
    "modules",
    "names",
    "rows",
    "submodules",
]


class Status(enum.Enum):
    """What became of a name."""

    SUPPORTED = "supported"
    DIFFERS = "differs"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Row:
    """One name of Aim: `module` and, in it, `name` (`Class.member` for members, `*` for all)."""

    module: str
    name: str
    status: Status
    home: str = ""
    """Where it lives here, `module:attribute`; empty for constants, members and what is absent."""
    note: str = ""
    value: Any = None
    """What a constant is."""

    @property
    def title(self) -> str:
        """The dotted name."""
        return self.module if self.name == "*" else f"{self.module}.{self.name}"


class AbsentNameError(MatyanError, AttributeError):
    """A name of Aim that is absent here; the message says what to do instead."""

    def __init__(self, row: Row, asked: str) -> None:
        self.row = row
        super().__init__(_absent_text(row, asked))


class AbsentModuleError(MatyanError, ModuleNotFoundError):
    """The same for an import; `name` stays None, so that `from aim import x` passes it on."""

    def __init__(self, row: Row, asked: str) -> None:
        self.row = row
        super().__init__(_absent_text(row, asked))


def _absent_text(row: Row, asked: str) -> str:
    return f"{asked} of Aim {AIM_VERSION} is not in aim_compat: {row.note}"


# -- looking up ----------------------------------------------------------------------------


def _generate() -> Iterator[Row]:
    for module in sorted({*MODULES, *CONSTANTS}):
        for name, value in sorted(CONSTANTS.get(module, {}).items()):
            yield Row(module, name, Status.SUPPORTED, value=value)
        for name in sorted(MODULES.get(module, "").split()):
            yield Row(module, name, Status.SUPPORTED, HOMES[name])
    for module, name, note in DIFFERS:
        yield Row(module, name, Status.DIFFERS, note=note)
    for module, line, note in ABSENT:
        for name in line.split():
            yield Row(module, name, Status.ABSENT, note=note)


@functools.cache
def rows() -> tuple[Row, ...]:
    """The whole table, by module; differences and what is absent come after what is supported."""
    return tuple(_generate())


@functools.cache
def _index() -> dict[tuple[str, str], Row]:
    return {(row.module, row.name): row for row in rows()}


def find(module: str, name: str) -> Row | None:
    """The row of one name of a module (not of its members), or None."""
    return _index().get((module, name))


def absence(dotted: str) -> Row | None:
    """The row that says that this module or name is absent, on its own or with all around it."""
    module, _, name = dotted.rpartition(".")
    row = find(module, name)
    if row is not None:
        return row if row.status is Status.ABSENT else None
    while dotted:
        row = find(dotted, "*")
        if row is not None:
            return row
        dotted = dotted.rpartition(".")[0]
    return None


def modules() -> list[str]:
    """All modules of Aim that can be imported here."""
    return sorted(MODULES)


def has_module(name: str) -> bool:
    """Whether this module of Aim can be imported here."""
    return name in MODULES


def names(module: str) -> tuple[str, ...]:
    """Names of a module that work here, without its submodules."""
    constants = CONSTANTS.get(module, {})
    return tuple(sorted({*MODULES.get(module, "").split(), *constants}))


def submodules(module: str) -> tuple[str, ...]:
    """Names of the modules directly below a module."""
    prefix = module + "."
    below = {name[len(prefix) :] for name in MODULES if name.startswith(prefix)}
    return tuple(sorted(name for name in below if "." not in name))
