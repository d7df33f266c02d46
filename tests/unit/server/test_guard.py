"""What a server refuses: foreign hosts and origins, a missing token, and clients that would keep
it busy."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.routes import PRESIGN
from matyan_client.server import running
from matyan_client.server.app import create_app
from matyan_client.server.context import Limits
from matyan_client.server.guard import is_loopback
from tests.unit.server.live_server import OK, REST, RUN, Live, create, exchange, live


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live(
        tmp_path / ".matyan",
        allowed_hosts=["localhost", "runs.example.org"],
        allowed_origins=["https://ui.example.org/"],
    ) as served:
        yield served


@pytest.fixture
def closed_server(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / ".matyan", token="sesame") as served:
        yield served


def refused(server: Live, **options: object) -> int:
    """The status an ingestion socket is refused with."""
    with pytest.raises(InvalidStatus) as found, server.connect(**options):  # type: ignore[arg-type]  # any
        pass
    return found.value.response.status_code


def raw(server: Live, data: bytes, timeout_s: float = 20) -> bytes:
    """What comes back for bytes on a socket."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout_s) as stream:
        stream.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while part := stream.recv(65536):
                answer += part
    return answer


# -- hosts and origins ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:53800", "10.1.2.3:80", "runs.example.org"],
)
def test_hosts_that_are_served(server: Live, host: str) -> None:
    assert server.http.get("/health/live/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "runs.example.org.evil", "", "127.0.0.1.nip"]
)
def test_a_name_that_is_made_to_point_here_is_not_served(server: Live, host: str) -> None:
    for path in ("/health/live/", f"{REST}/projects/"):
        response = server.http.get(path, headers={"Host": host})
        assert response.status_code == 400
    assert refused(server, additional_headers={"Host": host}) in (400, 403)


def test_pages_from_elsewhere_change_nothing(server: Live) -> None:
    evil = {"Origin": "https://evil.example"}
    body = [RUN]
    for origin in ("https://evil.example", "null", "http://localhost.evil.example", ""):
        response = server.http.post(
            f"{REST}/runs/delete-batch/", json=body, headers={"Origin": origin}
        )
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers
        assert response.json()["error"]["code"] == "forbidden"
    assert server.http.post(PRESIGN, json={}, headers=evil).json().keys() == {"detail"}
    assert refused(server, origin="https://evil.example") == 403
    reading = server.http.get(f"{REST}/projects/", headers=evil)
    assert "access-control-allow-origin" not in reading.headers


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:8000", "http://127.0.0.1:3", "http://[::1]:1", "https://ui.example.org"],
)
def test_pages_of_this_machine_and_those_named_may(server: Live, origin: str) -> None:
    asked = server.http.options(
        f"{REST}/runs/delete-batch/",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-timezone-offset,content-type,authorization",
        },
    )
    assert asked.status_code == 200
    response = server.http.post(f"{REST}/runs/delete-batch/", json=[], headers={"Origin": origin})
    assert response.status_code == 200
    for each in (asked, response):
        assert each.headers["access-control-allow-origin"] == origin
        assert each.headers["access-control-allow-credentials"] == "true"
    with server.connect(origin=origin) as stream:
        assert exchange(stream, []) == OK


def test_a_page_of_the_server_itself_may(server: Live) -> None:
    headers = {"Host": "runs.example.org", "Origin": "https://runs.example.org"}
    assert (
        server.http.post(f"{REST}/runs/delete-batch/", json=[], headers=headers).status_code == 200
    )


@pytest.mark.parametrize("origin", ["*", "ui.example.org", "https://*", "https://a.b/c d"])
def test_an_origin_is_one_origin(tmp_path: Path, origin: str) -> None:
    with pytest.raises(InvalidInputError, match="origin"):
        create_app(tmp_path / ".matyan", allowed_origins=[origin])


# -- the token -----------------------------------------------------------------------------------


def test_everything_asks_for_the_token(closed_server: Live) -> None:
    http = closed_server.http
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sesame"}):
        for path in (f"{REST}/projects/", f"{REST}/version/", "/metrics/", "/nothing/"):
            response = http.get(path, headers=given)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert "sesame" not in response.text
        assert http.post(PRESIGN, json={}, headers=given).status_code == 401
        assert refused(closed_server, additional_headers=given) == 401
    odd = {"Authorization": "Bearer é".encode()}
    assert http.get(f"{REST}/projects/", headers=odd).status_code == 401


