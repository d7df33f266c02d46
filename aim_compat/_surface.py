"""Aim's surface, one table: what became of every name of Aim, down to the members of classes.

`_surface_table.py` has the names that are here, `_surface_members.py` Aim's classes and their
members, `_surface_notes.py` what differs and what is absent, `_surface_adapters.py` what is about
frameworks.

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
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aim_compat._surface_adapters import FRAMEWORKS
from aim_compat._surface_members import CLASSES
from aim_compat._surface_notes import ABSENT, DIFFERS
from aim_compat._surface_table import AIM_VERSION, CONSTANTS, HOMES, MODULES, NEED_A_LIBRARY
from matyan_client.exceptions import MatyanError, MissingFrameworkError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "AIM_VERSION",
    "AbsentModuleError",
    "AbsentNameError",
    "MissingLibraryError",
    "Row",
    "Status",
    "absence",
    "check_library",
    "definition",
    "find",
    "has_module",
    "lineage",
    "members",
    "missing_library",
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
    def is_member(self) -> bool:
        """Whether this is a member of a class."""
        return "." in self.name

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


class MissingLibraryError(MatyanError, ModuleNotFoundError):
    """A module of Aim that is about another library, which is not installed (behaviour O10)."""

    def __init__(self, library: str, asked: str) -> None:
        super().__init__(
            f"No module named {library!r}, which {asked} is about. Install it with: "
            f"pip install {library}",
            name=library,
        )


def _absent_text(row: Row, asked: str) -> str:
    return f"{asked} of Aim {AIM_VERSION} is not in aim_compat: {row.note}"


# -- looking up ----------------------------------------------------------------------------


def _generate() -> Iterator[Row]:
    differ = {(module, name): note for module, line, note in DIFFERS for name in line.split()}
    absent = {(module, name): note for module, line, note in ABSENT for name in line.split()}
    for module in sorted({*MODULES, *CONSTANTS}):
        for name, value in sorted(CONSTANTS.get(module, {}).items()):
            yield Row(module, name, Status.SUPPORTED, value=value)
        for name in sorted(MODULES.get(module, "").split()):
            note = differ.pop((module, name), "")
            status = Status.DIFFERS if note else Status.SUPPORTED
            home = HOMES.get(f"{module}.{name}") or HOMES[name]
            yield Row(module, name, status, home, note)
            _, members = CLASSES.get(f"{module}.{name}", ("", ""))
            for member in (f"{name}.{each}" for each in members.split()):
                if (module, member) not in differ and (module, member) not in absent:
                    yield Row(module, member, Status.SUPPORTED)
    for (module, name), note in differ.items():
        yield Row(module, name, Status.DIFFERS, note=note)
    for (module, name), note in absent.items():
        yield Row(module, name, Status.ABSENT, note=note)


@functools.cache
def rows() -> tuple[Row, ...]:
    """The whole table, by module; differences and what is absent come after what is supported.

    Members have a row at the class that defines them; what is absent as a whole, a class or a
    module, has one row for all that is in it.
    """
    return tuple(_generate())


@functools.cache
def _index() -> dict[tuple[str, str], Row]:
    return {(row.module, row.name): row for row in rows()}


@functools.cache
def _classes() -> dict[str, str]:
    return {dotted.rpartition(".")[2]: dotted for dotted in CLASSES}


def find(module: str, name: str) -> Row | None:
    """What became of a name of a module of Aim, or of a member of one of its classes.

    Args:
        module: a module of Aim.
        name: a name it hands out, or `Class.member`.

    Returns:
        The row; that of the class that defines it for re-exported classes and inherited members,
        that of the class or module for what is absent with all around it. None if Aim has no such
        name, as far as the table knows.
    """
    row = _index().get((module, name))
    if row is not None:
        return row
    owner, _, member = name.partition(".")
    if not member:
        return _absent_around(f"{module}.{name}")
    row = find(module, owner)
    if row is None or row.status is Status.ABSENT:
        return row
    for dotted in _lineage(_defined(module, owner)):
        where, _, cls = dotted.rpartition(".")
        row = _index().get((where, f"{cls}.{member}"))
        if row is not None:
            return row
    return None


def definition(cls: str) -> str | None:
    """Where Aim defines a class that modules re-export: `aim.sdk.run.Run` of `Run`."""
    return cls if cls in CLASSES else _classes().get(cls)


def lineage(cls: str) -> list[str]:
    """Dotted names of a class and of its bases in Aim's order, as far as the table has them."""
    return _lineage(definition(cls))


def _lineage(dotted: str | None) -> list[str]:
    if dotted is None:
        return []
    found = [dotted]
    for base in CLASSES[dotted][0].split():
        found += [each for each in lineage(base) if each not in found]
    return found


def _defined(module: str, cls: str) -> str | None:
    """Where Aim defines the class that this module hands out; adapters share their names."""
    row = _index().get((module, cls))
    if row is not None and row.home:
        for dotted in CLASSES:
            where, _, name = dotted.rpartition(".")
            same = _index().get((where, name))
            if name == cls and same is not None and same.home == row.home:
                return dotted
    return definition(cls)


def _absent_around(dotted: str) -> Row | None:
    while dotted:
        row = _index().get((dotted, "*"))
        if row is not None:
            return row
        dotted = dotted.rpartition(".")[0]
    return None


def absence(dotted: str) -> Row | None:
    """The row that says that this module or name is absent, on its own or with all around it."""
    module, _, name = dotted.rpartition(".")
    row = find(module, name)
    return row if row is not None and row.status is Status.ABSENT else None


def members(dotted: str) -> list[str]:
    """Members that a class of Aim has of its own, whatever became of them."""
    return CLASSES.get(dotted, ("", ""))[1].split()


def modules() -> list[str]:
    """All modules of Aim that can be imported here."""
    return sorted(MODULES)


def missing_library(module: str) -> str | None:
    """The library a module of Aim is about, where neither it nor another that would do is
    installed."""
    libraries = NEED_A_LIBRARY.get(module, "").split()
    if not libraries or any(map(importlib.util.find_spec, libraries)):
        return None
    return libraries[0]


def check_library(module: str) -> None:
    """Raise, if the library a module of Aim is about is not installed.

    Raises:
        MissingFrameworkError: one of a framework (also a RuntimeError, behaviour M11).
        MissingLibraryError: another one (also a ModuleNotFoundError, behaviour O10).
    """
    library = missing_library(module)
    if library is None:
        return
    framework = FRAMEWORKS.get(module.rpartition(".")[2])
    if framework is None:
        raise MissingLibraryError(library, module)
    raise MissingFrameworkError(library, extra=framework.extra, purpose=module)


def has_module(name: str) -> bool:
    """Whether this module of Aim can be imported here."""
    return name in MODULES


def names(module: str) -> tuple[str, ...]:
    """Names of a module that work here, without its submodules and `__all__`."""
    constants = {name for name in CONSTANTS.get(module, {}) if name != "__all__"}
    return tuple(sorted({*MODULES.get(module, "").split(), *constants}))


def submodules(module: str) -> tuple[str, ...]:
    """Names of the modules directly below a module."""
    prefix = module + "."
    below = {name[len(prefix) :] for name in MODULES if name.startswith(prefix)}
    return tuple(sorted(name for name in below if "." not in name))
