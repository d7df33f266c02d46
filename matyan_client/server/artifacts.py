"""Bytes of a run's files and tracked objects, singly or all in one archive (protocol 8.2)."""

from __future__ import annotations

import os
import re
import zipfile
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.exceptions import BlobNotFoundError
from matyan_client.server.answers import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.protocol.records import ArtifactRecord
    from matyan_client.server.context import Context
    from matyan_client.store.store import Store

__all__ = ["blocks_of", "routes"]

BLOCK = 256 << 10
NAME_MAX = 200
"""Longest name of a file that a header gives, in characters."""
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*", re.ASCII)


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    return [
        Route("/runs/{run_hash}/artifacts/download/", partial(_download, context)),
        Route("/runs/{run_hash}/artifacts/download-all/", partial(_download_all, context)),
    ]


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """What is in a file, block by block; closes it."""
    with file:
        while block := file.read(BLOCK):
            yield block


def _download(context: Context, request: Request) -> Response:
    store = context.backend.store
    if "path" not in request.query_params:
        raise HTTPException(422, "Field required")
    path = request.query_params["path"]
    artifact = store.find_blob(request.path_params["run_hash"], path)
    if artifact is None:
        raise HTTPException(404)
    with store.open_blob(artifact.key) as file:
        size = os.fstat(file.fileno()).st_size
    known = _MEDIA_TYPE.fullmatch(artifact.content_type) and len(artifact.content_type) < 256
    key = artifact.key

    def pieces() -> Iterator[bytes]:
        yield from blocks_of(store.open_blob(key))

    return Stream(
        pieces(),
        artifact.content_type if known else "application/octet-stream",
        {
            "Content-Length": str(size),
            "Content-Disposition": _attachment(_segments(path)[-1:]),
        },
    )


def _segments(path: str) -> list[str]:
    """The parts of a path that name something; none leads upwards."""
    return [part for part in path.split("/") if part not in ("", ".", "..")]


def _attachment(name: list[str]) -> str:
    """The header that gives a file its name, in any script (RFC 6266)."""
    text = name[0][-NAME_MAX:] if name else "artifact"
    plain = re.sub(r'[^ -~]|["\\]', "_", text)
    header = f'attachment; filename="{plain}"'
    if plain != text:
        header += f"; filename*=UTF-8''{quote(text.encode('utf-8', 'replace'), safe='')}"
    return header


# -- all of them ---------------------------------------------------------------------------------


def _download_all(context: Context, request: Request) -> Response:
    store = context.backend.store
    run_hash = request.path_params["run_hash"]
    artifacts = store.list_artifacts(run_hash)
    if not artifacts:
        raise HTTPException(404)
    return Stream(
        _zipped(store, artifacts),
        "application/zip",
        {"Content-Disposition": _attachment([f"{run_hash}-artifacts.zip"])},
    )


class _Sink:
    """Where an archive is written to: kept until it is taken away."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, data: bytes) -> int:
        """Keep some bytes."""
        self._kept += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def take(self) -> bytes:
        """What came since the last call."""
        taken = bytes(self._kept)
        self._kept.clear()
        return taken


def _zipped(store: Store, artifacts: list[ArtifactRecord]) -> Iterator[bytes]:
    """A ZIP archive without compression, made while it is sent."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # the stubs of some releases want a whole file
        for artifact in artifacts:
            name = "/".join(_segments(artifact.path)) or "artifact"
            try:
                file = store.open_blob(artifact.key)
            except BlobNotFoundError:
                if artifact.size_bytes:
                    raise
                continue  # announced, never sent
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                for block in blocks_of(file):
                    member.write(block)
                    yield sink.take()
            yield sink.take()
    yield sink.take()
