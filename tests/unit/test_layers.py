"""Who may import whom: the layer table as data, checked in the syntax tree of every module."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

ROOMS = {
    "matyan_client.exceptions": "exceptions",
    "matyan_client.typing": "typing",
    "matyan_client.config": "config",
    "matyan_client.protocol": "protocol",
    "matyan_client.protocol.records": "records",
    "matyan_client.objects": "objects",
    "matyan_client.query": "query",
    "matyan_client.journal": "journal",
    "matyan_client.store": "store",
    "matyan_client.transports": "transports",
    "matyan_client.backends": "backends",
    "matyan_client.backends.base": "backend seam",
    "matyan_client.backends.select": "backend choice",
    "matyan_client.backends.sync": "sync",
    "matyan_client.server": "server",
    "matyan_client.capture": "capture",
    "matyan_client.adapters": "adapters",
    "matyan_client.convert": "convert",
    "matyan_client.cli": "cli",
    "matyan_client": "façade",
    "aim_compat": "aim_compat",
}
"""Module or folder to room; the longest match counts. What has no folder is the façade."""

BOTTOM = {"exceptions", "typing", "config"}
MEANING = BOTTOM | {"protocol", "records", "objects", "query"}
SEAMS = {"backend seam", "backend choice"}
FACADE = {"façade", "objects", "exceptions", "config", "typing"}
RUNS_SCRIPTS = {"aim_compat._launch"}
"""May compile text: the script its user asked it to run."""

MAY_IMPORT: dict[str, set[str]] = {
    "exceptions": set(),
    "typing": set(),
    "config": {"exceptions", "typing"},
    "records": BOTTOM,
    "protocol": BOTTOM | {"records"},
    "objects": BOTTOM,
    "query": BOTTOM | {"protocol", "records", "objects"},
    "journal": MEANING,
    "store": MEANING,
    "transports": MEANING,
    "backend seam": MEANING,
    "backends": MEANING | SEAMS | {"journal", "store", "transports"},
    "backend choice": MEANING | {"backend seam", "backends"},
    "sync": MEANING | SEAMS | {"backends"},
    "server": MEANING | SEAMS | {"backends", "journal", "store"},
    "capture": MEANING | SEAMS,
    "façade": MEANING | SEAMS | {"capture"},
    "adapters": FACADE | {"capture"},  # system metrics of processes that have no run
    "convert": FACADE | {"protocol", "records"},
    "cli": FACADE | {"server", "convert", "sync"},
    "aim_compat": FACADE | {"query", "adapters", "backend seam", "records"},
}
"""Besides itself. Records are what the backend seam returns, so who may use it may name them."""

ON_TOP: dict[str, set[str]] = {
    "protocol": {"typing_extensions"},
    "transports": {"httpx", "websockets"},
    "server": {"pydantic", "starlette", "uvicorn"},
}
"""Third-party libraries a room may import at load time; everything else inside functions."""

ABOUT = {
    "accelerate": {"accelerate"},
    "distributed_hugging_face": {"accelerate"},
    "fastai": {"fastai", "fastcore"},
    "pytorch_ignite": {"ignite"},
    "sb3": {"stable_baselines3"},
    "jax": {"jax"},
    "keras": {"keras"},
    "keras_tuner": {"keras", "keras_tuner"},
    "lightgbm": {"lightgbm"},
    "optuna": {"optuna"},
    "ray_tune": {"ray"},
    "sklearn": {"sklearn"},
    "tensorflow": {"tensorflow"},
    "xgboost": {"xgboost"},
    "hugging_face": {"transformers"},
    "pytorch_lightning": {"lightning", "pytorch_lightning"},
}
"""Modules of `matyan_client.adapters` that extend classes of a framework, which they import when
they are loaded: nobody loads them who has no use for it."""

ONLY_HOME = {
    "sqlite3": "store",
    "httpx": "transports",
    "websockets": "transports",
    "starlette": "server",
    "uvicorn": "server",
}
"""Libraries that one room alone may import, be it inside a function."""


class Import(NamedTuple):
    """One imported module, and whether loading the importing module imports it."""

    module: str
    line: int
    at_load: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for package in ("matyan_client", "aim_compat")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def room_of(module: str) -> str:
    name = module
    while name not in ROOMS:
        name = name.rpartition(".")[0]
    return ROOMS[name]


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imports(module: str, path: Path) -> Iterator[Import]:
    """Every import of a module, those for type checkers included."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, at_load: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, at_load)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, *([base] if base else [])])
                for alias in child.names:
                    name = f"{base}.{alias.name}"
                    yield Import(name if name in MODULES else base, child.lineno, at_load)
            else:
                deferred = is_for_types(child) or isinstance(
                    child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
                )
                yield from walk(child, at_load and not deferred)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), True)


