"""Answers: JSON that never breaks, and streams that never end as if complete when they are not."""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from matyan_client.protocol.streams import encode_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import Receive, Scope, Send

__all__ = ["Json", "Stream", "as_json", "finite", "progress", "tree_bytes"]

CHUNK_BYTES = 64 << 10
"""About how much of a stream is sent at a time."""
PATIENCE_S = 0.25
"""How long what there is of a stream waits for more."""


class Json(Response):
    """A JSON value; NaN and the infinities become null (protocol section 3.6)."""

    media_type = "application/json"

    def __init__(self, value: Any, status_code: int = 200) -> None:
        super().__init__(value, status_code)

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return as_json(content)


def as_json(value: Any) -> bytes:
    """A JSON value as text; NaN and the infinities become null."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(finite(value), allow_nan=False, separators=(",", ":"))
    return text.encode()


def finite(value: Any) -> Any:
    """A JSON value with null for what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


class Stream(Response):
    """Bytes that are made in threads, piece by piece, while they are sent.

    What fails before the first piece becomes an ordinary error; later the connection is cut, so
    that no client takes what came for all. When the client leaves, no more is made; pieces may be
    empty, so that this is noticed where there is nothing to send.
    """

    def __init__(
        self,
        pieces: Iterator[bytes],
        media_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        left = asyncio.ensure_future(_until_gone(receive))
        started = False

        async def body(chunk: bytes, more: bool) -> None:
            nonlocal started
            if not started:
                started = True
                await send(
                    {
                        "type": "http.response.start",
                        "status": self.status_code,
                        "headers": self.raw_headers,
                    }
                )
            await send({"type": "http.response.body", "body": chunk, "more_body": more})

        try:
            # Who asks for the headers alone has no use for a search.
            chunk = None if scope["method"] == "HEAD" else await run_in_threadpool(self._chunk)
            while chunk is not None and not left.done():
                if chunk:
                    await body(chunk, True)
                chunk = await run_in_threadpool(self._chunk)
            if chunk is None:
                await body(b"", False)
        finally:
            left.cancel()
            close = getattr(self._pieces, "close", None)
            if close is not None:
                await run_in_threadpool(close)

    def _chunk(self) -> bytes | None:
        """The next bytes, perhaps none; None at the end."""
        made = bytearray()
        until = time.monotonic() + PATIENCE_S
        for piece in self._pieces:
            made += piece
            if len(made) >= CHUNK_BYTES or time.monotonic() >= until:
                return bytes(made)
        return bytes(made) or None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def progress(number: int, checked: int, total: int) -> bytes:
    """A progress frame (protocol section 6.6)."""
    return b"".join(encode_tree({f"progress_{number}": [checked, total]}))


def tree_bytes(tree: Any, at: tuple[str | int, ...] = ()) -> Iterator[bytes]:
    """A tree in the binary codec, whatever is in it; `at`: the path where it stands.

    What the codec or UTF-8 has no room for is shown as near to it as can be: the stream goes on.
    """
    return encode_tree(_sendable(tree), at)


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else _digits(value)
    if isinstance(value, dict):
        return {_clean_key(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sendable(item) for item in value]
    return value


def _clean(text: str) -> str:
    # A lone surrogate is no valid Unicode.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _clean_key(key: Any) -> str | int:
    if isinstance(key, int) and not isinstance(key, bool) and -(1 << 55) <= key < 1 << 63:
        return key
    # An empty component could not be told from the beginning of a number (section 6.2).
    return _clean(str(key)) or " "


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # beyond what Python turns into decimal text
        return hex(number)
