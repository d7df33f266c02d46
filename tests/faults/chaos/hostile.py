"""Servers that nobody should have to talk to.

`FLAVOURS` maps a name to what such a server does with a connection. `Hostile` runs one of them.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from chaos.frames import (
    BINARY,
    CLOSE,
    PING,
    accept_key,
    header,
    make_frame,
    read_frame,
)
from chaos.loop import LoopServer

__all__ = ["FLAVOURS", "Hostile"]

CERTIFICATES = Path(__file__).resolve().parent.parent / "certificates"
HEAD_END = b"\r\n\r\n"

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Serve = Callable[["Hostile", Reader, Writer], Awaitable[None]]


class Hostile(LoopServer):
    """Serves one flavour.

    Attributes:
        heads: the heads of all requests it got.
        elsewhere: where it redirects to.
    """

    def __init__(self, flavour: str, elsewhere: str = "http://127.0.0.1:9") -> None:
        self.flavour = flavour
        self.elsewhere = elsewhere
        self.heads: list[bytes] = []
        super().__init__(_tls(flavour))

    async def serve(self, reader: Reader, writer: Writer) -> None:
        await FLAVOURS[self.flavour](self, reader, writer)

    async def head(self, reader: Reader) -> bytes:
        """The head of the next request, its body read and thrown away."""
        head = await reader.readuntil(HEAD_END)
        self.heads.append(head)
        await reader.readexactly(int(header(head, "Content-Length") or 0))
        return head


def _tls(flavour: str) -> ssl.SSLContext | None:
    if flavour not in ("self-signed certificate", "expired certificate"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    name = "expired" if flavour.startswith("expired") else "self_signed"
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / "key.pem")
    return context


def _answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + HEAD_END + body


def _always(status: str, body: bytes = b"", **headers: str) -> Serve:
    """The same answer to everything."""

    async def serve(server: Hostile, reader: Reader, writer: Writer) -> None:
        while True:
            await server.head(reader)
            there = {name: value.format(server.elsewhere) for name, value in headers.items()}
            writer.write(_answer(status, body, **there))
            await writer.drain()

    return serve


def _error(status: int, word: str, **headers: str) -> Serve:
    body = {"error": {"code": word, "message": word}, "detail": word}
    return _always(
        f"{status} {word}", json.dumps(body).encode(), Content_Type="application/json", **headers
    )


def _socket(reply: Callable[[int], bytes]) -> Serve:
    """A handshake as it should be, then `reply(n)` to the n-th frame, from 1.

    Plain requests get an empty JSON object.
    """

    async def serve(server: Hostile, reader: Reader, writer: Writer) -> None:
        head = await server.head(reader)
        if header(head, "Upgrade").lower() != "websocket":
            writer.write(_answer("200 OK", b"{}", Content_Type="application/json"))
            await writer.drain()
            return
        await _handshake(writer, accept_key(head))
        number = 0
        while True:
            frame = await read_frame(reader)
            if frame.opcode == CLOSE:
                return
            if frame.is_data:
                number += 1
                writer.write(reply(number))
                await writer.drain()

    return serve


async def _handshake(writer: Writer, key: str) -> None:
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + key.encode() + HEAD_END
    )
    await writer.drain()


def _json(value: object) -> bytes:
    return make_frame(json.dumps(value).encode())


async def _closes(server: Hostile, reader: Reader, writer: Writer) -> None:
    del server, reader, writer


async def _silent(server: Hostile, reader: Reader, writer: Writer) -> None:
    del server, writer
    while await reader.read(1 << 16):
        pass


async def _endless_head(server: Hostile, reader: Reader, writer: Writer) -> None:
    await server.head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        number += 1
        writer.write(f"X-{number}: {'y' * 50}\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.001)


async def _slow_head(server: Hostile, reader: Reader, writer: Writer) -> None:
    await server.head(reader)
    for byte in b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" * 100:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def _endless_body(server: Hostile, reader: Reader, writer: Writer) -> None:
    await server.head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"4\r\n{}{}\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def _wrong_key(server: Hostile, reader: Reader, writer: Writer) -> None:
    await server.head(reader)
    await _handshake(writer, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    await reader.read()


async def _noise(server: Hostile, reader: Reader, writer: Writer) -> None:
    await reader.read(100)
    del server
    writer.write(bytes(range(256)) * 40)
    await writer.drain()


async def _talks_first(server: Hostile, reader: Reader, writer: Writer) -> None:
    """Acknowledges what nobody sent, at length."""
    head = await server.head(reader)
    await _handshake(writer, accept_key(head))
    writer.write(_json({"status": "ok", "error": None, "stored": True}) * 1000)
    await writer.drain()
    while not (await read_frame(reader)).is_data:
        pass


async def _pings(server: Hostile, reader: Reader, writer: Writer) -> None:
    head = await server.head(reader)
    await _handshake(writer, accept_key(head))
    while True:
        writer.write(make_frame(b"are you there?", PING))
        await writer.drain()
        await asyncio.sleep(0.005)


FLAVOURS: dict[str, Serve] = {
    "accepts and closes": _closes,
    "never answers": _silent,
    "noise": _noise,
    "HTML": _always("200 OK", b"<!doctype html><h1>Log in</h1>", Content_Type="text/html"),
    "empty JSON": _always("200 OK", b"{}", Content_Type="application/json"),
    "redirect": _always("302 Found", Location="{}/elsewhere"),
    "redirect to itself": _always("307 Temporary Redirect", Location="/"),
    "401": _error(401, "unauthorized", WWW_Authenticate="Bearer"),
    "403": _error(403, "forbidden"),
    "404": _error(404, "not_found"),
    "409": _error(409, "conflict"),
    "413": _error(413, "too_large"),
    "429": _error(429, "too_many_requests", Retry_After="3600"),
    "500": _error(500, "internal_error"),
    "503": _error(503, "unavailable"),
    "endless headers": _endless_head,
    "slow handshake": _slow_head,
    "endless body": _endless_body,
    "handshake with a wrong key": _wrong_key,
    "self-signed certificate": _closes,
    "expired certificate": _closes,
    "never acknowledges": _socket(lambda number: b""),
    "acknowledges before anything was sent": _talks_first,
    "only pings": _pings,
    "garbage for a reply": _socket(lambda number: make_frame(b"\xff\xfe garbage")),
    "a broken frame for a reply": _socket(lambda number: b"\xf7\xff\xff\xff"),
    "a binary reply": _socket(lambda number: make_frame(b'{"status": "ok"}', BINARY)),
    "a huge reply": _socket(lambda number: make_frame(b" " * (40 << 20))),
    "a list for a reply": _socket(lambda number: _json([{"status": "ok"}])),
    "a number for a reply": _socket(lambda number: _json(42)),
    "an unknown status": _socket(lambda number: _json({"status": "perhaps", "error": None})),
    "a reply without status": _socket(lambda number: _json({"detail": "Not Found"})),
    "publishing fails": _socket(
        lambda number: _json({"status": "error", "error": "internal publish error"})
    ),
    "refuses every message": _socket(
        lambda number: _json({"status": "error", "error": "1 validation error for create_run"})
    ),
    "an error that is no text": _socket(lambda number: _json({"status": "error", "error": {}})),
    "closes after each frame": _socket(lambda number: make_frame(b"\x03\xe8", CLOSE)),
    "too big for it": _socket(lambda number: make_frame(b"\x03\xf1", CLOSE)),
}
