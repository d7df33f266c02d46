"""The ASGI application: both services of a deployment on one port, over one repository.

Each module of routes has a function `routes(context)` that returns Starlette routes, with paths
below the backend's prefix that end in a slash. Endpoints that are plain functions run in threads,
as everything must that reads the store; they raise `HTTPException`, `Unprocessable`, or what the
backend raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, WebSocketRoute

from matyan_client.backends.embedded import EmbeddedBackend
from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.routes import BACKEND, WEBSOCKET
from matyan_client.server import (
    artifacts,
    boards,
    health,
    labels,
    logs,
    notes,
    objects,
    projects,
    runs,
    searching,
    series,
    uploads,
)
from matyan_client.server.context import Context, Limits
from matyan_client.server.errors import HANDLERS
from matyan_client.server.guard import LOOPBACK_ORIGIN, Access, Outer, Slashes
from matyan_client.server.ingestion import Ingestion
from matyan_client.server.signing import Signer

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Collection

__all__ = ["DEFAULT_HOSTS", "create_app"]

_ORIGIN = re.compile(r"https?://[^/*\s]+/?")

DEFAULT_HOSTS = ("localhost",)
"""Names a server answers to besides addresses."""

_BACKEND = (
    health.routes,
    searching.routes,
    series.routes,
    objects.routes,
    logs.routes,
    artifacts.routes,
    notes.routes,
    runs.routes,
    labels.routes,
    projects.routes,
    boards.routes,
)
"""What there is below the backend's prefix; earlier routes come first."""


def create_app(
    directory: str | os.PathLike[str],
    *,
    token: str | None = None,
    allowed_hosts: Collection[str] = DEFAULT_HOSTS,
    allowed_origins: Collection[str] = (),
    public_url: str | None = None,
    limits: Limits | None = None,
) -> Starlette:
    """The application over the repository in `directory` (its name is usually `.matyan`).

    Args:
        directory: where the repository is; made if it is not there.
        token: what clients must send as bearer token; None: nothing.
        allowed_hosts: names that requests may be sent to, `*` for any; addresses always may.
        allowed_origins: web origins whose pages may use the server, besides this machine's own.
        public_url: how clients reach the server, if not as their requests say.
        limits: what one client may ask for.

    Raises:
        RepoAccessError: the directory cannot be created or written.
        InvalidInputError: an origin is none.
    """
    for origin in allowed_origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInputError(
                f"{origin!r} is no web origin: expected something like 'https://ui.example.org'. "
                "There is none for all: name each."
            )
    backend = EmbeddedBackend(Path(directory))
    backend.create()
    backend.store.blobs.sweep()
    limits = limits or Limits()
    context = Context(
        backend, limits, Signer(backend.secret), public_url.rstrip("/") if public_url else None
    )
    ingestion = Ingestion(backend, limits)

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(backend.store.collect_blobs)
        try:
            yield
        finally:
            await asyncio.to_thread(ingestion.close)
            await asyncio.to_thread(backend.close)

    below = [route for module in _BACKEND for route in module(context)]
    app = Starlette(
        routes=[
            WebSocketRoute(WEBSOCKET + "{run_hash}", ingestion.endpoint),
            *(
                Route(BACKEND + route.path, route.endpoint, methods=route.methods)
                for route in below
            ),
            *uploads.routes(context),
            *health.outer_routes(context, ingestion),
        ],
        middleware=[
            Middleware(Outer, hosts=allowed_hosts, limits=limits),
            Middleware(
                CORSMiddleware,
                allow_origins=[origin.rstrip("/") for origin in allowed_origins],
                allow_origin_regex=LOOPBACK_ORIGIN,
                allow_credentials=True,
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=["X-Request-ID", "Content-Disposition"],
            ),
            Middleware(Access, token=token, origins=allowed_origins),
            Middleware(Slashes),
        ],
        exception_handlers=HANDLERS,
        lifespan=life,
    )
    app.state.ingestion = ingestion
    return app
