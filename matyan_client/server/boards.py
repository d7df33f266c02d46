"""What the web UI keeps: dashboards, explorer states ("apps") and reports (protocol 8.10)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from matyan_client.server.answers import Json
from matyan_client.server.asking import with_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from matyan_client.server.context import Context
    from matyan_client.store.documents import Document, DocumentKind

__all__ = ["routes"]


class _NewDashboard(BaseModel):
    name: str
    description: str | None = None
    app_id: str | None = None


class _DashboardEdit(BaseModel):
    name: str | None = None
    description: str | None = None


class _NewApp(BaseModel):
    type: str
    state: dict[str, Any]


class _AppEdit(BaseModel):
    type: str | None = None
    state: dict[str, Any] | None = None


class _NewReport(BaseModel):
    name: str
    code: str | None = None
    description: str | None = None


class _ReportEdit(BaseModel):
    name: str | None = None
    code: str | None = None
    description: str | None = None


class _Shelf(NamedTuple):
    """One kind of document as a resource."""

    path: str
    kind: DocumentKind
    new: type[BaseModel]
    edit: type[BaseModel]
    show: Callable[[Context, Document], dict[str, Any]]
    archives: bool = False
    """Whether what is deleted is only hidden from the list."""


def _dashboard(context: Context, document: Document) -> dict[str, Any]:
    app_id = document.fields.get("app_id")
    apps = context.backend.store.documents("app", document_id=app_id) if app_id else []
    return {
        "id": document.id,
        "name": document.fields.get("name", ""),
        "description": document.fields.get("description") or "",
        "app_id": app_id,
        "app_type": apps[0].fields.get("type") if apps else None,
        **_times(document),
    }


def _app(context: Context, document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "type": document.fields.get("type", ""),
        **_times(document),
        "state": document.fields.get("state", {}),
    }


def _report(context: Context, document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.fields.get("name", ""),
        "code": document.fields.get("code"),
        "description": document.fields.get("description") or "",
        **_times(document),
    }


def _times(document: Document) -> dict[str, float]:
    return {"updated_at": document.updated_at, "created_at": document.created_at}


_SHELVES = (
    _Shelf("/dashboards/", "dashboard", _NewDashboard, _DashboardEdit, _dashboard, archives=True),
    _Shelf("/apps/", "app", _NewApp, _AppEdit, _app),
    _Shelf("/reports/", "report", _NewReport, _ReportEdit, _report),
)


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    made: list[Route] = []
    for shelf in _SHELVES:
        one = f"{shelf.path}{{document_id}}/"
        for path, endpoint, method in (
            (shelf.path, partial(_list, shelf), "GET"),
            (shelf.path, with_body(shelf.new, partial(_create, shelf)), "POST"),
            (one, partial(_get, shelf), "GET"),
            (one, with_body(shelf.edit, partial(_update, shelf)), "PUT"),
            (one, partial(_delete, shelf), "DELETE"),
        ):
            made.append(Route(path, partial(endpoint, context), methods=[method]))
    return made


def _list(shelf: _Shelf, context: Context, request: Request) -> Response:
    documents = context.backend.store.documents(shelf.kind)
    return Json(
        [shelf.show(context, each) for each in documents if not each.fields.get("archived")]
    )


def _create(shelf: _Shelf, context: Context, request: Request, body: BaseModel) -> Response:
    document = context.backend.store.create_document(shelf.kind, body.model_dump())
    return Json(shelf.show(context, document), 201)


def _get(shelf: _Shelf, context: Context, request: Request) -> Response:
    found = context.backend.store.documents(
        shelf.kind, document_id=request.path_params["document_id"]
    )
    if not found:
        raise HTTPException(404)
    return Json(shelf.show(context, found[0]))


def _update(shelf: _Shelf, context: Context, request: Request, body: BaseModel) -> Response:
    document = context.backend.store.update_document(
        shelf.kind, request.path_params["document_id"], body.model_dump(exclude_none=True)
    )
    if document is None:
        raise HTTPException(404)
    return Json(shelf.show(context, document))


def _delete(shelf: _Shelf, context: Context, request: Request) -> Response:
    store = context.backend.store
    document_id = request.path_params["document_id"]
    if shelf.archives:
        gone = store.update_document(shelf.kind, document_id, {"archived": True}) is not None
    else:
        gone = store.delete_document(shelf.kind, document_id)
    if not gone:
        raise HTTPException(404)
    return Response(status_code=204)
