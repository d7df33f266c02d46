"""What is known of all runs together, without looking at any of them closely."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from matyan_client.store.search import HEARTBEAT_STALE_S

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Activity", "NameInUse", "activity", "names_in_use"]


class Activity(NamedTuple):
    """What counting runs needs to know of one."""

    created_at: float
    archived: bool
    active: bool


class NameInUse(NamedTuple):
    """A name, context and dtype that some sequence has."""

    name: str
    context: dict[str, Any]
    dtype: str


def activity(connection: sqlite3.Connection, experiment_id: str | None) -> list[Activity]:
    """Facts of all runs, or of those of an experiment, oldest first."""
    rows = connection.execute(
        "SELECT created_at, archived, active AND heartbeat >= ?1 FROM runs WHERE ?2 IS NULL"
        " OR experiment_id = (SELECT id FROM experiments WHERE uuid = ?2) ORDER BY created_at, id",
        (time.time() - HEARTBEAT_STALE_S, experiment_id),
    )
    return [Activity(row[0], bool(row[1]), bool(row[2])) for row in rows]


def names_in_use(connection: sqlite3.Connection) -> list[NameInUse]:
    """Every combination of name, context and dtype, by name and context."""
    rows = connection.execute(
        "SELECT DISTINCT name, given, dtype, contexts.id FROM sequences"
        " JOIN contexts ON contexts.id = context_id ORDER BY name, contexts.id"
    )
    return [NameInUse(row[0], json.loads(row[1]), row[2]) for row in rows]
