"""The table of Aim's surface: whole, true, and what the import paths and the page come from."""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import aim_compat
from aim_compat import _surface, _surface_page
from aim_compat._surface import Row, Status
from aim_compat._surface_members import CLASSES

ROOT = Path(__file__).resolve().parents[3]


PRESENT = [
    row
    for row in _surface.rows()
    if row.status is not Status.ABSENT and not _surface.missing_library(row.module)
]
"""Modules about a library that is not installed cannot be imported; test_datasets.py has those, and
tests/frameworks."""
HERE = [row for row in PRESENT if not row.is_member]
ABSENT = [
    row
    for row in _surface.rows()
    if row.status is Status.ABSENT and not _surface.missing_library(row.module)
]
DIFFERENT = [row for row in _surface.rows() if row.status is Status.DIFFERS]
MEMBERS = [row for row in PRESENT if row.is_member]
BUILT_IN = {object, type, enum.Enum, RuntimeError, Exception, BaseException, KeyError, ValueError}


def ours(module: str) -> str:
    return "aim_compat" + module.removeprefix("aim")


def title(row: Row) -> str:
    return row.title


def test_no_name_is_in_the_table_twice() -> None:
    titles = [(row.module, row.name) for row in _surface.rows()]
    assert sorted(titles) == sorted(set(titles))


def test_what_is_not_as_in_aim_says_why() -> None:
    for row in [*ABSENT, *DIFFERENT]:
        assert row.note.endswith("."), row.title
    assert not any(row.home for row in ABSENT)


@pytest.mark.parametrize("row", HERE, ids=title)
def test_what_is_supported_is_there(row: Row) -> None:
    value = getattr(importlib.import_module(ours(row.module)), row.name)
    if not row.home:
        assert value == row.value
        return
    module, _, name = row.home.partition(":")
    assert value is getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("row", MEMBERS, ids=title)
def test_members_that_are_supported_are_there(row: Row) -> None:
    owner, _, member = row.name.partition(".")
    value = getattr(importlib.import_module(ours(row.module)), owner)
    source = "".join(inspect.getsource(cls) for cls in value.__mro__ if cls not in BUILT_IN)
    assert hasattr(value, member) or f"self.{member}" in source or f"    {member}:" in source


@pytest.mark.parametrize("row", ABSENT, ids=title)
def test_what_is_absent_says_what_to_do(row: Row) -> None:
    module, name = row.module, row.name
    if row.is_member:
        check_absent_member(row)
        return
    if name == "*":
        module, _, name = module.rpartition(".")
    message = f"{module}.{name} of Aim 3.29.1 is not in aim_compat: {row.note}"
    with pytest.raises(ImportError) as refused:
        exec(f"from {ours(module)} import {name}", {})
    assert row.note in str(refused.value)
    if _surface.has_module(module):
        parent = importlib.import_module(ours(module))
        assert not hasattr(parent, name)
        with pytest.raises(AttributeError) as missing:
            getattr(parent, name)
        assert str(missing.value) == message


def check_absent_member(row: Row) -> None:
    owner, _, member = row.name.partition(".")
    cls = getattr(importlib.import_module(ours(row.module)), owner)
    bare = object.__new__(cls)
    for touched in (cls, bare):
        assert not hasattr(touched, member)
        with pytest.raises(_surface.AbsentNameError) as refused:
            getattr(touched, member)
        assert str(refused.value) == f"{row.title} of Aim 3.29.1 is not in aim_compat: {row.note}"


STAND_INS = {
    "aim.storage.containertreeview.ContainerTreeView": "aim_compat.meta_tree:MetaRunTree",
    "aim.storage.structured.db.DB": "aim_compat.structured:StructuredDB",
    "aim.storage.structured.sql_engine.entities.ModelMappedExperiment": (
        "aim_compat.structured:ExperimentEntry"
    ),
    "aim.storage.structured.sql_engine.entities.ModelMappedRun": "aim_compat.structured:RunEntry",
    "aim.storage.structured.sql_engine.entities.ModelMappedTag": "aim_compat.structured:TagEntry",
}


