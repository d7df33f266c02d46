"""Experiments and tags (protocol sections 8.7 and 8.8)."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.exceptions import InvalidInputError
from matyan_client.query import Predicate
from matyan_client.server import published
from matyan_client.server.activity import by_time
from matyan_client.server.answers import Json
from matyan_client.server.asking import text, whole_number, with_body, zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.protocol.records import ExperimentRecord, RunRecord, TagRecord
    from matyan_client.server.context import Context

__all__ = ["routes"]


class _NewExperiment(BaseModel):
    name: str


class _ExperimentEdit(BaseModel):
    name: str | None = ""
    description: str | None = ""
    archived: bool | None = None


class _NewTag(BaseModel):
    name: str
    color: str | None = ""
    description: str | None = ""


class _TagEdit(BaseModel):
    name: str | None = ""
    color: str | None = None
    description: str | None = None
    archived: bool | None = None


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    return [
        Route(path, partial(endpoint, context), methods=[method])
        for path, method, endpoint in (
            ("/experiments/", "GET", _experiments),
            ("/experiments/", "POST", with_body(_NewExperiment, _create_experiment)),
            ("/experiments/search/", "GET", _experiments),
            ("/experiments/{label_id}/", "GET", _get_experiment),
            ("/experiments/{label_id}/", "PUT", with_body(_ExperimentEdit, _edit_experiment)),
            ("/experiments/{label_id}/", "DELETE", _delete_experiment),
            ("/experiments/{label_id}/runs/", "GET", _runs_of_experiment),
            ("/experiments/{label_id}/activity/", "GET", _activity),
            ("/tags/", "GET", _tags),
            ("/tags/", "POST", with_body(_NewTag, _create_tag)),
            ("/tags/search/", "GET", _tags),
            ("/tags/{label_id}/", "GET", _get_tag),
            ("/tags/{label_id}/", "PUT", with_body(_TagEdit, _edit_tag)),
            ("/tags/{label_id}/", "DELETE", _delete_tag),
            ("/tags/{label_id}/runs/", "GET", _runs_with_tag),
        )
    ]


# -- experiments ---------------------------------------------------------------------------------


def _experiments(context: Context, request: Request) -> Response:
    wanted = text(request, "q").strip().lower()
    return Json(
        [
            published.experiment(record)
            for record in context.backend.list_experiments()
            if wanted in record.name.lower()
        ]
    )


def _experiment(context: Context, request: Request) -> ExperimentRecord:
    label_id = request.path_params["label_id"]
    for record in context.backend.list_experiments():
        if record.id == label_id:
            return record
    raise HTTPException(404)


def _create_experiment(context: Context, request: Request, body: _NewExperiment) -> Response:
    name = body.name.strip()
    try:
        record = context.backend.create_experiment(name)
    except InvalidInputError:
        raise HTTPException(400, f"Experiment with name {name!r} already exists") from None
    return Json({"id": record.id, "status": "OK"})


def _get_experiment(context: Context, request: Request) -> Response:
    return Json(published.experiment(_experiment(context, request)))


def _edit_experiment(context: Context, request: Request, body: _ExperimentEdit) -> Response:
    known = _experiment(context, request)
    given = body.model_dump(exclude_none=True)
    if not (body.name or "").strip():
        given.pop("name", None)
    else:
        given["name"] = body.name.strip() if body.name else ""
    # An absent description erases what is there (8.7).
    context.backend.update_experiment(dataclasses.replace(known, **given))
    return Json({"id": known.id, "status": "OK"})


def _delete_experiment(context: Context, request: Request) -> Response:
    known = _experiment(context, request)
    context.backend.delete_experiment(known.id)
    return Json({"status": "OK"})


def _runs_of_experiment(context: Context, request: Request) -> Response:
    known = _experiment(context, request)
    limit = max(whole_number(request, "limit", 0), 0)
    after = text(request, "offset") or None
    rows = []
    for run in _runs(context, Predicate("experiment", "==", known.name), after):
        rows.append({**_row(run), "archived": run.archived})
        if len(rows) == limit:
            break
    return Json({"id": known.id, "runs": rows})


def _runs(context: Context, predicate: Predicate, after: str | None = None) -> Iterable[RunRecord]:
    store = context.backend.store
    return store.candidates([predicate], after=after, params=False, sequences=False)


def _row(run: RunRecord) -> dict[str, Any]:
    return {
        "run_id": run.hash,
        "name": run.name or "",
        "creation_time": run.created_at,
        "end_time": run.end_time,
    }


def _activity(context: Context, request: Request) -> Response:
    known = _experiment(context, request)
    facts = context.backend.store.activity(known.id)
    return Json(by_time(facts, zone(request), "%Y-%m-%dT%H:00:00"))


# -- tags ----------------------------------------------------------------------------------------


def _tags(context: Context, request: Request) -> Response:
    wanted = text(request, "q").strip().lower()
    return Json(
        [
            published.tag(record)
            for record in context.backend.list_tags()
            if wanted in record.name.lower()
        ]
    )


def _tag(context: Context, request: Request) -> TagRecord:
    label_id = request.path_params["label_id"]
    for record in context.backend.list_tags():
        if record.id == label_id:
            return record
    raise HTTPException(404)


def _create_tag(context: Context, request: Request, body: _NewTag) -> Response:
    name = body.name.strip()
    try:
        record = context.backend.create_tag(name)
    except InvalidInputError:
        raise HTTPException(400, f"Tag with name {name!r} already exists") from None
    if body.color or body.description:
        context.backend.update_tag(
            dataclasses.replace(record, color=body.color or "", description=body.description or "")
        )
    return Json({"id": record.id, "status": "OK"})


def _get_tag(context: Context, request: Request) -> Response:
    return Json(published.tag(_tag(context, request)))


def _edit_tag(context: Context, request: Request, body: _TagEdit) -> Response:
    known = _tag(context, request)
    given = body.model_dump(exclude_none=True)
    if (body.name or "").strip():
        given["name"] = (body.name or "").strip()
    else:
        given.pop("name", None)
    context.backend.update_tag(dataclasses.replace(known, **given))
    return Json({"id": known.id, "status": "OK"})


def _delete_tag(context: Context, request: Request) -> Response:
    context.backend.delete_tag(_tag(context, request).id)
    return Json(None)


def _runs_with_tag(context: Context, request: Request) -> Response:
    known = _tag(context, request)
    rows = [
        {**_row(run), "experiment": run.experiment}
        for run in _runs(context, Predicate("tag", "contains", known.name))
    ]
    return Json({"id": known.id, "runs": rows})
