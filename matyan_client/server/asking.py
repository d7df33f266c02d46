"""What a request asks for: query parameters, headers and JSON bodies, checked and bounded.

Values are taken as laxly as by the published servers (protocol section 3.4), and what does not
validate is answered with 422 and pydantic's words, as there.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from matyan_client.protocol.routes import EXACT
from matyan_client.server.errors import Unprocessable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.server.context import Context

__all__ = [
    "SequenceName",
    "Steps",
    "flag",
    "json_body",
    "steps",
    "text",
    "wants_exact",
    "whole_number",
    "with_body",
    "zone",
]

EXACT_VERSION = "1"
"""The exact form that we know; who asks for another one gets the published form."""
Zone = Annotated[int, Field(gt=-1440, lt=1440)]
Whole = Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)]


class SequenceName(BaseModel):
    """Which sequence of a run is meant."""

    name: str
    context: dict[str, Any] = Field(default_factory=dict)


class Steps(NamedTuple):
    """start <= step < stop; None: no bound."""

    start: int | None
    stop: int | None


def wants_exact(request: Request) -> bool:
    """Whether the answer is to be in the form that loses nothing."""
    return request.headers.get(EXACT, "").strip() == EXACT_VERSION


def text(request: Request, name: str) -> str:
    """A query parameter as text, "" if it is absent."""
    return request.query_params.get(name, "")


def whole_number(request: Request, name: str, default: int) -> int:
    """A query parameter as a whole number of 64 bits."""
    found = request.query_params.get(name)
    number: int = default if found is None else _checked(("query", name), Whole, found)
    return number


def flag(request: Request, name: str, default: bool) -> bool:
    """A query parameter as a bool."""
    found = request.query_params.get(name)
    given: bool = default if found is None else _checked(("query", name), bool, found)
    return given


def zone(request: Request) -> int:
    """The header X-Timezone-Offset in minutes, 0 if it is absent."""
    found = request.headers.get("x-timezone-offset")
    if found is None:
        return 0
    minutes: int = _checked(("header", "x-timezone-offset"), Zone, found)
    return minutes


def steps(request: Request, name: str) -> Steps:
    """A query parameter `start:stop`; either side may be empty, text without `:` means nothing.

    Raises:
        HTTPException: 400, a side is no number of 64 bits.
    """
    start, colon, stop = text(request, name).partition(":")
    return Steps(_bound(start), _bound(stop)) if colon else Steps(None, None)


def _bound(side: str) -> int | None:
    if not side.strip():
        return None
    try:
        number = int(side)
    except ValueError:
        raise HTTPException(400, f"{side!r:.50} is no step: a range is start:stop.") from None
    if not -(1 << 63) <= number < 1 << 63:
        raise HTTPException(400, f"{side!r:.50} is no step of 64 bits.")
    return number


@lru_cache(maxsize=128)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _checked(where: tuple[str | int, ...], kind: Any, value: object) -> Any:
    """`value` as what `kind` (anything pydantic knows) says.

    Raises:
        Unprocessable: it is not.
    """
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as exc:
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(problem["msg"] for problem in problems)
        raise Unprocessable(where, said, None) from None


def with_body(
    kind: Any, handler: Callable[[Context, Request, Any], Response]
) -> Callable[[Context, Request], Awaitable[Response]]:
    """An endpoint that reads a JSON body of `kind`, then calls `handler` in a thread."""

    async def endpoint(context: Context, request: Request) -> Response:
        value = await json_body(request, context.limits.body_bytes)
        return await run_in_threadpool(handler, context, request, _checked(("body",), kind, value))

    return endpoint


async def json_body(request: Request, most: int) -> Any:
    """The body as a JSON value; NaN and the infinities are taken, as the published servers do.

    Raises:
        HTTPException: 413, it is too long.
        Unprocessable: it is no JSON.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413, f"The body has more than {most} bytes.")
    if not body:
        raise Unprocessable(("body",), "Field required", None, "missing")
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise Unprocessable(("body",), "JSON decode error", None, "json_invalid") from None
