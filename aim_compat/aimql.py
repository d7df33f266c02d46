"""AimQL (placeholder until the query package is there)."""

from __future__ import annotations

from typing import Any

from matyan_client.query import Query, parse

__all__ = ["parse_aimql"]


def parse_aimql(text: Any, kind: Any, timezone_offset: int = 0) -> Query:
    return parse(text, kind=kind)