def test_the_table_is_whole() -> None:
    assert set(ROOMS.values()) == set(MAY_IMPORT), "each room needs a row, each row a room"
    for room, others in MAY_IMPORT.items():
        assert others <= set(MAY_IMPORT), f"{room}: {others - set(MAY_IMPORT)} are not rooms"
    assert MODULES, "no modules found: the test looks in the wrong place"


def test_imports_are_seen() -> None:
    """The machinery below finds what it is there to find."""
    found = list(imports("matyan_client.store.database", ROOT / "matyan_client/store/database.py"))
    assert ("sqlite3", True) in {(i.module, i.at_load) for i in found}
    assert ("pathlib", False) in {(i.module, i.at_load) for i in found}
    assert room_of("matyan_client.store.database") == "store"
    assert room_of("matyan_client.run") == "façade"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_its_own_room_and_what_lies_below(module: str) -> None:
    room = room_of(module)
    if module == "matyan_client":
        pytest.skip("re-exports the façade, lazily (test_imports_are_lazy)")
    bad = [
        f"{found.module} (line {found.line})"
        for found in imports(module, MODULES[module])
        if found.module.split(".")[0] in ("matyan_client", "aim_compat")
        and room_of(found.module) not in {room, *MAY_IMPORT[room]}
    ]
    assert not bad, (
        f"{module} is in {room!r}, which may import {sorted(MAY_IMPORT[room])}, but imports "
        f"{', '.join(bad)}. Imports point one way, so that a layer can be read, tested and "
        "replaced without those above it. Move the code down, or pass the value in."
    )


@pytest.mark.parametrize("module", MODULES)
def test_third_party_libraries_load_when_they_are_used(module: str) -> None:
    allowed = {"matyan_client", "aim_compat", *ON_TOP.get(room_of(module), set())}
    if room_of(module) == "adapters":
        allowed |= ABOUT.get(module.rpartition(".")[2], set())
    bad = [
        f"{found.module} (line {found.line})"
        for found in imports(module, MODULES[module])
        if found.at_load and found.module.split(".")[0] not in {*sys.stdlib_module_names, *allowed}
    ]
    assert not bad, (
        f"{module} imports {', '.join(bad)} when it is loaded. `import` must stay cheap, and most "
        "libraries are optional: import inside the function that uses it."
    )


@pytest.mark.parametrize("module", MODULES)
def test_some_libraries_have_one_home(module: str) -> None:
    bad = [
        f"{found.module} (line {found.line}; home: {ONLY_HOME[found.module.split('.')[0]]})"
        for found in imports(module, MODULES[module])
        if ONLY_HOME.get(found.module.split(".")[0], room_of(module)) != room_of(module)
    ]
    assert not bad, (
        f"{module} imports {', '.join(bad)}. SQL, HTTP and WebSockets each stay in one place, "
        "where their errors are translated and their resources are closed."
    )


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("matyan_client")])
def test_matyan_client_does_not_know_aim(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    found = [
        f"line {number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(r"(?i)(?<![a-z])aim(?![a-z])", line)
    ]
    assert not found, (
        f"{module} mentions Aim ({'; '.join(found)}). What is there for Aim's sake belongs into "
        "aim_compat: the SDK is Matyan's."
    )


@pytest.mark.parametrize("module", [m for m in MODULES if m not in RUNS_SCRIPTS])
def test_no_text_becomes_code(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    bad = [
        f"{node.func.id}() (line {node.lineno})"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec", "compile")
    ]
    assert not bad, (
        f"{module} calls {', '.join(bad)}. Queries and stored values come from other people: "
        "they are parsed to our own tree and evaluated by us."
    )


@pytest.mark.parametrize("module", MODULES)
def test_annotations_are_not_evaluated(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    if not any(not isinstance(node, ast.Expr) for node in tree.body):
        pytest.skip("nothing but a docstring")
    assert any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body), (
        f"{module} lacks `from __future__ import annotations`: newer type syntax would fail on "
        "Python 3.10, and imports for types only would be needed at run time."
    )
    assert ast.get_docstring(tree), f"{module} does not say what it owns: give it a docstring."
