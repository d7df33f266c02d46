"""What stands before every request: which hosts and origins are served, the token, and how long
a slow client is waited for. Plain ASGI; knows no route but those that need no token.

A page from elsewhere that a browser shows cannot use the server: its requests carry the page's
origin, and a name that was made to point here (DNS rebinding) is not one of ours.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
import re
import uuid
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from matyan_client.protocol.routes import BACKEND, PRESIGN, TOKEN_SCHEME
from matyan_client.server.errors import error_response

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from matyan_client.server.context import Limits

__all__ = ["LOOPBACK_ORIGIN", "UPLOAD", "Access", "Outer", "Slashes", "is_loopback"]

UPLOAD = f"{BACKEND}/artifacts/upload/"
"""Where presigned uploads go; their URL is their permission."""
LOOPBACK_ORIGIN = r"https?://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?"
"""Origins that may use the server unless told otherwise: the UI on this machine."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_ID = re.compile(r"[\w.:/+-]{1,128}", re.ASCII)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(netloc: str) -> str:
    """The host of `host:port`, in lower case."""
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0].lower()
    return netloc.partition(":")[0].lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Outer:
    """Names every answer (`X-Request-ID`), refuses foreign hosts, gives up on slow clients."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], limits: Limits) -> None:
        self.app = app
        self.hosts = {host.lower() for host in hosts}
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _OWN_ID.fullmatch(given) else uuid.uuid4().hex
        if scope["type"] == "http":
            most = math.inf if scope["path"] == UPLOAD else self.limits.body_bytes
            receive, send = self._patient(receive, send, request_id, most)
        if not self._serves(headers.getlist("host")):
            message = (
                f"This server does not go by the name {headers.get('host', '')!r:.100}. Start it "
                "with --allow-host NAME if it should."
            )
            await _answer(scope, receive, send, error_response(scope["path"], 400, message))
            return
        try:
            await self.app(scope, receive, send)
        except _DeafError:
            return  # and the connection is closed, in the middle of the answer

    def _serves(self, given: list[str]) -> bool:
        if len(given) != 1:
            return False
        host = _host_of(given[0])
        # Nobody can make an address point elsewhere; only names are at risk.
        return "*" in self.hosts or _is_address(host) or host in self.hosts

    def _patient(
        self, receive: Receive, send: Send, request_id: str, most: float
    ) -> tuple[Receive, Send]:
        """Both, with time-outs, and no more than `most` bytes of a body."""
        more, size = True, 0

        async def patient_receive() -> Message:
            nonlocal more, size
            if not more:  # what comes now is the end of the connection, whenever it likes
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self.limits.idle_s)
            except asyncio.TimeoutError:
                raise HTTPException(408, "The rest of the request did not come.") from None
            more = bool(message.get("more_body"))
            size += len(message.get("body", b""))
            if size > most:
                raise HTTPException(413, f"The body has more than {most} bytes.")
            return message

        async def patient_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
            try:
                await asyncio.wait_for(send(message), self.limits.idle_s)
            except asyncio.TimeoutError:
                raise _DeafError from None

        return patient_receive, patient_send


class _DeafError(Exception):
    """A client that takes no more of its answer."""


class Access:
    """Asks for the token, and refuses what pages of other origins send."""

    def __init__(self, app: ASGIApp, *, token: str | None, origins: Collection[str]) -> None:
        self.app = app
        self.token = token
        self.origins = {origin.rstrip("/") for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await _answer(scope, receive, send, refusal)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        changes = scope["type"] == "websocket" or scope["method"] not in _READS
        if changes and not self._is_ours(headers):
            message = (
                f"Requests of pages from {headers.get('origin', '')!r:.100} are not taken. Start "
                "the server with --allow-origin ORIGIN if they should be."
            )
            return error_response(path, 403, message)
        if not self._may(headers, path):
            message = "This server asks for a token: send it as 'Authorization: Bearer TOKEN'."
            return error_response(path, 401, message, {"WWW-Authenticate": TOKEN_SCHEME})
        return None

    def _is_ours(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None or origin in self.origins:
            return True
        if re.fullmatch(LOOPBACK_ORIGIN, origin):
            return True
        return origin.partition("://")[2] == headers.get("host")

    def _may(self, headers: Headers, path: str) -> bool:
        if self.token is None or path == UPLOAD or path.startswith("/health/"):
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == TOKEN_SCHEME.lower() and hmac.compare_digest(
            given.strip().encode(), self.token.encode()
        )


class Slashes:
    """Lets paths end as they like: with a slash, as most routes do, or without (section 1)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].rstrip("/") if scope["path"] == PRESIGN + "/" else scope["path"]
            if not path.endswith("/") and path != PRESIGN:
                path += "/"
            scope = {**scope, "path": path}
        await self.app(scope, receive, send)


async def _answer(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer instead of the application, also where a WebSocket was asked for."""
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    start: dict[str, Any] = {
        "type": "websocket.http.response.start",
        "status": response.status_code,
        # uvicorn sets the length itself
        "headers": [pair for pair in response.raw_headers if pair[0] != b"content-length"],
    }
    await send(start)
    await send({"type": "websocket.http.response.body", "body": response.body})
