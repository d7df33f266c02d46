"""Notes on runs and on experiments (protocol sections 8.2 and 8.7)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.server.answers import Json
from matyan_client.server.asking import with_body

if TYPE_CHECKING:
    from typing import Any

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.server.context import Context
    from matyan_client.store.documents import Document, DocumentKind

__all__ = ["routes"]


class _Note(BaseModel):
    content: str


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    made: list[Route] = []
    about: tuple[tuple[str, DocumentKind], ...] = (
        ("/runs/{owner}/note/", "run note"),
        ("/experiments/{owner}/note/", "experiment note"),
    )
    for path, kind in about:

        def add(path: str, endpoint: Any, method: str) -> None:
            made.append(Route(path, partial(endpoint, context), methods=[method]))

        add(path, partial(_list, kind), "GET")
        add(path, with_body(_Note, partial(_create, kind)), "POST")
        add(f"{path}{{note_id}}/", partial(_get, kind), "GET")
        add(f"{path}{{note_id}}/", with_body(_Note, partial(_update, kind)), "PUT")
        add(f"{path}{{note_id}}/", partial(_delete, kind), "DELETE")
    return made


def _check_owner(kind: DocumentKind, context: Context, owner: str) -> None:
    """Runs are not looked for, experiments are, as on published servers."""
    if kind == "experiment note" and not any(
        experiment.id == owner for experiment in context.backend.list_experiments()
    ):
        raise HTTPException(404)


def _found(kind: DocumentKind, context: Context, request: Request) -> Document:
    """The note that is asked for; one of a run must be of that run."""
    documents = context.backend.store.documents(
        kind,
        document_id=request.path_params["note_id"],
        owner=request.path_params["owner"] if kind == "run note" else None,
    )
    if not documents:
        raise HTTPException(404)
    return documents[0]


def _shown(note: Document) -> dict[str, Any]:
    return {
        "id": note.id,
        "content": note.fields.get("content", ""),
        "updated_at": note.updated_at,
    }


def _list(kind: DocumentKind, context: Context, request: Request) -> Response:
    owner = request.path_params["owner"]
    _check_owner(kind, context, owner)
    about = "run_hash" if kind == "run note" else "experiment_id"
    return Json(
        [
            {**_shown(note), "created_at": note.created_at, about: owner}
            for note in context.backend.store.documents(kind, owner=owner)
        ]
    )


def _create(kind: DocumentKind, context: Context, request: Request, body: _Note) -> Response:
    owner = request.path_params["owner"]
    _check_owner(kind, context, owner)
    note = context.backend.store.create_document(
        kind, {"content": body.content.strip()}, owner=owner
    )
    return Json({"id": note.id, "created_at": note.created_at}, 201)


def _get(kind: DocumentKind, context: Context, request: Request) -> Response:
    return Json(_shown(_found(kind, context, request)))


def _update(kind: DocumentKind, context: Context, request: Request, body: _Note) -> Response:
    known = _found(kind, context, request)
    note = context.backend.store.update_document(kind, known.id, {"content": body.content.strip()})
    if note is None:
        raise HTTPException(404)
    return Json(_shown(note))


def _delete(kind: DocumentKind, context: Context, request: Request) -> Response:
    known = _found(kind, context, request)
    context.backend.store.delete_document(kind, known.id)
    return Json({"status": "OK"})
