"""Finds and assembles runs: predicates become SQL, matching runs become records, page by page.

SQL only narrows down; whether a run matches is the query's own evaluation, so that an index can
never answer differently.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.records import (
    ArtifactRecord,
    RunRecord,
    SequenceRecord,
)
from matyan_client.query import Predicate
from matyan_client.store.params import decode_param, index_path, index_value, read_params

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "HEARTBEAT_STALE_S",
    "conditions",
    "ids_after",
    "load_artifacts",
    "load_runs",
    "page_of_ids",
    "read_params",
    "sequence_record",
    "total",
]

HEARTBEAT_STALE_S = 60.0
"""A run whose writer has not been heard of for this long is taken for dead."""

IN_MAX = 500

_BOUNDS = {"<": "<=", "<=": "<=", ">": ">=", ">=": ">=", "==": "="}
"""Bounds are loosened to be on the safe side of rounding; evaluation decides."""


def conditions(predicates: Iterable[Predicate]) -> tuple[str, list[Any]]:
    """A WHERE clause every matching run satisfies, and its values."""
    parts, values = ["1"], []
    for predicate in predicates:
        part = _condition(predicate)
        if part is not None:
            parts.append(part[0])
            values += part[1]
    return " AND ".join(parts), values


def _condition(p: Predicate) -> tuple[str, list[Any]] | None:
    if p.op == "in" and (not isinstance(p.value, tuple) or len(p.value) > IN_MAX):
        return None
    if p.subject in ("hash", "name"):
        return _compare(f"runs.{p.subject}", p)
    if p.subject == "archived":
        return ("runs.archived = ?", [int(p.value)]) if p.op == "==" else None
    if p.subject == "active" and p.op == "==":
        alive = "(runs.active = 1 AND runs.heartbeat >= ?)"
        # A little loose: evaluation looks at the clock again.
        limit = time.time() - HEARTBEAT_STALE_S
        if p.value:
            return alive, [limit - 1]
        return f"NOT {alive}", [limit + 1]
    if p.subject == "created_at":
        return _compare("runs.created_at", p)
    if p.subject == "experiment":
        compared = _compare("name", p)
        if compared is None:
            return None
        return (
            f"runs.experiment_id IN (SELECT id FROM experiments WHERE {compared[0]})",
            compared[1],
        )
    if p.subject == "tag":
        return (
            "runs.id IN (SELECT run_id FROM run_tags JOIN tags ON tags.id = tag_id"
            " WHERE tags.name = ?)",
            [p.value],
        )
    if p.subject == "sequence":
        compared = _compare("name", p)
        if compared is None:
            return None
        return (
            f"runs.id IN (SELECT run_id FROM sequences WHERE {compared[0]} AND {SHOWN})",
            compared[1],
        )
    if p.subject == "param":
        return _param(p)
    return None


def _compare(column: str, p: Predicate) -> tuple[str, list[Any]] | None:
    if p.op == "in":
        marks = ",".join("?" * len(p.value))
        return f"{column} IN ({marks})", list(p.value)
    if p.op in _BOUNDS:
        return f"{column} {_BOUNDS[p.op]} ?", [p.value]
    return None


def _param(p: Predicate) -> tuple[str, list[Any]] | None:
    wanted = list(p.value) if p.op == "in" else [p.value]
    indexed = [index_value(value) for value in wanted]
    if not p.path:
        return None
    compared = _compare("value", Predicate(p.subject, p.op, tuple(indexed)))
    if p.op != "in":
        compared = _compare("value", Predicate(p.subject, p.op, indexed[0]))
    if compared is None:
        return None
    return (
        f"runs.id IN (SELECT run_id FROM param_index WHERE path = ? AND {compared[0]})",
        [index_path(p.path), *compared[1]],
    )


def page_of_ids(
    connection: sqlite3.Connection,
    predicates: Sequence[Predicate],
    before: tuple[float, int] | None,
    size: int,
) -> list[tuple[int, float]]:
    """(id, created_at) of up to `size` candidates, newest first, created before `before`."""
    where, values = conditions(predicates)
    if before is not None:
        where += " AND (runs.created_at, runs.id) < (?, ?)"
        values += before
    return connection.execute(
        f"SELECT runs.id, runs.created_at FROM runs WHERE {where}"
        " ORDER BY runs.created_at DESC, runs.id DESC LIMIT ?",
        (*values, size),
    ).fetchall()


def ids_after(connection: sqlite3.Connection, after: int, size: int) -> list[int]:
    """Up to `size` ids of runs beyond `after`, ascending."""
    rows = connection.execute("SELECT id FROM runs WHERE id > ? ORDER BY id LIMIT ?", (after, size))
    return [row[0] for row in rows]


def total(connection: sqlite3.Connection, predicates: Sequence[Predicate]) -> int:
    """How many candidates there are."""
    where, values = conditions(predicates)
    row = connection.execute(f"SELECT count(*) FROM runs WHERE {where}", values).fetchone()
    return int(row[0])


def load_runs(
    connection: sqlite3.Connection,
    run_ids: Sequence[int],
    *,
    params: bool,
    sequences: bool,
    artifacts: bool = False,
    stored: bool = False,
) -> Iterator[tuple[int, RunRecord]]:
    """(id, record) of runs, in the order of `run_ids`; ids that are gone are left out.

    `stored`: parameters stay the JSON values that are stored.
    """
    if not run_ids:
        return
    marks = ",".join("?" * len(run_ids))
    rows = connection.execute(
        "SELECT runs.id, hash, runs.name, runs.description, experiments.name, experiments.uuid,"
        " runs.archived, active, runs.created_at, ended_at, updated_at, heartbeat"
        " FROM runs LEFT JOIN experiments ON experiments.id = experiment_id"
        f" WHERE runs.id IN ({marks})",
        run_ids,
    )
    limit = time.time() - HEARTBEAT_STALE_S
    found: dict[int, RunRecord] = {}
    for row in rows:
        active = bool(row[7]) and row[11] >= limit
        found[row[0]] = RunRecord(
            hash=row[1],
            name=row[2],
            description=row[3],
            experiment=row[4],
            experiment_id=row[5],
            archived=bool(row[6]),
            active=active,
            created_at=row[8],
            end_time=row[9] if not row[7] else None if active else row[10],
        )
    for run_id, name in connection.execute(
        "SELECT run_id, tags.name FROM run_tags JOIN tags ON tags.id = tag_id"
        f" WHERE run_id IN ({marks}) ORDER BY run_id, place",
        run_ids,
    ):
        if run_id in found:
            found[run_id].tags.append(name)
    if params:
        for run_id, tree in read_params(connection, run_ids).items():
            if run_id in found:
                found[run_id].params = (
                    tree if stored else {key: decode_param(value) for key, value in tree.items()}
                )
    if sequences:
        _load_sequences(connection, run_ids, found)
    if artifacts:
        for run_id, record in found.items():
            record.artifacts = load_artifacts(connection, run_id)
    for run_id in run_ids:
        if run_id in found:
            yield run_id, found[run_id]


def sequence_record(row: Sequence[Any]) -> SequenceRecord:
    """From (given, name, dtype, count, first, first_step, last, last_step, min, max, kind)."""
    (
        given,
        name,
        dtype,
        count,
        first,
        first_step,
        last,
        last_step,
        low,
        high,
        kind,
    ) = row
    if kind == "metric" and count:
        # NULL stands for NaN, except in min and max, where it means: nothing but NaN.
        nan = float("nan")
        first, last, low, high = (
            nan if value is None else value for value in (first, last, low, high)
        )
    return SequenceRecord(
        name,
        json.loads(given),
        dtype,
        count,
        first,
        first_step,
        last,
        last_step,
        low,
        high,
    )


SHOWN = "dtype NOT IN ('logs', 'log_records')"
"""Sequences that are listed (protocol section 7.3); the others are read by who knows their name."""
SEQUENCE_COLUMNS = "given, name, dtype, count, first, first_step, last, last_step, min, max, kind"


def _load_sequences(
    connection: sqlite3.Connection, run_ids: Sequence[int], found: dict[int, RunRecord]
) -> None:
    for record in found.values():
        record.sequences = []
    marks = ",".join("?" * len(run_ids))
    rows = connection.execute(
        f"SELECT run_id, {SEQUENCE_COLUMNS} FROM sequences"
        f" JOIN contexts ON contexts.id = context_id WHERE run_id IN ({marks}) AND {SHOWN}"
        " ORDER BY run_id, context_id, name",
        run_ids,
    )
    for run_id, *row in rows:
        sequences = found[run_id].sequences if run_id in found else None
        if sequences is not None:
            sequences.append(sequence_record(row))


def load_artifacts(connection: sqlite3.Connection, run_id: int) -> list[ArtifactRecord]:
    """Files kept with a run by path; the bytes of tracked objects are not artifacts."""
    rows = connection.execute(
        "SELECT path, key, content_type, size_bytes FROM blobs"
        " WHERE run_id = ? AND path NOT LIKE 'seq/%' ORDER BY path",
        (run_id,),
    )
    return [ArtifactRecord(*row) for row in rows]
