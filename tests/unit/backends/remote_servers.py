"""Servers for tests of remote reads: ours as it is, and ours made to answer as a published one."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from matyan_client.backends.remote import RemoteBackend
from matyan_client.protocol.routes import EXACT
from matyan_client.server.app import create_app
from matyan_client.transports.endpoint import Endpoint

__all__ = ["Asked", "reading", "without_exactness"]


class Asked:
    """Counts requests on their way to an application.

    Attributes:
        paths: those asked for, since `clear`.
        queries: what came behind them.
    """

    def __init__(self, app: Any) -> None:
        self.paths: list[str] = []
        self.queries: list[bytes] = []
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.paths.append(scope["path"])
            self.queries.append(scope["query_string"])
        await self._app(scope, receive, send)


def without_exactness(app: Any) -> Any:
    """An application as a published server would be: it knows nothing of what is ours."""

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            hidden = EXACT.lower().encode()
            headers = [pair for pair in scope["headers"] if pair[0].lower() != hidden]
            path = scope["path"].replace("/objects/get-batch/", "/no-such-route/")
            scope = {**scope, "headers": headers, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return plain


@contextlib.contextmanager
def reading(directory: Path, *, plain: bool) -> Iterator[tuple[RemoteBackend, Asked]]:
    """A remote backend of a directory that is served until the block ends."""
    app: Any = create_app(directory)
    asked = Asked(without_exactness(app) if plain else app)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(asked, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    backend = RemoteBackend(Endpoint(url, url))
    try:
        yield backend, asked
    finally:
        backend.rest()
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
        assert not thread.is_alive()
