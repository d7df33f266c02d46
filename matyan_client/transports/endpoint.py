"""Where a deployment is and how it knows us: URLs, credentials, certificates, time-outs.

Credentials are worked out anew for every request, so that a callable may hand out short-lived
ones. Nothing here prints them.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from matyan_client.config import Settings
from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.routes import TOKEN_SCHEME, WEBSOCKET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matyan_client.typing import Headers, Token

__all__ = ["Endpoint"]


@dataclass(frozen=True)
class Endpoint:
    """One deployment.

    Attributes:
        backend_url: where reads go, without a slash at its end.
        frontier_url: where writes go.
        token: bearer token, or what gives one; None: `MATYAN_TOKEN`.
        headers: more headers, or what gives them; None: `MATYAN_HEADERS`.
        ca_file: CA certificates to trust; empty: `MATYAN_CA_FILE`, else the system's.
    """

    backend_url: str
    frontier_url: str
    token: Token = field(default=None, repr=False, compare=False)
    headers: Headers = field(default=None, repr=False, compare=False)
    ca_file: str = ""

    def credentials(self) -> dict[str, str]:
        """The headers that go with every request to either URL, and to no other host.

        Raises:
            InvalidInputError: `MATYAN_HEADERS` is no JSON object of texts, or a header is not text.
        """
        settings = Settings.from_environment()
        headers = self.headers() if callable(self.headers) else self.headers
        if headers is None:
            headers = _parse_headers(settings.headers)
        token = self.token() if callable(self.token) else self.token
        token = settings.token if token is None else token
        found = {str(name): value for name, value in headers.items()}
        if token:
            found["Authorization"] = f"{TOKEN_SCHEME} {token}"
        for name, value in found.items():
            if not isinstance(value, str) or any(char in value for char in "\r\n\0"):
                raise InvalidInputError(f"The header {name!r} is not a text of one line.")
        return found

    def ssl_context(self) -> ssl.SSLContext:
        """Verifies certificates, against `ca_file` if there is one.

        Raises:
            InvalidInputError: the file cannot be used.
        """
        path = self.ca_file or Settings.from_environment().ca_file
        try:
            return ssl.create_default_context(cafile=path or None)
        except (OSError, ssl.SSLError) as exc:
            raise InvalidInputError(
                f"The CA file {path!r} cannot be used: {exc}. Set MATYAN_CA_FILE to a PEM file."
            ) from exc

    def websocket_url(self, run_hash: str) -> str:
        """Where a run's writes go (protocol section 1)."""
        scheme, colon, rest = self.frontier_url.rstrip("/").partition(":")
        return f"{'wss' if scheme.lower() == 'https' else 'ws'}{colon}{rest}{WEBSOCKET}{run_hash}"

    def is_ours(self, url: str) -> bool:
        """Whether a URL is at the same scheme, host and port as one of ours."""
        return _origin(url) in (_origin(self.backend_url), _origin(self.frontier_url))


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or {"http": 80, "https": 443}.get(parts.scheme),
    )


def _parse_headers(text: str) -> Mapping[str, str]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError as exc:
        # Its text is not shown: it may hold a secret.
        raise InvalidInputError("MATYAN_HEADERS is not JSON; expected an object of texts.") from exc
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InvalidInputError("MATYAN_HEADERS must be a JSON object whose values are texts.")
    return found
