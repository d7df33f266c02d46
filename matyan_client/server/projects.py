"""The repository as a whole: counts, names in use, pinned sequences (protocol section 8.9)."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.protocol.records import SequenceRecord
from matyan_client.server import published
from matyan_client.server.activity import by_time
from matyan_client.server.answers import Json
from matyan_client.server.asking import SequenceName, flag, with_body, zone
from matyan_client.store.params import decode_param

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.server.context import Context

__all__ = ["routes"]

PINS = "pinned sequences"
PINS_MAX = 10_000
FRESH_S = 30.0
"""How long merged parameters may be shown without a new look at all runs."""


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    merged = _Remembered(lambda: _merged_params(context))
    return [
        Route(path, partial(endpoint, context), methods=[method])
        for path, method, endpoint in (
            ("/projects/", "GET", _project),
            ("/projects/activity/", "GET", _activity),
            ("/projects/params/", "GET", partial(_params, merged)),
            ("/projects/pinned-sequences/", "GET", _pins),
            ("/projects/pinned-sequences/", "POST", with_body(_Pins, _pin)),
            ("/projects/status/", "GET", _status),
        )
    ]


def _project(context: Context, request: Request) -> Response:
    return Json(
        {
            "name": "My project",
            "path": "",
            "description": "",
            "telemetry_enabled": 0,
            "warn_index": False,
            "warn_runs": False,
        }
    )


def _status(context: Context, request: Request) -> Response:
    return Json("up-to-date")


def _activity(context: Context, request: Request) -> Response:
    store = context.backend.store
    return Json(
        {
            "num_experiments": len(store.list_experiments()),
            **by_time(store.activity(), zone(request), "%Y-%m-%dT00:00:00"),
        }
    )


# -- parameters and names ------------------------------------------------------------------------


class _Remembered:
    """Something that takes long to find out, kept for twenty times as long as it took."""

    def __init__(self, find: Callable[[], dict[str, Any]]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._found: dict[str, Any] = {}
        self._until = 0.0

    def get(self) -> dict[str, Any]:
        """It."""
        with self._lock:
            began = time.monotonic()
            if began >= self._until:
                self._found = self._find()
                ended = time.monotonic()
                self._until = ended + min(20 * (ended - began), FRESH_S)
            return self._found


def _merged_params(context: Context) -> dict[str, Any]:
    """The parameters of all runs in one tree; of several values one is shown."""
    merged: dict[str, Any] = {}
    for stored in context.backend.store.stored_params():
        values = {key: decode_param(value) for key, value in stored.items()}
        _merge(merged, published.params(values, skip_system=True))
    return merged


def _merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    for key, value in values.items():
        known = into.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            _merge(known, value)
        else:
            into[key] = value


def _params(merged: _Remembered, context: Context, request: Request) -> Response:
    kinds = request.query_params.getlist("sequence")
    names: dict[str, dict[str, list[Any]]] = {
        kind: {} for kind in published.TRACE_KINDS if not kinds or kind in kinds
    }
    for use in context.backend.store.names_in_use():
        kind = published.trace_kind(SequenceRecord(use.name, use.context, use.dtype))
        if kind in names:
            contexts = names[kind].setdefault(use.name, [])
            if use.context not in contexts:
                contexts.append(use.context)
    if flag(request, "exclude_params", False):
        return Json(names)
    return Json({"params": merged.get(), **names})


# -- pinned sequences ----------------------------------------------------------------------------


class _Pins(BaseModel):
    sequences: list[SequenceName]


def _pins(context: Context, request: Request) -> Response:
    documents = context.backend.store.documents("pins", document_id=PINS)
    return Json({"sequences": documents[0].fields["sequences"] if documents else []})


def _pin(context: Context, request: Request, body: _Pins) -> Response:
    if len(body.sequences) > PINS_MAX:
        raise HTTPException(400, f"At most {PINS_MAX} sequences can be pinned.")
    sequences = [each.model_dump() for each in body.sequences]
    context.backend.store.put_document("pins", PINS, {"sequences": sequences})
    return Json({"sequences": sequences})
