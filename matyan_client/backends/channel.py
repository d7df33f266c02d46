"""One connection's share of a run: what is queued for it, and the conversation over it.

`lane.py` decides what is queued, `shipping_loop.py` when there is a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from matyan_client.config import Settings
from matyan_client.exceptions import (
    CodecError,
    MatyanError,
    ServerFailedError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.ingest import Acknowledged, IngestSession, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from matyan_client.backends.lane import Lane
    from matyan_client.backends.shipped_segments import Stretch, SyncPoint
    from matyan_client.transports.websocket import Link

__all__ = ["Channel"]

IDLE_S = 3.0
"""A connection without anything to send is closed after this."""
ONE_AT_A_TIME_AFTER = 1
CAREFUL_AFTER = 4
"""After so many attempts in a row that got nothing through, messages are sent one by one."""
CLOSED_OVER_MAX = 3
"""A message over which the server closed the connection so often is given up."""
_DELIBERATE = frozenset({1000, 1002, 1003, 1007, 1008, 1009, 1011})
"""Close codes that can mean that the server cannot live with what it was sent."""


class Channel:
    """See above.

    Attributes:
        session: what is queued and in flight.
        task: the conversation that goes on, if there is one.
        wake: set when there may be something new to send.
        failures: attempts in a row that got nothing through.
        retry_at: when the next attempt may be made, on the monotonic clock.
        served_at: when the last conversation ended.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.session: IngestSession[Stretch | SyncPoint] = IngestSession()
        self.task: asyncio.Task[None] | None = None
        self.wake = asyncio.Event()
        self.failures = 0
        self.retry_at = 0.0
        self.served_at = 0.0
        self._answered = False
        """Whether the server answered anything over this connection."""
        self._closed_over = 0
        self._proven = False
        """Whether the server took something since a message was given up."""

    def has_work(self) -> bool:
        """Whether it needs a connection."""
        return self.lane.has_work(self)

    async def converse(
        self,
        link: Link,
        leave: Callable[[float], bool],
        progressed: Callable[[], None],
    ) -> None:
        """Send what there is over an open connection until there is nothing for a while.

        Args:
            link: the connection.
            leave: whether to stop after so many seconds, once what was sent is acknowledged.
            progressed: called when the server took something.

        Raises:
            ServerError: the connection is of no use any more.
        """
        session, lane = self.session, self.lane
        timeout_s = Settings.from_environment().ack_timeout_s
        self._answered = False
        if self.failures >= ONE_AT_A_TIME_AFTER:
            session.one_at_a_time()
        if self.failures >= CAREFUL_AFTER:
            session.careful()
            await link.send(session.probe())
        started = heard = time.monotonic()
        reply = asyncio.create_task(link.receive())
        try:
            while True:
                leaving = leave(time.monotonic() - started)
                if not leaving:
                    await lane.fill()
                    if not session.in_flight:
                        heard = time.monotonic()
                    while (frame := session.next_frame()) is not None:
                        await link.send(frame)
                        await lane.fill()
                self.wake.clear()
                busy = session.in_flight > 0
                if not busy:
                    if leaving or leave(0.0):
                        return
                    if session.has_next():
                        continue
                wait_s = heard + timeout_s - time.monotonic() if busy else IDLE_S
                called = await self._wait(reply, wait_s)
                if reply.done():
                    if reply.exception() is not None and session.idle:
                        return  # servers do not keep idle connections
                    heard = time.monotonic()
                    self._take(reply.result(), link.url, progressed)
                    reply = asyncio.create_task(link.receive())
                elif busy and time.monotonic() - heard >= timeout_s:
                    session.disconnected(too_slow=True)
                    raise ServerUnreachableError(
                        f"{link.url} has acknowledged nothing for {timeout_s:g} s.", url=link.url
                    )
                elif not busy and not called and session.idle:
                    return
        finally:
            reply.cancel()
            with contextlib.suppress(asyncio.CancelledError, MatyanError):
                await reply
            session.disconnected()

    async def _wait(self, reply: asyncio.Task[str | bytes], timeout_s: float) -> bool:
        """Wait for a reply or to be woken; returns whether it was woken."""
        woken = asyncio.create_task(self.wake.wait())
        try:
            await asyncio.wait(
                {reply, woken},
                timeout=max(0.0, timeout_s),
                return_when=asyncio.FIRST_COMPLETED,
            )
            return woken.done()
        finally:
            woken.cancel()

    def _take(self, text: str | bytes, url: str, progressed: Callable[[], None]) -> None:
        try:
            event = self.session.reply_received(text)
        except CodecError as exc:
            raise UnexpectedAnswerError(
                f"{url} does not answer as a Matyan frontier does. {exc}", url=url
            ) from exc
        self._answered = True
        if isinstance(event, Trouble):
            raise ServerFailedError(f"{url} cannot take data: {event.reason}.", url=url)
        if event is None or (isinstance(event, Acknowledged) and not event.tokens):
            return
        if isinstance(event, Acknowledged):
            self._proven = True
        self.failures = self._closed_over = 0
        self.retry_at = 0.0
        progressed()
        self.lane.take(event)

    def failed(self, exc: BaseException) -> None:
        """Keep count of an attempt that ended in trouble.

        A message that makes the server close the connection again and again, just after it
        answered something else, would keep back all that follows: it is set aside.
        """
        self.failures += 1
        code = getattr(exc, "close_code", None)
        if not self._answered or code not in _DELIBERATE or self.failures <= CAREFUL_AFTER:
            return
        self._closed_over += 1
        if self._closed_over >= CLOSED_OVER_MAX and self._proven and not self.session.idle:
            self._closed_over = 0
            self._proven = False
            self.lane.give_up_head(self, f"the server closes the connection over it (code {code})")
