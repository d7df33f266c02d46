"""`__all__` says what is public: neither less nor more than there is."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from matyan_client.exceptions import MissingFrameworkError

ROOT = Path(__file__).resolve().parents[2]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PUBLIC = {
    module_name(path): path
    for package in ("matyan_client", "aim_compat")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "._" not in module_name(path)
}


def defined_names(tree: ast.Module) -> set[str]:
    """Public classes and functions defined at the top of a module, branches included."""
    found = set()
    for node in tree.body:
        inner = node.body + node.orelse if isinstance(node, ast.If) else [node]
        for item in inner:
            if isinstance(item, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                found.add(item.name)
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_what_the_module_defines(name: str) -> None:
    tree = ast.parse(PUBLIC[name].read_text(encoding="utf-8"))
    if not any(not isinstance(node, ast.Expr) for node in tree.body):
        return  # only a docstring
    try:
        module = importlib.import_module(name)
    except MissingFrameworkError as exc:
        pytest.skip(f"{exc.library} is not installed; tests/frameworks imports {name}")
    exported = getattr(module, "__all__", None)
    assert exported is not None, f"{name} has no __all__: is it public?"
    assert len(exported) == len(set(exported)), f"{name}.__all__ names something twice"
    missing = [each for each in exported if not hasattr(module, each)]
    assert not missing, f"{name}.__all__ names {missing}, which {name} does not have"
    hidden = defined_names(tree) - set(exported)
    assert not hidden, (
        f"{name} defines {sorted(hidden)}, which {name}.__all__ does not name: add them, or begin "
        "their names with an underscore"
    )


@pytest.mark.parametrize("package", ["matyan_client", "aim_compat"])
def test_every_name_of_the_package_resolves(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


@pytest.mark.parametrize("package", ["matyan_client", "aim_compat"])
def test_type_checkers_see_the_same_names(package: str) -> None:
    """Names that resolve lazily are imported under TYPE_CHECKING, from where they live."""
    module = importlib.import_module(package)
    tree = ast.parse(PUBLIC[package].read_text(encoding="utf-8"))
    visible = {
        (alias.asname or alias.name): node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    written = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for name in module.__all__:
        assert name in visible or name in written or name in defined_names(tree), (
            f"{package}.{name} resolves at run time, but type checkers cannot see it"
        )
        if visible.get(name, "").startswith(package):
            assert getattr(module, name) is getattr(importlib.import_module(visible[name]), name)


def test_both_packages_have_the_version_of_the_distribution() -> None:
    import matyan_client

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{matyan_client.__version__}"\n' in text
