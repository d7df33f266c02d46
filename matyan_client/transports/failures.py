"""Says what went wrong between us and a deployment: which URL, what happened, what to do.

One `ServerError` for everything that HTTP, TLS and sockets can come up with. No text here ever
holds credentials: URLs are shown without user info and query.
"""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from matyan_client.exceptions import (
    ServerAccessError,
    ServerError,
    ServerFailedError,
    ServerRefusedError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_about_tls", "of_exception", "of_status", "said", "shown"]

_SAID_MAX = 300
"""How much of an answer a message quotes, in characters."""

_MEANING = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def shown(url: str) -> str:
    """A URL as messages show it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def said(body: bytes) -> str:
    """What an answer says for itself: the text of the error envelope (protocol sections 5, 8.1), or
    nothing."""
    try:
        tree = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(tree, dict):
        return ""
    error, detail = tree.get("error"), tree.get("detail")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        detail = error["message"]
    if isinstance(detail, list):
        detail = "; ".join(
            str(item.get("msg", item)) if isinstance(item, dict) else str(item) for item in detail
        )
    text = detail if isinstance(detail, str) else ""
    return "".join(char if char.isprintable() else " " for char in text)[:_SAID_MAX]


def of_status(
    status: int, url: str, body: bytes, media_type: str, *, credentials: bool
) -> ServerError:
    """The error for an answer that is no success.

    Args:
        status: HTTP status.
        url: what was asked.
        body: the answer, or its beginning.
        media_type: its media type.
        credentials: whether a bearer token or other credentials went with the request.
    """
    where, words = shown(url), said(body)
    head = f"{where} answered {status}"
    if status in _MEANING:
        head += f" {_MEANING[status]}"
    if words and words.lower() != _MEANING.get(status, "").lower():
        head += f": {words.rstrip('.')}"
    kind: type[ServerError] = ServerRefusedError
    if status in (401, 403):
        kind = ServerAccessError
        advice = (
            "It does not take the credentials that were sent; check MATYAN_TOKEN, MATYAN_HEADERS "
            "or what was given to Repo.connect."
            if credentials
            else "It wants credentials: set MATYAN_TOKEN or MATYAN_HEADERS, or use "
            "Repo.connect(url, token=...)."
        )
    elif status == 400 and b"HTTPS port" in body:
        kind = UnexpectedAnswerError
        advice = "The port speaks TLS: write https:// instead of http://."
    elif status in (404, 405):
        advice = "Check that the URL is that of a Matyan backend; something else may run there."
    elif status == 413:
        advice = "A server in between takes no requests of this size; raise its limit."
    elif status == 429:
        advice = "It is asked too often; try again later."
    elif status >= 500:
        kind = ServerFailedError
        advice = "Try again later; its own log says more."
    elif status >= 400:
        advice = "The request, as it is, is not taken."
    else:
        kind = UnexpectedAnswerError
        advice = "That is no answer to this request; something else may run there."
    if not words and "html" in media_type:
        advice = f"The answer is a web page, not Matyan's: {advice[0].lower()}{advice[1:]}"
    return kind(f"{head}. {advice}", url=where, status=status)


def of_exception(exc: Exception, url: str) -> ServerError:
    """The error for a request that got no whole answer."""
    import httpx

    where = shown(url)
    parts = urlsplit(url)
    for cause in _chain(exc):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ServerUnreachableError(_certificate(cause, where, parts.hostname), url=where)
        if isinstance(cause, ssl.SSLError):
            return ServerUnreachableError(
                f"No TLS connection to {where}: {cause.reason or cause}. If the server speaks "
                "plain HTTP on this port, write http:// instead of https://.",
                url=where,
            )
    if isinstance(exc, httpx.ConnectTimeout):
        plain = (
            ", write http:// if the server speaks plain HTTP," if parts.scheme == "https" else ""
        )
        return ServerUnreachableError(
            f"{where} did not take a connection in time. Check the address and firewalls{plain} or "
            "raise MATYAN_CONNECT_TIMEOUT_S.",
            url=where,
        )
    if isinstance(exc, httpx.PoolTimeout):
        return ServerUnreachableError(
            f"All connections to {where} were busy for too long; use fewer threads.", url=where
        )
    if isinstance(exc, httpx.TimeoutException):
        return ServerUnreachableError(
            f"{where} was silent for too long. Try again later, or raise MATYAN_READ_TIMEOUT_S.",
            url=where,
        )
    if isinstance(exc, (httpx.ProxyError, httpx.UnsupportedProtocol)):
        return ServerUnreachableError(
            f"The proxy on the way to {where} does not work: {_reason(exc)}. Check HTTP_PROXY, "
            "HTTPS_PROXY and NO_PROXY.",
            url=where,
        )
    if isinstance(exc, httpx.RemoteProtocolError):
        if "complete message body" in str(exc):
            return UnexpectedAnswerError(
                f"The answer of {where} was cut short. Try again; if it happens again, the server "
                "or a proxy in between ends answers early.",
                url=where,
            )
        advice = (
            "If the port speaks TLS, write https:// instead of http://."
            if parts.scheme == "http"
            else "Something else may run there."
        )
        return UnexpectedAnswerError(
            f"What answers at {where} does not speak HTTP as it should ({_reason(exc)}). {advice}",
            url=where,
        )
    if isinstance(exc, (httpx.DecodingError, httpx.InvalidURL)):
        return UnexpectedAnswerError(
            f"The answer of {where} cannot be read: {_reason(exc)}.", url=where
        )
    if isinstance(exc, httpx.ConnectError):
        return ServerUnreachableError(
            f"No connection to {where}: {_reason(exc)}. Check that the server runs and that host "
            "and port are right.",
            url=where,
        )
    advice = "Try again later."
    if parts.scheme == "http":
        advice = "Try again later; if the port speaks TLS, write https:// instead of http://."
    return ServerUnreachableError(
        f"The connection to {where} broke: {_reason(exc)}. {advice}", url=where
    )


def is_about_tls(exc: BaseException) -> bool:
    """Whether a connection failed for its certificate or protocol, which asking again does not
    mend."""
    return any(isinstance(cause, ssl.SSLError) for cause in _chain(exc))


def _certificate(cause: ssl.SSLCertVerificationError, where: str, host: str | None) -> str:
    reason = (cause.verify_message or str(cause)).rstrip(".")
    head = f"The certificate of {where} was not accepted: {reason}."
    if "expired" in reason or "not yet valid" in reason:
        return f"{head} Renew it on the server, and check the clock of this machine."
    if "mismatch" in reason.lower() or "doesn't match" in reason:
        return f"{head} Use the name the certificate was made for instead of {host!r}."
    return (
        f"{head} If you trust who issued it, name a file with the issuer's certificate in "
        "MATYAN_CA_FILE, or with Repo.connect(url, ca_file=...)."
    )


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        yield exc
        exc = exc.__cause__ or exc.__context__


def _reason(exc: Any) -> str:
    return (str(exc) or type(exc).__name__)[:_SAID_MAX].rstrip(".")
