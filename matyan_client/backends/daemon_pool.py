"""Threads for blocking calls of an event loop that may outlive the interpreter's own pools.

The executors of the standard library end before exit handlers run, and exit waits for their
threads. The last data of a process is sent by exit handlers, and a server that hangs must not keep
the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DaemonPool"]


class DaemonPool:
    """A few daemon threads, started at once: none can be started any more during shutdown."""

    def __init__(self, threads: int, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = threads
        for number in range(threads):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in one of the threads and wait for its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def call() -> None:
            result, error = None, None
            try:
                result = function(*args)
            except BaseException as exc:  # noqa: BLE001 - handed to whoever awaits it
                error = exc
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(settle, result, error)

        self._calls.put(call)
        return await future

    def stop(self) -> None:
        """Let the threads go when they are done."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
