"""Whether the server is well, which one it is, and numbers for Prometheus."""

from __future__ import annotations

import asyncio
import importlib.metadata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from matyan_client.exceptions import MatyanError
from matyan_client.server.asking import wants_exact

if TYPE_CHECKING:
    from starlette.requests import Request

    from matyan_client.server.context import Context
    from matyan_client.server.ingestion import Ingestion

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

    async def version(request: Request) -> Response:
        known: dict[str, Any] = {
            "version": _release(),
            "component": "backend",
            "fdb_api_version": _FDB_API_VERSION,
        }
        # How a reader knows beforehand what it will get.
        return JSONResponse({**known, "exact": 1} if wants_exact(request) else known)

    return [Route("/version/", version)]


def outer_routes(context: Context, ingestion: Ingestion) -> list[Route]:
    """Outside it."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> Response:
        try:
            await asyncio.to_thread(context.backend.count_runs)
        except MatyanError:
            trouble = "the store cannot be read"
        else:
            trouble = "" if ingestion.accepting else "stopping"
        state = trouble or "ok"
        checks = {
            "fdb": state,
            "blob": state,
            "kafka": {"control_producer": not trouble, "ingestion_producer": not trouble},
        }
        status = "degraded" if trouble else "ok"
        return JSONResponse({"status": status, "checks": checks}, 503 if trouble else 200)

    async def metrics(_request: Request) -> Response:
        runs = await asyncio.to_thread(context.backend.count_runs)
        lines = []
        for name, kind, value in (("runs", "gauge", runs), *ingestion.numbers()):
            lines += [f"# TYPE matyan_{name} {kind}", f"matyan_{name} {value}"]
        return PlainTextResponse("\n".join(lines) + "\n")

    return [
        Route("/health/live/", live),
        Route("/health/ready/", ready),
        Route("/metrics/", metrics),
    ]
