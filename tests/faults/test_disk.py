"""The spool's disk is full, its files are few, its room is limited."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.deployments import Deployment
from chaos.reading import Reader
from chaos.training import Sitting

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX limits")


@pytest.fixture
def small_disk(sitting: Sitting) -> Iterator[Path]:
    """A file system of one megabyte as the spool."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("NOT RUN: only root can mount a small file system")
    sitting.spool.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(sitting.spool)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"NOT RUN: no small file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield sitting.spool
    finally:
        sitting.clean_up()
        subprocess.run(["umount", str(sitting.spool)], check=True)


FILLS = """
    run = Run("full", **QUIET)
    tracked = Tracked(run)
    tracked.points("loss", 100)
    run.flush(30)
    pause("ready")
    # Larger than the disk, with nobody to take it.
    tracked.points("loss", 40_000, start=100)
    tracked.image("pictures", 0)
    tracked.text("notes", 0, "written to a full disk")
    pause("full")
    tracked.points("loss", 100, start=40_100)
    run.close()
    say("closed")
"""


def test_the_disk_fills_up(sitting: Sitting, deployment: Deployment, small_disk: Path) -> None:
    """The server is away, so the spool grows until there is no room; training goes on, and what
    did not fit is in memory until there is."""
    training = sitting.train(FILLS)
    training.line("ready")
    deployment.kill()
    training.go()
    training.line("full")
    deployment.start()
    training.go()
    training.line("closed")
    training.end()
    sitting.check(deployment)
    complaints = training.complaints()
    assert complaints
    assert len(complaints.splitlines()) <= 5, complaints


@posix
def test_files_may_not_grow(sitting: Sitting, deployment: Deployment) -> None:
    """RLIMIT_FSIZE, raised again before the end: the same by other means."""
    training = sitting.train(
        """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        run = Run("fsize", **QUIET)
        tracked = Tracked(run)
        tracked.points("loss", 100)
        pause("ready")
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        for step in range(100, 3000):
            run.track(value(step), name="loss", step=step)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        for step in range(100, 3000):
            tracked.note(kind="point", name="loss", step=step, value=value(step))
        time.sleep(0.6)
        tracked.points("loss", 100, start=3000)
        pause("tracked")
        run.close()
        """
    )
    training.line("ready")
    deployment.kill()
    training.go()
    training.line("tracked")
    deployment.start()
    training.go()
    training.end()
    sitting.check(deployment)


@posix
@pytest.mark.parametrize("server", ["there", pytest.param("away", marks=pytest.mark.long)])
def test_200_open_runs_under_256_descriptors(
    sitting: Sitting, deployment: Deployment, server: str
) -> None:
    if server == "away":
        deployment.kill()
        sitting.settings["MATYAN_CLOSE_TIMEOUT_S"] = "1"
    training = sitting.train(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        from matyan_client import Text
        runs = [Run(f"many-{sys.argv[1]}-{number}", **QUIET) for number in range(200)]
        # One descriptor for all notes.
        tracked = Tracked(runs[0])
        for step in range(20):
            for number, run in enumerate(runs):
                run.track(value(step, number), name="loss", step=step)
                os.write(tracked._notes, (
                    f'{{"run": "{run.hash}", "kind": "point", "name": "loss", "step": {step}, '
                    f'"value": {value(step, number)!r}}}\\n').encode())
        runs[7].track(Text("among many"), name="notes", step=0)
        tracked.image("pictures", 0)
        pause("tracked")
        for run in runs:
            run.close()
            if sys.argv[1] == "away":
                os.environ["MATYAN_CLOSE_TIMEOUT_S"] = "0.001"
        """,
        server,
    )
    training.line("tracked")
    training.go()
    training.end()
    if server == "away":
        deployment.start()
        sitting.sync()
    sitting.check(deployment)
    assert Reader(deployment.backend_url).texts(f"many-{server}-7", "notes") == {0: "among many"}
    assert "Too many open files" not in training.complaints()


def test_the_spool_may_not_grow_further(sitting: Sitting, deployment: Deployment) -> None:
    """MATYAN_JOURNAL_MAX_MB: what is beyond it is given up, counted and said; what was taken
    before is delivered, and the run ends as it should."""
    sitting.settings["MATYAN_JOURNAL_MAX_MB"] = "1"
    deployment.kill()
    training = sitting.train(
        """
        run = Run("capped", **QUIET)
        tracked = Tracked(run)
        tracked.points("loss", 5000)
        pause("some")
        for step in range(5000, 100_000):
            run.track(value(step), name="loss", step=step)
            if step % 5000 == 0:
                time.sleep(0.1)
        pause("all")
        run.close()
        """
    )
    training.line("some")
    training.go()
    training.line("all")
    size = sum(path.stat().st_size for path in sitting.spool.rglob("*") if path.is_file())
    assert size < 4 << 20
    deployment.start()
    training.go()
    training.end()
    sitting.check(deployment, surplus=100_000)
    points = Reader(deployment.backend_url).points("capped", "loss")
    assert len(points) < 100_000
    assert "MATYAN_JOURNAL_MAX_MB" in training.complaints()


@pytest.fixture
def unwritable(sitting: Sitting) -> Iterator[Path]:
    """A spool that cannot be made: its place is a file."""
    sitting.spool.write_text("not a directory")
    yield sitting.spool
    with contextlib.suppress(OSError):
        sitting.spool.unlink()


def test_no_place_for_a_spool(sitting: Sitting, deployment: Deployment, unwritable: Path) -> None:
    """Said at once, with what to do, and before anything was tracked."""
    training = sitting.train('Run("nowhere", **QUIET)')
    training.end(1)
    assert "MATYAN_JOURNAL_DIR" in training.complaints()
    assert Reader(deployment.backend_url).info("nowhere") is None
