"""WebSocket ingestion (protocol section 3): frames in, replies out, everything stored in between.

Connections only read and write sockets. One thread takes the frames of all of them in the order
they came, and stores what has piled up in one transaction; then their replies go out. So the more
there is to do, the less a frame costs, and SQLite never holds up the event loop.

A frame whose storing fails for a reason that is not its own is not answered: its connection is
closed, and the client sends it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketDisconnect

from matyan_client.exceptions import MatyanError, RepoAccessError
from matyan_client.protocol.routes import ACK_STORED
from matyan_client.server.frames import Collector, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from starlette.websockets import WebSocket

    from matyan_client.backends.embedded import EmbeddedBackend
    from matyan_client.protocol.batches import Batch
    from matyan_client.server.context import Limits

    _Answer: TypeAlias = "tuple[_Frame, str | None, int | None]"
    """A frame that is done with, its reply, and the code to close its connection with."""

__all__ = ["Ingestion"]

DURABLE_EVERY_S = 1.0
GROUP_BYTES = 8 << 20
"""About how much is stored in one transaction."""
RETRY_S = 8.0
"""How long storing is tried again before clients are told to come back; they wait 15 s."""

_NORMAL, _RESTART, _TRY_AGAIN = 1000, 1012, 1013

log = logging.getLogger("matyan_client.server")

_STORED = json.dumps({"status": "ok", "error": None, ACK_STORED: True})
_TAKEN = json.dumps({"status": "ok", "error": None})


class _Frame:
    __slots__ = ("connection", "text")

    def __init__(self, connection: _Connection, text: str | None) -> None:
        self.connection = connection
        self.text = text
        """None for a binary message."""

    @property
    def size(self) -> int:
        return len(self.text or "")


class _Connection:
    """One socket: replies that are due, and what it has outstanding."""

    def __init__(self, run_hash: str, loop: asyncio.AbstractEventLoop) -> None:
        self.run_hash = run_hash
        self.loop = loop
        self.replies: deque[str] = deque()
        self.close_code: int | None = None
        """Set when no more replies will come."""
        self.pending = 0
        self.ended = False
        """Set by the storing thread: what still comes of it is not to be looked at."""
        self.reader: asyncio.Task[None] | None = None
        self.changed = asyncio.Event()


class Ingestion:
    """Takes connections, and stores what they send.

    Args:
        backend: where it goes.
        limits: how much may be outstanding.
    """

    def __init__(self, backend: EmbeddedBackend, limits: Limits) -> None:
        self.accepting = True
        self._backend = backend
        self._limits = limits
        self._connections: set[_Connection] = set()
        self._pending_bytes = 0
        self._room = asyncio.Event()
        self._queue: deque[_Frame] = deque()
        self._queued = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._dirty = False
        self._last_durable = 0.0
        self._counts = {"frames": 0, "messages": 0, "refused_frames": 0}

    def close(self) -> None:
        """Store what was taken, make it durable, and end the thread. Blocks."""
        with self._queued:
            thread, self._thread = self._thread, None
            self._stopping = True
            self._queued.notify()
        if thread is not None:
            thread.join()

    # -- on the event loop ----------------------------------------------------------------------

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        if not self.accepting:
            await socket.send_denial_response(PlainTextResponse("The server is stopping.", 503))
            return
        await socket.accept()
        connection = _Connection(socket.path_params["run_hash"], asyncio.get_running_loop())
        self._connections.add(connection)
        connection.reader = asyncio.create_task(self._read(socket, connection))
        try:
            await self._reply(socket, connection)
        finally:
            connection.reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connection.reader
            self._connections.discard(connection)

    async def drain(self, timeout_s: float) -> None:
        """Take nothing more; return when what was taken is stored and answered, sockets closed."""
        self.accepting = False
        for connection in self._connections:
            if connection.reader is not None:
                connection.reader.cancel()
        deadline = time.monotonic() + timeout_s
        while self._connections and time.monotonic() < deadline:
            for connection in self._connections:
                if not connection.pending and connection.close_code is None:
                    connection.close_code = _RESTART
                    connection.changed.set()
            await asyncio.sleep(0.02)

    def numbers(self) -> Iterable[tuple[str, str, int]]:
        """(name, kind, value) of what is worth watching."""
        for name, count in self._counts.items():
            yield f"ingestion_{name}_total", "counter", count
        yield "ingestion_connections", "gauge", len(self._connections)
        yield "ingestion_pending_bytes", "gauge", self._pending_bytes

    async def _read(self, socket: WebSocket, connection: _Connection) -> None:
        try:
            while True:
                message = await socket.receive()
                if message["type"] != "websocket.receive":
                    break
                frame = _Frame(connection, message.get("text"))
                await self._make_room(connection, frame.size)
                self._submit(frame)
        finally:
            connection.changed.set()

    async def _make_room(self, connection: _Connection, size: int) -> None:
        while (
            self._pending_bytes and self._pending_bytes + size > self._limits.pending_bytes
        ) or connection.pending >= self._limits.pending_frames:
            self._room.clear()
            await self._room.wait()

    def _submit(self, frame: _Frame) -> None:
        frame.connection.pending += 1
        self._pending_bytes += frame.size
        with self._queued:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="matyan-ingestion", daemon=True
                )
                self._thread.start()
            self._queue.append(frame)
            self._queued.notify()

    async def _reply(self, socket: WebSocket, connection: _Connection) -> None:
        reader = connection.reader
        assert reader is not None
        try:
            while True:
                await connection.changed.wait()
                connection.changed.clear()
                while connection.replies:
                    text = connection.replies.popleft()
                    await asyncio.wait_for(socket.send_text(text), self._limits.idle_s)
                if connection.close_code is not None:
                    await socket.close(connection.close_code)
                    return
                if reader.done() and not reader.cancelled():
                    return
        except (WebSocketDisconnect, RuntimeError, OSError, asyncio.TimeoutError):
            return  # gone, or deaf; what it sent is stored all the same

    def _settled(self, done: list[_Answer]) -> None:
        """Take answers from the storing thread."""
        for frame, reply, code in done:
            connection = frame.connection
            connection.pending -= 1
            self._pending_bytes -= frame.size
            if connection.close_code is None:
                if reply is not None:
                    connection.replies.append(reply)
                connection.close_code = code
            connection.changed.set()
        self._room.set()

    # -- in the storing thread ------------------------------------------------------------------

    def _run(self) -> None:
        stopping = False
        while not stopping:
            with self._queued:
                if not self._queue and not self._stopping:
                    self._queued.wait(self._until_durable() if self._dirty else None)
                frames = self._take()
                stopping = self._stopping and not self._queue
            if frames:
                self._store(frames)
            if self._dirty and (stopping or not self._until_durable()):
                self._make_durable()

    def _until_durable(self) -> float:
        return max(0.0, self._last_durable + DURABLE_EVERY_S - time.monotonic())

    def _take(self) -> list[_Frame]:
        frames, size = [], 0
        while self._queue and size < GROUP_BYTES:
            frame = self._queue.popleft()
            size += frame.size
            frames.append(frame)
        return frames

    def _store(self, frames: list[_Frame]) -> None:
        """Store frames and have them answered, whatever happens."""
        try:
            answers = self._answers(frames)
        except MatyanError as exc:
            log.error("%d frames could not be stored and will come again: %s", len(frames), exc)
            for frame in frames:
                frame.connection.ended = True
            answers = [(frame, None, _TRY_AGAIN) for frame in frames]
        except Exception:
            if len(frames) > 1:
                for frame in frames:
                    self._store([frame])
                return
            log.exception("A frame of run %s was left out.", frames[0].connection.run_hash)
            answers = [(frames[0], _refusal("internal error"), None)]
        self._counts["frames"] += len(frames)
        # The loop is gone only when nobody waits for replies any more.
        with contextlib.suppress(RuntimeError):
            frames[0].connection.loop.call_soon_threadsafe(self._settled, answers)

    def _answers(self, frames: list[_Frame]) -> list[_Answer]:
        collector = Collector()
        verdicts: list[tuple[_Frame, Verdict | None]] = []
        closing: set[_Connection] = set()
        for frame in frames:
            connection = frame.connection
            if connection.ended or connection in closing:
                verdicts.append((frame, None))
                continue
            if frame.text is None:
                verdict = Verdict([], closes=True)
            else:
                verdict = collector.add(connection.run_hash, frame.text)
            if verdict.closes:
                closing.add(connection)
            verdicts.append((frame, verdict))
        left_out = self._apply(collector.batches) if collector.batches else set()
        self._counts["messages"] += collector.messages
        for connection in closing:
            connection.ended = True
        return [self._answer(frame, verdict, left_out) for frame, verdict in verdicts]

    def _answer(self, frame: _Frame, verdict: Verdict | None, left_out: set[int]) -> _Answer:
        if verdict is None:
            return frame, None, None
        if verdict.closes:
            return frame, None, _NORMAL
        if verdict.error is not None:
            self._counts["refused_frames"] += 1
            return frame, _refusal(verdict.error), None
        whole = verdict.storable and not any(id(batch) in left_out for batch in verdict.batches)
        return frame, _STORED if whole else _TAKEN, None

    def _apply(self, batches: list[Batch]) -> set[int]:
        """Apply batches; returns the ids of those that could not be stored as a whole."""
        deadline = time.monotonic() + RETRY_S
        pause_s = 0.05
        while True:
            try:
                refused = self._backend.receive(batches)
                break
            except RepoAccessError:
                if time.monotonic() + pause_s > deadline:
                    raise
                time.sleep(pause_s)
                pause_s *= 2
        if not self._dirty:
            self._dirty = True
            self._last_durable = time.monotonic()
        return {id(batch) for batch, count in zip(batches, refused, strict=True) if count}

    def _make_durable(self) -> None:
        self._last_durable = time.monotonic()
        try:
            self._backend.make_durable()
        except MatyanError as exc:
            log.error("What was stored could not be made durable, and will be tried again: %s", exc)
        else:
            self._dirty = False


def _refusal(error: str) -> str:
    return json.dumps({"status": "error", "error": error})
