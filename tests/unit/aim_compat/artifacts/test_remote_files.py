"""Artifacts where fsspec reaches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aim_compat import Run
from aim_compat.artifacts import registry
from aim_compat.artifacts.remote_files import FsspecArtifactStorage

ROOT = Path(__file__).resolve().parents[4]

pytest.importorskip("fsspec")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(repo=tmp_path / "repo", capture_terminal_logs=False, system_tracking_interval=None)
    yield run
    run.close()


@pytest.mark.parametrize("block", [True, False])
@pytest.mark.parametrize("scheme", ["memory", "local"])
def test_up_and_down(scheme: str, block: bool, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(3_000_000))
    run.set_artifacts_uri(f"{scheme}://{(tmp_path / 'store').as_posix()}")
    for name in ("a.bin", "x/ü z.bin"):
        run.log_artifact(source, name=name, block=block)
    artifacts = Run(run.hash, repo=run.repo, read_only=True).artifacts
    for name in ("a.bin", "x/ü z.bin"):
        assert Path(artifacts[name].download(tmp_path / "out")).read_bytes() == source.read_bytes()
    store = registry.get_storage(f"{scheme}://{(tmp_path / 'store').as_posix()}/{run.hash}")
    assert isinstance(store, FsspecArtifactStorage)
    store.delete_artifact("a.bin")
    with pytest.raises(FileNotFoundError):
        artifacts["a.bin"].download(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        run.log_artifact(tmp_path / "nope")


def test_a_scheme_whose_package_is_missing_is_named() -> None:
    script = (
        "import sys; sys.modules['gcsfs'] = None\n"
        "from aim_compat.artifacts import registry\n"
        "try: registry.get_storage('gs://x/y')\n"
        "except ModuleNotFoundError as exc: print(exc)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert "Artifacts at gs://" in done.stdout
