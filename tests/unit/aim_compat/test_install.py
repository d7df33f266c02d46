"""`install()`: what `import aim` means, before, during and after."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aim_compat
from aim_compat import _inheritance, _install

ROOT = Path(__file__).resolve().parents[3]


def aim_modules() -> list[str]:
    return [name for name in sys.modules if name == "aim" or name.startswith("aim.")]


@pytest.fixture
def installed() -> Iterator[None]:
    aim_compat.install()
    yield
    aim_compat.uninstall()


@pytest.fixture
def real_aim(tmp_path: Path) -> Path:
    """A directory with another package called aim, with metadata, to put on the path."""
    package = tmp_path / "beside" / "aim"
    (package / "sdk").mkdir(parents=True)
    (package / "__init__.py").write_text("Run = 'another'\n")
    (package / "sdk" / "__init__.py").write_text("")
    (package / "sdk" / "run.py").write_text("Run = 'another'\n")
    info = package.parent / "aim-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aim\nVersion: 9.9\n")
    (info / "top_level.txt").write_text("aim\n")
    return package.parent


def python(script: str, *path: Path, ok: bool = True) -> str:
    """Run a script in a fresh interpreter; what it prints (or its errors, if it must fail)."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[1:1] = {list(map(str, path))}\n{script}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode == 0) is ok, done.stderr
    return done.stdout if ok else done.stderr


@pytest.mark.usefixtures("installed")
def test_everything_exists_once() -> None:
    aim = importlib.import_module("aim")
    assert aim is aim_compat
    for name in ("sdk", "sdk.objects.image", "sdk.types", "storage.context", "sdk.errors"):
        module = importlib.import_module(f"aim.{name}")
        assert module is importlib.import_module(f"aim_compat.{name}")
        assert module.__spec__ is not None
        assert module.__spec__.name == f"aim_compat.{name}"
    image = importlib.import_module("aim.sdk.objects.image").Image
    assert image is aim_compat.Image
    assert image is importlib.import_module("aim_compat.objects").Image
    assert aim.sdk.objects.image.Image is image


@pytest.mark.usefixtures("installed")
def test_our_own_modules_are_not_loaded_twice() -> None:
    assert importlib.import_module("aim.objects") is importlib.import_module("aim_compat.objects")
    assert importlib.import_module("aim.objects.text") is sys.modules["aim_compat.objects.text"]


@pytest.mark.usefixtures("installed")
def test_finding_and_metadata() -> None:
    for name in ("aim", "aim.sdk.run", "aim.storage.arrayview", "aim.sdk.utils"):
        assert importlib.util.find_spec(name) is not None
    for name in ("aim.nope", "aim.sdk.nope"):
        assert importlib.util.find_spec(name) is None
    assert importlib.metadata.version("aim") == "3.29.1"
    found = importlib.metadata.distribution("aim")
    assert (found.metadata["Name"], found.version) == ("aim", "3.29.1")
    assert found.files is None
    assert importlib.metadata.packages_distributions()["aim"] == ["aim"]
    assert [d.version for d in importlib.metadata.distributions(name="aim")] == ["3.29.1"]
    assert list(importlib.metadata.distributions(name="aim", path=[])) == []
    assert importlib.metadata.version("pytest") == pytest.__version__


@pytest.mark.usefixtures("installed")
def test_pickles_name_the_real_modules() -> None:
    text = importlib.import_module("aim").Text("x")
    data = pickle.dumps(text)
    assert b"aim_compat.objects.text" in data
    aim_compat.uninstall()
    assert pickle.loads(data).data == "x"


@pytest.mark.usefixtures("installed")
def test_what_is_absent_says_so_under_its_own_name() -> None:
    with pytest.raises(ImportError, match=r"aim\.ext\.sshfs of Aim .*mount the directory"):
        importlib.import_module("aim.ext.sshfs")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'aim\.sdk\.nope'"):
        importlib.import_module("aim.sdk.nope")


def test_installing_twice_and_uninstalling_leave_no_trace() -> None:
    finders, modules = list(sys.meta_path), aim_modules()
    aim_compat.uninstall()  # nothing is installed
    aim_compat.install()
    aim_compat.install()
    assert _install.installed()
    importlib.import_module("aim.sdk.objects.image")
    aim_compat.uninstall()
    aim_compat.uninstall()
    assert not _install.installed()
    assert sys.meta_path == finders
    assert aim_modules() == modules == []


def test_ours_wins_over_an_aim_that_is_installed(real_aim: Path) -> None:
    script = """
import importlib.metadata, importlib.util, pathlib
assert importlib.metadata.version("aim") == "9.9"
import aim_compat
aim_compat.install()
import aim, aim.sdk.errors
assert aim is aim_compat
from aim.sdk.types import QueryReportMode
assert QueryReportMode.__module__ == "aim_compat.types"
assert importlib.metadata.version("aim") == "3.29.1"
aim_compat.uninstall()
assert importlib.metadata.version("aim") == "9.9"
import aim
assert aim.Run == "another", aim
from aim.sdk.run import Run
assert Run == "another"
"""
    python(script, real_aim)


def test_an_aim_that_is_imported_already_is_refused(real_aim: Path) -> None:
    errors = python("import aim, aim_compat; aim_compat.install()", real_aim, ok=False)
    assert "RuntimeError: aim_compat.install() came too late: 'aim' is already imported" in errors
    assert "python -m aim_compat run" in errors
    assert "__init__.py" in errors


def test_without_install_aim_is_what_it_was(real_aim: Path) -> None:
    assert python("import aim_compat, aim; print(aim.Run)", real_aim) == "another\n"
    assert "No module named 'aim'" in python("import aim_compat, aim", ok=False)


def test_a_bare_import_and_install_are_light() -> None:
    script = """
import sys
before = set(sys.modules)
import aim_compat
aim_compat.install()
import aim
heavy = {"importlib.metadata", "email", "numpy", "PIL", "asyncio", "sqlite3", "pandas", "plotly"}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    assert python(script) == "[]\n"


def test_uninstalling_leaves_nothing_to_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/a/bin")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    before = dict(os.environ)
    _inheritance.leave_to_children()
    _inheritance.leave_to_children()
    assert os.environ["PATH"].endswith(os.pathsep + "/a/bin")
    assert os.environ["AIM_COMPAT_INSTALL"] == "1"
    aim_compat.uninstall()
    assert dict(os.environ) == before
