"""What every part of the server is given: the repository, limits, and what signs its URLs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matyan_client.backends.embedded import EmbeddedBackend
    from matyan_client.server.signing import Signer

__all__ = ["Context", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of the server.

    Attributes:
        frame_bytes: most bytes of one WebSocket message (protocol section 3.7).
        body_bytes: most bytes of a request's JSON body.
        upload_bytes: most bytes of one blob.
        pending_bytes: most bytes of frames of all connections that wait to be stored; beyond that
            no more are read.
        pending_frames: most frames of one connection that wait to be stored.
        connections: most connections at once.
        idle_s: how long a request's next bytes, or a client that takes no more of its answer, are
            waited for, in seconds.
        upload_url_s: how long an upload URL is valid, in seconds.
    """

    frame_bytes: int = 16 << 20
    body_bytes: int = 16 << 20
    upload_bytes: int = 5 << 30
    pending_bytes: int = 64 << 20
    pending_frames: int = 64
    connections: int = 1000
    idle_s: float = 60.0
    upload_url_s: int = 3600


@dataclass(frozen=True, slots=True)
class Context:
    """Shared by all routes of one server."""

    backend: EmbeddedBackend
    limits: Limits
    signer: Signer
    public_url: str | None = None
    """How clients reach the server, without a slash at its end; None: as each says it does."""
