"""The snippets of docs/integrations.md run, each where its framework is, and record something."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from matyan_client import Repo

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrations.md"
SNIPPET = re.compile(
    r"^<!-- not run: needs (?P<library>\w+), tests/frameworks runs it -->\n"
    r"```python\n(?P<text>.*?)^```$",
    re.M | re.S,
)
SNIPPETS = {found["library"]: found["text"] for found in SNIPPET.finditer(PAGE.read_text("utf-8"))}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("library", SNIPPETS)
def test_a_snippet(library: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(library) is None:
        assert os.environ.get("CI") != "true", f"{library} must be installed in CI"
        pytest.skip(f"{library} is not installed")
    (tmp_path / "snippet.py").write_text(SNIPPETS[library], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "aim_compat", "run", "snippet.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    assert done.returncode == 0, done.stderr
    repo = Repo(str(tmp_path))
    runs = [repo.get_run(each) for each in repo.list_all_runs()]
    assert runs
    for run in runs:
        assert run is not None
        assert [each for each in run.sequences() if not each.name.startswith("__system__")]
    assert repo.list_active_runs() == []


def test_every_block_is_one_of_them() -> None:
    assert PAGE.read_text("utf-8").count("```python\n") == len(SNIPPETS)
