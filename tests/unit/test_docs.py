"""The documentation agrees with the code; that its code works is in test_docs_run.py."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from matyan_client import exceptions
from matyan_client.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
VARIABLE = re.compile(r"_*(?:MATYAN|AIM)_[A-Z_]+")


def code_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def table_rows(page: str) -> list[list[str]]:
    """Cells of the rows whose first cell is code."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for line, row in zip(lines, rows, strict=True) if line.startswith("| `")]


def variables_read(path: Path) -> set[str]:
    """Our variables that a module looks up in os.environ, by literal or by module constant."""
    tree = ast.parse(path.read_text("utf-8"))
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = set()
    for node in ast.walk(tree):
        keys: list[ast.expr] = []
        if isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value):
            keys = [node.slice]
        elif isinstance(node, ast.Call) and re.search(r"environ|getenv", ast.unparse(node.func)):
            keys = node.args[:1]
        for key in keys:
            value = constants.get(key.id) if isinstance(key, ast.Name) else None
            value = key.value if isinstance(key, ast.Constant) else value
            if isinstance(value, str) and VARIABLE.fullmatch(value):
                found.add(value)
    return found


def test_every_variable_is_documented_and_exists() -> None:
    defaults = {
        PREFIX + field.name.upper(): str(field.default) or "empty"
        for field in dataclasses.fields(Settings)
    }
    read = set(defaults)
    for package in ("matyan_client", "aim_compat"):
        for path in (ROOT / package).rglob("*.py"):
            read |= variables_read(path)
    rows = {row[0].strip("`"): row[1] for row in table_rows("environment.md")}
    assert set(rows) == read
    assert {name: rows[name] for name in defaults} == defaults


def test_variables_are_read_as_documented() -> None:
    given = {"MATYAN_BACKEND_URL": "here", "MATYAN_APPLY_INTERVAL_MS": "7"}
    found = Settings.from_environment({**given, "MATYAN_CLOSE_TIMEOUT_S": ""})
    assert found == Settings(backend_url="here", apply_interval_ms=7)
    for bad in ("no number", "0", "-1"):
        with pytest.raises(exceptions.InvalidInputError, match=rf"CLOSE_TIMEOUT_S is '{bad}'"):
            Settings.from_environment({"MATYAN_CLOSE_TIMEOUT_S": bad})


def test_every_error_is_documented_with_its_bases() -> None:
    rows = {row[0].strip("`"): row[1].strip("`") for row in table_rows("errors.md")}
    assert set(rows) == set(exceptions.__all__)
    for name, base in rows.items():
        assert base in [cls.__name__ for cls in getattr(exceptions, name).__mro__[1:]], name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_are_named_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:tests|benchmarks|examples|docs|matyan_client|aim_compat)/[\w./]+)`",
        page.read_text("utf-8"),
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = set(re.findall(r"\bmake (\w+)", "".join(code_blocks(ROOT / "README.md", "sh"))))
    assert named
    assert named <= targets
