"""AimQL, the query language of Aim 3.29.1: a dialect of the language of `matyan_client.query`,
which parses and evaluates.

What names stand for is in `rows.py`, values in `values.py`, what is not there in `missing.py`.
Where the language differs from Aim's and from MatyanQL: `docs/queries.md`, every row of it tested.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from aim_compat.aimql.rows import RUN_ATTRIBUTES, RunProxy, SequenceProxy
from aim_compat.aimql.values import get_attribute, get_item
from matyan_client.exceptions import QueryError, QuerySyntaxError
from matyan_client.query import Dialect, Query, parse

if TYPE_CHECKING:
    import ast

    from matyan_client.protocol.records import SequenceKind

__all__ = ["AIMQL", "parse_aimql"]

log = logging.getLogger("aim.storage.query")  # scripts know it by Aim's name


def _only_visible(tree: ast.expr | None, text: str) -> bool:
    """Archived runs are left out unless the text has `run.archived` in it (Q07)."""
    del tree
    return "run.archived" not in text


def _sequence_name(kind: SequenceKind) -> str:
    return kind


def _warn(exc: Exception, text: str) -> None:
    del text
    log.warning("query failed, %s", exc)


AIMQL = Dialect(
    name="AimQL",
    run_proxy=RunProxy,
    sequence_proxy=SequenceProxy,
    sequence_name=_sequence_name,
    default_filter=_only_visible,
    reserved=RUN_ATTRIBUTES,
    get_attribute=get_attribute,
    get_item=get_item,
    on_error=_warn,
)
"""The query language of Aim."""


def parse_aimql(
    text: str,
    kind: SequenceKind | None,
    timezone_offset: int = 0,
    *,
    sequence_name: str | None = None,
) -> Query:
    """Parse an AimQL query over runs (`kind` None) or over sequences of a kind.

    Args:
        text: the query.
        kind: of the sequences searched for.
        timezone_offset: minutes, for `datetime(...)`.
        sequence_name: what a sequence is called in the query; by default as its kind.

    Raises:
        QuerySyntaxError: malformed or refused (a SyntaxError, Q06).
        InvalidTypeError: not text.
    """
    dialect = AIMQL
    if sequence_name is not None:
        dialect = dataclasses.replace(AIMQL, sequence_name=lambda _: sequence_name)
    try:
        return parse(text, dialect=dialect, kind=kind, tz_offset_min=timezone_offset)
    except QuerySyntaxError:
        raise
    except QueryError as exc:
        raise QuerySyntaxError(exc.reason, query=exc.query, position=exc.position) from exc
