"""`install()`: from now on `import aim` means this package, in this process.

Modules are shared, not copied: `aim is aim_compat`, `aim.sdk.run is aim_compat.sdk.run`, so every
class exists once and pickles under its real name. Children made by fork inherit it; others do
when the process was started by `python -m aim_compat run` (see `_inheritance.py`).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from aim_compat._aliases import AIM, OURS, to_ours
from aim_compat._inheritance import take_from_children

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.metadata import Distribution
    from types import ModuleType

__all__ = ["install", "installed", "uninstall"]


class _AliasLoader(Loader):
    """Loads a module of ours as the module of Aim with the same path."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run; give the module its own spec back, which importing has replaced."""
        module.__spec__ = self._spec


class _AimFinder(MetaPathFinder):
    """Answers for `aim` and everything below it, before any finder of files."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec that leads to the module of ours, None if there is no such."""
        if fullname != AIM and not fullname.startswith(AIM + "."):
            return None
        ours = to_ours(fullname)
        found = importlib.util.find_spec(ours)
        if found is None:
            return None
        package = found.submodule_search_locations is not None
        return ModuleSpec(fullname, _AliasLoader(ours), is_package=package)

    def find_distributions(self, context: Any = None) -> Iterable[Distribution]:
        """The distribution `importlib.metadata` finds under the name `aim`."""
        from aim_compat._metadata import AimDistribution, is_about_aim

        return [AimDistribution()] if context is None or is_about_aim(context) else []


_finder = _AimFinder()


def installed() -> bool:
    """Whether `import aim` means this package."""
    return _finder in sys.meta_path and sys.modules.get(AIM) is sys.modules[OURS]


def install() -> None:
    """Make `import aim`, and every `aim.x.y` we have, mean this package in this process.

    A real Aim that is installed beside stays unused. `importlib.util.find_spec("aim")` and
    `importlib.metadata.version("aim")` answer for this package, too. Calling it twice is fine.

    Raises:
        RuntimeError: the real Aim was imported before; scripts hold on to its classes by now.
    """
    package = sys.modules[OURS]
    foreign = sorted(name for name, module in sys.modules.items() if _is_foreign(name, module))
    if foreign:
        where = getattr(sys.modules[foreign[0]], "__file__", None) or "unknown place"
        raise RuntimeError(
            f"aim_compat.install() came too late: {foreign[0]!r} is already imported from "
            f"{where}. Call it before the first import of aim, or start the script with "
            "`python -m aim_compat run script.py`."
        )
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    sys.modules[AIM] = package


def uninstall() -> None:
    """Undo `install()`: `import aim` means again what it meant before. Fine without `install()`.

    Processes that are started from now on no longer inherit it from `python -m aim_compat run`.
    What scripts have imported in the meantime stays theirs.
    """
    take_from_children()
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name in [name for name, module in sys.modules.items() if _is_ours(name, module)]:
        del sys.modules[name]


def _is_aim(name: str) -> bool:
    return name == AIM or name.startswith(AIM + ".")


def _is_ours(name: str, module: ModuleType | None) -> bool:
    return _is_aim(name) and module is not None and module is sys.modules.get(to_ours(name))


def _is_foreign(name: str, module: ModuleType | None) -> bool:
    return _is_aim(name) and module is not None and not _is_ours(name, module)
