"""The deployments this process was told about, with the credentials for each.

What `Repo.connect` is given, and which ingestion URL was once named for a deployment, stays here,
in memory only, so that every run and repository of the process that names the same URL uses it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from matyan_client.transports.endpoint import Endpoint

if TYPE_CHECKING:
    from matyan_client.typing import Headers, Token

__all__ = ["endpoint_of", "register"]

_known: dict[str, Endpoint] = {}
"""By backend URL."""


def register(
    backend_url: str, frontier_url: str, token: Token, headers: Headers, ca_file: str
) -> None:
    """Remember how to reach a deployment; what was known of it is forgotten."""
    _known[backend_url] = Endpoint(backend_url, frontier_url, token, headers, ca_file)


def endpoint_of(backend_url: str, frontier_url: str, *, named: bool) -> Endpoint:
    """How to reach a deployment.

    Args:
        backend_url: its URL.
        frontier_url: where it takes writes.
        named: whether the caller named that: it is remembered, and counts more than what was known.
    """
    known = _known.get(backend_url)
    if known is None:
        known = Endpoint(backend_url, frontier_url)
    elif named:
        known = dataclasses.replace(known, frontier_url=frontier_url)
    if named:
        _known[backend_url] = known
    return known
