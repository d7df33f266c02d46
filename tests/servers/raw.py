"""A server on a real socket that sends exactly the bytes a test wants, well-formed or not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import BinaryIO

__all__ = ["HANG_UP", "RawServer", "Reply", "answer", "json_answer"]

Reply = bytes | Iterable[bytes | float]
"""What is sent for one request; a float in it is a pause in seconds."""
HANG_UP = -1.0
"""In place of a pause."""


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer. `Content_Length` may be given, to be wrong."""
    fields = {"Content_Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


def json_answer(status: str, text: str, **headers: str) -> bytes:
    """An answer of JSON text."""
    return answer(status, text.encode(), Content_Type="application/json", **headers)


class RawServer:
    """Answers each request with what `reply` says; None hangs up.

    Attributes:
        requests: heads of the requests that came, in order.
        connections: how many there were.
    """

    def __init__(
        self, reply: Callable[[str], Reply | None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self._reply = reply
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """Hang up on everybody."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._accepting.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection, connection.makefile("rb") as incoming:
                while self._answer(connection, incoming):
                    pass

    def _answer(self, connection: socket.socket, incoming: BinaryIO) -> bool:
        lines = []
        for line in incoming:
            if line == b"\r\n":
                break
            lines.append(line.decode("latin-1"))
        if not lines:
            return False
        head = "".join(lines)
        length = next(
            (int(line.split(":")[1]) for line in lines if line.lower().startswith("content-len")),
            0,
        )
        incoming.read(length)
        self.requests.append(head)
        reply = self._reply(head)
        if reply is None:
            return False
        for piece in [reply] if isinstance(reply, bytes) else reply:
            if piece == HANG_UP:
                return False
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                connection.sendall(piece)
        return True
