"""One WebSocket to a frontier: connects, carries texts, and says in our own errors what went wrong.

Knows nothing of what the texts mean (`protocol/ingest.py`), nor when to try again
(`backends/shipping.py`). Redirects are not followed, so credentials go to nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from websockets import exceptions as ws
from websockets.asyncio.client import ClientConnection, connect

from matyan_client.config import Settings
from matyan_client.exceptions import (
    MatyanError,
    ServerAccessError,
    ServerError,
    ServerFailedError,
    ServerRefusedError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from matyan_client.transports.endpoint import Endpoint

__all__ = ["Link", "open_link"]

REPLY_BYTES_MAX = 1 << 20
"""Longest reply taken. A real one is short; a hostile one must not fill memory."""
PING_EVERY_S = 20.0
PENDING_REPLIES_MAX = 64

_LOGGER = logging.getLogger("matyan_client.websocket")
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False  # the library's own account of failures; ours is the one for people


class Link:
    """An open connection. One coroutine at a time may send, and one receive.

    Attributes:
        url: where it goes.
    """

    def __init__(self, connection: ClientConnection, url: str, timeout_s: float) -> None:
        self._connection = connection
        self.url = url
        self._timeout_s = timeout_s

    async def send(self, text: str) -> None:
        """Send one text frame.

        Raises:
            ServerError: the connection is gone, or the server does not read.
        """
        try:
            await asyncio.wait_for(self._connection.send(text), self._timeout_s)
        except (asyncio.TimeoutError, TimeoutError) as exc:
            raise ServerUnreachableError(
                f"{self.url} has taken nothing for {self._timeout_s:g} s.", url=self.url
            ) from exc
        except ws.ConnectionClosed as exc:
            raise _closed(exc, self.url) from exc

    async def receive(self) -> str | bytes:
        """The next frame.

        Raises:
            ServerError: the connection is gone.
        """
        try:
            return await self._connection.recv()
        except ws.ConnectionClosed as exc:
            raise _closed(exc, self.url) from exc

    async def close(self) -> None:
        """Close politely, but do not wait long."""
        with contextlib.suppress(OSError, ws.WebSocketException, asyncio.TimeoutError):
            await self._connection.close()

    def abandon(self) -> None:
        """In a forked child: let go of our copy of the parent's socket without a word on it."""
        raw = self._connection.transport.get_extra_info("socket")
        if raw is None or raw.fileno() < 0:
            return
        # Whatever still refers to the descriptor may close it later, but not write to the server.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, raw.fileno())
        os.close(null)


async def open_link(
    endpoint: Endpoint,
    run_hash: str,
    in_thread: Callable[..., Awaitable[Any]],
) -> Link:
    """Connect to a run's ingestion socket.

    Args:
        endpoint: the deployment.
        run_hash: the run.
        in_thread: runs a blocking call and awaits its result. The event loop's own threads are
            gone while the interpreter shuts down, when the last data is still to be sent.

    Raises:
        ServerError: of the kind that says what is wrong.
        InvalidInputError: credentials or certificates cannot be used.
    """
    settings = Settings.from_environment()
    timeout_s = settings.connect_timeout_s
    url = endpoint.websocket_url(run_hash)
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    host = parts.hostname or ""
    raw: socket.socket | None = None
    try:
        port = parts.port or (443 if secure else 80)
        headers = await in_thread(endpoint.credentials)
        context = await in_thread(endpoint.ssl_context) if secure else None
        raw = await in_thread(socket.create_connection, (host, port), timeout_s)
        raw.setblocking(False)
        options: dict[str, Any] = {"ssl": context, "server_hostname": host} if secure else {}
        connection = await connect(
            url,
            sock=raw,
            additional_headers=headers,
            compression=None,
            open_timeout=timeout_s,
            ping_interval=PING_EVERY_S,
            ping_timeout=max(PING_EVERY_S, settings.ack_timeout_s),
            close_timeout=2.0,
            max_size=REPLY_BYTES_MAX,
            max_queue=PENDING_REPLIES_MAX,
            logger=_LOGGER,
            **_NO_PROXY,
            **options,
        )
    except BaseException as exc:
        if raw is not None:
            raw.close()
        error = _failed(exc, url, timeout_s)
        if error is None:
            raise
        raise error from exc
    return Link(connection, url, settings.ack_timeout_s)


