"""The examples run, unedited, as `make demo` runs them, and say what they should."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MATYAN_BACKEND_URL", str(tmp_path))
    script = ROOT / "examples" / "digits_aim.py"
    assert "aim_compat" not in script.read_text("utf-8")
    assert "matyan" not in script.read_text("utf-8")
    epochs = 4

    out = python("-m", "aim_compat", "run", str(script), "--epochs", str(epochs), cwd=tmp_path)

    rows = re.findall(r"^(\d+) units, rate ([\d.]+) .* (0\.\d{4}) +(\d) +(\d\.\d{4})$", out, re.M)
    assert len(rows) == 6
    assert [float(row[2]) for row in rows] == sorted((float(row[2]) for row in rows), reverse=True)
    best = max(float(row[2]) for row in rows)
    assert best > 0.85
    assert "runs with a rate of at most 0.1 ended above 90 %" in out

    png = tmp_path / "curves.png"
    out = python(
        str(ROOT / "examples" / "inspect_repo.py"), str(tmp_path), "--png", str(png), cwd=tmp_path
    )
    assert "6 runs, 0 of them active" in out
    assert len(re.findall(rf"metric +(?:loss|accuracy|error) .* {epochs} points", out)) == 6 * 3 * 2
    assert len(re.findall(rf"distributions weights .* {epochs} steps of Distribution", out)) == 12
    assert len(re.findall(r"images +samples .* 1 steps of Image, first 64x64", out)) == 6
    assert len(re.findall(r"images +confusion .* first 200x200", out)) == 6
    assert len(re.findall(r"figures +mistakes_by_digit ", out)) == 6
    assert len(re.findall(r"artifact +model\.npz +\d{4,} bytes read", out)) == 6
    assert "tags ['numpy']" in out
    assert png.read_bytes().startswith(b"\x89PNG")
