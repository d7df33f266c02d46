"""The write-path contract: killed, forked, crowded, full and damaged.

Every test here uses real processes, real signals and real files.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from matyan_client import Repo, Run

QUIET: dict[str, Any] = {"capture_terminal_logs": False}
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals or fork")


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts scripts in processes of their own, and leaves none behind."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def steps(repo: Repo, run_hash: str, name: str = "m") -> list[int]:
    run = repo.get_run(run_hash)
    assert run is not None
    series = run.read_series(name)
    return [] if series is None else [int(step) for step in series.steps]


def visible_steps(path: Path) -> list[int]:
    return steps(Repo(path), "r") if Repo(path).run_exists("r") else []


def soon(look: Callable[[], object], expected: object) -> None:
    """Look until it is as expected. How soon is for benchmarks; here it only must come."""
    deadline = time.monotonic() + 30.0
    while (found := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == expected


TRACK_AND_TELL = """
    import sys, time
    from matyan_client import Run
    run = Run(sys.argv[2], repo=sys.argv[1], capture_terminal_logs=False)
    run["p"] = {"lr": 0.1}
    for i in range(100_000):
        run.track(float(i), name="m")
        sys.stdout.write(f"{i}\\n")
        sys.stdout.flush()
"""


def test_nothing_that_returned_is_lost_when_killed(start: Start, tmp_path: Path) -> None:
    told = {}
    for number in range(6):
        process = start(TRACK_AND_TELL, tmp_path, f"run{number}")
        assert process.stdout is not None
        lines = [int(process.stdout.readline()) for _ in range(50 + 400 * number)]
        process.kill()
        rest = process.stdout.read().split("\n")
        lines += [int(line) for line in rest[:-1]]
        process.wait()
        told[f"run{number}"] = lines
    repo = Repo(tmp_path)
    for run_hash, acknowledged in told.items():
        read = steps(repo, run_hash)
        assert read[: len(acknowledged)] == acknowledged
        assert len(read) <= len(acknowledged) + 1
        run = repo.get_run(run_hash)
        assert run is not None
        assert run["p"] == {"lr": 0.1}
    assert list((tmp_path / ".matyan" / "journals").iterdir()) == []


def test_a_killed_run_ended_with_its_last_write(start: Start, tmp_path: Path) -> None:
    process = start(TRACK_AND_TELL, tmp_path, "killed")
    assert process.stdout is not None
    for _ in range(100):
        process.stdout.readline()
    soon(Repo(tmp_path).list_active_runs, ["killed"])
    process.kill()
    process.stdout.read()
    process.wait()
    killed_at = time.time()
    run = Repo(tmp_path).get_run("killed")
    assert run is not None
    soon(lambda: run.active, False)
    assert run.end_time is not None
    assert killed_at - 5 < run.end_time <= killed_at
    with Run("killed", repo=tmp_path, **QUIET) as again:
        assert again.active
        again.track(1.0, name="m")


@posix
def test_sigterm_finishes_the_run_and_still_kills(start: Start, tmp_path: Path) -> None:
    script = """
        import sys, time
        from matyan_client import Run
        run = Run("r", repo=sys.argv[1])
        run.track(1.0, name="m")
        print("ready", flush=True)
        time.sleep(60)
    """
    process = start(script, tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM
    run = Repo(tmp_path).get_run("r")
    assert run is not None
    assert not run.active
    assert run.end_time is not None
    assert steps(Repo(tmp_path), "r") == [0]
    assert [line for _, line in run.read_log_lines()] == ["ready"]


def test_interpreter_exit_finishes_open_runs(start: Start, tmp_path: Path) -> None:
    script = """
        import sys
        from matyan_client import Run
        runs = [Run(f"r{i}", repo=sys.argv[1], capture_terminal_logs=False) for i in range(3)]
        for run in runs:
            run.track(1.0, name="m")
        if sys.argv[2] == "raise":
            raise SystemExit(3)
    """
    for how in ("plain", "raise"):
        process = start(script, tmp_path / how, how)
        assert process.wait(60) == (3 if how == "raise" else 0)
        repo = Repo(tmp_path / how)
        assert repo.list_active_runs() == []
        assert [steps(repo, f"r{i}") for i in range(3)] == [[0]] * 3


@posix
def test_a_forked_child_neither_loses_nor_doubles(start: Start, tmp_path: Path) -> None:
    script = """
        import os, sys
        from matyan_client import Run
        run = Run("r", repo=sys.argv[1], capture_terminal_logs=False)
        for i in range(100):
            run.track(float(i), name="m")
        children = []
        for c in range(3):
            pid = os.fork()
            if pid == 0:
                for i in range(100):
                    run.track(1000.0 * (c + 1) + i, name="m")
                    run.track(float(i), name=f"child{c}")
                if c == 0:
                    sys.exit(0)
                if c == 1:
                    run.close()
                os._exit(0)
            children.append(pid)
        for i in range(100, 200):
            run.track(float(i), name="m")
        for pid in children:
            os.waitpid(pid, 0)
        assert run.active
    """
    process = start(script, tmp_path)
    assert process.wait(60) == 0
    repo = Repo(tmp_path)
    run = repo.get_run("r")
    assert run is not None
    series = run.read_series("m")
    assert series is not None
    expected = [float(i) for i in range(200)]
    expected += [1000.0 * c + i for c in (1, 2, 3) for i in range(100)]
    assert sorted(series.values) == sorted(expected)
    for c in range(3):
        assert steps(repo, "r", f"child{c}") == list(range(100))
    assert not run.active


@posix
def test_a_child_leaves_what_was_captured_before_it_to_its_parent(
    start: Start, tmp_path: Path
) -> None:
    script = """
        import os, sys
        from matyan_client import Run
        run = Run("r", repo=sys.argv[1], capture_terminal_logs=True)
        print("before")
        pid = os.fork()
        if pid == 0:
            print("the child's own")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(pid, 0)
        print("after")
        run.track(1.0, name="m")
        run.close()
    """
    process = start(script, tmp_path)
    assert process.wait(60) == 0
    repo = Repo(tmp_path)
    run = repo.get_run("r")
    assert run is not None
    assert [line for _, line in run.read_log_lines()] == ["before", "after"]
    assert steps(repo, "r") == [0]
    assert not run.active


@posix
def test_a_forked_child_reads_what_its_parent_wrote(start: Start, tmp_path: Path) -> None:
    script = """
        import os, sys
        from matyan_client import Repo, Run
        run = Run("r", repo=sys.argv[1], capture_terminal_logs=False)
        run.track(1.0, name="m")
        pid = os.fork()
        if pid == 0:
            read = Repo(sys.argv[1]).get_run("r")
            os._exit(0 if read is not None and len(read.read_series("m")) == 1 else 5)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    """
    assert start(script, tmp_path).wait(60) == 0


CROWD = """
    import sys
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    except ImportError:
        pass
    from matyan_client import Run
    for i in range(int(sys.argv[3])):
        with Run(f"{sys.argv[2]}-{i}", repo=sys.argv[1], capture_terminal_logs=False,
                 experiment="crowd") as run:
            run["hparams"] = {"i": i}
            run.add_tag("t")
            for j in range(20):
                run.track(float(j), name="m", context={"subset": "train"})