_NO_PROXY: dict[str, Any] = (
    {"proxy": None} if "proxy" in inspect.signature(connect.__init__).parameters else {}
)


def _failed(exc: BaseException, url: str, timeout_s: float) -> ServerError | None:
    """What a failed attempt to connect means; None: not about the connection."""
    if isinstance(exc, MatyanError):
        return None
    if isinstance(exc, ValueError) and isinstance(exc.__cause__, ws.InvalidStatus):
        exc = exc.__cause__  # a redirect, which is not followed
    if isinstance(exc, ws.InvalidStatus):
        return _refused(exc, url)
    if isinstance(exc, (asyncio.TimeoutError, TimeoutError)):
        return ServerUnreachableError(f"{url} does not answer within {timeout_s:g} s.", url=url)
    if isinstance(exc, ssl.SSLCertVerificationError):
        return ServerUnreachableError(
            f"The certificate of {url} cannot be verified: {exc.verify_message}. "
            "Set MATYAN_CA_FILE to the certificate authority's file if it is one of your own.",
            url=url,
        )
    if isinstance(exc, (ws.InvalidHandshake, ws.InvalidMessage)):
        return UnexpectedAnswerError(
            f"{url} is not a Matyan frontier: {_first_line(exc)}. Check the frontier URL.", url=url
        )
    if isinstance(exc, ws.ConnectionClosed):
        return _closed(exc, url)
    if isinstance(exc, (OSError, ws.WebSocketException, EOFError)):
        return ServerUnreachableError(f"Cannot connect to {url}: {_first_line(exc)}.", url=url)
    if isinstance(exc, ValueError):
        return UnexpectedAnswerError(f"Cannot connect to {url}: {_first_line(exc)}.", url=url)
    return None


def _refused(exc: ws.InvalidStatus, url: str) -> ServerError:
    status = exc.response.status_code
    if status in (401, 403, 407):
        return ServerAccessError(
            f"{url} refuses access (HTTP {status}). Check MATYAN_TOKEN and MATYAN_HEADERS, and "
            "that the frontier URL is right.",
            url=url,
            status=status,
        )
    if status >= 500:
        return ServerFailedError(f"{url} answers HTTP {status}.", url=url, status=status)
    if 300 <= status < 400:
        place = exc.response.headers.get("Location", "elsewhere")
        return UnexpectedAnswerError(
            f"{url} redirects to {place[:200]}, which is not followed. Use the URL it redirects "
            "to.",
            url=url,
            status=status,
        )
    if status < 300:
        return UnexpectedAnswerError(
            f"{url} answers HTTP {status} instead of opening a WebSocket: it is not a Matyan "
            "frontier. Check the frontier URL.",
            url=url,
            status=status,
        )
    return ServerRefusedError(
        f"{url} answers HTTP {status}: there is no Matyan frontier there. Check the frontier URL.",
        url=url,
        status=status,
    )


def _closed(exc: ws.ConnectionClosed, url: str) -> ServerError:
    if exc.rcvd is None and exc.sent is not None and exc.sent.code in (1002, 1007, 1009):
        return UnexpectedAnswerError(
            f"{url} does not speak the protocol: {exc.sent.reason or exc.sent.code}.", url=url
        )
    code = 1006 if exc.rcvd is None else exc.rcvd.code
    error = ServerUnreachableError(f"{url} closed the connection (code {code}).", url=url)
    error.close_code = code
    return error


def _first_line(exc: BaseException) -> str:
    text = str(exc) or type(exc).__name__
    return text.splitlines()[0].rstrip(".")[:200]
