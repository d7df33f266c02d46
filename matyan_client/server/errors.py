"""How failures are answered: the backend's envelope (protocol section 8.1), the frontier's plain
form (section 5), and the bare form of routes that do not exist."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from matyan_client.exceptions import InvalidInputError, MatyanError, NotFoundError
from matyan_client.protocol.routes import PRESIGN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["HANDLERS", "Unprocessable", "error_response"]

log = logging.getLogger("matyan_client.server")

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "validation_error",
    500: "internal_error",
}
_FAILED = "Internal server error"


class _Ascii(JSONResponse):
    """Errors repeat what was given, which may be nothing that UTF-8 can say."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class Unprocessable(HTTPException):
    """A request whose parts do not validate: 422.

    Args:
        where: which part, such as `("body", "run_id")`.
        message: what is wrong with it.
        given: what was there instead.
        kind: short name of the fault.
    """

    def __init__(
        self, where: tuple[str | int, ...], message: str, given: Any, kind: str = "value_error"
    ) -> None:
        super().__init__(422, message)
        self.problems = [{"type": kind, "loc": list(where), "msg": message, "input": given}]


def error_response(
    path: str, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An error in the form of the service that `path` belongs to."""
    if path == PRESIGN or not path.startswith("/api/"):
        return _Ascii({"detail": message}, status, headers)
    error = {"code": _CODES.get(status, "error"), "message": message}
    return _Ascii({"error": error, "detail": message}, status, headers)


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    path = request.scope["path"]
    # What no endpoint raised comes from the router.
    if exc.status_code == 405 or "endpoint" not in request.scope:
        return _Ascii({"detail": exc.detail}, exc.status_code, exc.headers)
    if isinstance(exc, Unprocessable) and path == PRESIGN:
        return _Ascii({"detail": exc.problems}, 422)
    return error_response(path, exc.status_code, exc.detail, exc.headers)


async def _known(request: Request, exc: Exception) -> Response:
    path = request.scope["path"]
    if isinstance(exc, NotFoundError):
        return error_response(path, 404, str(exc))
    if isinstance(exc, InvalidInputError):
        return error_response(path, 400, str(exc))
    log.error("%s %s failed: %s", request.method, path, exc)
    return error_response(path, 500, _FAILED)


async def _unknown(request: Request, exc: Exception) -> Response:
    return error_response(request.scope["path"], 500, _FAILED)


HANDLERS: dict[Any, Any] = {HTTPException: _refused, MatyanError: _known, Exception: _unknown}
"""For Starlette's `exception_handlers`."""
