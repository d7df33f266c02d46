"""Requests to a deployment's REST services: one small synchronous client.

Whoever asks gives a function that reads the answer; the connection is busy only while that runs, so
that nothing the caller forgets holds a descriptor. What is safe to ask again is asked again. Every
failure is one of `ServerError` (`failures.py` has the words). Knows nothing about runs.
"""

from __future__ import annotations

import contextlib
import email.utils
import io
import json
import os
import random
import ssl
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urljoin, urlsplit

from matyan_client.config import Settings
from matyan_client.exceptions import (
    CodecError,
    ServerError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.streams import Decoder, Folder
from matyan_client.transports import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import httpx

    from matyan_client.transports.endpoint import Endpoint

__all__ = ["ANSWER_BYTES_MAX", "JSON_TYPE", "STREAM_TYPE", "Answer", "HttpClient"]

JSON_TYPE = "application/json"
STREAM_TYPE = "application/octet-stream"

ANSWER_BYTES_MAX = 512 << 20
"""Most bytes of an answer that is kept in memory, and of one record of a stream."""

_ERROR_BYTES_MAX = 64 << 10
_SPOOL_BYTES_MAX = 8 << 20
_TRIES = 4
_BACK_OFF_S = 0.25
_RETRY_AFTER_MAX_S = 10.0
_REDIRECTS_MAX = 5
_CONNECTIONS_MAX = 8
_IDLE_CONNECTIONS_MAX = 2
_IDLE_S = 15.0
_TRICKLE_BYTES = 256
"""What has to come within a read time-out; a server that only drips is as good as silent."""
_AGAIN_STATUS = frozenset({429, 502, 503, 504})

T = TypeVar("T")


class Answer:
    """An answer whose status was a success; its body comes while it is read, and only once.

    Attributes:
        url: what was asked, as messages show it.
        media_type: without parameters, in lower case.
    """

    def __init__(self, response: httpx.Response, read_timeout_s: float) -> None:
        self._response = response
        self._read_timeout_s = read_timeout_s
        self.url = failures.shown(str(response.request.url))
        self.media_type = _media_type(response)

    def chunks(self) -> Iterator[bytes]:
        """The body, piece by piece.

        Raises:
            ServerError: it ends early, or hardly anything comes.
        """
        import httpx

        since, came = time.monotonic(), 0
        try:
            for chunk in self._response.iter_bytes():
                came += len(chunk)
                now = time.monotonic()
                if now - since > self._read_timeout_s:
                    if came < _TRICKLE_BYTES:
                        raise httpx.ReadTimeout("hardly anything comes")
                    since, came = now, 0
                yield chunk
        except (httpx.HTTPError, httpx.StreamError) as exc:
            raise failures.of_exception(exc, self.url) from exc

    def body(self, limit: int = ANSWER_BYTES_MAX) -> bytes:
        """The whole body.

        Raises:
            UnexpectedAnswerError: it is longer than `limit` bytes.
        """
        found = bytearray()
        for chunk in self.chunks():
            found += chunk
            if len(found) > limit:
                raise UnexpectedAnswerError(
                    f"The answer of {self.url} is longer than {limit} bytes.", url=self.url
                )
        return bytes(found)

    def json(self, limit: int = ANSWER_BYTES_MAX) -> Any:
        """The body as a JSON value; NaN and Infinity are read as Python writes them.

        Raises:
            UnexpectedAnswerError: it is none.
        """
        return self.as_json(self.body(limit))

    def as_json(self, body: bytes) -> Any:
        """A body that was read as a JSON value.

        Raises:
            UnexpectedAnswerError: it is none.
        """
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as exc:
            raise UnexpectedAnswerError(
                f"The answer of {self.url} is not the JSON it says it is ({exc}). Something else "
                "may run there.",
                url=self.url,
            ) from exc

    def trees(self) -> Iterator[tuple[str | int | None, Any]]:
        """The body as top-level trees of a stream, with their keys (protocol section 6.5).

        Raises:
            UnexpectedAnswerError: it is no stream, or ends within a record.
        """
        return _trees(self.chunks(), self.url)

    def spooled(self) -> BinaryIO:
        """The whole body as a file without a name: in memory while it is small."""
        file: BinaryIO = io.BytesIO()
        size = 0
        for chunk in self.chunks():
            size += len(chunk)
            if size > _SPOOL_BYTES_MAX and isinstance(file, io.BytesIO):
                small, file = file, tempfile.TemporaryFile()
                file.write(small.getbuffer())
            file.write(chunk)
        file.seek(0)
        return file

    def spooled_trees(self) -> Iterator[tuple[str | int | None, Any]]:
        """As `trees`, but the connection is free again before the first one is used."""
        return _trees_of_file(self.spooled(), self.url)


def _trees_of_file(file: BinaryIO, url: str) -> Iterator[tuple[str | int | None, Any]]:
    with file:
        yield from _trees(iter(lambda: file.read(1 << 16), b""), url)


def _trees(chunks: Iterator[bytes], url: str) -> Iterator[tuple[str | int | None, Any]]:
    decoder, folder = Decoder(record_max=ANSWER_BYTES_MAX), Folder()
    try:
        for chunk in chunks:
            for record in decoder.feed(chunk):
                yield from folder.add(record)
        decoder.close()
        yield from folder.finish()
    except CodecError as exc:
        raise UnexpectedAnswerError(
            f"The answer of {url} is not a whole stream of records: {exc} Something else may run "
            "there, or the answer was cut short.",
            url=url,
        ) from exc


class HttpClient:
    """Asks one of a deployment's services. Threads may share it; a forked child starts afresh.

    Args:
        endpoint: credentials and certificates.
        base_url: the service, without a slash at its end; None: the backend.
    """

    def __init__(self, endpoint: Endpoint, base_url: str | None = None) -> None:
        self._endpoint = endpoint
        self._base_url = endpoint.backend_url if base_url is None else base_url
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._client: httpx.Client | None = None

    # -- asking ---------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        types: Sequence[str] = (JSON_TYPE,),
        absent: Callable[[], T] | None = None,
        again: bool | None = None,
    ) -> T:
        """Ask, and read the answer.

        Args:
            method: HTTP method.
            path: below the base URL, with a slash in front, quoted.
            read: takes the answer; what it returns is returned. May be called again after a
                failure, so it must not keep what it read before.
            query: query parameters.
            body: JSON value to send.
            headers: more headers.
            types: media types the answer may have; empty: any.
            absent: gives what a 404 that speaks Matyan's language (8.1) stands for; None: an error.
            again: whether asking twice does no harm; None: for all methods but POST.

        Raises:
            ServerError: see `exceptions`.
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        again = method != "POST" if again is None else again
        tried = 0
        while True:
            tried += 1
            try:
                return self._call_once(method, path, read, query, content, headers, types, absent)
            except _Trouble as trouble:
                if tried >= _TRIES or not (again or trouble.untouched):
                    raise trouble.error from trouble.__cause__
                wait_s = _BACK_OFF_S * 2 ** (tried - 1) * (0.75 + random.random() / 2)
                time.sleep(max(wait_s, trouble.retry_after_s))

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        absent: Callable[[], Any] | None = None,
        again: bool | None = None,
    ) -> Any:
        """Ask for a JSON value; see `call`."""
        return self.call(
            method,
            path,
            Answer.json,
            query=query,
            body=body,
            headers=headers,
            absent=absent,
            again=again,
        )

    def shown(self, path: str) -> str:
        """The URL of a path, as messages show it."""
        return failures.shown(self._base_url + path)

    def use(self, endpoint: Endpoint) -> None:
        """From now on, use these credentials and certificates."""
        self._endpoint = endpoint
        self.close()

    def close(self) -> None:
        """Close idle connections; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._pid == os.getpid():
            client.close()

    # -- one try ----------------------------------------------------------------------------------

    def _call_once(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        query: Mapping[str, str | int] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        types: Sequence[str],
        absent: Callable[[], T] | None,
    ) -> T:
        settings = Settings.from_environment()
        credentials = self._endpoint.credentials()
        sent = {"Accept": ", ".join(types) or "*/*", **(headers or {}), **credentials}
        if content is not None:
            sent["Content-Type"] = JSON_TYPE
        url = self._base_url + path
        with contextlib.ExitStack() as stack:
            response = self._opened(stack, method, url, query, content, sent, settings)
            answer = Answer(response, settings.read_timeout_s)
            if not response.is_success:
                beginning = _beginning(answer)
                if absent and response.status_code == 404 and _is_envelope(beginning):
                    return absent()
                error = failures.of_status(
                    response.status_code,
                    answer.url,
                    beginning,
                    answer.media_type,
                    credentials=bool(credentials),
                )
                if response.status_code in _AGAIN_STATUS:
                    trouble = _Trouble(error, untouched=response.status_code in (429, 503))
                    raise trouble.after(response.headers.get("Retry-After"))
                raise error
            if types and answer.media_type not in types:
                raise UnexpectedAnswerError(
                    f"{answer.url} answered with {answer.media_type or 'no media type'!r} instead "
                    f"of {' or '.join(types)}. Something else runs there; check the URL.",
                    url=answer.url,
                    status=response.status_code,
                )
            try:
                return read(answer)
            except ServerError as exc:
                if _may_pass(exc.__cause__):
                    raise _Trouble(exc) from exc.__cause__
                raise

    def _opened(
        self,
        stack: contextlib.ExitStack,
        method: str,
        url: str,
        query: Mapping[str, str | int] | None,
        content: bytes | None,
        headers: Mapping[str, str],
        settings: Settings,
    ) -> httpx.Response:
        """The answer's head, after redirects within the same scheme, host and port."""
        import httpx

        client = self._connected(settings)
        params: Mapping[str, str | int] | None = query
        for _ in range(_REDIRECTS_MAX):
            try:
                request = client.build_request(
                    method, url, params=params, content=content, headers=dict(headers)
                )
                response = client.send(request, stream=True, follow_redirects=False)
            except (httpx.HTTPError, httpx.InvalidURL) as exc:
                error = failures.of_exception(exc, url)
                if _may_pass(exc):
                    raise _Trouble(error, untouched=isinstance(exc, httpx.ConnectError)) from exc
                raise error from exc
            stack.callback(response.close)
            if not response.has_redirect_location:
                return response
            url = self._redirected(method, str(request.url), response)
            params = None
            response.close()
        raise UnexpectedAnswerError(
            f"{failures.shown(url)} redirects in circles; check the URL.", url=failures.shown(url)
        )

    def _redirected(self, method: str, url: str, response: httpx.Response) -> str:
        target = urljoin(url, response.headers["Location"])
        same = _origin(target) == _origin(url)
        if same and (method == "GET" or response.status_code in (307, 308)):
            return target
        here, there = failures.shown(url), failures.shown(target)
        raise UnexpectedAnswerError(
            f"{here} redirects to {there}"
            + (
                f" with status {response.status_code}, which would change the request."
                if same
                else ", another place, where credentials are not sent. If that is right, use the "
                "URL it leads to."
            ),
            url=here,
            status=response.status_code,
        )

    def _connected(self, settings: Settings) -> httpx.Client:
        if self._pid != os.getpid():  # a forked child: the parent's connections are the parent's
            self._lock = threading.Lock()
            self._client, self._pid = None, os.getpid()
        with self._lock:
            if self._client is None:
                import httpx

                secure = self._base_url.startswith("https:")
                self._client = httpx.Client(
                    # Making one that trusts somebody takes longer than a request.
                    verify=self._endpoint.ssl_context()
                    if secure
                    else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                    limits=httpx.Limits(
                        max_connections=_CONNECTIONS_MAX,
                        max_keepalive_connections=_IDLE_CONNECTIONS_MAX,
                        keepalive_expiry=_IDLE_S,
                    ),
                    headers={"User-Agent": "matyan-client", "Accept-Encoding": "identity"},
                    timeout=httpx.Timeout(
                        settings.read_timeout_s, connect=settings.connect_timeout_s
                    ),
                )
            return self._client