@pytest.mark.parametrize("dotted", STAND_INS)
def test_what_stand_ins_lack_says_so(dotted: str) -> None:
    module, _, name = STAND_INS[dotted].partition(":")
    cls = getattr(importlib.import_module(module), name)
    lacking = [name for name, value in vars(cls).items() if "Absent" in type(value).__name__]
    assert lacking
    assert set(lacking) < set(_surface.members(dotted))
    for member in lacking:
        assert not hasattr(cls, member)
        with pytest.raises(_surface.AbsentNameError, match=rf"^{dotted}\.{member} of Aim"):
            getattr(cls, member)


def test_objects_of_stand_ins_say_what_they_lack(tmp_path: Path) -> None:
    database = aim_compat.Repo.from_path(tmp_path, init=True).structured_db
    assert not hasattr(database, "caches")
    with pytest.raises(_surface.AbsentNameError, match=r"DB\.caches of Aim"):
        _ = database.caches
    run = aim_compat.Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    with pytest.raises(_surface.AbsentNameError, match=r"ModelMappedRun\.add_note of Aim"):
        run.props.add_note("text")
    assert not hasattr(run.props, "nope")
    assert run.props.name == run.name
    with pytest.raises(_surface.AbsentNameError, match=r"ContainerTreeView\.update of Aim"):
        run.meta_run_tree.update({})
    run.close()


def test_every_member_with_a_note_is_one_of_aims() -> None:
    for row in _surface.rows():
        if row.is_member:
            owner, _, member = row.name.partition(".")
            assert member in CLASSES[f"{row.module}.{owner}"][1].split(), row.title


def test_members_are_found_from_wherever_a_class_is_handed_out() -> None:
    here = _surface.find("aim.sdk.run", "BasicRun.set")
    assert here is not None
    assert here.status is Status.SUPPORTED
    assert _surface.find("aim", "Run.set") is here
    assert _surface.find("aim.sdk.sequences.image_sequence", "Images.values") is _surface.find(
        "aim.sdk.sequence", "Sequence.values"
    )
    assert _surface.lineage("Run") == [
        "aim.sdk.run.Run",
        "aim.sdk.run.BasicRun",
        "aim.sdk.base_run.BaseRun",
        "aim.sdk.run.StructuredRunMixin",
    ]
    absent = _surface.find("aim.sdk.remote_repo_proxy", "RemoteRepoProxy.prune")
    assert absent is not None
    assert absent.status is Status.ABSENT
    assert _surface.find("aim.sdk.run", "Run.nope") is None
    assert _surface.find("aim.sdk.run", "Nope.track") is None


def test_modules_are_made_when_they_are_imported() -> None:
    module = importlib.import_module("aim_compat.sdk.objects.image")
    assert sys.modules["aim_compat.sdk.objects.image"] is module
    assert aim_compat.sdk.objects.image is module
    assert module.Image is aim_compat.Image
    assert set(module.__all__) <= set(dir(module))
    names: dict[str, object] = {}
    exec("from aim_compat.sdk.objects.image import *", names)
    assert names["Image"] is aim_compat.Image


def test_submodules_resolve_without_an_import() -> None:
    script = """
import aim_compat as aim
assert aim.sdk.types.QueryReportMode.DISABLED.value == 0
assert aim.storage.context.Context({}).to_dict() == {}
assert aim.errors.MissingRunError is aim.sdk.errors.MissingRunError
assert aim.__version__.__version__ == "3.29.1"
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


@pytest.mark.parametrize("name", ["aim_compat.nope", "aim_compat.sdk.nope", "aim_compat.sdk.run.x"])
def test_what_aim_lacks_too_is_simply_missing(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'"):
        importlib.import_module(name)
    module, _, attribute = name.rpartition(".")
    with pytest.raises(ImportError, match=f"cannot import name '{attribute}'"):
        exec(f"from {module} import {attribute}", {})


def test_the_page_is_the_table() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    evidence = json.loads((ROOT / "tests/compat/evidence.json").read_text(encoding="utf-8"))
    assert page == _surface_page.as_markdown(evidence), (
        "docs/compatibility.md is stale; run: "
        "python -m aim_compat surface --markdown > docs/compatibility.md"
    )


def test_json_is_the_table() -> None:
    read = json.loads(json.dumps(_surface_page.as_json()))
    assert len(read) == len(_surface.rows())
    assert {row["status"] for row in read} == {"supported", "differs", "absent"}
