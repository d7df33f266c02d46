"""Settings, and the one place that reads the environment.

A plain frozen dataclass instead of pydantic-settings: importing that costs 0.13 s, more than the
whole import budget, for a handful of variables. `docs/environment.md` lists them; a test compares.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
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
        frontier_url: ingestion URL of a deployment (`MATYAN_FRONTIER_URL`).
        apply_interval_ms: how often journals are applied to the store, in milliseconds
            (`MATYAN_APPLY_INTERVAL_MS`).
        close_timeout_s: how long `Run.close()` waits for delivery, in seconds
            (`MATYAN_CLOSE_TIMEOUT_S`).
    """

    backend_url: str = ""
    frontier_url: str = ""
    apply_interval_ms: int = 250
    close_timeout_s: float = 60.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the `MATYAN_*` variables.

        Raises:
            InvalidInputError: a variable that must be a number is not a positive one.
        """
        environ = os.environ if environ is None else environ
        found: dict[str, object] = {}
        for field in fields(cls):
            variable = PREFIX + field.name.upper()
            text = environ.get(variable, "")
            if not text:
                continue
            kind: type[Any] = type(field.default)
            try:
                value = kind(text)
            except ValueError:
                value = None
            if value is None or (not isinstance(value, str) and not value > 0):
                raise InvalidInputError(
                    f"{variable} is {text!r}; it must be a positive {kind.__name__}."
                )
            found[field.name] = value
        return cls(**found)  # type: ignore[arg-type]  # checked against the fields just above
