"""Aim's import paths under `aim_compat`: modules that exist only as rows of `_surface.py`.

`aim_compat.sdk.objects.image` and its like are made when they are imported, by a finder at the
end of `sys.meta_path`; their names resolve when they are first used. `_install.py` gives the same
modules the name `aim`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from aim_compat import _surface
from matyan_client.exceptions import MissingFrameworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AliasModule", "names_of", "register", "resolve"]

OURS = "aim_compat"
AIM = "aim"


def to_aim(name: str) -> str:
    """The module's name in Aim of a module of ours."""
    return AIM + name[len(OURS) :]


def to_ours(name: str) -> str:
    """The module's name here of a module of Aim."""
    return OURS + name[len(AIM) :]


def resolve(module: str, name: str) -> Any:
    """What `module.name` of Aim is here.

    Raises:
        AbsentNameError: (an AttributeError) Aim has it, we do not; the message says what to do.
        AttributeError: Aim does not have it either.
    """
    row = _surface.find(module, name)
    if row is not None and row.status is not _surface.Status.ABSENT:
        return row.value if not row.home else _load(row.home)
    if _surface.has_module(f"{module}.{name}"):
        try:
            return importlib.import_module(f"{to_ours(module)}.{name}")
        except (_surface.MissingLibraryError, MissingFrameworkError) as exc:
            raise AttributeError(str(exc)) from exc
    absent = row or _surface.absence(f"{module}.{name}")
    if absent is None and module == AIM:
        # Attributes that importing leaves on Aim's package, as in `aim.run.Run` (behaviour M05).
        if _surface.has_module(f"{AIM}.sdk.{name}"):
            return importlib.import_module(f"{OURS}.sdk.{name}")
        absent = _surface.absence(f"{AIM}.sdk.{name}")
    if absent is not None:
        raise _surface.AbsentNameError(absent, f"{module}.{name}")
    raise AttributeError(f"module {to_ours(module)!r} has no attribute {name!r}")


def _load(home: str) -> Any:
    where, _, what = home.partition(":")
    value: Any = importlib.import_module(where)
    return getattr(value, what) if what else value


def names_of(module: str) -> list[str]:
    """The names of an Aim module that work here, its submodules included."""
    below = {
        name
        for name in _surface.submodules(module)
        if _surface.missing_library(f"{module}.{name}") is None
    }
    return sorted({*_surface.names(module), *below})


class AliasModule(ModuleType):
    """A module of Aim whose names live elsewhere."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__" and _surface.find(to_aim(self.__name__), name) is None:
            return names_of(to_aim(self.__name__))
        value = resolve(to_aim(self.__name__), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *names_of(to_aim(self.__name__))})


class _AliasModuleLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        name = to_aim(spec.name)
        return AliasModule(
            spec.name, f"Names of {name}; where they live is in docs/compatibility.md."
        )

    def exec_module(self, module: ModuleType) -> None:
        """Names resolve when they are used; what is about a library asks that it be there."""
        _surface.check_library(to_aim(module.__name__))


class _AbsentLoader(Loader):
    """Says, when something that is absent gets imported, what to do instead."""

    def __init__(self, row: _surface.Row) -> None:
        self._row = row

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        raise _surface.AbsentModuleError(self._row, to_aim(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        """Not reached."""


class _SurfaceFinder(MetaPathFinder):
    """Finds the modules of the table below `aim_compat`; files come before it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for modules we have, one that refuses for what is absent, else None."""
        if not fullname.startswith(OURS + "."):
            return None
        name = to_aim(fullname)
        if _surface.has_module(name):
            # Packages all: so `from module import name` asks here about a name that is absent,
            # and gets told why, instead of "cannot import name".
            return ModuleSpec(fullname, _AliasModuleLoader(), is_package=True)
        row = _surface.absence(name)
        return None if row is None else ModuleSpec(fullname, _AbsentLoader(row))


_finder = _SurfaceFinder()


def register() -> None:
    """Make Aim's import paths below `aim_compat` importable in this process."""
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
