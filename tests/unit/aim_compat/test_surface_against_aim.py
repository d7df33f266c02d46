"""The table and the classes behind it against Aim itself: nothing left out, signatures equal.

Aim runs in an environment of its own and tells what it offers (`surface_facts.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aim_compat import _surface
from aim_compat._surface import Status
from aim_compat._surface_members import CLASSES
from aim_compat._surface_table import NEED_A_LIBRARY

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
ORACLE = ROOT / ".venv-aim" / "bin" / "python"
INVENTORY = next(
    (
        place / "shared" / "aim" / "surface.json"
        for place in ROOT.parents
        if (place / "shared" / "aim" / "surface.json").exists()
    ),
    None,
)
"""A list of Aim's names made by others, if it lies beside the repository."""

needs_aim = pytest.mark.skipif(not ORACLE.exists(), reason="real Aim is not installed")

NOT_IMPORTABLE = {
    "aim.ext.tensorboard_tracker",
    "aim.ext.tensorboard_tracker.run",
    "aim.ext.tensorboard_tracker.tracker",
    *NEED_A_LIBRARY,
}
"""Modules of Aim that need a framework which is not installed beside it."""

PRESENT = [module for module in _surface.modules() if module not in NOT_IMPORTABLE]

KNOWN = {dotted.rpartition(".")[2] for dotted in CLASSES} - {
    row.name for row in _surface.rows() if row.status is Status.ABSENT
}
BUILT_IN = {"object", "Generic", "Enum", "RuntimeError", "Exception", "BaseException", "type"}

ANYTHING = [
    ["self", "POSITIONAL_ONLY", ""],
    ["args", "VAR_POSITIONAL", ""],
    ["kwargs", "VAR_KEYWORD", ""],
]
"""What Python says of a compiled `__init__`: it does not know."""

Facts = dict[str, Any]


def facts_of(package: str, python: str | Path, modules: list[str]) -> Facts:
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("surface_facts.py")), package],
        input=json.dumps(modules),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    found: Facts = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def aim() -> Facts:
    """What Aim offers, module by module."""
    return facts_of("aim", ORACLE, [])


@pytest.fixture(scope="session")
def ours() -> Facts:
    """What is offered here in Aim's modules."""
    return facts_of("aim_compat", sys.executable, PRESENT)


def is_here(module: str, name: str) -> bool:
    """Whether a name, or member, of Aim works here."""
    row = _surface.find(module, name)
    return row is not None and row.status is not Status.ABSENT


def is_supported(module: str, name: str) -> bool:
    row = _surface.find(module, name)
    return row is not None and row.status is Status.SUPPORTED


def classes(aim: Facts) -> dict[str, Facts]:
    """Aim's classes that are here, by `module:name`."""
    return {
        f"{module}:{name}": what
        for module, facts in aim.items()
        if _surface.has_module(module)
        for name, what in facts["names"].items()
        if what["kind"] == "class" and what["own"] and is_here(module, name)
    }


@needs_aim
def test_every_module_has_a_state(aim: Facts) -> None:
    assert [
        module for module in aim if not _surface.has_module(module) and not _surface.absence(module)
    ] == []


@needs_aim
def test_every_name_has_a_state(aim: Facts) -> None:
    assert [
        f"{module}.{name}"
        for module, facts in aim.items()
        for name, what in facts["names"].items()
        if what.get("own") and what["kind"] != "module" and _surface.find(module, name) is None
    ] == []


@needs_aim
def test_every_module_of_the_table_is_one_of_aims(aim: Facts) -> None:
    assert [module for module in PRESENT if module not in aim] == []


@needs_aim
def test_every_name_of_the_table_is_one_of_aims(aim: Facts) -> None:
    assert [
        row.title
        for row in _surface.rows()
        if row.module in PRESENT
        and not row.is_member
        and row.name not in ("*", "__all__", "__version__")
        and row.name not in aim[row.module]["names"]
    ] == []


@needs_aim
def test_every_member_has_a_state(aim: Facts) -> None:
    assert [
        f"{where}.{member}"
        for where, what in classes(aim).items()
        for member in what["members"]
        if _surface.find(where.partition(":")[0], f"{where.partition(':')[2]}.{member}") is None
    ] == []


