"""The server as a process: how it starts and ends, what a kill leaves, several at one directory."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from matyan_client.backends.base import SequenceRef
from matyan_client.backends.embedded import EmbeddedBackend
from matyan_client.cli.main import main
from matyan_client.run import Run
from matyan_client.server import ingestion
from matyan_client.server.running import bind
from matyan_client.store import database
from tests.unit.server.live_server import OK, RUN, create, exchange, live, point


class Process:
    """`matyan-client server` at a free port."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from matyan_client.cli import main; sys.exit(main())",
                "server",
                str(directory),
                "--port",
                "0",
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        self.said = [self.process.stdout.readline() for _ in range(4)]
        found = re.search(r"http://127\.0\.0\.1:(\d+)$", self.said[0].strip())
        assert found, self.said
        self.port = int(found[1])

    def socket(self, run_hash: str = RUN) -> Any:
        return connect(f"ws://127.0.0.1:{self.port}/api/v1/ws/runs/{run_hash}", compression=None)


@contextlib.contextmanager
def serving(directory: Path, *options: str) -> Iterator[Process]:
    started = Process(directory, *options)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


def steps(directory: Path, run_hash: str = RUN) -> list[int]:
    backend = EmbeddedBackend(directory / ".matyan")
    try:
        (found,) = backend.read_series(run_hash, [SequenceRef("loss", {})])
    finally:
        backend.close()
    return [] if found is None else list(map(int, found.steps))


def test_it_says_where_it_is_and_how_to_use_it(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        url = f"http://127.0.0.1:{server.port}"
        keyword = "set" if os.name == "nt" else "export"
        assert server.said == [
            f"serving {tmp_path / '.matyan'} at {url}\n",
            f"  {keyword} MATYAN_BACKEND_URL={url}\n",
            f"  {keyword} MATYAN_FRONTIER_URL={url}\n",
            f"stop it with Ctrl-C, or SIGTERM to process {server.process.pid}\n",
        ]
        assert httpx.get(f"{url}/health/ready/").json()["status"] == "ok"
        assert httpx.get(f"{url}/api/v1/rest/version").json()["component"] == "backend"
        assert "matyan_ingestion_frames_total 0" in httpx.get(f"{url}/metrics/").text


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_came_is_stored_and_answered(
    tmp_path: Path, how: signal.Signals
) -> None:
    with serving(tmp_path) as server, server.socket() as sending:
        frames = 200
        for number in range(frames):
            sending.send(json.dumps([create(), *(point(number * 50 + i) for i in range(50))]))
        assert json.loads(sending.recv(timeout=20)) == OK
        server.process.send_signal(how)
        replies = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                replies.append(sending.recv(timeout=30))
        assert set(replies) <= {json.dumps(OK)}
        answered = 1 + len(replies)
        assert sending.close_code == 1012
        assert server.process.wait(30) == 0
        assert server.process.stdout is not None
        assert "Traceback" not in server.process.stdout.read()
    stored = steps(tmp_path)
    assert stored[: answered * 50] == list(range(answered * 50))
    assert len(stored) == answered * 50, "what is not answered is not stored either"


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged = 0
    for round_number in range(3):
        with serving(tmp_path) as server, contextlib.suppress(ConnectionClosed, TimeoutError):
            threading.Timer(0.5, server.process.kill).start()
            with server.socket() as sending:
                for number in range(acknowledged, acknowledged + 2000):
                    sending.send(json.dumps([create(), point(number)]))
                while True:
                    assert json.loads(sending.recv(timeout=20)) == OK
                    acknowledged += 1
        assert steps(tmp_path)[:acknowledged] == list(range(acknowledged)), round_number
    assert acknowledged


def test_servers_and_writers_at_one_directory(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as two:

        def send(server: Process, run_hash: str) -> None:
            with server.socket(run_hash) as sending:
                for number in range(100):
                    sending.send(
                        json.dumps([create(), *(point(number * 10 + i) for i in range(10))])
                    )
                for _ in range(100):
                    assert json.loads(sending.recv(timeout=30)) == OK

        senders = [
            threading.Thread(target=send, args=(server, f"{number:032x}"))
            for number, server in enumerate((one, two, one, two))
        ]
        for sender in senders:
            sender.start()
        run = Run(repo=tmp_path)
        for step in range(2000):
            run.track(0.5, name="loss", step=step)
        run.close()
        for sender in senders:
            sender.join(60)
    for number in range(4):
        assert steps(tmp_path, f"{number:032x}") == list(range(1000))
    assert steps(tmp_path, run.hash) == list(range(2000))


def test_reads_of_one_server_see_what_another_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path) as one, serving(tmp_path) as two, one.socket() as sending:
        for step in range(20):
            sending.send(json.dumps([create(), point(step)]))
            assert json.loads(sending.recv(timeout=20)) == OK
            answer = httpx.post(
                f"http://127.0.0.1:{two.port}/api/v1/rest/runs/{RUN}/metric/get-batch/",
                params={"record_density": 0},
                json=[{"name": "loss", "context": {}}],
            )
            assert answer.json()[0]["iters"] == list(range(step + 1))


def test_a_port_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(bind("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["server", str(tmp_path), "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in said
    assert "another program uses this port" in said


def test_other_machines_need_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]) == 2
    said = capsys.readouterr().err
    assert "--token" in said
    assert "--insecure-no-token" in said


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--token", "a b"], "token"),
        (["--allow-origin", "*"], "origin"),
        (["--host", "no.such.host.invalid"], "no address"),
    ],
)
def test_options_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], part: str
) -> None:
    token = [] if "--token" in options else ["--token", "t"]
    assert main(["server", str(tmp_path), "--port", "0", *options, *token]) == 2
    assert part in capsys.readouterr().err


def test_a_url_is_no_directory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "http://localhost:1"]) == 2
    assert "is a URL" in capsys.readouterr().err


@pytest.mark.parametrize("library", ["starlette", "uvicorn"])
def test_a_missing_library_names_the_extra(tmp_path: Path, library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from matyan_client.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "server", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'matyan-client[server]'" in done.stderr
    assert library in done.stderr


def test_a_server_that_stops_tells_newcomers_to_come_again(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan") as server:
        server.ingestion.accepting = False
        with pytest.raises(InvalidStatus) as refused, server.connect():
            pass
        assert refused.value.response.status_code == 503
        ready = server.http.get("/health/ready/")
        assert (ready.status_code, ready.json()["status"]) == (503, "degraded")
        assert server.http.get("/health/live/").status_code == 200


def test_what_cannot_be_stored_now_is_not_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that cannot be written for a while, as when the disk is full."""
    monkeypatch.setattr(ingestion, "RETRY_S", 0.2)
    with live(tmp_path / ".matyan") as server, server.connect() as sending:
        assert exchange(sending, [create(), point(0)]) == OK
        with sqlite3.connect(tmp_path / ".matyan" / "matyan.sqlite") as other:
            monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
            server.ingestion._backend.store.database.close()
            other.execute("BEGIN IMMEDIATE")
            sending.send(json.dumps([point(1)]))
            with pytest.raises(ConnectionClosed) as closed:
                sending.recv(timeout=30)
            other.execute("ROLLBACK")
        other.close()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        server.send(point(1), point(2))
    assert steps(tmp_path) == [0, 1, 2]
