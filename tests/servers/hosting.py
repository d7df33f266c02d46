"""One process that serves many repositories, each below a path of its own: run as a script.

    hosting.py            prints its port, serves until its stdin ends
    PUT    /NUMBER/NAME   serve the repository that the body names, below that path
    DELETE /NUMBER/NAME   stop serving it

Every repository has a whole server of its own, as `matyan-client server` starts it, from the first
request to it on; only port and process are shared, since starting a process for each of 500 cases
takes minutes.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import Any

import uvicorn

from matyan_client.server.app import create_app


class Hosted:
    """One served repository: its ASGI application, with its life span held open."""

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self._starting = asyncio.Lock()
        self._app: Any = None
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer, after starting if this is the first request."""
        async with self._starting:
            if self._app is None:
                await self._start()
        await self._app(scope, receive, send)

    async def _start(self) -> None:
        app = create_app(self._repository)
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._life = asyncio.create_task(app(scope, self._to_app.get, self._from_app.put))
        await self._step("startup")
        self._app = app

    async def stop(self) -> None:
        """Have the application end."""
        if self._app is not None:
            await self._step("shutdown")
            await self._life

    async def _step(self, what: str) -> None:
        await self._to_app.put({"type": f"lifespan.{what}"})
        answer = await self._from_app.get()
        if answer["type"] != f"lifespan.{what}.complete":
            raise RuntimeError(f"{what} failed: {answer.get('message')}")


class Host:
    """The ASGI application in front of all of them."""

    def __init__(self) -> None:
        self.hosted: dict[str, Hosted] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            for one in self.hosted.values():
                await one.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
        number, _, path = scope["path"].lstrip("/").partition("/")
        name, slash, rest = path.partition("/")
        token = f"{number}/{name}"
        if not slash:
            await self._manage(token, scope, receive, send)
        elif token in self.hosted:
            # As behind a proxy that takes a prefix off.
            scope = {**scope, "root_path": f"/{token}", "path": f"/{rest}", "raw_path": None}
            await self.hosted[token](scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _answer(send, 404, f"nothing is served at {token!r}")

    async def _manage(self, token: str, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = (await receive())["body"].decode()
        if scope["method"] == "PUT":
            self.hosted[token] = Hosted(body)
        elif scope["method"] == "DELETE" and token in self.hosted:
            await self.hosted.pop(token).stop()
        else:
            await _answer(send, 404, f"cannot {scope['method']} {token!r}")
            return
        await _answer(send, 200, token)


async def _answer(send: Any, status: int, text: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})


def main() -> None:
    """Serve until stdin ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(Host(), log_level="warning", ws_max_size=16 << 20, lifespan="on")
    )

    def until_parent_ends() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=until_parent_ends, daemon=True).start()
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()
