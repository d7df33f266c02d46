"""`matyan-client sync`: what is left arrives, what cannot is told, then there is nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from servers.frontier import Frontier, running

from matyan_client.backends import sync as sync_module
from matyan_client.cli import main

ROOT = Path(__file__).resolve().parents[3]

LEAVES = """
import os, signal, sys
from matyan_client import Run
run = Run(repo=sys.argv[1], capture_terminal_logs=False)
run["a"] = 1
for step in range(int(sys.argv[3])):
    run.track(step / 2, name="m")
print(run.hash, flush=True)
if sys.argv[2] == "wait":
    sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "spool"
    monkeypatch.setenv("MATYAN_JOURNAL_DIR", str(directory))
    monkeypatch.setenv("MATYAN_APPLY_INTERVAL_MS", "20")
    monkeypatch.setattr(sync_module, "GIVE_UP_S", 0.5)
    monkeypatch.chdir(tmp_path)
    return directory


@pytest.fixture
def frontier() -> Iterator[Frontier]:
    with running(Frontier()) as found:
        yield found


def away(frontier: Frontier) -> None:
    frontier.on_request = lambda connection, request: connection.respond(
        HTTPStatus.SERVICE_UNAVAILABLE, "not now"
    )


def leave(frontier: Frontier, points: int = 200) -> str:
    """A process that dies with something unsent; returns its run."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVES, frontier.url, "die", str(points)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    return done.stdout.strip()


def test_nothing_was_ever_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sync"]) == 0
    assert capsys.readouterr().out == "nothing to send\n"
    assert main(["sync", "--server", "http://nowhere:1"]) == 2
    assert "http://nowhere:1" in capsys.readouterr().err


def test_what_is_left_is_sent_once(
    frontier: Frontier, spool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away(frontier)
    runs = [leave(frontier), leave(frontier)]
    frontier.on_request = None
    assert main(["sync"]) == 0
    assert f"{frontier.url}: sent" in capsys.readouterr().out
    for run in runs:
        assert {m["step"] for m in frontier.of(run, "log_metric")} == set(range(200))
        assert frontier.taken[run][-1]["type"] == "finish_run"
    assert not list(spool.rglob("*.journal"))
    connections = frontier.connections
    assert main(["sync", "--server", frontier.url]) == 0
    assert capsys.readouterr().out == f"{frontier.url}: nothing to send\n"
    assert frontier.connections == connections


def test_what_cannot_be_sent_is_told(
    frontier: Frontier, capsys: pytest.CaptureFixture[str]
) -> None:
    away(frontier)
    leave(frontier)
    assert main(["sync"]) == 1
    out = capsys.readouterr().out
    assert "NOT SENT: 202 writes" in out
    assert "HTTP 503" in out
    assert main(["sync", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert told["server"] == frontier.url
    assert told["left"]["writes"] == 202
    assert "HTTP 503" in told["trouble"]
    frontier.on_request = None
    assert main(["sync"]) == 0


def test_what_the_server_refuses_is_told(
    frontier: Frontier, capsys: pytest.CaptureFixture[str]
) -> None:
    away(frontier)
    run = leave(frontier)
    frontier.on_request = None
    frontier.refuse = lambda m: "never" if m.get("step") == 7 else None
    assert main(["sync"]) == 1
    assert "NOT TAKEN by the server: 1 message" in capsys.readouterr().out
    assert {m["step"] for m in frontier.of(run, "log_metric")} == set(range(200)) - {7}


def test_running_processes_are_left_alone(
    frontier: Frontier, capsys: pytest.CaptureFixture[str]
) -> None:
    away(frontier)
    with subprocess.Popen(
        [sys.executable, "-c", LEAVES, frontier.url, "wait", "200"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        run = process.stdout.readline().strip()
        assert main(["sync"]) == 0
        assert "1 journals are sent by running processes" in capsys.readouterr().out
        assert run not in frontier.taken
        process.kill()
    frontier.on_request = None
    assert main(["sync"]) == 0
    assert len(frontier.of(run, "log_metric")) == 200


def test_a_second_sync_goes_on_where_the_first_was_killed(frontier: Frontier, spool: Path) -> None:
    away(frontier)
    run = leave(frontier, 3000)
    taken = 0

    async def some(connection: object, frame: str) -> bool:
        nonlocal taken
        taken += 1
        if taken == 3:
            first.kill()
        return taken >= 3

    frontier.on_frame = some
    frontier.on_request = None
    command = "import sys; from matyan_client.cli import main; sys.exit(main(['sync']))"
    first = subprocess.Popen(
        [sys.executable, "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MATYAN_ACK_TIMEOUT_S": "1"},
        stderr=subprocess.DEVNULL,
    )
    with first:
        first.wait(60)
    assert first.returncode == -9
    frontier.on_frame = None
    assert main(["sync"]) == 0
    assert {m["step"] for m in frontier.of(run, "log_metric")} == set(range(3000))
    assert not list(spool.rglob("*.journal"))