def test_with_the_token_everything_is_open(closed_server: Live) -> None:
    given = {"Authorization": "bearer sesame"}
    assert closed_server.http.get(f"{REST}/projects/", headers=given).status_code == 200
    with closed_server.connect(additional_headers=given) as stream:
        assert exchange(stream, [create()]) == OK


def test_what_needs_no_token(closed_server: Live) -> None:
    assert closed_server.http.get("/health/live").status_code == 200
    assert closed_server.http.get("/health/ready").status_code == 200
    body = {"run_id": RUN, "artifact_path": "x"}
    given = {"Authorization": "Bearer sesame"}
    url = closed_server.http.post(PRESIGN, json=body, headers=given).json()["upload_url"]
    assert httpx.put(url, content=b"x").status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


# -- forms of errors -----------------------------------------------------------------------------


def test_errors_have_the_form_of_their_service(server: Live) -> None:
    missing = server.http.get(f"{REST}/runs/{RUN}/info/")
    assert missing.json().keys() == {"error", "detail"}
    assert missing.json()["error"]["code"] == "not_found"
    assert server.http.get(f"{REST}/nothing").json() == {"detail": "Not Found"}
    assert server.http.get("/etc/passwd").json() == {"detail": "Not Found"}
    assert server.http.delete(f"{REST}/projects/").json() == {"detail": "Method Not Allowed"}
    assert server.http.get(PRESIGN).json() == {"detail": "Method Not Allowed"}
    assert server.http.post(PRESIGN + "/", json={}).status_code == 422


def test_every_answer_has_an_id(server: Live) -> None:
    assert len(server.http.get("/health/live/").headers["X-Request-ID"]) == 32
    for given, kept in (("abc-1", True), ("a b", False), ("x" * 500, False)):
        found = server.http.get("/nope", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        assert (found == given) is kept


@pytest.mark.parametrize(
    "path",
    ["/api/v1/ws/runs/", "/api/v1/ws/runs/a/b", "//api/v1/ws/runs/a", "/api/v1/ws/runs/a%2Fb"],
)
def test_sockets_at_other_paths_are_refused(server: Live, path: str) -> None:
    head = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert raw(server, head.encode()).startswith(b"HTTP/1.1 403")


# -- clients that would keep it busy -------------------------------------------------------------


def test_headers_that_do_not_end_are_not_waited_for(
    server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_HEADERS_S", 0.3)
    assert raw(server, b"") == b""
    assert raw(server, b"GET /health/live/ HTTP/1.1\r\nHost: loc") == b""
    answered = raw(server, b"GET /health/live/ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he")
    assert answered.startswith(b"HTTP/1.1 200")
    with server.connect() as stream:
        assert exchange(stream, []) == OK


def test_headers_may_not_be_endless(server: Live) -> None:
    head = b"GET /health/live/ HTTP/1.1\r\nHost: localhost\r\nX: "
    answer = raw(server, head + b"x" * 200_000 + b"\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan", Limits(idle_s=0.3)) as server:
        head = f"POST {PRESIGN} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + "{"
        assert raw(server, head.encode()).startswith(b"HTTP/1.1 408")
        assert server.http.get("/health/live/").status_code == 200


def test_bodies_have_a_limit(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan", Limits(body_bytes=1000)) as server:
        for path in (PRESIGN, f"{REST}/runs/delete-batch/"):
            assert server.http.post(path, content=b"[" + b"1," * 2000).status_code == 413
        assert server.http.post(f"{REST}/runs/delete-batch/", json=[]).status_code == 200


def test_connections_have_a_limit(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan", Limits(connections=5)) as server:
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            until_refused = raw(server, b"GET /health/live/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert until_refused == b""
        assert server.http.get("/health/live/").status_code == 200


def test_one_who_does_not_listen_holds_up_nobody(server: Live) -> None:
    frame = json.dumps([{"type": "add_tag", "tag_name": "x"}])
    with server.connect("b" * 32, close_timeout=0.1) as deaf:
        for _ in range(500):
            deaf.send(frame)
        with server.connect() as stream:
            assert exchange(stream, [create()]) == OK
