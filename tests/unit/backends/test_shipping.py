"""Sending to a server that is well, that is away, that misbehaves: nothing is lost on the way."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from servers.frontier import Frontier, Service, running

from matyan_client.backends.left import left_in
from matyan_client.backends.remote_writer import RemoteWriter
from matyan_client.backends.run_service import RunFacts
from matyan_client.backends.shipping import Shipper
from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol import messages
from matyan_client.protocol.limits import TEXT_PARAM_BYTES_MAX
from matyan_client.protocol.routes import KEY_BYTES_MAX, VALUE_BYTES_MAX
from matyan_client.transports.endpoint import Endpoint

ROOT = Path(__file__).resolve().parents[3]
NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "spool"
    monkeypatch.setenv("MATYAN_JOURNAL_DIR", str(directory))
    monkeypatch.setenv("MATYAN_APPLY_INTERVAL_MS", "20")
    monkeypatch.setenv("MATYAN_CONNECT_TIMEOUT_S", "5")
    return directory


@pytest.fixture
def frontier() -> Iterator[Frontier]:
    with running(Frontier()) as found:
        yield found


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def shipper(frontier: Frontier, service: Service) -> Iterator[Shipper]:
    found = Shipper(Endpoint(frontier.url, frontier.url), service)
    yield found
    found.stop(time.monotonic() + 5)


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def begin(shipper: Shipper, run_hash: str = "r", origin: Any = "new") -> RemoteWriter:
    writer = shipper.open_writer(run_hash, origin=origin)
    writer.append(messages.create_run(time=NOW))
    return writer


def track(writer: RemoteWriter, steps: range, name: str = "m", *, automatic: bool = False) -> None:
    number = writer.declare(name, {}, "float")
    for step in steps:
        writer.point(number, step / 2, step, None, NOW + step, automatic=automatic)


def finish(writer: RemoteWriter, timeout_s: float = 30.0) -> int:
    writer.append(messages.finish_run(time=NOW))
    return writer.close(timeout_s)


def away(frontier: Frontier) -> None:
    """Let nobody connect."""
    frontier.on_request = lambda connection, request: connection.respond(
        HTTPStatus.SERVICE_UNAVAILABLE, "not now"
    )


def files(spool: Path) -> list[str]:
    """What is in the spool besides what is always there."""
    return sorted(
        path.name
        for path in spool.rglob("*")
        if path.is_file() and path.name not in ("server.json", "recovering")
    )


# -- a server that is well -----------------------------------------------------------------------


def test_everything_arrives_and_nothing_stays(
    shipper: Shipper, frontier: Frontier, spool: Path
) -> None:
    writer = begin(shipper)
    track(writer, range(5000))
    writer.append(messages.add_tag("t"))
    assert writer.flush(30)
    assert len(frontier.of("r", "log_metric")) == 5000
    track(writer, range(5000, 5010))
    assert finish(writer) == 0
    taken = frontier.taken["r"]
    assert taken[0]["type"] == "create_run"
    assert taken[-1]["type"] == "finish_run"
    points = {m["step"]: m["value"] for m in frontier.of("r", "log_metric")}
    assert points == {step: step / 2 for step in range(5010)}
    until(lambda: files(spool) == [])


def test_the_spool_names_the_server_and_no_secret(
    frontier: Frontier, service: Service, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATYAN_TOKEN", "s3cret")
    shipper = Shipper(Endpoint(frontier.url, frontier.url), service)
    finish(begin(shipper))
    (known,) = spool.rglob("server.json")
    assert json.loads(known.read_text()) == {"backend": frontier.url, "frontier": frontier.url}
    shipper.stop(time.monotonic() + 5)


def test_a_connection_closes_when_it_is_idle_and_opens_again(
    shipper: Shipper, frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matyan_client.backends.channel.IDLE_S", 0.05)
    writer = begin(shipper)
    assert writer.flush(30)
    loop = shipper._loop
    assert loop is not None
    until(lambda: loop.lanes["r"].main.task is None)
    track(writer, range(3))
    assert writer.flush(30)
    assert frontier.connections == 2
    finish(writer)


def test_many_runs_share_few_connections(
    shipper: Shipper, frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matyan_client.backends.shipping_loop.CONNECTIONS_MAX", 2)
    open_now: set[int] = set()
    most = 0

    async def count(connection: Any, frame: str) -> bool:
        nonlocal most
        open_now.add(id(connection))
        most = max(most, sum(1 for each in frontier_connections() if each))
        return False

    def frontier_connections() -> list[bool]:
        loop = shipper._loop
        assert loop is not None
        return [c.task is not None for lane in list(loop.lanes.values()) for c in lane.channels]

    frontier.on_frame = count
    writers = [begin(shipper, f"r{number}") for number in range(12)]
    for writer in writers:
        track(writer, range(10))
    for writer in writers:
        assert finish(writer) == 0
    assert most <= 2
    assert all(len(frontier.of(f"r{number}", "log_metric")) == 10 for number in range(12))


def test_a_busy_run_uses_several_connections_and_ends_last(
    shipper: Shipper, frontier: Frontier
) -> None:
    away(frontier)  # so that much waits
    writer = begin(shipper)
    track(writer, range(40_000))
    track(writer, range(40_000), "n")
    frontier.on_request = None
    assert finish(writer) == 0
    assert frontier.connections > 1
    for name in "mn":
        points = {
            m["step"]: m["value"] for m in frontier.of("r", "log_metric") if m["name"] == name
        }
        assert points == {step: step / 2 for step in range(40_000)}
    assert frontier.taken["r"][-1]["type"] == "finish_run"


def test_a_step_that_is_tracked_again_keeps_its_last_value(
    shipper: Shipper, frontier: Frontier
) -> None:
    away(frontier)
    writer = begin(shipper)
    number = writer.declare("m", {}, "float")
    for value in range(60_000):
        writer.point(number, float(value), value % 7, None, NOW, automatic=False)
    frontier.on_request = None
    assert finish(writer) == 0
    last = {m["step"]: m["value"] for m in frontier.of("r", "log_metric")}
    assert last == {value % 7: float(value) for value in range(60_000 - 7, 60_000)}


# -- a server that is away -----------------------------------------------------------------------


def test_what_is_left_is_told_and_sent_later(
    frontier: Frontier, service: Service, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away(frontier)
    shipper = Shipper(Endpoint(frontier.url, frontier.url), service)
    writer = begin(shipper)
    track(writer, range(100))
    with caplog.at_level(logging.INFO):
        assert finish(writer, 0.5) == 0
    (left,) = [r.getMessage() for r in caplog.records if "could not be sent yet" in r.getMessage()]
    assert "102 writes" in left
    assert f"matyan-client sync --server {frontier.url}" in left
    outages = [r for r in caplog.records if "What is tracked is kept" in r.getMessage()]
    assert len(outages) == 1
    assert "503" in outages[0].getMessage()
    assert len(files(spool)) == 1
    frontier.on_request = None
    until(lambda: files(spool) == [])
    assert len(frontier.of("r", "log_metric")) == 100
    assert [r for r in caplog.records if "takes data again" in r.getMessage()]
    shipper.stop(time.monotonic() + 5)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (HTTPStatus.UNAUTHORIZED, "refuses access (HTTP 401)"),
        (HTTPStatus.FORBIDDEN, "refuses access (HTTP 403)"),
        (HTTPStatus.NOT_FOUND, "HTTP 404"),
        (HTTPStatus.OK, "HTTP 200 instead of opening a WebSocket"),
        (HTTPStatus.BAD_GATEWAY, "HTTP 502"),
    ],
)
def test_answers_that_are_no_websocket(
    shipper: Shipper,
    frontier: Frontier,
    status: HTTPStatus,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    frontier.on_request = lambda connection, request: connection.respond(status, "<html>\n")
    writer = begin(shipper)
    track(writer, range(10))
    until(lambda: shipper.trouble is not None)
    assert said in str(shipper.trouble)
    frontier.on_request = None
    assert finish(writer) == 0
    assert len(frontier.of("r", "log_metric")) == 10
    assert sum(said in r.getMessage() for r in caplog.records) == 1


def test_credentials_do_not_follow_a_redirect(
    shipper: Shipper, frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATYAN_TOKEN", "s3cret")
    asked: list[str] = []
    with running(Frontier()) as elsewhere:

        def note(connection: Any, request: Any) -> None:
            asked.append(str(request.headers))

        elsewhere.on_request = note

        def redirect(connection: Any, request: Any) -> Any:
            assert request.headers["Authorization"] == "Bearer s3cret"
            answer = connection.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
            answer.headers["Location"] = elsewhere.url.replace("http", "ws") + request.path
            return answer

        frontier.on_request = redirect
        writer = begin(shipper)
        until(lambda: shipper.trouble is not None)
        assert "redirects to" in str(shipper.trouble)
        assert asked == []
        frontier.on_request = None
        assert finish(writer) == 0


# -- a server that misbehaves --------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["nonsense", "{}", b"\x00\x01", "x" * (3 << 20)])
def test_replies_that_are_none(
    shipper: Shipper, frontier: Frontier, reply: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    left = 3

    async def babble(connection: Any, frame: str) -> bool:
        nonlocal left
        left -= 1
        if left >= 0:
            await connection.send(reply)
        return left >= 0

    frontier.on_frame = babble
    writer = begin(shipper)
    track(writer, range(2000))
    assert finish(writer) == 0
    assert {m["step"] for m in frontier.of("r", "log_metric")} == set(range(2000))
    assert sum("What is tracked is kept" in r.getMessage() for r in caplog.records) == 1


def test_connections_that_break_at_every_frame(shipper: Shipper, frontier: Frontier) -> None:
    frames = 0

    async def cut(connection: Any, frame: str) -> bool:
        nonlocal frames
        frames += 1
        if frames % 3 == 0:
            connection.transport.abort()
            return True
        return False

    frontier.on_frame = cut
    writer = begin(shipper)
    track(writer, range(4000))
    assert finish(writer) == 0
    assert {m["step"] for m in frontier.of("r", "log_metric")} == set(range(4000))


def test_acknowledgements_that_do_not_come(
    shipper: Shipper, frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATYAN_ACK_TIMEOUT_S", "0.3")
    silent = 2

    async def swallow(connection: Any, frame: str) -> bool:
        nonlocal silent
        if len(json.loads(frame)) > 20 or silent > 0:
            silent -= 1
            return True
        return False

    frontier.on_frame = swallow
    writer = begin(shipper)
    track(writer, range(100))
    assert finish(writer) == 0
    assert {m["step"] for m in frontier.of("r", "log_metric")} == set(range(100))


def test_a_refused_message_costs_no_other(
    shipper: Shipper, frontier: Frontier, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frontier.refuse = lambda m: "no such tag" if m.get("tag_name", "").startswith("bad") else None
    writer = begin(shipper)
    for number in range(20):
        writer.append(messages.add_tag(f"bad{number}" if number in (3, 9) else f"good{number}"))
    track(writer, range(10))
    assert finish(writer) == 0
    tags = [m["tag_name"] for m in frontier.of("r", "add_tag")]
    assert set(tags) == {f"good{number}" for number in range(20) if number not in (3, 9)}
    (kept,) = spool.rglob("*.jsonl")
    entries = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [json.loads(entry["message"])["tag_name"] for entry in entries] == ["bad3", "bad9"]
    assert {entry["reason"] for entry in entries} == {"no such tag"}
    assert sum("does not take a message" in r.getMessage() for r in caplog.records) == 1


def test_trouble_inside_the_server_passes(shipper: Shipper, frontier: Frontier) -> None:
    left = 6

    def broken(message: dict[str, Any]) -> str | None:
        nonlocal left
        left -= 1
        return "internal publish error" if left >= 0 else None

    frontier.refuse = broken
    writer = begin(shipper)
    track(writer, range(50))
    assert finish(writer) == 0
    assert {m["step"] for m in frontier.of("r", "log_metric")} == set(range(50))


def test_a_message_that_ends_the_connection_does_not_hold_up_the_rest(
    shipper: Shipper, frontier: Frontier, spool: Path
) -> None:
    async def fatal(connection: Any, frame: str) -> bool:
        if '"tag_name":"deadly"' in frame:
            await connection.close(1000)
            return True
        return False

    frontier.on_frame = fatal
    writer = begin(shipper)
    writer.append(messages.add_tag("deadly"))
    track(writer, range(10))
    assert finish(writer, 60) == 0
    assert {m["step"] for m in frontier.of("r", "log_metric")} == set(range(10))
    (kept,) = spool.rglob("*.jsonl")
    assert "deadly" in kept.read_text()


# -- blobs ---------------------------------------------------------------------------------------


def put(writer: RemoteWriter, data: bytes) -> str:
    path = f"seq/{len(data)}-{data[:4].hex()}.png"
    blob = writer.put_blob(data, path=path)
    writer.append(
        messages.blob_ref(
            blob.key, path, content_type="image/png", sha256=blob.sha256, size_bytes=len(data)
        )
    )
    return blob.key


def show(writer: RemoteWriter, key: str, step: int) -> None:
    writer.append(
        messages.log_custom_object(
            "im",
            {"type": "image", "s3_key": key},
            step=step,
            epoch=None,
            context={},
            dtype="image",
            time=NOW,
        )
    )


def test_an_object_waits_for_its_bytes_and_metrics_do_not(
    shipper: Shipper, frontier: Frontier, service: Service, spool: Path
) -> None:
    service.may_upload.clear()
    writer = begin(shipper)
    key = put(writer, b"picture")
    show(writer, key, 0)
    track(writer, range(100))
    writer.append(messages.finish_run(time=NOW))
    until(lambda: len(frontier.of("r", "log_metric")) == 100)
    assert not frontier.of("r", "blob_ref")
    assert not frontier.of("r", "log_custom_object")
    assert not frontier.of("r", "finish_run")
    service.may_upload.set()
    assert writer.close(30) == 0
    assert service.uploaded == {key: b"picture"}
    kinds = [m["type"] for m in frontier.taken["r"] if m["type"] != "log_metric"]
    assert kinds == ["create_run", "blob_ref", "log_custom_object", "finish_run"]
    until(lambda: files(spool) == [])


def test_uploads_are_tried_again_and_equal_bytes_go_once(
    shipper: Shipper, frontier: Frontier, service: Service, spool: Path
) -> None:
    service.fail_uploads = 2
    writer = begin(shipper)
    for step in range(10):
        show(writer, put(writer, b"same"), step)
    assert finish(writer) == 0
    assert sum(call[0] == "upload" for call in service.asked) == 3
    assert [m["step"] for m in frontier.of("r", "log_custom_object")] == list(range(10))
    until(lambda: files(spool) == [])


def test_bytes_that_are_gone_are_said_and_hold_up_nothing(
    shipper: Shipper, frontier: Frontier, service: Service, spool: Path
) -> None:
    writer = shipper.open_writer("r", origin="new")
    writer.put_blob(b"picture", path="seq/a.png")
    (kept,) = (path for path in spool.rglob("blobs/*/*") if path.is_file())
    kept.unlink()
    writer.append(messages.create_run(time=NOW))
    writer.append(
        messages.blob_ref(
            "r/seq/a.png", "seq/a.png", content_type="x/y", sha256=kept.name, size_bytes=7
        )
    )
    show(writer, "r/seq/a.png", 0)
    track(writer, range(5))
    assert finish(writer) == 0
    assert not frontier.of("r", "blob_ref")
    assert len(frontier.of("r", "log_metric")) == 5
    (refused,) = spool.rglob("*.jsonl")
    assert len(refused.read_text().splitlines()) == 2


# -- what the run holds already ------------------------------------------------------------------


def test_a_given_hash_may_have_been_deleted(
    shipper: Shipper, frontier: Frontier, service: Service
) -> None:
    finish(begin(shipper, "new", "new"))
    finish(begin(shipper, "given", "given"))
    assert [call for call in service.asked if call[0] == "clear_tombstone"] == [
        ("clear_tombstone", "given")
    ]


def test_parameters_of_a_resumed_run_are_kept(
    shipper: Shipper, frontier: Frontier, service: Service
) -> None:
    service.known["r"] = RunFacts(params={"a": {"old": 1}, "b": 2})
    writer = begin(shipper, origin="given")
    writer.append(messages.log_hparams({"a": {"new": 3}}, path=["a", "new"]))
    assert finish(writer) == 0
    assert [m["value"] for m in frontier.of("r", "log_hparams")] == [{"a": {"old": 1, "new": 3}}]


def test_counted_steps_go_behind_what_could_not_be_read(
    shipper: Shipper, frontier: Frontier, service: Service
) -> None:
    service.known["r"] = RunFacts(last_steps={("m", ""): 99}, next_line=7)
    writer = begin(shipper, origin="unseen")
    track(writer, range(10), automatic=True)
    track(writer, range(3), "chosen")
    track(writer, range(2), "fresh", automatic=True)
    writer.append(messages.log_terminal_line("hello", 0))
    assert finish(writer) == 0
    steps: dict[str, list[int]] = {}
    for message in frontier.of("r", "log_metric"):
        steps.setdefault(message["name"], []).append(message["step"])
    assert steps == {"m": list(range(100, 110)), "chosen": [0, 1, 2], "fresh": [0, 1]}
    assert [m["step"] for m in frontier.of("r", "log_terminal_line")] == [7]


def test_an_experiment_is_cleared_where_messages_cannot(
    shipper: Shipper, frontier: Frontier, service: Service
) -> None:
    writer = begin(shipper, "ours")
    writer.append(messages.set_run_property(clear=["experiment"]))
    assert finish(writer) == 0
    frontier.stored = False
    writer = begin(shipper, "real")
    writer.append(messages.set_run_property(experiment="e"))
    writer.append(messages.set_run_property(clear=["experiment"]))
    assert finish(writer) == 0
    assert [call for call in service.asked if call[0] == "clear_experiment"] == [
        ("clear_experiment", "real")
    ]


# -- limits --------------------------------------------------------------------------------------


def test_what_a_server_could_not_keep_is_refused_at_once(shipper: Shipper) -> None:
    writer = begin(shipper)
    long = "x" * (KEY_BYTES_MAX + 1)
    with pytest.raises(InvalidInputError, match=f"at most {KEY_BYTES_MAX}"):
        writer.declare(long, {}, "float")
    with pytest.raises(InvalidInputError, match="context"):
        writer.declare("m", {"k": long}, "float")
    with pytest.raises(InvalidInputError, match="tag"):
        writer.append(messages.add_tag(long))
    text = "x" * TEXT_PARAM_BYTES_MAX
    with pytest.raises(InvalidInputError, match=rf"'a\.b'.*at most {TEXT_PARAM_BYTES_MAX}"):
        writer.append(messages.log_hparams({"a": {"b": text}}, path=["a", "b"]))
    with pytest.raises(InvalidInputError, match="name of"):
        writer.append(messages.log_hparams({"a": {long: 1}}, path=["a"]))
    with pytest.raises(InvalidInputError, match="log record"):
        writer.append(messages.log_record("x" * VALUE_BYTES_MAX, 20, NOW))
    assert finish(writer) == 0


def test_long_lines_are_cut_and_large_objects_become_blobs(
    shipper: Shipper, frontier: Frontier, service: Service
) -> None:
    writer = begin(shipper)
    writer.append(messages.log_terminal_line("ä" * VALUE_BYTES_MAX, 0))
    value = {"type": "text", "data": "y" * (VALUE_BYTES_MAX + 1)}
    writer.append(
        messages.log_custom_object(
            "t", value, step=0, epoch=None, context={}, dtype="text", time=NOW
        )
    )
    assert finish(writer) == 0
    (line,) = frontier.of("r", "log_terminal_line")
    assert len(line["line"].encode()) <= VALUE_BYTES_MAX
    assert "more bytes]" in line["line"]
    shown = frontier.of("r", "log_custom_object")[0]["value"]
    assert shown["type"] == "text"
    assert json.loads(service.uploaded[shown["value_blob"]]) == value


def test_at_the_cap_new_data_is_dropped_and_counted(
    frontier: Frontier,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MATYAN_JOURNAL_MAX_MB", "1")
    monkeypatch.setattr("matyan_client.backends.shipping_loop.SPOOL_LOOK_EVERY_S", 0.0)
    away(frontier)
    shipper = Shipper(Endpoint(frontier.url, frontier.url), service)
    writer = begin(shipper)
    track(writer, range(30_000))
    until(lambda: shipper.outbox.full)
    track(writer, range(100), "dropped")
    writer.append(messages.add_tag("dropped"))
    dropped = writer.dropped
    assert dropped >= 101
    with pytest.raises(OSError, match="MATYAN_JOURNAL_MAX_MB"):
        writer.put_blob(b"x", path="a")
    frontier.on_request = None
    assert finish(writer) == 0
    assert len(frontier.of("r", "log_metric")) == 30_100 - (dropped - 1)
    assert len(frontier.of("r", "finish_run")) == 1
    assert sum("What is tracked from here on is dropped" in r.getMessage() for r in caplog.records)
    assert any(f"{dropped} writes were dropped" in r.getMessage() for r in caplog.records)
    shipper.stop(time.monotonic() + 5)


# -- processes -----------------------------------------------------------------------------------

SCRIPT = """
import os, signal, sys, time
from matyan_client.backends.shipping import Shipper
from matyan_client.protocol import messages
from matyan_client.transports.endpoint import Endpoint
url, ending = sys.argv[1:]
shipper = Shipper(Endpoint(url, url), None)
writer = shipper.open_writer("r", origin="new")
writer.append(messages.create_run(time=1.0))
writer.append(messages.log_hparams({"a": {"x": 1}}, path=["a", "x"]))
number = writer.declare("m", {}, "float")
for step in range(1000):
    writer.point(number, step / 2, step, None, 1.0, automatic=False)
    if step == 500 and ending == "flush":
        assert writer.flush(30)
