"""One bad run hides no other, hostile requests cost nothing, and a stream that fails is cut."""

from __future__ import annotations

import json
import socket
import sqlite3
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from reading_server import REST, Served, serving
from websockets.sync.client import connect

TIME = "2026-03-01T10:00:00+00:00"


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("repo") / ".matyan") as served:
        yield served


def send(served: Served, run_hash: str, *messages: dict[str, Any]) -> None:
    """Write over the wire, as any client might."""
    url = f"{served.url.replace('http', 'ws')}/api/v1/ws/runs/{run_hash}"
    create = {"type": "create_run", "client_datetime": TIME, "force_resume": True}
    with connect(url) as wire:
        for message in (create, *messages):
            wire.send(json.dumps(message))
            assert json.loads(wire.recv(timeout=20))["status"] == "ok"


PARAMS = [
    {"a": {"__matyan__": "bogus"}},
    {"a": {"__matyan__": "text", "base64": "!!"}},
    {"a": {"__matyan__": "int", "hex": "zz"}},
    {"a": {"__matyan__": "map", "items": 5}},
    {"a": {"__matyan__": "map", "items": [[1]]}},
    {"a": {"__matyan__": "map", "items": [[{"x": 1}, 2]]}},
    {"a": {"__matyan__": "object", "value": 3}},
    {"a": {"__matyan__": "object", "value": [["fields", 1]]}},
    {"a": {"__matyan__": "object", "value": {"fields": {"__matyan__": 1}}}},
    {"a": {"__matyan__": {"x": 1}}},
    {"a": {"b": [{"__matyan__": "bytes"}]}},
    {"__matyan__": "x"},
    {"a": 2**70},
    {"a": float("nan")},
    {"": {"": [1]}},
    {"a\udc00": "b\udc00"},
    {"a": [[[[]]], {}, {"x": {}}]},
]
OBJECTS = [
    ("image", {"type": "list", "items": [1, 2]}),
    ("image", {"s3_key": 5, "caption": {"a": 1}}),
    ("audio", {}),
    ("text", {"type": "list"}),
    ("text", {"data": {"a": 2**70}}),
    ("distribution", {"data": "abc", "range": 5}),
    ("distribution", {"data": [1, "x", None], "bin_count": "q"}),
    ("distribution", {"data": [10**400]}),
    ("figure", {"data": None}),
    ("figure", {"data": {"x": float("inf")}}),
]
SEARCHES = ["run", "metric", "images", "audios", "texts", "distributions", "figures"]


def test_whatever_is_written_can_be_read(served: Served) -> None:
    points = [
        {"type": "log_metric", "name": "n", "value": value, "step": step, "epoch": None,
         "context": {"\udc00": 2**70, "": float("nan")}, "dtype": "float", "client_datetime": TIME}
        for step, value in enumerate([float("nan"), float("inf"), -0.0, 1e308])
    ]  # fmt: skip
    hashes = []
    for number, params in enumerate(PARAMS):
        hashes.append(f"params{number}")
        objects = [
            {
                "type": "log_custom_object",
                "name": f"o{place}",
                "value": value,
                "step": 0,
                "dtype": dtype,
                "client_datetime": TIME,
            }
            for place, (dtype, value) in enumerate(OBJECTS)
        ]
        send(served, hashes[-1], {"type": "log_hparams", "value": params}, *points, *objects)
    for what in SEARCHES:
        assert sorted(served.search(f"/runs/search/{what}/", skip_system=False)) == sorted(hashes)
    for headers in ({}, {"X-Matyan-Exact": "1"}):
        found = served.search("/runs/search/run/", headers=headers, predicates="[]")
        assert sorted(found) == sorted(hashes)
        for run_hash in hashes:
            answer = served.http.get(f"/runs/{run_hash}/info/", headers=headers)
            assert answer.status_code == 200
            answer.json()
    for run_hash in hashes[:1]:
        for kind in ("images", "audios", "texts", "distributions", "figures"):
            body = [{"name": f"o{place}", "context": {}} for place in range(len(OBJECTS))]
            for what in ("get-batch", "get-step"):
                assert served.trees(f"/runs/{run_hash}/{kind}/{what}/", body)
    served.get("/projects/params/")
    assert len(served.trees("/runs/active/", report_progress=False)) == len(hashes)