class _Trouble(Exception):
    """A failure that may pass.

    Attributes:
        error: what to raise if it does not.
        untouched: the server has not acted on the request.
        retry_after_s: how long the server wants to be left alone.
    """

    def __init__(self, error: ServerError, *, untouched: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.untouched = untouched
        self.retry_after_s = 0.0

    def after(self, header: str | None) -> _Trouble:
        """Take `Retry-After` into account: seconds, or a date."""
        seconds = 0.0
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            text = header or ""
            seconds = (
                float(text)
                if text.strip().isdigit()
                else email.utils.parsedate_to_datetime(text).timestamp() - time.time()
            )
        self.retry_after_s = min(max(seconds, 0.0), _RETRY_AFTER_MAX_S)
        return self


def _may_pass(exc: BaseException | None) -> bool:
    """Whether a request may succeed when it is sent again at once: the connection broke."""
    import httpx

    if isinstance(exc, httpx.ConnectError):
        return not failures.is_about_tls(exc)
    if isinstance(exc, httpx.RemoteProtocolError):
        return "disconnected" in str(exc) or "complete message body" in str(exc)
    return isinstance(exc, httpx.NetworkError)


def _beginning(answer: Answer) -> bytes:
    """What an error answer says, as far as it comes."""
    found = bytearray()
    with contextlib.suppress(ServerError):
        for chunk in answer.chunks():
            found += chunk
            if len(found) > _ERROR_BYTES_MAX:
                break
    return bytes(found)


def _is_envelope(body: bytes) -> bool:
    try:
        tree = json.loads(body)
    except ValueError:
        return False
    return isinstance(tree, dict) and isinstance(tree.get("error"), dict)


def _media_type(response: httpx.Response) -> str:
    text: str = response.headers.get("Content-Type", "")
    return text.partition(";")[0].strip().lower()


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default
