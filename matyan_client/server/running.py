"""Runs the application: the socket, signals, and an end at which nothing is left half done."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from matyan_client.exceptions import InvalidInputError, RepoAccessError
from matyan_client.server.guard import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.applications import Starlette

    from matyan_client.server.context import Limits

__all__ = ["bind", "check_exposure", "serve", "server_for"]

_HEADERS_S = 10.0
"""How long a connection may take to send a request's headers."""
_DRAIN_S = 20.0
"""How long frames that came before the end may take to be stored."""
_LINGER_S = 10.0
"""How long a client whose message is refused may go on sending it."""
_QUIET_S = 0.5
"""How long such a client is silent when it has noticed."""
_BACKLOG = 512


def check_exposure(host: str, token: str | None, *, insecure: bool) -> None:
    """See to it that others reach the server only if they need a token.

    Raises:
        InvalidInputError: `host` can be reached from elsewhere, and there is no token.
    """
    if token is None and not insecure and not is_loopback(host):
        raise InvalidInputError(
            f"Whoever reaches {host} could read and delete all runs: set a token with --token or "
            "MATYAN_SERVER_TOKEN, or say --insecure-no-token if something else keeps them out."
        )


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        RepoAccessError: the address cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise RepoAccessError(f"{host!r} is no address to serve at: {exc}.") from exc
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where REUSEADDR means stealing
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as exc:
        listener.close()
        reason = (
            "another program uses this port; choose one with --port, or 0 for any that is free"
            if exc.errno == errno.EADDRINUSE
            else exc.strerror or str(exc)
        )
        raise RepoAccessError(f"Cannot serve at {host}:{port}: {reason}.") from exc
    return listener


def serve(
    app: Starlette, listener: socket.socket, limits: Limits, *, ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        app: what `create_app` made.
        listener: what `bind` made; closed at the end.
        limits: what one client may ask of the server.
        ready: called when requests are taken.
    """
    _raise_descriptor_limit(limits.connections)
    asyncio.run(server_for(app, limits, ready=ready).serve(sockets=[listener]))


def server_for(app: Starlette, limits: Limits, *, ready: Callable[[], None]) -> uvicorn.Server:
    """The server that `serve` runs; its `should_exit` ends it."""
    config = uvicorn.Config(
        app,
        http=_protocol(limits),
        ws=_Socket,
        ws_max_size=limits.frame_bytes,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(_DRAIN_S),
    )
    return _Server(config, app, ready)


class _Server(uvicorn.Server):
    """Stores and answers what came before sockets are closed; a signal ends it in peace."""

    def __init__(self, config: uvicorn.Config, app: Starlette, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._app.state.ingestion.drain(_DRAIN_S)
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not super's, which would raise the signal once more at the end.
        self.force_exit = self.should_exit
        self.should_exit = True


class _Socket(WebSocketsSansIOProtocol):
    """Reads away what still comes of a message that is too long, so that the client, which is
    busy sending it, gets to see why the connection ends. Takes an HTTP answer for one."""

    _refused_at: float | None = None

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        if self._refused_at is None:
            super().data_received(data)
        elif self.loop.time() < self._refused_at + _LINGER_S and self.close_timer is not None:
            self.close_timer.cancel()
            self._close_soon()

    def handle_parser_exception(self) -> None:
        closed = self.conn.close_sent
        assert closed is not None
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._refused_at = self.loop.time()
        self.transport.resume_reading()
        self._close_soon()

    def _close_soon(self) -> None:
        self.close_timer = self.loop.call_later(_QUIET_S, self.transport.close)


def _protocol(limits: Limits) -> type[H11Protocol]:
    class Guarded(H11Protocol):
        """Closes connections beyond the limit, and those whose headers take too long."""

        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.abort()
                return
            self._wait_for_headers()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop_waiting()
            elif self._deadline is None and self.transport.get_protocol() is self:
                self._wait_for_headers()

        def handle_websocket_upgrade(self, event: Any) -> None:
            self._stop_waiting()
            super().handle_websocket_upgrade(event)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait_for_headers(self) -> None:
            self._deadline = self.loop.call_later(_HEADERS_S, self.transport.abort)

        def _stop_waiting(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Guarded


def _raise_descriptor_limit(connections: int) -> None:
    """Let this process hold as many files as connections may need, where that is up to us."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 200
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
