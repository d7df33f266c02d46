"""Brings a file's bytes to a deployment's storage (protocol section 5.3): asks the frontier where
to put them, and puts them there.

The storage is often another host: credentials for the deployment never go to it, the URL that the
frontier signed is all it wants.
"""

from __future__ import annotations

import os
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from matyan_client.config import Settings
from matyan_client.exceptions import (
    ServerError,
    ServerFailedError,
    ServerRefusedError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.routes import PRESIGN
from matyan_client.transports import failures
from matyan_client.transports.http import HttpClient

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from matyan_client.transports.endpoint import Endpoint

__all__ = ["Uploader"]


class Uploader:
    """Uploads files to one deployment. Threads may share it; a forked child starts afresh."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._frontier = HttpClient(endpoint, endpoint.frontier_url)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._clients: dict[str, httpx.Client] = {}

    def upload(self, run_hash: str, path: str, content_type: str, file: Path) -> None:
        """Bring a file to where `<run_hash>/<path>` is read from.

        Raises:
            ServerError: its bytes are not there.
            OSError: the file cannot be read.
        """
        body = {"run_id": run_hash, "artifact_path": path, "content_type": content_type}
        found = self._frontier.json("POST", PRESIGN, body=body, again=True)
        try:
            url = str(found["upload_url"])
            headers = {str(k): str(v) for k, v in (found.get("headers") or {}).items()}
        except (KeyError, TypeError, AttributeError) as exc:
            where = self._frontier.shown(PRESIGN)
            raise UnexpectedAnswerError(
                f"{where} does not say where to put a file.", url=where
            ) from exc
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            where = self._frontier.shown(PRESIGN)
            raise UnexpectedAnswerError(
                f"{where} says to put a file at {failures.shown(url)!r}, which is no place.",
                url=where,
            )
        if self._endpoint.is_ours(url):
            headers.update(self._endpoint.credentials())
        headers["Content-Type"] = content_type
        self._put(url, headers, file)

    def use(self, endpoint: Endpoint) -> None:
        """From now on, use these credentials and certificates."""
        self._endpoint = endpoint
        self._frontier.use(endpoint)
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        self._frontier.close()
        with self._lock:
            clients, self._clients = self._clients, {}
        if self._pid == os.getpid():
            for client in clients.values():
                client.close()

    def _put(self, url: str, headers: dict[str, str], file: Path) -> None:
        import httpx

        where = failures.shown(url)
        client = self._client(urlsplit(url).scheme)
        with file.open("rb") as source:
            try:
                response = client.put(url, content=source, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL) as exc:
                raise failures.of_exception(exc, url) from exc
        if response.is_success:
            return
        kind: type[ServerError] = ServerRefusedError
        if response.status_code >= 500 or response.status_code == 429:
            kind = ServerFailedError
        raise kind(
            f"The storage at {where} answered {response.status_code} to an upload of "
            f"{file.stat().st_size} bytes. Its log, or that of a proxy in between, says why.",
            url=where,
            status=response.status_code,
        )

    def _client(self, scheme: str) -> httpx.Client:
        import httpx

        if self._pid != os.getpid():  # the parent's connections are the parent's
            self._lock, self._clients, self._pid = threading.Lock(), {}, os.getpid()
        settings = Settings.from_environment()
        with self._lock:
            if scheme not in self._clients:
                self._clients[scheme] = httpx.Client(
                    verify=self._endpoint.ssl_context()
                    if scheme == "https"
                    else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                    limits=httpx.Limits(
                        max_connections=4, max_keepalive_connections=2, keepalive_expiry=15.0
                    ),
                    headers={"User-Agent": "matyan-client"},
                    timeout=httpx.Timeout(
                        settings.read_timeout_s, connect=settings.connect_timeout_s
                    ),
                )
            return self._clients[scheme]
