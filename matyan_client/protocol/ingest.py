"""One run's conversation with a server over one connection, without the connection.

    queued ──next_frame──► in flight ──reply ok──► acknowledged
      ▲                       │  ├──error, alone──► refused
      └──error in a batch, ───┘  └──"internal publish error"──► queued, the server is in trouble
         disconnected

The n-th reply answers the n-th frame (protocol section 3.3). A server stops at the first message
of a frame that it cannot take, without saying which; so that frame is sent again message by
message, and all that was sent behind it once more after that, which keeps the order of writes.

No socket, thread, clock or sleep in here: who drives this decides when.
"""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from matyan_client.exceptions import CodecError, InvalidInputError
from matyan_client.protocol.routes import ACK_STORED, FRAME_BYTES_MAX, MESSAGE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Acknowledged", "IngestSession", "Refused", "Trouble"]

SERVER_TROUBLE: Final = "internal publish error"
"""An error that is about the server, not about what was sent (3.3)."""
REASON_MAX: Final = 2_000

T = TypeVar("T")


class Acknowledged(NamedTuple, Generic[T]):
    """The server took a frame."""

    tokens: list[T]
    """One for each message of it."""
    stored: bool
    """Whether reads see it now; a real server's word means only that it is on its way."""


class Refused(NamedTuple, Generic[T]):
    """The server does not take this message, which was alone in its frame."""

    token: T
    message: str
    reason: str


class Trouble(NamedTuple):
    """The server cannot take anything for now; what it did not take is queued again."""

    reason: str


class _Frame(Generic[T]):
    __slots__ = ("alone", "entries", "size", "stale")

    def __init__(self, entries: list[tuple[T, str]], size: int, alone: bool) -> None:
        self.entries = entries
        self.size = size
        self.alone = alone
        """Whether its one message is to be sent by itself."""
        self.stale = False
        """Whether its messages are queued again, whatever the reply."""


