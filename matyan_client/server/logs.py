"""Terminal lines and log messages of a run as streams (protocol section 8.6)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from matyan_client.server.answers import Stream, tree_bytes
from matyan_client.server.asking import Steps, steps, wants_exact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.protocol.records import LogRecord
    from matyan_client.server.context import Context

__all__ = ["routes"]

TAIL = 200
"""How many steps there are without a range."""
LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    return [
        Route("/runs/{run_hash}/logs/", partial(_lines, context)),
        Route("/runs/{run_hash}/log-records/", partial(_records, context)),
    ]


def _bounds(asked: Steps, end: int) -> tuple[int, int | None]:
    """From which step on to read, and up to which; `end` is behind the last."""
    if asked == (None, None):
        return end - TAIL, None
    return -(1 << 63) if asked.start is None else asked.start, asked.stop


def _lines(context: Context, request: Request) -> Response:
    store = context.backend.store
    run_hash = request.path_params["run_hash"]
    asked = steps(request, "record_range")

    def pieces() -> Iterator[bytes]:
        start, stop = _bounds(asked, store.count_log_lines(run_hash)[1])
        for step, line in store.read_log_lines(run_hash, start=start, stop=stop):
            yield from tree_bytes({step: line})

    return Stream(pieces())


def _records(context: Context, request: Request) -> Response:
    store = context.backend.store
    run_hash = request.path_params["run_hash"]
    asked = steps(request, "record_range")
    exact = wants_exact(request)

    def pieces() -> Iterator[bytes]:
        count, end = store.count_log_records(run_hash)
        yield from tree_bytes({"log_records_count": count})
        start, stop = _bounds(asked, end)
        for record in store.read_log_records(run_hash, start=start, stop=stop):
            shown = _shown(record)
            if exact:
                shown["level"] = record.level
            yield from tree_bytes({record.step: shown})

    return Stream(pieces())


def _shown(record: LogRecord) -> dict[str, Any]:
    """A log message as it is read (7.7)."""
    return {
        "message": record.message,
        "log_level": LEVELS.get(record.level, "INFO"),
        "timestamp": record.timestamp,
        "args": record.args,
        "logger_info": record.logger_info,
        "is_notified": True,
    }