@needs_aim
def test_star_imports_give_the_same_names(aim: Facts) -> None:
    for module in PRESENT:
        here: dict[str, Any] = {}
        exec(f"from aim_compat{module[len('aim') :]} import *", here)
        facts = aim[module]
        wanted = facts["all"] or [
            name for name, what in facts["names"].items() if what["kind"] != "module"
        ]
        assert [name for name in wanted if is_here(module, name) and name not in here] == [], module


@needs_aim
def test_functions_have_aims_signatures(aim: Facts, ours: Facts) -> None:
    differing = {
        f"{module}.{name}": (what["signature"], ours[module]["names"][name]["signature"])
        for module, facts in aim.items()
        if _surface.has_module(module)
        for name, what in facts["names"].items()
        if what["kind"] == "function" and what["own"] and is_supported(module, name)
        if what["signature"] != ours[module]["names"][name]["signature"]
    }
    assert differing == {}


@needs_aim
def test_classes_have_aims_names_and_hierarchy(aim: Facts, ours: Facts) -> None:
    """Aim's order of bases, as far as they are here, is the order here."""
    for where, what in classes(aim).items():
        module, _, name = where.partition(":")
        here = ours[module]["names"][name]
        assert here["name"] == what["name"], where
        wanted = [base for base in what["mro"] if base in BUILT_IN or base in KNOWN]
        assert [base for base in here["mro"] if base in wanted] == wanted, where


@needs_aim
def test_members_are_of_aims_kind(aim: Facts, ours: Facts) -> None:
    """Methods, class methods, static methods, properties (settable or not), attributes."""
    differing = {}
    for where, member, theirs, here in members(aim, ours):
        if here is None:
            differing[f"{where}.{member}"] = "not there"
        elif {here["kind"], theirs["kind"]} <= {"slot", "property", "attribute"}:
            if theirs.get("settable") and here.get("settable") is False:
                differing[f"{where}.{member}"] = "cannot be set"
        elif here["kind"] != theirs["kind"]:
            differing[f"{where}.{member}"] = f"{here['kind']}, not {theirs['kind']}"
    assert differing == {}


@needs_aim
def test_methods_have_aims_signatures(aim: Facts, ours: Facts) -> None:
    differing = {
        f"{where}.{member}": (theirs["signature"], here and here.get("signature"))
        for where, member, theirs, here in members(aim, ours)
        if "signature" in theirs
        and theirs["signature"] != ANYTHING
        and is_supported(where.partition(":")[0], f"{where.partition(':')[2]}.{member}")
        and theirs["signature"] != (here and here.get("signature"))
    }
    assert differing == {}


def members(aim: Facts, ours: Facts) -> Iterator[tuple[str, str, Facts, Facts | None]]:
    """(class, member, what it is in Aim, what it is here) of the members that are here."""
    for where, what in classes(aim).items():
        module, _, name = where.partition(":")
        for member, theirs in what["members"].items():
            if is_here(module, f"{name}.{member}"):
                yield where, member, theirs, ours[module]["names"][name]["members"].get(member)


@pytest.mark.skipif(INVENTORY is None, reason="there is no inventory of Aim beside the repository")
def test_every_entry_of_the_inventory_has_a_state() -> None:
    assert INVENTORY is not None
    listed = json.loads(INVENTORY.read_text(encoding="utf-8"))["modules"]
    stateless = []
    for module, what in listed.items():
        if not _surface.has_module(module) and not _surface.absence(module):
            stateless.append(module)
        for entry in what.get("members", ()):
            name = entry["name"]
            if entry["kind"] == "module" or is_plumbing(entry):
                continue
            if _surface.find(module, name) is None:
                stateless.append(f"{module}.{name}")
                continue
            inside = [each["name"] for each in entry.get("members", ())]
            stateless += [
                f"{module}.{name}.{member}"
                for member in [*inside, *(entry.get("instance_attributes") or ())]
                if _surface.find(module, f"{name}.{member}") is None
            ]
    assert stateless == []


def is_plumbing(entry: dict[str, Any]) -> bool:
    """Names that Aim's modules only use: of the standard library, or of other packages."""
    return not str(entry.get("defined_in", "aim")).startswith("aim")