class IngestSession(Generic[T]):
    """Queues messages, cuts them into frames, keeps a bounded number of these in flight.

    Args:
        frame_messages: most messages of a frame.
        frame_bytes: size from which a frame is full; a longer message is a frame of its own.
        window_frames: most frames in flight.
        window_bytes: size from which no more is put in flight.
    """

    def __init__(
        self,
        *,
        frame_messages: int = 500,
        frame_bytes: int = 256 << 10,
        window_frames: int = 8,
        window_bytes: int = 2 << 20,
    ) -> None:
        self._frame_messages_max = frame_messages
        self._frame_bytes = min(frame_bytes, FRAME_BYTES_MAX)
        self._window_frames_max = window_frames
        self._window_bytes = window_bytes
        self._frame_messages = frame_messages
        self._window_frames = window_frames
        self._alone: deque[tuple[T, str]] = deque()
        """What is to be sent one by one, before anything of the queue."""
        self._queue: deque[tuple[T, str]] = deque()
        self._flight: deque[_Frame[T]] = deque()
        self._flight_bytes = 0
        self.queued_bytes = 0

    @property
    def in_flight(self) -> int:
        """Frames whose reply is to come."""
        return len(self._flight)

    @property
    def idle(self) -> bool:
        """Whether everything is acknowledged or refused."""
        return not (self._flight or self._queue or self._alone)

    def has_next(self) -> bool:
        """Whether `next_frame` has one."""
        return (
            bool(self._alone or self._queue)
            and len(self._flight) < self._window_frames
            and self._flight_bytes < self._window_bytes
        )

    def enqueue(self, token: T, message: str) -> None:
        """Take a message to send.

        Args:
            token: handed back when the message is acknowledged or refused.
            message: one JSON object, ASCII.

        Raises:
            InvalidInputError: it is longer than servers take.
        """
        if len(message) > MESSAGE_BYTES_MAX:
            raise InvalidInputError(
                f"A message of {len(message)} bytes is longer than servers take "
                f"({MESSAGE_BYTES_MAX} bytes): {message[:200]}…"
            )
        self._queue.append((token, message))
        self.queued_bytes += len(message)

    def next_frame(self) -> str | None:
        """The next frame to send now, as text; None if the window is full or nothing waits."""
        if not self.has_next():
            return None
        if self._alone:
            entry = self._alone.popleft()
            entries, size, alone = [entry], len(entry[1]), True
        else:
            entries, size = self._cut()
            alone = False
        self.queued_bytes -= size
        self._flight.append(_Frame(entries, size, alone))
        self._flight_bytes += size
        return f"[{','.join([message for _, message in entries])}]"

    def _cut(self) -> tuple[list[tuple[T, str]], int]:
        entries: list[tuple[T, str]] = []
        size = 0
        queue = self._queue
        while queue and len(entries) < self._frame_messages:
            length = len(queue[0][1])
            if entries and size + length > self._frame_bytes:
                break
            entries.append(queue.popleft())
            size += length
        return entries, size

    def reply_received(self, text: str | bytes) -> Acknowledged[T] | Refused[T] | Trouble | None:
        """What a reply says; None if it only says what is known.

        Raises:
            CodecError: it is no acknowledgement, or nothing was to be acknowledged. The connection
                is of no use any more.
        """
        reply = _parse(text)
        if not self._flight:
            raise CodecError(f"A reply that answers nothing: {text[:100]!r}.")
        frame = self._flight.popleft()
        self._flight_bytes -= frame.size
        if frame.stale:
            return None
        if reply["status"] == "ok":
            if frame.entries:
                self._frame_messages = min(self._frame_messages * 2, self._frame_messages_max)
                self._window_frames = min(self._window_frames + 1, self._window_frames_max)
            return Acknowledged(
                [token for token, _ in frame.entries], reply.get(ACK_STORED) is True
            )
        reason = str(reply.get("error"))[:REASON_MAX]
        if reason != SERVER_TROUBLE and len(frame.entries) == 1:
            token, message = frame.entries[0]
            return Refused(token, message, reason)
        self._again(frame.entries)
        return Trouble(reason) if reason == SERVER_TROUBLE else None

    def _again(self, entries: list[tuple[T, str]]) -> None:
        """Queue `entries` one by one, and behind them what is in flight."""
        frames = [frame for frame in self._flight if not frame.stale]
        for frame in frames:
            frame.stale = True
        self._requeue(frames)
        self._alone.extendleft(reversed(entries))
        self.queued_bytes += sum(len(message) for _, message in entries)

    def _requeue(self, frames: Iterable[_Frame[T]]) -> None:
        frames = list(frames)
        for frame in reversed(frames):
            (self._alone if frame.alone else self._queue).extendleft(reversed(frame.entries))
            self.queued_bytes += frame.size

    def disconnected(self, *, too_slow: bool = False) -> None:
        """The connection is gone: queue everything unacknowledged again, in order.

        Args:
            too_slow: it was given up because replies did not come in time. Frames become smaller
                then, so that the next attempt gets somewhere, and grow again with every reply.
        """
        frames = [frame for frame in self._flight if not frame.stale]
        self._flight.clear()
        self._flight_bytes = 0
        self._requeue(frames)
        if too_slow:
            self._frame_messages = max(1, self._frame_messages // 10)
            self._window_frames = 1

    def probe(self) -> str:
        """A frame without messages, to be sent now: it tells whether the server answers at all."""
        self._flight.append(_Frame([], 0, False))
        return "[]"

    def one_at_a_time(self) -> None:
        """Have one frame in flight, so that what breaks a connection costs one reply at most."""
        self._window_frames = 1

    def careful(self) -> None:
        """Send the message that waits longest by itself and nothing beside it."""
        self._frame_messages = 1
        self._window_frames = 1

    def give_up_head(self) -> tuple[T, str]:
        """Take out the message that waits longest; nothing may be in flight."""
        queue = self._alone or self._queue
        entry = queue.popleft()
        self.queued_bytes -= len(entry[1])
        return entry


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise CodecError(f"A reply that is not JSON: {text[:100]!r}.") from exc
    if not isinstance(reply, dict) or reply.get("status") not in ("ok", "error"):
        raise CodecError(f"A reply that is no acknowledgement: {text[:100]!r}.")
    return reply
