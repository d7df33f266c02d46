"""WebSocket frames as bytes, and the heads of HTTP messages: no library, so that wrong ones can
be made as easily as right ones."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from typing import NamedTuple

__all__ = ["CLOSE", "PING", "TEXT", "Frame", "accept_key", "header", "make_frame", "read_frame"]

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Frame(NamedTuple):
    """One frame as it was on the wire."""

    opcode: int
    raw: bytes

    @property
    def is_data(self) -> bool:
        """Whether it is no ping, pong or close."""
        return self.opcode < CLOSE


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """The next frame; raises IncompleteReadError (an EOFError) at the end."""
    head = await reader.readexactly(2)
    size = head[1] & 0x7F
    if size >= 126:
        more = await reader.readexactly(2 if size == 126 else 8)
        head += more
        size = int.from_bytes(more, "big")
    if head[1] & 0x80:
        size += 4
    return Frame(head[0] & 0x0F, head + await reader.readexactly(size))


def make_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A frame as a server sends it."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + payload


def header(head: bytes, name: str) -> str:
    """The value of a header; empty if it is not there."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() == name.lower():
            return value.strip()
    return ""


def accept_key(head: bytes) -> str:
    """What a server answers to the key of a handshake."""
    key = header(head, "Sec-WebSocket-Key") + _GUID
    return base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # RFC 6455
