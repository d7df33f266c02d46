"""Where things are on a server: paths, headers and limits, for the client and for our server alike.

What stands here without a remark is protocol sections 1, 3, 5 and 8. Ours, which a server that does
not know it ignores: the header `EXACT`, with which a reader asks for answers that lose nothing
(times, epochs, whole numbers, parameters as they were set), the search parameter `PREDICATES`, and
the member `stored` of an acknowledgement, which says that reads see what the frame held.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACK_STORED",
    "BACKEND",
    "EXACT",
    "FRAME_BYTES_MAX",
    "INDEXED_TEXT_BYTES_MAX",
    "KEY_BYTES_MAX",
    "MESSAGE_BYTES_MAX",
    "PREDICATES",
    "PRESIGN",
    "TOKEN_SCHEME",
    "VALUE_BYTES_MAX",
    "VERSION",
    "WEBSOCKET",
]

BACKEND: Final = "/api/v1/rest"
"""Prefix of all that the backend answers but its health."""
WEBSOCKET: Final = "/api/v1/ws/runs/"
"""Prefix of a run's ingestion socket; the hash follows as it is."""
PRESIGN: Final = "/api/v1/rest/artifacts/presign"
"""Without a slash at its end."""
VERSION: Final = "/api/v1/rest/version/"

EXACT: Final = "X-Matyan-Exact"
"""Request header; its value is the version of the exact form, `1`."""
PREDICATES: Final = "predicates"
"""Query parameter of a run search: JSON list of [subject, op, value, path] (`query.Predicate`)
that replaces `q`; the server sends every run that satisfies all of them, and possibly others."""
ACK_STORED: Final = "stored"
TOKEN_SCHEME: Final = "Bearer"

FRAME_BYTES_MAX: Final = 4 << 20
"""Most bytes of one frame we send; servers take up to 16 MiB (3.7)."""
MESSAGE_BYTES_MAX: Final = 900_000
"""Most bytes of one message; beyond 1 MiB Kafka refuses it (3.7)."""
VALUE_BYTES_MAX: Final = 90_000
"""Most bytes of one stored value; beyond 100,000 a real server drops it without a word (3.7)."""
KEY_BYTES_MAX: Final = 2_000
"""Most bytes of a name or of a path of parameter keys; 10,000 with what a server adds (3.7)."""
INDEXED_TEXT_BYTES_MAX: Final = 9_000
"""Most bytes of a text directly below the parameter `hparams`, which is an index key (3.7)."""
