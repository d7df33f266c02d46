"""Blobs in: URLs to upload to, and what is uploaded there (protocol section 5.3).

A URL points back at this server. It holds key, run, content type and time of expiry, signed, so
nothing is remembered of it. Bytes go to the blob store under their hash; a key is only ever a text
in the database, never a path. An upload is answered when it is stored, and counts from then on:
whoever read the key before sees the new bytes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from matyan_client.protocol.routes import PRESIGN
from matyan_client.server.asking import json_body
from matyan_client.server.errors import Unprocessable
from matyan_client.server.guard import UPLOAD

if TYPE_CHECKING:
    from starlette.requests import Request

    from matyan_client.server.context import Context
    from matyan_client.store.blobs import IncomingBlob

__all__ = ["routes"]

log = logging.getLogger("matyan_client.server")

_KEY_BYTES_MAX = 4000
"""More than any storage takes."""
_BLOCK = 1 << 20
_PURPOSE = "upload"
_ANY = "application/octet-stream"


def routes(context: Context) -> list[Route]:
    """With their whole paths: one belongs to the frontier, the other to nobody else."""
    return [
        Route(PRESIGN, partial(_presign, context), methods=["POST"]),
        Route(UPLOAD, partial(_upload, context), methods=["PUT"]),
    ]


async def _presign(context: Context, request: Request) -> Response:
    body = await json_body(request, context.limits.body_bytes)
    if not isinstance(body, dict):
        raise Unprocessable(("body",), "Input should be an object", body, "model_attributes_type")
    run_hash, path = _text(body, "run_id"), _text(body, "artifact_path")
    content_type = _text(body, "content_type", _ANY)
    key = f"{run_hash}/{path}"
    if len(key.encode()) > _KEY_BYTES_MAX:
        raise Unprocessable(
            ("body", "artifact_path"), f"Longer than {_KEY_BYTES_MAX} bytes", path[:100], "too_long"
        )
    expires = int(time.time()) + context.limits.upload_url_s
    payload = json.dumps([expires, run_hash, key, content_type], separators=(",", ":"))
    token = await asyncio.to_thread(context.signer.sign, _PURPOSE, payload.encode())
    url = f"{_base(context, request)}{UPLOAD}?token={token}"
    return JSONResponse({"upload_url": url, "s3_key": key, "headers": None})


def _text(body: dict[str, Any], field: str, default: str | None = None) -> str:
    value = body.get(field, default)
    if field not in body and default is None:
        raise Unprocessable(("body", field), "Field required", body, "missing")
    if not isinstance(value, str) or not _is_unicode(value):
        raise Unprocessable(("body", field), "Input should be a valid string", value, "string_type")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _base(context: Context, request: Request) -> str:
    """How this client reaches us; its Host header was checked."""
    if context.public_url is not None:
        return context.public_url
    url, root = request.url, request.scope.get("root_path", "")
    return f"{url.scheme}://{url.netloc}{root}"


async def _upload(context: Context, request: Request) -> Response:
    token = request.query_params.get("token", "")
    payload = await asyncio.to_thread(context.signer.verify, _PURPOSE, token)
    if payload is None:
        raise HTTPException(403, "This upload URL was not made here.")
    expires, run_hash, key, content_type = json.loads(payload)
    if time.time() > expires:
        raise HTTPException(403, "This upload URL has expired; ask for a new one.")
    given = request.headers.get("content-type", content_type)
    if given.strip().lower() != content_type.strip().lower():
        raise HTTPException(
            403, f"This upload URL is for content of type {content_type!r}, not {given!r:.100}."
        )
    most = context.limits.upload_bytes
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise HTTPException(413, f"Blobs may have up to {most} bytes.")
    try:
        blob = await asyncio.to_thread(context.backend.incoming_blob)
        try:
            await _receive(request, blob, most)
            sha256 = await asyncio.to_thread(
                context.backend.keep_upload, blob, key, run_hash=run_hash, content_type=content_type
            )
        finally:
            blob.discard()
    except OSError as exc:
        log.error("A blob could not be stored: %s", exc)
        raise HTTPException(507, "The blob could not be stored; try again later.") from exc
    return Response(headers={"ETag": f'"{sha256}"'})


async def _receive(request: Request, blob: IncomingBlob, most: int) -> None:
    """Write the body to `blob`."""
    block = bytearray()
    async for chunk in request.stream():
        block += chunk
        if blob.size_bytes + len(block) > most:
            raise HTTPException(413, f"Blobs may have up to {most} bytes.")
        if len(block) >= _BLOCK:
            await asyncio.to_thread(blob.write, bytes(block))
            block.clear()
    if block:
        await asyncio.to_thread(blob.write, bytes(block))
