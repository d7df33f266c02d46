"""One run: all that is known of it, and changes to it (protocol section 8.2)."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from matyan_client.protocol.batches import Batch
from matyan_client.protocol.messages import format_time
from matyan_client.protocol.run_json import run_to_json
from matyan_client.server import published
from matyan_client.server.answers import Json
from matyan_client.server.asking import flag, wants_exact, with_body
from matyan_client.server.searching import labels_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from matyan_client.protocol.messages import Message
    from matyan_client.protocol.records import RunRecord
    from matyan_client.server.context import Context

__all__ = ["ARTIFACT_URI", "routes"]

ARTIFACT_URI = "s3://matyan-artifacts/"
"""How the URIs of artifacts begin on a server with default settings; nobody can open them here."""


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""

    def post(path: str, endpoint: Any) -> Route:
        return Route(path, partial(endpoint, context), methods=["POST"])

    return [
        post("/runs/delete-batch/", with_body(list[str], _delete_all)),
        post("/runs/archive-batch/", with_body(list[str], _archive_all)),
        post("/runs/finish-batch/", with_body(list[str], _finish_all)),
        Route("/runs/{run_hash}/info/", partial(_info, context)),
        Route("/runs/{run_hash}/", partial(with_body(_Edit, _edit), context), methods=["PUT"]),
        Route("/runs/{run_hash}/", partial(_delete, context), methods=["DELETE"]),
        post("/runs/{run_hash}/clear-tombstone/", _clear_tombstone),
        post("/runs/{run_hash}/tags/new/", with_body(_NewTag, _add_tag)),
        Route("/runs/{run_hash}/tags/{tag_id}/", partial(_remove_tag, context), methods=["DELETE"]),
    ]


def _info(context: Context, request: Request) -> Response:
    store = context.backend.store
    run_hash = request.path_params["run_hash"]
    if wants_exact(request):
        run = store.get_run(
            run_hash,
            params=flag(request, "params", True),
            sequences=flag(request, "sequences", True),
            artifacts=flag(request, "artifacts", True),
            stored=True,
        )
        if run is None:
            raise HTTPException(404)
        return Response(run_to_json(run, run.params), media_type="application/json")
    run = store.get_run(run_hash, params=True, sequences=True, artifacts=True)
    if run is None:
        raise HTTPException(404)
    return Json(
        published.run_info(
            run,
            labels_of(store),
            skip_system=flag(request, "skip_system", False),
            kinds=request.query_params.getlist("sequence"),
            uri=ARTIFACT_URI,
        )
    )


# -- changes -------------------------------------------------------------------------------------


class _Edit(BaseModel):
    name: str | None = None
    description: str | None = None
    archived: bool | None = None
    active: bool | None = None
    experiment: str | None = None
    clear: list[Literal["name", "description", "experiment"]] = []
    """What to unset, whatever stands for it above; ours."""


class _NewTag(BaseModel):
    tag_name: str


def _known(context: Context, run_hash: str) -> RunRecord:
    """A run by hash; 404 if there is none."""
    run = context.backend.store.get_run(run_hash, params=False, sequences=False, artifacts=False)
    if run is None:
        raise HTTPException(404)
    return run


def _edit(context: Context, request: Request, body: _Edit) -> Response:
    run = _known(context, request.path_params["run_hash"])
    messages: list[Message] = []
    properties: dict[str, Any] = {
        name: value
        for name, value in (
            ("name", body.name),
            ("description", body.description),
            ("archived", body.archived),
        )
        if value is not None
    }
    cleared: set[str] = set(body.clear)
    if body.experiment is not None and "experiment" not in cleared:
        known = {each.name for each in context.backend.store.list_experiments()}
        # One that is unknown is not made here, unlike over the WebSocket.
        if body.experiment in known:
            properties["experiment"] = body.experiment
        else:
            cleared.add("experiment")
    if cleared:
        properties["clear"] = sorted(cleared)
    if properties:
        messages.append(cast("Message", {"type": "set_run_property", **properties}))
    if body.active is True and not run.active:
        messages.append(_resumption(run))
    elif body.active is False:
        messages.append(_ending(run))
    # As what came over the network: nobody watches whether a run that goes on does.
    context.backend.store.apply_received([Batch(run.hash, messages)])
    return Json({"id": run.hash, "status": "OK"})


def _resumption(run: RunRecord) -> Message:
    return {
        "type": "create_run",
        "client_datetime": format_time(run.created_at),
        "force_resume": True,
    }


def _ending(run: RunRecord) -> Message:
    """Ends a run now, or leaves the end it has."""
    end = time.time() if run.end_time is None else run.end_time
    return {"type": "finish_run", "client_datetime": format_time(end)}


def _delete(context: Context, request: Request) -> Response:
    run_hash = request.path_params["run_hash"]
    if not context.backend.delete_run(run_hash):
        raise HTTPException(404)
    return Json({"id": run_hash, "status": "OK"})


def _delete_all(context: Context, request: Request, hashes: list[str]) -> Response:
    for run_hash in hashes:
        context.backend.delete_run(run_hash)
    return Json({"status": "OK"})


def _archive_all(context: Context, request: Request, hashes: list[str]) -> Response:
    archived = flag(request, "archive", True)
    for run_hash in _those_known(context, hashes):
        context.backend.submit(run_hash, [{"type": "set_run_property", "archived": archived}])
    return Json({"status": "OK"})


def _finish_all(context: Context, request: Request, hashes: list[str]) -> Response:
    for run in _those_known(context, hashes).values():
        context.backend.submit(run.hash, [_ending(run)])
    return Json({"status": "OK"})


def _those_known(context: Context, hashes: list[str]) -> dict[str, RunRecord]:
    """Runs by hash; what is unknown is left out, so that nothing is made by mistake."""
    store = context.backend.store
    found = (
        store.get_run(run_hash, params=False, sequences=False, artifacts=False)
        for run_hash in dict.fromkeys(hashes)
    )
    return {run.hash: run for run in found if run is not None}


def _clear_tombstone(context: Context, request: Request) -> Response:
    context.backend.store.forget_deletion(request.path_params["run_hash"])
    return Response(status_code=204)


def _add_tag(context: Context, request: Request, body: _NewTag) -> Response:
    run = _known(context, request.path_params["run_hash"])
    name = body.tag_name.strip()
    context.backend.submit(run.hash, [{"type": "add_tag", "tag_name": name}])
    tag_id = next((tag.id for tag in context.backend.list_tags() if tag.name == name), "")
    return Json({"id": run.hash, "tag_id": tag_id, "status": "OK"})


def _remove_tag(context: Context, request: Request) -> Response:
    run = _known(context, request.path_params["run_hash"])
    tag_id = request.path_params["tag_id"]
    for tag in context.backend.list_tags():
        if tag.id == tag_id:
            context.backend.submit(run.hash, [{"type": "remove_tag", "tag_name": tag.name}])
    return Json({"id": run.hash, "removed": True, "status": "OK"})