writer.append(messages.log_hparams({"a": {"y": 2}}, path=["a", "y"]))
if ending == "finish":
    writer.append(messages.finish_run(time=1.0))
print("ready", flush=True)
if ending == "fork":
    writer.flush(30)
    pid = os.fork()
    for step in range(1000, 1100):
        writer.point(number, step / 2, step + (0 if pid else 1000), None, 1.0, automatic=False)
    if pid:
        os.waitpid(pid, 0)
        writer.append(messages.finish_run(time=1.0))
    writer.close(30)
    sys.exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def script(url: str, ending: str, code: int = -9) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url, ending],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("ending", ["kill", "flush", "finish"])
def test_what_a_killed_process_left_is_sent_by_the_next(
    shipper: Shipper, frontier: Frontier, service: Service, spool: Path, ending: str
) -> None:
    script(frontier.url, ending)
    shipper.recover()
    until(lambda: files(spool) == [])
    assert {m["step"] for m in frontier.of("r", "log_metric")} == set(range(1000))
    assert frontier.of("r", "log_hparams")[-1]["value"] == {"a": {"x": 1, "y": 2}}
    assert len(frontier.of("r", "finish_run")) == 1
    assert frontier.taken["r"][-1]["type"] == "finish_run"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_resumed_run_goes_on_behind_what_the_dead_process_left(
    frontier: Frontier, service: Service, spool: Path
) -> None:
    away(frontier)
    script(frontier.url, "kill")
    shipper = Shipper(Endpoint(frontier.url, frontier.url), service)
    writer = begin(shipper, origin="unseen")
    track(writer, range(10), automatic=True)
    writer.append(messages.log_hparams({"a": {"z": 3}}, path=["a", "z"]))
    frontier.on_request = None
    assert finish(writer) == 0
    until(lambda: files(spool) == [])
    assert [m["step"] for m in frontier.of("r", "log_metric")][-10:] == list(range(1000, 1010))
    assert frontier.of("r", "log_hparams")[-1]["value"]["a"] == {"x": 1, "y": 2, "z": 3}
    assert len(frontier.of("r", "finish_run")) == 1
    shipper.stop(time.monotonic() + 5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_sends_its_own(
    shipper: Shipper, frontier: Frontier, service: Service, spool: Path
) -> None:
    script(frontier.url, "fork", 0)
    shipper.recover()
    until(lambda: files(spool) == [])
    steps = {m["step"] for m in frontier.of("r", "log_metric")}
    assert steps == {*range(1100), *range(2000, 2100)}
    assert len(frontier.of("r", "finish_run")) >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_journals_of_living_processes_are_theirs(shipper: Shipper, frontier: Frontier) -> None:
    away(frontier)
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            SCRIPT.replace("signal.SIGKILL", "signal.SIGSTOP"),
            frontier.url,
            "",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            left = left_in(shipper.outbox)
            assert (left.runs, left.elsewhere) == (0, 1)
            frontier.on_request = None
            shipper.recover()
            finish(begin(shipper, "mine"))
            assert "r" not in frontier.taken
            process.send_signal(signal.SIGKILL)
            process.wait()
            shipper.recover()
            until(lambda: frontier.of("r", "finish_run"))
        finally:
            process.kill()


def test_a_run_closed_by_the_garbage_collector_in_our_thread_blocks_nobody(
    shipper: Shipper, frontier: Frontier
) -> None:
    writer = begin(shipper)
    assert writer.flush(30)
    loop = shipper._loop
    assert loop is not None
    assert loop._loop is not None
    done = threading.Event()

    def collected() -> None:
        track(writer, range(5))
        finish(writer)
        done.set()

    loop._loop.call_soon_threadsafe(collected)
    assert done.wait(5)
    until(lambda: len(frontier.of("r", "finish_run")) == 1)