def test_the_reserved_key_of_parameters_is_only_a_key_to_others(served: Served) -> None:
    for number, params in enumerate(PARAMS[:12]):
        if number != 8:  # an object of ours, with odd fields
            send(served, f"r{number}", {"type": "log_hparams", "value": params})
            assert served.get(f"/runs/r{number}/info/")["params"] == params


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/runs/search/run/", {"limit": "9" * 5000}, 422),
        ("/runs/search/run/", {"limit": "1" + "0" * 30}, 422),
        ("/runs/search/run/", {"report_progress": "perhaps"}, 422),
        ("/runs/search/run/", {"q": "(" * 5000}, 400),
        ("/runs/search/run/", {"q": "run.__class__"}, 400),
        ("/runs/search/run/", {"q": "9**9**9**9 > 1"}, 400),
        ("/runs/search/run/", {"q": "len([0] * 10**9) > 1"}, 400),
        ("/runs/search/run/", {"sort": "[" * 5000}, 400),
        ("/runs/search/metric/", {"p": "1e9"}, 422),
        ("/runs/search/images/", {"index_range": "x:"}, 400),
        ("/runs/search/images/", {"record_density": "many"}, 422),
        ("/runs/search/nothing/", {}, 404),
    ],
)
def test_hostile_parameters(served: Served, path: str, params: dict[str, str], status: int) -> None:
    served.create("a" * 32)
    served.get(path, status, **params)


def test_huge_but_harmless_parameters(served: Served) -> None:
    point = {
        "type": "log_metric", "name": "n", "value": 1.0, "step": 3, "epoch": None, "context": {},
        "dtype": "float", "client_datetime": TIME,
    }  # fmt: skip
    served.create("a" * 32, point)
    huge = str((1 << 63) - 1)
    for density in (huge, f"-{huge}", "0", "1", "128"):
        (run,) = served.search("/runs/search/metric/", p=density).values()
        assert run["traces"][0]["values"]["shape"] == 1
        (found,) = served.post(
            f"/runs/{'a' * 32}/metric/get-batch/",
            [{"name": "n", "context": {}}],
            record_density=density,
            record_range=f"-{huge}:{huge}",
        )
        assert found["iters"] == [3]


@pytest.mark.parametrize("zone", ["x", "1440", "-100000", "9" * 5000])
def test_hostile_zones(served: Served, zone: str) -> None:
    for path in ("/runs/search/run/", "/projects/activity/"):
        answer = served.http.get(path, headers={"X-Timezone-Offset": zone})
        assert answer.status_code == 422


@pytest.mark.parametrize("body", ["{}", "[5]", '[{"name": 5}]', "[" * 100_000, "", "\xff", "nul"])
def test_hostile_bodies(served: Served, body: str) -> None:
    served.create("a" * 32)
    for what in ("metric", "images"):
        answer = served.http.post(
            f"/runs/{'a' * 32}/{what}/get-batch/", content=body.encode("latin-1")
        )
        assert answer.status_code == 422, answer.text


def test_a_query_that_costs_too_much_is_not_one_that_finds_nothing(served: Served) -> None:
    for number in range(50):
        served.create(f"{number:032x}", at=1e9 + number)
    costly = " + ".join(["sum([x for x in range(99999)])"] * 5)
    query = f"run.created_at > 1000000010 or {costly}"
    served.get("/runs/search/run/", 400, q=query)


def test_a_stream_that_fails_is_cut(served: Served) -> None:
    """The client must not take what came for all there is."""
    for number in range(400):
        run_hash = served.create(f"{number:032x}", at=1e9 + number)
        served.write(
            run_hash,
            {"type": "log_metric", "name": "n", "value": 1.0, "step": 0, "epoch": None,
             "context": {}, "dtype": "float", "client_datetime": TIME},
        )  # fmt: skip
    with sqlite3.connect(served.store.root / "matyan.sqlite") as database:
        database.execute(
            "UPDATE chunks SET data = x'00' WHERE sequence_id = (SELECT min(id) FROM sequences)"
        )
    database.close()
    got: list[int] = []
    with served.http.stream("GET", "/runs/search/metric/") as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            _count(answer.iter_bytes(), got)
    assert sum(got) > 100_000


def _count(chunks: Iterator[bytes], into: list[int]) -> None:
    for chunk in chunks:
        into.append(len(chunk))  # noqa: PERF401 - what came before an error counts


def leave_at_once(served: Served, path: str, times: int) -> None:
    """Ask for something and go away, more often than there are threads."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    for _ in range(times):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(f"GET {REST}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_clients_that_leave_stop_the_work(served: Served) -> None:
    line = {"type": "log_terminal_line", "line": "x" * 4000}
    served.create("a" * 32, *({**line, "step": step} for step in range(20_000)))
    leave_at_once(served, f"/runs/{'a' * 32}/logs/?record_range=0:", 60)
    assert served.get("/projects/status/") == "up-to-date"
    assert len(served.trees(f"/runs/{'a' * 32}/logs/", record_range="0:")) == 20_000


def test_so_do_those_that_would_wait_for_nothing(served: Served) -> None:
    for number in range(400):
        served.create(f"{number:032x}", at=1e9 + number)
    costly = quote("sum([x for x in range(20000)]) < 0")  # a while for each run, none matches
    leave_at_once(served, f"/runs/search/run/?report_progress=false&q={costly}", 60)
    assert served.get("/projects/status/") == "up-to-date"
    assert served.http.head("/runs/search/run/").content == b""
