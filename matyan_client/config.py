"""Settings, and the one place that reads the environment.

A plain frozen dataclass instead of pydantic-settings: importing that costs 0.13 s, more than the
whole import budget, for a handful of variables. `docs/environment.md` lists them; a test compares.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PREFIX", "Settings"]

PREFIX = "MATYAN_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set from outside. Precedence: argument, environment, default.

    Attributes:
        backend_url: repository to use when none is given: a path or an HTTP(S) URL
            (`MATYAN_BACKEND_URL`; empty: search for a `.matyan` directory).
        frontier_url: ingestion URL of a deployment (`MATYAN_FRONTIER_URL`; empty: the same as the
            repository's).
        token: bearer token for a deployment (`MATYAN_TOKEN`); never logged.
        headers: extra headers for a deployment, a JSON object of texts (`MATYAN_HEADERS`); never
            logged.
        ca_file: file of CA certificates to trust instead of the system's (`MATYAN_CA_FILE`).
        journal_dir: where journals for deployments are kept (`MATYAN_JOURNAL_DIR`; empty: the
            user's state directory).
        journal_max_mb: most megabytes that journals for one deployment may take
            (`MATYAN_JOURNAL_MAX_MB`).
        apply_interval_ms: how often journals are applied to the store, in milliseconds
            (`MATYAN_APPLY_INTERVAL_MS`).
        close_timeout_s: how long `Run.close()` waits for delivery, in seconds
            (`MATYAN_CLOSE_TIMEOUT_S`).
        connect_timeout_s: how long a connection to a deployment may take to be made, in seconds
            (`MATYAN_CONNECT_TIMEOUT_S`).
        read_timeout_s: how long a deployment may be silent over a request, in seconds
            (`MATYAN_READ_TIMEOUT_S`).
        ack_timeout_s: how long a deployment may take to acknowledge what was sent, in seconds;
            after that it is sent again over a new connection (`MATYAN_ACK_TIMEOUT_S`).
        server_token: token that `matyan-client server` asks its clients for
            (`MATYAN_SERVER_TOKEN`); never logged.
    """

    backend_url: str = ""
    frontier_url: str = ""
    token: str = field(default="", repr=False)
    headers: str = field(default="", repr=False)
    ca_file: str = ""
    journal_dir: str = ""
    journal_max_mb: int = 10_000
    apply_interval_ms: int = 250
    close_timeout_s: float = 60.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    ack_timeout_s: float = 30.0
    server_token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the `MATYAN_*` variables.

        Raises:
            InvalidInputError: a variable that must be a number is not a positive one.
        """
        environ = os.environ if environ is None else environ
        found: dict[str, object] = {}
        for setting in fields(cls):
            variable = PREFIX + setting.name.upper()
            text = environ.get(variable, "")
            if not text:
                continue
            kind: type[Any] = type(setting.default)
            try:
                value = kind(text)
            except ValueError:
                value = None
            if value is None or (not isinstance(value, str) and not value > 0):
                raise InvalidInputError(
                    f"{variable} is {text!r}; it must be a positive {kind.__name__}."
                )
            found[setting.name] = value
        return cls(**found)  # type: ignore[arg-type]  # checked against the fields just above
