"""A proxy on loopback that breaks what goes through it.

Plain HTTP passes as bytes. Of a WebSocket it knows the frames, so that a fault can strike at a
moment that matters: in the middle of a frame, or when the server has a frame and the client has no
reply. A `Fault` decides what happens; put another one into `Proxy.fault` at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from urllib.parse import urlsplit

from chaos.frames import Frame, header, read_frame
from chaos.loop import LoopServer

__all__ = [
    "Chaos",
    "CutBeforeReply",
    "CutMidFrame",
    "Delay",
    "Dribble",
    "DropReplies",
    "Fault",
    "Hang",
    "Proxy",
    "Refuse",
    "ReorderReplies",
    "RepeatFrames",
    "Throttle",
]

HEAD_END = b"\r\n\r\n"


class Link:
    """One connection through the proxy."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client = client
        self._server = server
        self.frames = 0
        """Data frames from the client so far."""
        self.replies = 0
        """Data frames from the server so far."""

    async def to_server(self, data: bytes) -> None:
        self._server.write(data)
        await self._server.drain()

    async def to_client(self, data: bytes) -> None:
        self._client.write(data)
        await self._client.drain()

    def cut(self) -> None:
        """Reset both sides."""
        self._client.transport.abort()
        self._server.transport.abort()


class Fault:
    """What happens to what passes. This one: nothing."""

    def __init__(self) -> None:
        self.struck = 0
        """How often it did something."""

    async def connecting(self) -> bool:
        """Whether a connection is let in."""
        return True

    async def frame(self, link: Link, frame: Frame) -> None:
        """A data frame from the client; `link.frames` is its number, from 1."""
        await link.to_server(frame.raw)

    async def reply(self, link: Link, frame: Frame) -> None:
        """A data frame from the server; `link.replies` is its number, from 1."""
        await link.to_client(frame.raw)

    async def data(self, link: Link, data: bytes, *, up: bool) -> None:
        """Bytes of plain HTTP, or of a handshake."""
        await (link.to_server(data) if up else link.to_client(data))


class CutMidFrame(Fault):
    """Every n-th frame is cut in its middle, and the connection with it."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every
        self.seen = 0

    async def frame(self, link: Link, frame: Frame) -> None:
        self.seen += 1
        if self.seen % self.every:
            await link.to_server(frame.raw)
            return
        self.struck += 1
        await link.to_server(frame.raw[: len(frame.raw) // 2])
        link.cut()


class CutBeforeReply(Fault):
    """The server gets every n-th frame and answers it, but the client never learns."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every = every
        self.seen = 0

    async def reply(self, link: Link, frame: Frame) -> None:
        self.seen += 1
        if self.seen % self.every:
            await link.to_client(frame.raw)
            return
        self.struck += 1
        link.cut()


class Delay(Fault):
    """Everything arrives late."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def frame(self, link: Link, frame: Frame) -> None:
        self.struck += 1
        await asyncio.sleep(self.seconds)
        await link.to_server(frame.raw)

    async def reply(self, link: Link, frame: Frame) -> None:
        await asyncio.sleep(self.seconds)
        await link.to_client(frame.raw)

    async def data(self, link: Link, data: bytes, *, up: bool) -> None:
        await asyncio.sleep(self.seconds)
        await super().data(link, data, up=up)


class RepeatFrames(Fault):
    """The server gets every frame twice; the client gets one reply for it."""

    async def frame(self, link: Link, frame: Frame) -> None:
        self.struck += 1
        await link.to_server(frame.raw + frame.raw)

    async def reply(self, link: Link, frame: Frame) -> None:
        if link.replies % 2 == 0:
            await link.to_client(frame.raw)


class ReorderReplies(Fault):
    """Replies come in pairs, the later one first; a single one comes late."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[Link, bytes] = {}

    async def reply(self, link: Link, frame: Frame) -> None:
        held = self._held.pop(link, None)
        if held is not None:
            self.struck += 1
            await link.to_client(frame.raw + held)
            return
        self._held[link] = frame.raw
        asyncio.get_running_loop().call_later(0.3, self._let_go, link)

    def _let_go(self, link: Link) -> None:
        held = self._held.pop(link, None)
        if held is not None:
            with contextlib.suppress(OSError):
                link._client.write(held)


class DropReplies(Fault):
    """The first replies are swallowed; the connection stays."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def reply(self, link: Link, frame: Frame) -> None:
        if self.struck < self.times:
            self.struck += 1
            return
        await link.to_client(frame.raw)


class Hang(Fault):
    """The first connections are let in, and then nothing passes in either direction."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self._hung: set[Link] = set()

    def _hangs(self, link: Link) -> bool:
        if link not in self._hung and len(self._hung) < self.times:
            self._hung.add(link)
            self.struck += 1
        return link in self._hung

    async def frame(self, link: Link, frame: Frame) -> None:
        if not self._hangs(link):
            await link.to_server(frame.raw)

    async def data(self, link: Link, data: bytes, *, up: bool) -> None:
        if not self._hangs(link):
            await super().data(link, data, up=up)


