"""Whether the server is well, which one it is, and numbers for Prometheus."""

from __future__ import annotations

import asyncio
import importlib.metadata
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from matyan_client.exceptions import MatyanError

if TYPE_CHECKING:
    from starlette.requests import Request

    from matyan_client.server.context import Context

__all__ = ["outer_routes", "routes"]

_FDB_API_VERSION = 730
"""What a real backend says of its database; clients expect the member."""


@lru_cache(maxsize=1)
def _release() -> str:
    """The release of this package."""
    try:
        return importlib.metadata.version("matyan-client")
    except importlib.metadata.PackageNotFoundError:  # run from a directory of sources
        return "unknown"


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""

    async def version(_request: Request) -> Response:
        return JSONResponse(
            {"version": _release(), "component": "backend", "fdb_api_version": _FDB_API_VERSION}
        )

    return [Route("/version/", version)]


def outer_routes(context: Context) -> list[Route]:
    """Outside it."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        try:
            await asyncio.to_thread(context.backend.count_runs)
        except MatyanError:
            trouble = "the store cannot be read"
        else:
            trouble = ""
        state = trouble or "ok"
        checks = {
            "fdb": state,
            "blob": state,
            "kafka": {"control_producer": not trouble, "ingestion_producer": not trouble},
        }
        status = "degraded" if trouble else "ok"
        return JSONResponse({"status": status, "checks": checks}, 503 if trouble else 200)

    return [
        Route("/health/live/", live),
        Route("/health/ready/", ready),
    ]
