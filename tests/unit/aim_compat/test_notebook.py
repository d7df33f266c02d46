"""Notebooks: cells run in a real kernel, started in the ways people start one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aim_compat import notebook

ROOT = Path(__file__).resolve().parents[3]
EXECUTE = Path(__file__).with_name("run_notebook.py")
PLAIN = [sys.executable]
UNDER_RUN = [sys.executable, "-m", "aim_compat", "run"]


def run_cells(directory: Path, command: list[str], *cells: str) -> list[dict[str, Any]]:
    """What each cell of a notebook in this directory shows."""
    done = subprocess.run(
        [sys.executable, str(EXECUTE), json.dumps(cells), json.dumps(command)],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "IPYTHONDIR": str(directory / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(directory / "runtime"),
        },
    )
    assert done.returncode == 0, done.stderr
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown


TRACK = """\
from aim import Image, Run
run = Run(experiment="notes")
run["lr"] = 0.1
for step in range(3):
    run.track(1 / (step + 1), name="loss", step=step)
print("a line for the run's log")
"""


@pytest.mark.parametrize("command", [PLAIN, UNDER_RUN], ids=["install", "run"])
def test_a_notebook_tracks_and_reads(command: tuple[str, ...], tmp_path: Path) -> None:
    first = "import aim_compat; aim_compat.install()" if command is PLAIN else "pass"
    shown = run_cells(
        tmp_path,
        command,
        first,
        "%load_ext aim\nimport sys",
        "%aim version",
        "%aim up --port=8000",
        "%aim nonsense",
        TRACK,
        "[m.values.values_list() for m in run.metrics() if m.name == 'loss']",
        "from aim import Repo\n"
        "[r.run['lr'] for r in Repo('.').query_runs('run.lr > 0').iter_runs()]",
        "!{sys.executable} -c 'import importlib.util as i; print(bool(i.find_spec(\"aim\")))'",
        "run.close()",
    )
    assert shown[2]["stdout"] == "Aim v3.29.1\n"
    assert "no" in shown[3]["stdout"]
    assert "query_runs().dataframe()" in shown[3]["stdout"]
    assert shown[4]["stdout"] == "Invalid operation.\n"
    assert shown[6]["text/plain"] == "[[1.0, 0.5, 0.3333333333333333]]"
    assert shown[7]["text/plain"] == "[0.1]"
    assert (shown[8]["stdout"].strip() == "True") == (command is UNDER_RUN)


def test_the_extension_has_both_names(tmp_path: Path) -> None:
    shown = run_cells(
        tmp_path,
        PLAIN,
        "%load_ext aim_compat",
        "%aim version",
        "%reload_ext aim_compat",
        "from aim_compat.ext.notebook import notebook\nnotebook.get_execution_context()",
    )
    assert shown[1]["stdout"] == "Aim v3.29.1\n"
    assert shown[3]["text/plain"] == "'_IPYTHON_EXEC_CONTEXT'"


def test_the_words_after_the_magic() -> None:
    default = {"--host": "127.0.0.1", "--port": "43801", "--base-path": "/notebook"}
    assert notebook.get_argument_options("up") == ("up", default)
    given = notebook.get_argument_options("up --port=4 --repo='a b' --unknown=x=y")
    assert given == ("up", {**default, "--port": "4", "--repo": "a b"})
    with pytest.raises(ValueError, match="--name=value, not '--repo'"):
        notebook.get_argument_options("up --repo x")
    with pytest.raises(IndexError, match="up or version"):
        notebook.get_argument_options("")
    assert notebook.get_execution_context() == "_OTHER_EXEC_CONTEXT"


def test_without_ipython_it_says_what_python_says() -> None:
    with pytest.raises(AttributeError, match="register_magic_function"):
        notebook.load_ipython_extension(None)