"""


def test_a_crowd_on_one_repository(start: Start, tmp_path: Path) -> None:
    crowd = [start(CROWD, tmp_path, f"p{p}", 5) for p in range(8)]
    for process in crowd:
        assert process.wait(120) == 0
    repo = Repo(tmp_path)
    assert repo.total_runs_count() == 40
    for p in range(8):
        for i in range(5):
            run = repo.get_run(f"p{p}-{i}")
            assert run is not None
            series = run.read_series("m", {"subset": "train"})
            assert series is not None
            assert list(series.values) == [float(j) for j in range(20)]
            assert (run["hparams"], run.tags, run.experiment) == (
                {"i": i},
                ["t"],
                "crowd",
            )
    assert [(e.name, e.run_count) for e in repo.backend.list_experiments()] == [("crowd", 40)]


def test_two_hundred_open_runs_under_256_descriptors(start: Start, tmp_path: Path) -> None:
    script = """
        import sys
        try:
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        except ImportError:
            pass
        from matyan_client import Repo, Run
        runs = [Run(f"r{i}", repo=sys.argv[1], capture_terminal_logs=False) for i in range(200)]
        for k in range(3):
            for run in runs:
                run.track(float(k), name="m")
        repo = Repo(sys.argv[1])
        assert len(repo.list_active_runs()) == 200
        assert all(len(run.read_series("m")) == 3 for run in runs)
    """
    process = start(script, tmp_path)
    assert process.wait(120) == 0
    assert Repo(tmp_path).list_active_runs() == []


def test_another_process_sees_writes_of_an_open_run(start: Start, tmp_path: Path) -> None:
    script = """
        import sys
        from matyan_client import Run
        run = Run("r", repo=sys.argv[1], capture_terminal_logs=False)
        for line in sys.stdin:
            run.track(float(line), name="m")
            print("tracked", flush=True)
    """
    process = start(script, tmp_path)
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(3):
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        process.stdout.readline()
        soon(partial(visible_steps, tmp_path), list(range(number + 1)))
    process.stdin.close()
    process.wait(30)


FULL_DISK = """
    import logging, os, sys, time
    sys.path.insert(0, "")
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
    import resource
    from matyan_client import Run, Text
    run = Run("r", repo=sys.argv[1], capture_terminal_logs=False)
    run.track(0.0, name="m")
    run.flush()
    # Files may not grow any more: what a full disk looks like from here.
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))
    for i in range(1, 2000):
        run.track(float(i), name="m")
        if i % 500 == 0:
            time.sleep(0.6)
    run["p"] = 5
    run.track(Text("x" * 5000), name="t")
    import numpy as np
    from matyan_client import Audio
    noise = np.random.default_rng(0).integers(-30000, 30000, 20000).astype("int16")
    for _ in range(3):
        run.track(Audio(noise), name="sound")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    time.sleep(1.0)
    run.track(2000.0, name="m")
    run.close()
