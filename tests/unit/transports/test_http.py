"""The HTTP client against servers that behave, and against those that do not."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.raw import HANG_UP, RawServer, Reply, answer, json_answer

from matyan_client.exceptions import (
    InvalidInputError,
    MatyanError,
    ServerAccessError,
    ServerError,
    ServerFailedError,
    ServerRefusedError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.streams import encode_record
from matyan_client.transports.endpoint import Endpoint
from matyan_client.transports.http import STREAM_TYPE, Answer, HttpClient

SECRET = "hunter2"
CERTIFICATES = Path(__file__).parents[2] / "faults" / "certificates"

Serve = Callable[..., RawServer]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATYAN_READ_TIMEOUT_S", "1")
    monkeypatch.setenv("MATYAN_CONNECT_TIMEOUT_S", "1")
    for name in ("MATYAN_TOKEN", "MATYAN_HEADERS", "MATYAN_CA_FILE"):
        monkeypatch.delenv(name, raising=False)


_clients: list[HttpClient] = []


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers; they end with the test."""
    servers: list[RawServer] = []

    def start(
        reply: Reply | Callable[[str], Reply | None] | None, tls: ssl.SSLContext | None = None
    ) -> RawServer:
        servers.append(RawServer(reply if callable(reply) else lambda _: reply, tls))
        return servers[-1]

    yield start
    while _clients:
        _clients.pop().close()
    for server in servers:
        server.stop()


def client(server: RawServer | str, **known: Any) -> HttpClient:
    url = server if isinstance(server, str) else server.url
    _clients.append(HttpClient(Endpoint(url, url, **known)))
    return _clients[-1]


def error_of(http: HttpClient, method: str = "GET", **asked: Any) -> ServerError:
    with pytest.raises(ServerError) as caught:
        http.json(method, "/api/x/?secret=1", **asked)
    assert SECRET not in str(caught.value)
    assert "secret=1" not in str(caught.value)
    return caught.value


# -- what is sent ---------------------------------------------------------------------------------


def test_credentials_go_with_every_request(serve: Serve) -> None:
    server = serve(json_answer("200 OK", '{"a": NaN}'))
    tokens = map(str, itertools.count())
    http = client(server, token=lambda: next(tokens), headers={"X-Team": "red"})
    for number in range(2):
        assert list(http.json("GET", "/api/x/", query={"q": "a b"})) == ["a"]
        assert f"Authorization: Bearer {number}\r\n" in server.requests[number]
        assert "X-Team: red\r\n" in server.requests[number]
        assert server.requests[number].startswith("GET /api/x/?q=a+b HTTP/1.1")
    http.close()
    http.json("GET", "/api/x/")
    assert server.connections == 2


def test_credentials_that_are_none_are_refused(serve: Serve) -> None:
    server = serve(json_answer("200 OK", "{}"))
    with pytest.raises(InvalidInputError, match="one line"):
        client(server, headers={"X": "a\r\nInjected: b"}).json("GET", "/")
    assert not server.requests


# -- what comes back ------------------------------------------------------------------------------

ENVELOPE = '{"error": {"code": "c", "message": "No such thing"}, "detail": "No such thing"}'


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (400, ServerRefusedError, "No such thing"),
        (401, ServerAccessError, "MATYAN_TOKEN"),
        (403, ServerAccessError, "MATYAN_TOKEN"),
        (404, ServerRefusedError, "URL is that of a Matyan backend"),
        (405, ServerRefusedError, "URL is that of a Matyan backend"),
        (409, ServerRefusedError, "No such thing"),
        (413, ServerRefusedError, "raise its limit"),
        (422, ServerRefusedError, "No such thing"),
        (429, ServerRefusedError, "too often"),
        (500, ServerFailedError, "Try again later"),
        (503, ServerFailedError, "Try again later"),
        (304, UnexpectedAnswerError, "something else"),
    ],
)
def test_refusals(serve: Serve, status: int, kind: type[MatyanError], says: str) -> None:
    server = serve(json_answer(f"{status} Word", ENVELOPE if status != 304 else ""))
    error = error_of(client(server, token=SECRET), "POST")
    assert type(error) is kind
    assert error.status == status
    assert error.url == f"{server.url}/api/x/"
    assert says in str(error)
    assert error.url in str(error)


def test_refusals_are_what_scripts_catch(serve: Serve) -> None:
    assert isinstance(error_of(client(serve(json_answer("403 F", "{}")))), PermissionError)
    assert isinstance(error_of(client("http://127.0.0.1:1")), ConnectionError)


def test_advice_depends_on_whether_credentials_were_sent(serve: Serve) -> None:
    server = serve(json_answer("401 Unauthorized", '{"detail": "Who are you"}'))
    assert "It wants credentials" in str(error_of(client(server)))
    assert "does not take the credentials" in str(error_of(client(server, token=SECRET)))


