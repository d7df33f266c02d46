"""Whatever a server does instead of answering is an error, never a shorter or an empty result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers.raw import HANG_UP, RawServer, Reply, answer, json_answer

from matyan_client.backends.base import SequenceRef
from matyan_client.backends.remote import RemoteBackend
from matyan_client.exceptions import BlobNotFoundError, ServerError, UnexpectedAnswerError
from matyan_client.protocol import messages
from matyan_client.protocol.records import ExperimentRecord, TagRecord
from matyan_client.protocol.streams import encode_tree
from matyan_client.query import parse
from matyan_client.transports import http
from matyan_client.transports.endpoint import Endpoint

STREAM = "application/octet-stream"
EXACT = '{"version": "0.4.0", "exact": 1}'
PLAIN = '{"version": "0.3.0", "component": "backend"}'
REF = SequenceRef("m", {})
ALL = parse("")
METRICS = parse("", kind="metric")

READS: dict[str, Callable[[RemoteBackend], Any]] = {
    "get_run": lambda b: b.get_run("h"),
    "search_runs": lambda b: list(b.search_runs(ALL)),
    "search_sequences": lambda b: list(b.search_sequences("metric", METRICS)),
    "count_runs": lambda b: b.count_runs(),
    "list_runs": lambda b: b.list_runs(),
    "read_series": lambda b: b.read_series("h", [REF]),
    "read_objects": lambda b: list(b.read_objects("h", REF)),
    "read_log_lines": lambda b: list(b.read_log_lines("h")),
    "read_log_records": lambda b: list(b.read_log_records("h")),
    "list_artifacts": lambda b: b.list_artifacts("h"),
    "list_experiments": lambda b: b.list_experiments(),
    "list_tags": lambda b: b.list_tags(),
    "delete_run": lambda b: b.delete_run("h"),
    "delete_experiment": lambda b: b.delete_experiment("e"),
    "delete_tag": lambda b: b.delete_tag("t"),
    "create_experiment": lambda b: b.create_experiment("e"),
    "create_tag": lambda b: b.create_tag("t"),
    "update_experiment": lambda b: b.update_experiment(ExperimentRecord("i", "e")),
    "update_tag": lambda b: b.update_tag(TagRecord("i", "t")),
    "submit": lambda b: b.submit("h", [messages.set_run_property(name="x")]),
    "add_tag": lambda b: b.submit("h", [messages.add_tag("x")]),
    "open_blob": lambda b: b.open_blob("h/a.txt"),
    "open_token": lambda b: b.open_blob("blob_uri:token"),
}
ABSENCES = {"read_log_lines", "read_log_records", "read_objects"}
"""An empty stream is how a server says that a run has none (protocol section 8.6)."""
TAKES_ANY_BYTES = {"open_blob"}

FLAVOURS: dict[str, Reply] = {
    "page": answer("200 OK", b"<!doctype html>", Content_Type="text/html"),
    "another API": json_answer("200 OK", "{}"),
    "a number": json_answer("200 OK", "42"),
    "no such route": json_answer("404 Not Found", '{"detail": "Not Found"}'),
    "fails": json_answer("500 No", "{}"),
    "forbids": json_answer("403 No", "{}"),
    "empty stream": answer("200 OK", Content_Type=STREAM),
    "noise": answer("200 OK", b"\xff" * 100, Content_Type=STREAM),
    "cut": [answer("200 OK", b"\x05\x00", Content_Type=STREAM, Content_Length="99"), HANG_UP],
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_BACK_OFF_S", 0.001)


@pytest.fixture
def backend_at() -> Iterator[Callable[[Any], RemoteBackend]]:
    made: list[tuple[RawServer, RemoteBackend]] = []

    def start(reply: Any, version: str | None = PLAIN) -> RemoteBackend:
        def serve(head: str) -> Any:
            if version is not None and "/version/" in head:
                return json_answer("200 OK", version)
            return reply(head) if callable(reply) else reply

        server = RawServer(serve)
        made.append((server, RemoteBackend(Endpoint(server.url, server.url))))
        return made[-1][1]

    yield start
    for server, backend in made:
        backend.rest()
        server.stop()


@pytest.mark.parametrize("version", [None, PLAIN, EXACT], ids=["hostile", "plain", "exact"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_answer_is_an_error(backend_at: Any, flavour: str, version: str | None) -> None:
    backend = backend_at(FLAVOURS[flavour], version)
    for name, read in READS.items():
        if flavour == "empty stream" and name in ABSENCES:
            continue
        if name in TAKES_ANY_BYTES and flavour not in ("no such route", "fails", "forbids", "cut"):
            continue
        expected: type[Exception] = ServerError
        if (name, flavour) == ("open_token", "empty stream"):
            expected = BlobNotFoundError
        with pytest.raises(expected) as caught:
            pytest.fail(f"{name} returned {read(backend)!r}")
        assert backend.url in str(caught.value), name


def run_tree(name: str) -> dict[str, Any]:
    return {
        name: {
            "params": {},
            "traces": {"metric": []},
            "props": {"name": name, "creation_time": 1.0},
        }
    }


def streamed(*trees: Any) -> bytes:
    body = b"".join(record for tree in trees for record in encode_tree(tree))
    return answer("200 OK", body, Content_Type=STREAM)


def test_a_search_has_to_come_to_its_end(backend_at: Any) -> None:
    runs = [run_tree("a"), run_tree("b")]
    ended = {"progress_9": [0, 0]}
    cases: list[tuple[bytes, list[str] | None]] = [
        (streamed(*runs, ended), ["a", "b"]),
        (streamed(ended), []),
        (streamed({"progress_0": [0, 2]}, *runs, {"progress_1": [2, 2]}, ended), ["a", "b"]),
        (streamed(runs[0], runs[0], runs[1], runs[0], ended), ["a", "b"]),
        (streamed(run_tree("progress_7"), ended), ["progress_7"]),
        (streamed(*runs), None),
        (streamed(runs[0], ended, runs[1]), None),
        (streamed(*runs, {"progress_1": [2, 2]}), None),
        (streamed({"progress_1": [1, 2, 3]}, ended), None),
        (streamed({5: "x"}, ended), None),
        (streamed({"a": {"props": {}, "traces": 3}}, ended), None),
        (streamed({"a": {"exact": "{}"}}, ended), None),
    ]
    for reply, expected in cases:

        def serve(head: str, reply: bytes = reply) -> bytes:
            return reply if "/search/run/" in head else streamed({"progress_0": [0, 0]})

        for version in (PLAIN, EXACT):
            backend = backend_at(serve, version)
            if expected is None:
                with pytest.raises(UnexpectedAnswerError):
                    list(backend.search_runs(ALL))
            else:
                assert [record.hash for record in backend.search_runs(ALL)] == expected


def test_objects_that_cannot_be_told_are_no_missing_objects(backend_at: Any) -> None:
    """The runs come, but the search for their images breaks off."""
    whole = streamed(run_tree("a"), {"progress_0": [0, 0]})

    def serve(head: str) -> bytes:
        return streamed() if "/search/images/" in head else whole

    backend = backend_at(serve)
    with pytest.raises(UnexpectedAnswerError, match="before it was complete"):
        list(backend.search_runs(ALL))
    assert [record.hash for record in backend.search_runs(ALL, sequences=False)] == ["a"]


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {1: None},
        {0: {"steps": b"1234567", "values": b"", "epochs": b"", "times": b"", "integers": None}},
        {0: {"steps": b"", "values": b"12345678", "epochs": b"", "times": b"", "integers": None}},
        {0: {"steps": b""}},
        {0: 5},
    ],
)
def test_columns_have_to_fit(backend_at: Any, tree: Any) -> None:
    with pytest.raises(UnexpectedAnswerError):
        backend_at(streamed(tree), EXACT).read_series("h", [REF])


def test_blobs_named_by_content_have_to_be_it(backend_at: Any) -> None:
    backend = backend_at(answer("200 OK", b"other bytes"))
    with pytest.raises(UnexpectedAnswerError, match="not those that were stored"):
        backend.open_blob(f"h/seq/{'0' * 64}.png")
