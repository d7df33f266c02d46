"""A frontier to test sending against: takes what it gets, or misbehaves as it is told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from matyan_client.backends.run_service import RunFacts

__all__ = ["Frontier", "Service", "running"]


class Frontier:
    """Every message by run, in the order it was taken.

    Attributes:
        stored: whether to acknowledge as our server does.
        refuse: says why a message is refused, or nothing.
        on_frame: called with (connection, frame) before anything else; may send, close or wait, and
            returns True if that was all.
        on_request: may answer the request to connect.
    """

    def __init__(self) -> None:
        self.url = ""
        self.taken: dict[str, list[dict[str, Any]]] = {}
        self.connections = 0
        self.stored = True
        self.refuse: Callable[[dict[str, Any]], str | None] = lambda message: None
        self.on_frame: Callable[[ServerConnection, str], Any] | None = None
        self.on_request: Callable[[ServerConnection, Request], Response | None] | None = None

    def of(self, run_hash: str, kind: str) -> list[dict[str, Any]]:
        """Messages of one kind."""
        return [m for m in self.taken.get(run_hash, []) if m["type"] == kind]

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        run_hash = connection.request.path.rpartition("/")[2]
        self.connections += 1
        async for frame in connection:
            text = frame if isinstance(frame, str) else frame.decode()
            if self.on_frame is not None and await self.on_frame(connection, text):
                continue
            error = None
            for message in json.loads(text):
                error = self.refuse(message)
                if error is not None:
                    break
                self.taken.setdefault(run_hash, []).append(message)
            reply = {"status": "ok" if error is None else "error", "error": error}
            if self.stored and error is None:
                reply["stored"] = True
            await connection.send(json.dumps(reply))

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        return None if self.on_request is None else self.on_request(connection, request)


@contextmanager
def running(frontier: Frontier, port: int = 0) -> Iterator[Frontier]:
    """Serve on loopback, from a thread."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        async with serve(
            frontier.handle, "127.0.0.1", port, process_request=frontier.answer, max_size=1 << 24
        ) as server:
            frontier.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield frontier
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


class Service:
    """What else a server is asked, answered from memory."""

    def __init__(self) -> None:
        self.known: dict[str, RunFacts] = {}
        self.asked: list[tuple[str, ...]] = []
        self.uploaded: dict[str, bytes] = {}
        self.may_upload = threading.Event()
        self.may_upload.set()
        self.fail_uploads = 0

    def facts(self, run_hash: str) -> RunFacts | None:
        self.asked.append(("facts", run_hash))
        return self.known.get(run_hash)

    def clear_tombstone(self, run_hash: str) -> None:
        self.asked.append(("clear_tombstone", run_hash))

    def clear_experiment(self, run_hash: str) -> None:
        self.asked.append(("clear_experiment", run_hash))

    def synced(self, run_hash: str) -> float | None:
        self.asked.append(("synced", run_hash))
        return None

    def upload(self, run_hash: str, path: str, content_type: str, file: Path) -> None:
        self.asked.append(("upload", run_hash, path, content_type))
        data = file.read_bytes()
        assert self.may_upload.wait(30)
        if self.fail_uploads:
            self.fail_uploads -= 1
            raise OSError("the storage hung up")
        self.uploaded[f"{run_hash}/{path}"] = data
