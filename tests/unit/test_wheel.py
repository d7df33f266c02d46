"""The built wheel: what is in it, what it requires, and that it works alone."""

from __future__ import annotations

import ast
import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest
import typing_extensions

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("matyan_client", "aim_compat")

ALSO_USED = {
    "IPython", "attr", "botocore", "cffi", "datasets", "deeplake", "dvc", "fastcore", "hub",
    "ignite", "jax", "mxnet", "pynvml", "pytorch_lightning", "soundfile", "tensorflow", "torch",
    "yaml",
}  # fmt: skip
"""Libraries no extra names: used when the user has them, for types only, or come with another."""

IMPORT_NAMES = {"pillow": "PIL", "scikit-learn": "sklearn"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def facts(wheel: Path, names: list[str]) -> Message:
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        return email.message_from_bytes(archive.read(metadata))


def requirement_name(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match
    return IMPORT_NAMES.get(match[0].lower(), match[0].replace("-", "_"))


def test_it_holds_both_packages_and_nothing_else(names: list[str]) -> None:
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(PACKAGES)
    assert not [name for name in names if "test" in name.lower() and name.endswith(".py")]


def test_it_holds_every_module(names: list[str]) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    assert sources == {name for name in names if name.endswith(".py")}


def test_the_command_for_scripts_can_be_executed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        mode = archive.getinfo("aim_compat/_site/bin/aim").external_attr >> 16
        assert "aim_compat/_site/bin/aim.cmd" in archive.namelist()
    assert mode & 0o111 or sys.platform == "win32"


def test_it_holds_the_licence_and_the_commands(wheel: Path, names: list[str]) -> None:
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(entry_points).decode()
    assert "matyan-client = matyan_client.cli:main" in text
    assert "aim-compat = aim_compat.cli:main" in text


def test_it_requires_what_the_code_imports(facts: Message) -> None:
    requirements = facts.get_all("Requires-Dist") or []
    core = {requirement_name(r) for r in requirements if "extra ==" not in r}
    extras = {requirement_name(r) for r in requirements if "extra ==" in r}
    imported = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    imported.add(node.module.split(".")[0])
    imported -= {*sys.stdlib_module_names, *PACKAGES}
    assert core <= imported, f"required, but imported nowhere: {sorted(core - imported)}"
    unknown = imported - core - extras - ALSO_USED
    assert not unknown, f"imported, but neither required nor in an extra: {sorted(unknown)}"


def test_nothing_is_pinned_from_above(facts: Message) -> None:
    pinned = [
        r for r in facts.get_all("Requires-Dist") or [] if re.search(r"==\d|<|~=", r.split(";")[0])
    ]
    assert not pinned


def test_it_works_with_next_to_no_other_library(wheel: Path, tmp_path: Path) -> None:
    script = """
import sys
sys.path.insert(0, sys.argv[1])
from matyan_client import Repo, Run, Text
with Run(repo="here") as run:
    run["lr"] = 0.1
    for step in range(3):
        run.track(step / 2, name="loss")
    run.track(Text("words"), name="notes")
again = Repo("here").get_run(run.hash)
series = again.read_series("loss")
assert (list(series.steps), list(series.values)) == ([0, 1, 2], [0.0, 0.5, 1.0]), series
assert [found.value.data for found in again.read_objects("notes")] == ["words"]
assert [info["hash"] for info in Repo("here").query_runs("run.lr == 0.1")] == [run.hash]
assert "numpy" not in sys.modules and "site" not in sys.modules
"""
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    shutil.copy(typing_extensions.__file__, installed)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(installed)],
        cwd=tmp_path,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
