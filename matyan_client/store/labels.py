"""Experiments and tags as things of their own: listed, made, changed, deleted (protocol 8.7, 8.8).

Which run has which is applied with the run's messages, in `apply.py`.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from typing import TYPE_CHECKING

from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.records import ExperimentRecord, TagRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "create_experiment",
    "create_tag",
    "delete_experiment",
    "delete_tag",
    "experiments",
    "tags",
    "update_experiment",
    "update_tag",
]


def experiments(connection: sqlite3.Connection) -> Iterator[ExperimentRecord]:
    """All experiments by name."""
    for row in connection.execute(
        "SELECT uuid, name, description, archived, created_at, (SELECT count(*) FROM runs"
        " WHERE experiment_id = experiments.id) FROM experiments ORDER BY name"
    ):
        yield ExperimentRecord(row[0], row[1], row[2], bool(row[3]), row[4], row[5])


def tags(connection: sqlite3.Connection) -> Iterator[TagRecord]:
    """All tags by name."""
    for row in connection.execute(
        "SELECT uuid, name, color, description, archived, (SELECT count(*) FROM run_tags"
        " WHERE tag_id = tags.id) FROM tags ORDER BY name"
    ):
        yield TagRecord(row[0], row[1], row[2], row[3], bool(row[4]), row[5])


def create_experiment(connection: sqlite3.Connection, name: str) -> ExperimentRecord:
    """Make an experiment without runs.

    Raises:
        InvalidInputError: there is one of that name.
    """
    record = ExperimentRecord(str(uuid.uuid4()), name, created_at=time.time())
    _named(
        connection,
        "INSERT INTO experiments (uuid, name, created_at) VALUES (?, ?, ?)",
        (record.id, name, record.created_at),
        f"There is an experiment {name!r} already.",
    )
    return record


def update_experiment(connection: sqlite3.Connection, record: ExperimentRecord) -> bool:
    """Give the experiment of this id this name, description and archived mark; False if there is
    none.

    Raises:
        InvalidInputError: another one has the name.
    """
    return _named(
        connection,
        "UPDATE experiments SET name = ?, description = ?, archived = ? WHERE uuid = ?",
        (record.name, record.description, record.archived, record.id),
        f"There is an experiment {record.name!r} already.",
    )


def delete_experiment(connection: sqlite3.Connection, experiment: str) -> bool:
    """Delete an experiment by id or name; its runs stay, without one."""
    row = connection.execute(
        "SELECT id FROM experiments WHERE uuid = ?1 OR name = ?1", (experiment,)
    ).fetchone()
    if row is None:
        return False
    connection.execute("UPDATE runs SET experiment_id = NULL WHERE experiment_id = ?", row)
    connection.execute("DELETE FROM experiments WHERE id = ?", row)
    return True


def create_tag(connection: sqlite3.Connection, name: str) -> TagRecord:
    """Make a tag that no run has.

    Raises:
        InvalidInputError: there is one of that name.
    """
    record = TagRecord(str(uuid.uuid4()), name)
    _named(
        connection,
        "INSERT INTO tags (uuid, name) VALUES (?, ?)",
        (record.id, name),
        f"There is a tag {name!r} already.",
    )
    return record


def update_tag(connection: sqlite3.Connection, record: TagRecord) -> bool:
    """Give the tag of this id this name, colour, description and archived mark; False if there is
    none.

    Raises:
        InvalidInputError: another one has the name.
    """
    return _named(
        connection,
        "UPDATE tags SET name = ?, color = ?, description = ?, archived = ? WHERE uuid = ?",
        (record.name, record.color, record.description, record.archived, record.id),
        f"There is a tag {record.name!r} already.",
    )


def delete_tag(connection: sqlite3.Connection, tag: str) -> bool:
    """Delete a tag by id or name, and take it off all runs; False if there was none."""
    row = connection.execute("SELECT id FROM tags WHERE uuid = ?1 OR name = ?1", (tag,)).fetchone()
    if row is None:
        return False
    connection.execute("DELETE FROM run_tags WHERE tag_id = ?", row)
    connection.execute("DELETE FROM tags WHERE id = ?", row)
    return True


def _named(
    connection: sqlite3.Connection, statement: str, values: tuple[object, ...], taken: str
) -> bool:
    """Execute what gives a unique name; whether it changed something."""
    try:
        return connection.execute(statement, values).rowcount > 0
    except sqlite3.IntegrityError:
        raise InvalidInputError(taken) from None
