"""Removes everything a run holds from the tables, and remembers that it was deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["delete_run_rows"]

_OF_SEQUENCES = (
    "DELETE FROM chunks WHERE sequence_id IN (SELECT id FROM sequences WHERE run_id = ?)",
    "DELETE FROM objects WHERE sequence_id IN (SELECT id FROM sequences WHERE run_id = ?)",
)
_OF_RUN = (
    "DELETE FROM sequences WHERE run_id = ?",
    "DELETE FROM params WHERE run_id = ?",
    "DELETE FROM param_index WHERE run_id = ?",
    "DELETE FROM run_tags WHERE run_id = ?",
    "DELETE FROM log_lines WHERE run_id = ?",
    "DELETE FROM log_records WHERE run_id = ?",
    "DELETE FROM blobs WHERE run_id = ?",
    "DELETE FROM uploads WHERE run_hash = (SELECT hash FROM runs WHERE id = ?)",
    "DELETE FROM runs WHERE id = ?",
)


def delete_run_rows(connection: sqlite3.Connection, run_id: int) -> list[str]:
    """Delete a run's rows; returns the blobs (sha256) it referred to."""
    blobs = [
        row[0]
        for row in connection.execute(
            "SELECT sha256 FROM blobs WHERE run_id = ?1 AND sha256 <> ''"
            " UNION SELECT sha256 FROM uploads"
            " WHERE run_hash = (SELECT hash FROM runs WHERE id = ?1)",
            (run_id,),
        )
    ]
    connection.execute(
        "INSERT OR REPLACE INTO deleted_runs (hash, deleted_at)"
        " SELECT hash, ? FROM runs WHERE id = ?",
        (time.time(), run_id),
    )
    connection.execute(
        "DELETE FROM documents WHERE kind = 'run note'"
        " AND owner = (SELECT hash FROM runs WHERE id = ?)",
        (run_id,),
    )
    for statement in (*_OF_SEQUENCES, *_OF_RUN):
        connection.execute(statement, (run_id,))
    return blobs
