"""What a package of Aim's shape offers: modules, names, classes, members, signatures.

A script, since Aim is in an environment of its own: the package as argument, modules as JSON on
stdin (none: all), facts as JSON on stdout. Imports nothing but the standard library.
"""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import json
import pkgutil
import sys
import types
import warnings
from typing import Any

__all__ = ["facts", "modules_of"]

BEHAVIOUR = {
    f"__{name}__"
    for name in "init call getitem setitem delitem contains iter len bool eq hash repr deepcopy "
    "enter exit getattr".split()
}
"""The dunder members that are part of what a class offers."""

Facts = dict[str, Any]


def modules_of(package: str) -> list[str]:
    """Every module of a package, imported or not."""
    path = importlib.import_module(package).__path__
    found = pkgutil.walk_packages(path, f"{package}.", onerror=lambda name: None)
    return [package, *(each.name for each in found)]


def facts(package: str, modules: list[str]) -> Facts:
    """What those of the modules (named `aim...`) that can be imported offer.

    Returns:
        For each module its `all` (or None), and for each public `name` its kind, and what can be
        said of that kind. Classes and functions are described where they are defined.
    """
    found: Facts = {}
    for name in modules:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(package + name[len("aim") :])
        except Exception:  # noqa: BLE001  # frameworks that are not installed fail in their own ways
            continue
        found[name] = {
            "all": list(module.__all__) if "__all__" in vars(module) else None,
            "names": {
                each: _described(getattr(module, each), package)
                for each in dir(module)
                if not each.startswith("_")
            },
        }
    return found


def _described(value: Any, package: str) -> Facts:
    home = str(getattr(value, "__module__", "") or "")
    own = home.split(".")[0] == package
    if isinstance(value, types.ModuleType):
        return {"kind": "module", "own": value.__name__.split(".")[0] == package}
    if isinstance(value, type):
        return {"kind": "class", "own": own, "name": value.__name__, **_class(value, package)}
    if callable(value) and hasattr(value, "__name__"):
        return {"kind": "function", "own": own, "signature": signature(value)}
    return {"kind": "constant", "own": False, "value": repr(value)}


def _of(package: str, cls: type) -> bool:
    """Whether a class is of the package; what ours builds on is, too."""
    packages = (package, "matyan_client") if package == "aim_compat" else (package,)
    return str(cls.__module__).split(".")[0] in packages


def _class(cls: type, package: str) -> Facts:
    if not _of(package, cls):
        return {}
    mro = [each.__name__ for each in cls.__mro__]
    members: Facts = {}
    for base in reversed(cls.__mro__):
        if _of(package, base):
            for name in vars(base):
                if not name.startswith("_") or name in BEHAVIOUR:
                    members[name] = _member(cls, name)
    return {"mro": mro, "members": members}


def _member(cls: type, name: str) -> Facts:
    static = inspect.getattr_static(cls, name)
    if isinstance(static, classmethod):
        return {"kind": "classmethod", "signature": signature(static.__func__)}
    if isinstance(static, staticmethod):
        return {"kind": "staticmethod", "signature": signature(static.__func__)}
    if isinstance(static, property) or type(static).__name__ == "cached_property":
        return {"kind": "property", "settable": getattr(static, "fset", None) is not None}
    if inspect.isgetsetdescriptor(static) or inspect.ismemberdescriptor(static):
        return {"kind": "slot"}
    if isinstance(static, functools.partialmethod):
        return {"kind": "method", "signature": signature(getattr(cls, name))}
    if callable(static) and not isinstance(static, (type, enum.Enum)):
        described = signature(static)
        if described and name in BEHAVIOUR and name not in ("__init__", "__call__"):
            # Python calls these, by position; compiled ones say so
            described = [[each, "POSITIONAL_ONLY", default] for each, _, default in described]
        return {"kind": "method", "signature": described}
    return {"kind": "attribute"}


def signature(function: Any) -> list[list[str]] | None:
    """Name, kind and default of each parameter; None where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[each.name, each.kind.name, _default(each.default)] for each in parameters]


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    if isinstance(value, enum.Enum):
        return str(value)
    return getattr(value, "__qualname__", repr(value))


if __name__ == "__main__":
    package, asked = sys.argv[1], json.load(sys.stdin)
    answer, sys.stdout = sys.stdout, sys.stderr  # what is printed by imports is no answer
    json.dump(facts(package, asked or modules_of(package)), answer)
