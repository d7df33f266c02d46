"""What people keep beside runs: notes, dashboards, explorer states, reports, pinned sequences.

A document is a few named JSON values of a kind. What they are called, and which may be missing, is
for whoever writes and shows them to know.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

__all__ = [
    "Document",
    "DocumentKind",
    "create_document",
    "delete_document",
    "documents",
    "put_document",
    "update_document",
]

DocumentKind = Literal["run note", "experiment note", "dashboard", "app", "report", "pins"]


class Document(NamedTuple):
    """One document; times are Unix seconds."""

    id: str
    owner: str
    """Hash of a run or id of an experiment it is about; "" for one that stands alone."""
    fields: dict[str, Any]
    created_at: float
    updated_at: float


def documents(
    connection: sqlite3.Connection,
    kind: DocumentKind,
    *,
    document_id: str | None = None,
    owner: str | None = None,
) -> Iterator[Document]:
    """Documents of a kind, oldest first; only that of an id or those of an owner, if given."""
    for row in connection.execute(
        "SELECT uuid, owner, fields, created_at, updated_at FROM documents WHERE kind = ?1"
        " AND (?2 IS NULL OR uuid = ?2) AND (?3 IS NULL OR owner = ?3) ORDER BY created_at, id",
        (kind, document_id, owner),
    ):
        yield Document(row[0], row[1], json.loads(row[2]), row[3], row[4])


def create_document(
    connection: sqlite3.Connection, kind: DocumentKind, fields: Mapping[str, Any], owner: str
) -> Document:
    """Make a document."""
    return put_document(connection, kind, str(uuid.uuid4()), fields, owner)


def put_document(
    connection: sqlite3.Connection,
    kind: DocumentKind,
    document_id: str,
    fields: Mapping[str, Any],
    owner: str = "",
) -> Document:
    """Make the document of an id, in place of another of that id."""
    now = time.time()
    connection.execute(
        "INSERT OR REPLACE INTO documents (uuid, kind, owner, fields, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (document_id, kind, owner, json.dumps(dict(fields)), now, now),
    )
    return Document(document_id, owner, dict(fields), now, now)


def update_document(
    connection: sqlite3.Connection, kind: DocumentKind, document_id: str, fields: Mapping[str, Any]
) -> Document | None:
    """Give a document other values under some names; None if there is none of this id."""
    old = next(documents(connection, kind, document_id=document_id), None)
    if old is None:
        return None
    new = old._replace(fields={**old.fields, **fields}, updated_at=time.time())
    connection.execute(
        "UPDATE documents SET fields = ?, updated_at = ? WHERE uuid = ?",
        (json.dumps(new.fields), new.updated_at, document_id),
    )
    return new


def delete_document(connection: sqlite3.Connection, kind: DocumentKind, document_id: str) -> bool:
    """Delete a document; False if there was none."""
    return (
        connection.execute(
            "DELETE FROM documents WHERE kind = ? AND uuid = ?", (kind, document_id)
        ).rowcount
        > 0
    )