class Refuse(Fault):
    """The first connections are reset at once."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def connecting(self) -> bool:
        if self.struck < self.times:
            self.struck += 1
            return False
        return True


class Dribble(Fault):
    """The client gets what it gets a byte at a time."""

    def __init__(self, seconds: float = 0.001) -> None:
        super().__init__()
        self.seconds = seconds

    async def _drip(self, link: Link, data: bytes) -> None:
        self.struck += 1
        for at in range(len(data)):
            await link.to_client(data[at : at + 1])
            await asyncio.sleep(self.seconds)

    async def reply(self, link: Link, frame: Frame) -> None:
        await self._drip(link, frame.raw)

    async def data(self, link: Link, data: bytes, *, up: bool) -> None:
        if up or len(data) > 2000:
            await super().data(link, data, up=up)
        else:
            await self._drip(link, data)


class Throttle(Fault):
    """So many bytes a second from the client, in small pieces."""

    def __init__(self, bytes_per_s: int) -> None:
        super().__init__()
        self.bytes_per_s = bytes_per_s

    async def frame(self, link: Link, frame: Frame) -> None:
        self.struck += 1
        piece = max(self.bytes_per_s // 20, 1)
        for at in range(0, len(frame.raw), piece):
            await link.to_server(frame.raw[at : at + piece])
            await asyncio.sleep(0.05)


class Chaos(Fault):
    """Anything of the above, by a seed."""

    def __init__(self, seed: int, share: float = 0.1) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self.share = share

    def _strikes(self) -> bool:
        strikes = self._random.random() < self.share
        self.struck += strikes
        return strikes

    async def connecting(self) -> bool:
        return not self._strikes()

    async def frame(self, link: Link, frame: Frame) -> None:
        if not self._strikes():
            await link.to_server(frame.raw)
            return
        what = self._random.randrange(4)
        if what == 0:
            await link.to_server(frame.raw[: self._random.randrange(len(frame.raw))])
            link.cut()
        elif what == 1:
            link.cut()
        elif what == 2:
            await link.to_server(frame.raw)
            link.cut()
        else:
            await asyncio.sleep(self._random.random() * 0.2)
            await link.to_server(frame.raw)

    async def reply(self, link: Link, frame: Frame) -> None:
        if not self._strikes():
            await link.to_client(frame.raw)
            return
        what = self._random.randrange(3)
        if what == 0:
            await link.to_client(frame.raw[: self._random.randrange(len(frame.raw))])
            link.cut()
        elif what == 1:
            link.cut()
        else:
            await asyncio.sleep(self._random.random() * 0.2)
            await link.to_client(frame.raw)

    async def data(self, link: Link, data: bytes, *, up: bool) -> None:
        if self._strikes():
            await (link.to_server if up else link.to_client)(data[: len(data) // 2])
            link.cut()
            return
        await super().data(link, data, up=up)


class Proxy(LoopServer):
    """Stands before one server.

    Attributes:
        url: where clients go.
        fault: what happens to what passes.
        frames: data frames that clients sent.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__()
        parts = urlsplit(upstream)
        assert parts.hostname is not None
        assert parts.port is not None
        self._upstream = (parts.hostname, parts.port)
        self.fault = Fault()
        self.frames = 0

    def at(self, url: str) -> None:
        """Take over the address of something that is gone; before `start`."""
        port = urlsplit(url).port
        assert port is not None
        self.port, self.url = port, url

    def restart(self) -> None:
        """Cut every connection, be away for a moment, listen again."""
        self.down()
        self.listen()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self.fault.connecting():
            writer.transport.abort()
            return
        upstream_reader, upstream_writer = await asyncio.open_connection(
            *self._upstream, limit=1 << 22
        )
        link = Link(writer, upstream_writer)
        try:
            head = await reader.readuntil(HEAD_END)
            # Without compression a frame means the same wherever it comes.
            head = re.sub(rb"(?im)^Sec-WebSocket-Extensions:.*\r\n", b"", head)
            await self.fault.data(link, head, up=True)
            if header(head, "Upgrade").lower() == "websocket":
                answer = await upstream_reader.readuntil(HEAD_END)
                await self.fault.data(link, answer, up=False)
                both = (
                    self._frames_up(link, reader),
                    self._frames_down(link, upstream_reader),
                )
            else:
                both = (
                    self._bytes(link, reader, up=True),
                    self._bytes(link, upstream_reader, up=False),
                )
            await self._either(both)
        finally:
            upstream_writer.transport.abort()

    async def _either(self, both: tuple[object, ...]) -> None:
        """Until one direction is over."""
        tasks = [asyncio.ensure_future(one) for one in both]  # type: ignore[call-overload]  # coroutines
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _frames_up(self, link: Link, reader: asyncio.StreamReader) -> None:
        while True:
            frame = await read_frame(reader)
            if frame.is_data:
                link.frames += 1
                self.frames += 1
                await self.fault.frame(link, frame)
            else:
                await link.to_server(frame.raw)

    async def _frames_down(self, link: Link, reader: asyncio.StreamReader) -> None:
        while True:
            frame = await read_frame(reader)
            if frame.is_data:
                link.replies += 1
                await self.fault.reply(link, frame)
            else:
                await link.to_client(frame.raw)

    async def _bytes(self, link: Link, reader: asyncio.StreamReader, *, up: bool) -> None:
        while data := await reader.read(1 << 16):
            await self.fault.data(link, data, up=up)
        # Half-closed by one side: the other may still be answering.
        await asyncio.sleep(1.0)
