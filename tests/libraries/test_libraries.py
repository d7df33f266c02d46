"""Libraries that import aim, unedited: the same program on real Aim and on aim_compat.

A program in `programs/` uses one library as its users do. It runs twice, each time in processes of
its own: as `python program.py`, where aim is the real one, and as `python -m aim_compat run
program.py` in the same environment. What `record.py` then finds in both repositories must be equal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
SHIM = ("-m", "aim_compat", "run")
AIM_COMMAND = str(Path(sys.executable).with_name("aim"))

TIMED = {
    "metric time {}",
    "metric data_time {}",
    "metric __system__cpu {}",
    "metric __system__disk_percent {}",
    "metric __system__memory_percent {}",
    "metric __system__p_memory_percent {}",
    'metric tagger {"type": "other_scores_speed"}',
}
"""Series that measure the machine: their values are not compared."""

RANDOM = ("mlflow_run_id",)
"""Params that are different each time."""

RECORDED = {
    "accelerate_training": {
        'images pil {"of": "pil"}',
        "metric loss {}",
        'metric mean {"subset": "val"}',
    },
    "datasets_description": set(),
    "langchain_callbacks": {"metric __system__cpu {}"},
    "mlflow_conversion": {'images root {"type": "image"}', "metric loss {}"},
    "mmengine_visualizer": {"images shown {}", "metric from torch {}", "metric time {}"},
    "spacy_logger": {'metric tagger {"type": "loss_tagger"}'},
}
"""Some of what each program records, so that equal does not mean equally empty."""


def python(*args: str, cwd: Path) -> str:
    """Run this environment's Python; what it prints."""
    done = subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def comparable(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of a report without what is different each time."""
    for run in report["runs"]:
        for title in TIMED & set(run["sequences"]):
            run["sequences"][title] = run["sequences"][title][0]  # steps only
        for name in RANDOM:
            run["params"].pop(name, None)
    runs: list[dict[str, Any]] = report["runs"]
    return runs


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_library_records_what_it_records_on_aim(name: str, tmp_path: Path) -> None:
    program, record = str(HERE / "programs" / f"{name}.py"), str(HERE / "record.py")
    real, ours = tmp_path / "real", tmp_path / "ours"
    real.mkdir()
    ours.mkdir()

    python(program, cwd=real)
    python(AIM_COMMAND, "storage", "--repo", ".", "reindex", "-y", cwd=real)
    expected = json.loads(python(record, cwd=real))
    assert expected["subject"] == "aim.sdk.run"

    python(*SHIM, program, cwd=ours)
    found = json.loads(python(*SHIM, record, cwd=ours))
    assert found["subject"] == "aim_compat.run"

    assert comparable(found) == comparable(expected)
    recorded = {title for run in found["runs"] for title in run["sequences"]}
    assert recorded >= RECORDED[name]
    assert not (real / ".matyan").exists()
    assert not (ours / ".aim").exists()


def test_every_program_is_run() -> None:
    assert {path.stem for path in (HERE / "programs").glob("*.py")} == set(RECORDED)


def test_real_aim_is_beside() -> None:
    assert metadata.version("aim") == "3.29.1"
