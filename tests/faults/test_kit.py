"""The kit alone: its faults do what they say, so that a test that survives them says something."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest
from chaos.proxy import (
    Chaos,
    CutBeforeReply,
    CutMidFrame,
    Delay,
    Dribble,
    DropReplies,
    Fault,
    Hang,
    Proxy,
    Refuse,
    ReorderReplies,
    RepeatFrames,
    Throttle,
)
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException


class Echo:
    """Answers every frame with its text, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()))

    async def _echo(self, connection: ServerConnection) -> None:
        with contextlib.suppress(WebSocketException):
            async for message in connection:
                self.got.append(str(message))
                await connection.send(message)

    async def _run(self) -> None:
        async with serve(self._echo, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> Echo:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server


def websocket_url(url: str) -> str:
    return "ws" + url.removeprefix("http")


def talk(url: str, count: int = 6) -> tuple[list[str], str]:
    """Send so many frames at once; the replies, and how it ended."""

    async def talking() -> tuple[list[str], str]:
        replies: list[str] = []
        try:
            async with connect(websocket_url(url), proxy=None, open_timeout=2) as connection:
                for number in range(count):
                    await connection.send(f"{number}" * 50)
                while len(replies) < count:
                    reply = await asyncio.wait_for(connection.recv(), 2)
                    replies.append(str(reply)[0])
        except (TimeoutError, asyncio.TimeoutError):
            return replies, "silence"
        except (OSError, WebSocketException, EOFError):
            return replies, "cut"
        return replies, "whole"

    return asyncio.run(talking())


WHOLE = ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("fault", "replies", "ending", "received"),
    [
        (Fault(), WHOLE, "whole", 6),
        (CutMidFrame(3), ["0", "1"], "cut", 2),
        (CutBeforeReply(3), ["0", "1"], "cut", None),
        (Delay(0.01), WHOLE, "whole", 6),
        (RepeatFrames(), WHOLE, "whole", 12),
        (ReorderReplies(), ["1", "0", "3", "2", "5", "4"], "whole", 6),
        (DropReplies(2), ["2", "3", "4", "5"], "silence", 6),
        (Hang(1), [], "silence", 0),
        (Refuse(1), [], "cut", 0),
        (Dribble(0.0001), WHOLE, "whole", 6),
        (Throttle(5000), WHOLE, "whole", 6),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, Fault) else "",
)
def test_a_fault_does_what_it_says(
    echo: Echo, fault: Fault, replies: list[str], ending: str, received: int | None
) -> None:
    proxy = Proxy(echo.url)
    proxy.start()
    try:
        proxy.fault = fault
        found, how = talk(proxy.url)
        if ending == "cut":
            # What was on its way when it was cut may be gone as well.
            assert found == replies[: len(found)]
            assert received is None or len(echo.got) <= received
        else:
            assert found == replies
            assert len(echo.got) == received
        assert how == ending
        assert type(fault) is Fault or fault.struck > 0
        proxy.fault = Fault()
        proxy.restart()
        assert talk(proxy.url) == (WHOLE, "whole")
        proxy.down()
        assert talk(proxy.url) == ([], "cut")
    finally:
        proxy.stop()


def test_chaos_is_the_same_for_a_seed() -> None:
    first, again, other = ([it._strikes() for _ in range(200)] for it in map(Chaos, (1, 1, 2)))
    assert first == again != other
    assert any(first)