"""


@posix
def test_a_full_disk_keeps_and_says_once(start: Start, tmp_path: Path) -> None:
    process = start(FULL_DISK, tmp_path)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert steps(Repo(tmp_path), "r") == list(range(2001))
    run = Repo(tmp_path).get_run("r")
    assert run is not None
    assert run["p"] == 5
    assert len(list(run.read_objects("t"))) == 1
    sounds = [found.value.to_bytes() for found in run.read_objects("sound")]  # type: ignore[union-attr]
    assert [len(sound) for sound in sounds] == [40_044] * 3
    assert out.count("kept in memory") == 2, out  # points and messages; bytes of objects
    assert out.count("takes writes again") == 1, out


def test_a_store_from_a_newer_release_is_refused(tmp_path: Path) -> None:
    import sqlite3

    from matyan_client.exceptions import StoreVersionError

    Run(repo=tmp_path, **QUIET).close()
    Repo(tmp_path).close()
    database = sqlite3.connect(tmp_path / ".matyan" / "matyan.sqlite")
    database.execute("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(StoreVersionError, match="999"):
        Repo(tmp_path).list_all_runs()
    with pytest.raises(StoreVersionError, match="pip install"):
        Run("x", repo=tmp_path, **QUIET)


def test_a_store_that_is_not_one_is_refused(tmp_path: Path) -> None:
    from matyan_client.exceptions import StoreCorruptError

    (tmp_path / ".matyan").mkdir()
    (tmp_path / ".matyan" / "matyan.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreCorruptError, match="damaged"):
        Repo(tmp_path).list_all_runs()


def test_a_damaged_journal_is_kept_aside(start: Start, tmp_path: Path) -> None:
    process = start(TRACK_AND_TELL, tmp_path, "r")
    assert process.stdout is not None
    for _ in range(10):
        process.stdout.readline()
    process.kill()
    process.stdout.read()
    process.wait()
    (journal,) = (tmp_path / ".matyan" / "journals").iterdir()
    journal.write_bytes(journal.read_bytes() + b"\x12\xff" + b"\0" * 35 + b"\x5a")
    assert steps(Repo(tmp_path), "r")[:10] == list(range(10))
    assert [p.suffix for p in (tmp_path / ".matyan" / "journals").iterdir()] == [".damaged"]


def test_a_torn_tail_is_no_damage(start: Start, tmp_path: Path) -> None:
    process = start(TRACK_AND_TELL, tmp_path, "r")
    assert process.stdout is not None
    for _ in range(10):
        process.stdout.readline()
    process.kill()
    process.stdout.read()
    process.wait()
    (journal,) = (tmp_path / ".matyan" / "journals").iterdir()
    journal.write_bytes(journal.read_bytes() + b"\x11\0\0\0\0\x01" + b"\0" * 4000)
    assert steps(Repo(tmp_path), "r")[:10] == list(range(10))
    assert list((tmp_path / ".matyan" / "journals").iterdir()) == []


def test_an_upload_cut_short_is_finished_by_the_next(start: Start, tmp_path: Path) -> None:
    source = tmp_path / "weights.bin"
    source.write_bytes(os.urandom(200_000))
    script = """
        import os, sys
        from matyan_client import Run
        from matyan_client.artifacts import Uploads
        Uploads._upload = lambda self, *upload: None  # dies before the thread gets to it
        run = Run("r", repo=sys.argv[1], capture_terminal_logs=False)
        run.log_artifact(sys.argv[2], name="models/w.bin")
        os._exit(1)
    """
    process = start(script, tmp_path, source)
    process.wait(60)
    run = Repo(tmp_path).get_run("r")
    assert run is not None
    with run.get_artifact("models/w.bin").open() as file:
        assert file.read() == source.read_bytes()


def test_deleting_a_run_frees_what_only_it_used(tmp_path: Path) -> None:
    source = tmp_path / "f.bin"
    source.write_bytes(os.urandom(50_000))
    runs = [Run(f"r{i}", repo=tmp_path, **QUIET) for i in range(2)]
    for run in runs:
        run.log_artifact(source, block=True)
        run.track(1.0, name="m")
        run.close()
    blobs = tmp_path / ".matyan" / "blobs"
    (blob,) = (p for p in blobs.rglob("*") if p.is_file())
    os.utime(blob, (0, 0))
    repo = Repo(tmp_path)
    assert repo.delete_run("r0")
    assert blob.exists()
    assert repo.delete_runs(["r1", "nope"]) == (False, ["nope"])
    assert not blob.exists()
    assert repo.list_all_runs() == []
    assert not repo.delete_run("r0")


def test_what_is_written_to_a_deleted_run_goes_nowhere(tmp_path: Path) -> None:
    run = Run("r", repo=tmp_path, **QUIET)
    run.track(1.0, name="m")
    assert Repo(tmp_path).delete_run("r")
    run.track(2.0, name="m")
    run.close()
    assert Repo(tmp_path).list_all_runs() == []


@posix
def test_a_directory_that_cannot_be_written_can_be_read(start: Start, tmp_path: Path) -> None:
    for name in ("warm", "frozen"):
        with Run("r", repo=tmp_path / name, **QUIET) as run:
            run.track(1.0, name="m")
        Repo(tmp_path / name).close()
    script = """
        import os, sys
        from matyan_client import Repo, Run

        def look(path):
            repo = Repo(path)
            assert list(repo.get_run("r").read_series("m").values) == [1.0]
            assert [info["hash"] for info in repo.query_runs("run.active == False")] == ["r"]

        look("warm")  # imports all there is to import, which the next user may not read
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        look("frozen")
        try:
            Run(repo="frozen", capture_terminal_logs=False)
        except OSError as exc:
            assert "frozen" in str(exc), exc
            raise SystemExit(7)
    """
    frozen = tmp_path / "frozen"
    for path in [*frozen.rglob("*"), frozen]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    opened = []
    for path in (tmp_path, *tmp_path.parents):
        mode = path.stat().st_mode
        if path.stat().st_uid == os.getuid() and mode & 0o055 != 0o055:
            path.chmod(mode | 0o055)
            opened.append((path, mode))
    try:
        process = start(f"import os; os.chdir({str(tmp_path)!r})" + textwrap.dedent(script))
        assert process.wait(60) == 7
    finally:
        for path, mode in opened:
            path.chmod(mode)
        for path in [frozen, *frozen.rglob("*")]:
            path.chmod(0o755)


def test_close_out_of_time_leaves_the_rest_in_the_journal(start: Start, tmp_path: Path) -> None:
    script = """
        import os, sys, threading
        os.environ["MATYAN_CLOSE_TIMEOUT_S"] = "0.2"
        os.environ["MATYAN_APPLY_INTERVAL_MS"] = "60000"
        from matyan_client import Run
        run = Run("r", repo=sys.argv[1], capture_terminal_logs=False)
        run.track(1.0, name="m")
        with run.backend._pump._lock:  # somebody else is at it all the time
            closing = threading.Thread(target=run.close)
            closing.start()
            closing.join()
        os._exit(0)
    """
    process = start(script, tmp_path)
    assert process.wait(60) == 0
    assert steps(Repo(tmp_path), "r") == [0]
    run = Repo(tmp_path).get_run("r")
    assert run is not None
    assert not run.active