def test_absent_is_what_matyan_says(serve: Serve) -> None:
    def nothing() -> None:
        return None

    theirs = client(serve(json_answer("404 Not Found", ENVELOPE)))
    assert theirs.json("GET", "/api/x/", absent=nothing) is None
    # A route that is not there is no run that is not there.
    bare = client(serve(json_answer("404 Not Found", '{"detail": "Not Found"}')))
    assert isinstance(error_of(bare, absent=nothing), ServerRefusedError)
    page = client(serve(answer("404 Not Found", b"<h1>nginx</h1>", Content_Type="text/html")))
    assert "web page" in str(error_of(page, absent=nothing))


@pytest.mark.parametrize(
    "reply",
    [
        answer("200 OK", b"<!doctype html>", Content_Type="text/html; charset=utf-8"),
        answer("200 OK", b"{}"),
        json_answer("200 OK", "{"),
        json_answer("200 OK", "[" * 100_000),
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    ],
    ids=["page", "no type", "cut JSON", "deep JSON", "TLS alert", "SSH", "headers"],
)
def test_other_programs(serve: Serve, reply: bytes) -> None:
    error = error_of(client(serve(lambda _: [reply, HANG_UP])))
    assert isinstance(error, UnexpectedAnswerError), error


@pytest.mark.parametrize(
    "cut",
    [
        json_answer("200 OK", "[1, ", Content_Length="100"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4\r\n[1, ",
    ],
    ids=["length", "chunks"],
)
def test_an_answer_cut_short(serve: Serve, cut: bytes) -> None:
    server = serve(lambda _: [cut, HANG_UP])
    error = error_of(client(server))
    assert isinstance(error, UnexpectedAnswerError)
    assert "cut short" in str(error)
    assert len(server.requests) == 4, "it was asked again before it was given up"


def test_streams_have_to_be_whole(serve: Serve) -> None:
    whole = encode_record(("run",), 5)

    def trees(body: bytes) -> list[Any]:
        server = serve(answer("200 OK", body, Content_Type=STREAM_TYPE))
        return client(server).call(
            "GET", "/", lambda found: list(found.trees()), types=(STREAM_TYPE,)
        )

    assert trees(whole) == [("run", 5)]
    for broken in (whole[:-1], whole + b"\xff\xff\xff\xff", b"<html>" * 20, whole[:9] + b"\x99"):
        with pytest.raises(UnexpectedAnswerError):
            trees(broken)


def test_answers_are_bounded(serve: Serve) -> None:
    endless = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", *[b" " * 65536] * 64]
    server = serve(lambda _: endless)
    with pytest.raises(UnexpectedAnswerError, match="longer than 1000000 bytes"):
        client(server).call("GET", "/", lambda found: found.body(1_000_000))


def test_large_answers_go_to_disk(serve: Serve) -> None:
    body = os.urandom(1 << 20) * 10
    server = serve(answer("200 OK", body, Content_Type="image/png"))
    with client(server).call("GET", "/", Answer.spooled, types=()) as file:
        assert file.read() == body
        assert file.seekable()


# -- redirects ------------------------------------------------------------------------------------


def test_redirects_stay_at_home(serve: Serve) -> None:
    other = serve(json_answer("200 OK", "{}"))

    def reply(head: str) -> bytes:
        path = head.split()[1].partition("?")[0]
        there = {"/a": "/b?x=1", "/out": f"{other.url}/x", "/loop": "/loop"}.get(path)
        if there:
            return answer("307 Temporary Redirect", Location=there)
        return json_answer("200 OK", "[1]")

    server = serve(reply)
    http = client(server, token=SECRET)
    assert http.json("GET", "/a") == [1]
    assert f"Bearer {SECRET}" in server.requests[1]
    with pytest.raises(UnexpectedAnswerError) as caught:
        http.json("GET", "/out")
    assert f"{server.url}/out" in str(caught.value)
    assert f"{other.url}/x" in str(caught.value)
    assert not other.requests
    with pytest.raises(UnexpectedAnswerError, match="circles"):
        http.json("GET", "/loop")


def test_a_redirect_does_not_change_a_request(serve: Serve) -> None:
    http = client(serve(answer("302 Found", Location="/b")))
    with pytest.raises(UnexpectedAnswerError, match="would change the request"):
        http.json("POST", "/a", body={})


# -- asking again ---------------------------------------------------------------------------------


def once(first: Reply | None) -> Callable[[str], Reply | None]:
    replies = itertools.chain([first], itertools.repeat(json_answer("200 OK", "[1]")))
    return lambda _: next(replies)


@pytest.mark.parametrize(
    "first",
    [
        None,
        json_answer("503 Busy", "{}", Retry_After="0"),
        json_answer("429 Slow", "{}", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        json_answer("502 Bad", "{}"),
        json_answer("504 Late", "{}", Retry_After="soon"),
    ],
    ids=["hangs up", "503", "429", "502", "504"],
)
def test_reads_are_asked_again(serve: Serve, first: Reply | None) -> None:
    server = serve(once(first))
    assert client(server).json("GET", "/") == [1]
    assert len(server.requests) == 2


def test_what_is_no_read_is_asked_once(serve: Serve) -> None:
    for first in (None, json_answer("502 Bad", "{}")):
        server = serve(once(first))
        with pytest.raises(ServerError):
            client(server).json("POST", "/", body={})
        assert len(server.requests) == 1


def test_asking_again_has_an_end(serve: Serve) -> None:
    server = serve(json_answer("503 Busy", "{}"))
    assert isinstance(error_of(client(server)), ServerFailedError)
    assert len(server.requests) == 4


def test_what_is_wrong_is_not_asked_again(serve: Serve) -> None:
    server = serve(json_answer("500 No", "{}"))
    error_of(client(server))
    assert len(server.requests) == 1


# -- silence --------------------------------------------------------------------------------------


def test_silence(serve: Serve) -> None:
    server = serve(lambda _: [5.0])
    error = error_of(client(server))
    assert isinstance(error, ServerUnreachableError)
    assert "MATYAN_READ_TIMEOUT_S" in str(error)
    assert len(server.requests) == 1


def test_dripping_is_silence(serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"

    def drips() -> Iterator[bytes | float]:
        yield head
        for _ in range(40):
            yield b" "
            yield 0.2

    assert isinstance(error_of(client(serve(lambda _: drips()))), ServerUnreachableError)


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = error_of(client(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert isinstance(error, ServerUnreachableError)
    assert "host and port" in str(error)


def test_a_host_that_is_none() -> None:
    assert isinstance(error_of(client("http://host.invalid")), ServerUnreachableError)


# -- TLS ------------------------------------------------------------------------------------------


def tls(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / "key.pem")
    return context


def test_a_certificate_nobody_vouches_for(serve: Serve) -> None:
    server = serve(json_answer("200 OK", "[1]"), tls("self_signed"))
    error = error_of(client(server, token=SECRET))
    assert isinstance(error, ServerUnreachableError)
    assert "MATYAN_CA_FILE" in str(error)
    assert not server.requests
    trusting = client(server, ca_file=str(CERTIFICATES / "self_signed.pem"))
    assert trusting.json("GET", "/") == [1]


def test_a_certificate_that_has_expired(serve: Serve) -> None:
    server = serve(json_answer("200 OK", "[1]"), tls("expired"))
    error = error_of(client(server, ca_file=str(CERTIFICATES / "expired.pem")))
    assert "expired" in str(error)
    assert "Renew" in str(error)


def test_a_ca_file_that_is_none(tmp_path: Path, serve: Serve) -> None:
    server = serve(json_answer("200 OK", "[1]"), tls("self_signed"))
    with pytest.raises(InvalidInputError, match="MATYAN_CA_FILE"):
        client(server, ca_file=str(tmp_path / "none.pem")).json("GET", "/")


def test_the_wrong_scheme(serve: Serve) -> None:
    silent = serve(json_answer("200 OK", "[1]"))  # waits for the end of a request
    assert "write http://" in str(error_of(client(silent.url.replace("http:", "https:"))))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(10)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=refuse).start()
        error = error_of(client(f"https://127.0.0.1:{listening.getsockname()[1]}"))
    assert isinstance(error, ServerUnreachableError)
    assert "http:// instead of https://" in str(error)
    secure = serve(json_answer("200 OK", "[1]"), tls("self_signed"))
    error = error_of(client(secure.url.replace("https:", "http:")))
    assert "https:// instead of http://" in str(error)
    behind = serve(answer("400 Bad Request", b"The plain HTTP request was sent to HTTPS port"))
    assert "https:// instead of http://" in str(error_of(client(behind)))


# -- many at once ---------------------------------------------------------------------------------


def test_threads_share_few_connections(serve: Serve) -> None:
    server = serve(json_answer("200 OK", "[1]"))
    http = client(server)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.extend(http.json("GET", "/") for _ in range(10)))
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[1]] * 300
    http.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_asks_over_a_connection_of_its_own(serve: Serve) -> None:
    server = serve(json_answer("200 OK", "[1]"))
    http = client(server)
    http.json("GET", "/parent")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of this test
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if http.json("GET", "/child") == [1] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert http.json("GET", "/parent") == [1]
    assert server.connections == 2
