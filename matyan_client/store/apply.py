"""Applies a batch of messages and points to the tables, inside the caller's transaction.

What a message does follows protocol section 4, without the faults listed in its section 12:
creating a run again never resets it, parameters never corrupt, times are the writer's. Applying
the same batch twice leaves what applying it once left, but for a `log_record` without `id`, which
appends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from matyan_client.exceptions import StoreCorruptError
from matyan_client.protocol import param_trees as trees
from matyan_client.protocol.batches import Batch, PointColumns
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.messages import Message, parse_time
from matyan_client.protocol.records import kind_of
from matyan_client.store import params
from matyan_client.store.chunks import Columns
from matyan_client.store.points import add_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["REFUSED", "apply_batch", "run_id_of"]

_UNTIL_FINISHED = 1e12
"""Heartbeat of a run that nobody watches: active until it is finished."""

log = logging.getLogger("matyan_client.store")


def run_id_of(connection: sqlite3.Connection, run_hash: str) -> int | None:
    """The row of a run, or None."""
    row = connection.execute("SELECT id FROM runs WHERE hash = ?", (run_hash,)).fetchone()
    return None if row is None else row[0]


def apply_batch(
    connection: sqlite3.Connection,
    batch: Batch,
    *,
    written_at: float,
    alive: bool,
    watched: bool = True,
) -> int:
    """Apply everything in `batch` that can be stored; returns how many parts of it cannot.

    Args:
        connection: in a write transaction.
        batch: what to apply.
        written_at: when the last of it was written, Unix seconds.
        alive: whether its writer is running.
        watched: whether somebody notices when the writer dies; a run that it creates is active
            until it is finished if not.

    Journals of several processes come in any order, so a run may be written to before it is
    created. Writes to a run that was deleted go nowhere, until somebody creates it anew.
    """
    try:
        with _savepoint(connection):
            return _apply(connection, batch, written_at, alive, watched, careful=False)
    except REFUSED:
        # Something in it cannot be stored; it must not cost its neighbours.
        return _apply(connection, batch, written_at, alive, watched, careful=True)


REFUSED = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    StoreCorruptError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
)
"""Errors that are about what is stored, not about where: trying again would not help."""


@contextlib.contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO part")
        raise
    finally:
        connection.execute("RELEASE part")


def _apply(
    connection: sqlite3.Connection,
    batch: Batch,
    written_at: float,
    alive: bool,
    watched: bool,
    *,
    careful: bool,
) -> int:
    applier = _Applier(connection, batch.run_hash)
    refused = 0

    def part(apply: Callable[[], None], what: object) -> None:
        nonlocal refused
        if not careful:
            apply()
            return
        try:
            with _savepoint(connection):
                apply()
        except REFUSED as exc:
            refused += 1
            log.error(
                "Run %s: %.200r cannot be stored and is left out: %s", batch.run_hash, what, exc
            )

    for message in batch.messages:
        part(partial(applier.message, message), message)
    if applier.run_id is None and batch.points:
        applier.find_or_create(written_at)
    if applier.run_id is None:
        return refused
    for columns in batch.points.values():
        part(partial(applier.points, columns), (columns.name, columns.context))
    heartbeat = time.time() if alive else 0.0
    if applier.began and not watched:
        heartbeat = _UNTIL_FINISHED
    connection.execute(
        "UPDATE runs SET updated_at = max(updated_at, ?), heartbeat = max(heartbeat, ?)"
        " WHERE id = ?",
        (written_at, heartbeat, applier.run_id),
    )
    return refused


class _Applier:
    """Applies messages of one run."""

    def __init__(self, connection: sqlite3.Connection, run_hash: str) -> None:
        self.connection = connection
        self.run_hash = run_hash
        self.run_id = run_id_of(connection, run_hash)
        self.began = False

    def message(self, message: Message) -> None:
        """Apply one message."""
        fields = cast("dict[str, Any]", message)
        kind = fields["type"]
        when = fields.get("client_datetime")
        moment = 0.0 if when is None else parse_time(when)
        if kind == "create_run":
            self._create(moment)
            return
        if self.run_id is None:
            self.find_or_create(moment or time.time())
        if self.run_id is not None:
            _HANDLERS[kind](self, self.run_id, fields, moment)

    def find_or_create(self, moment: float) -> None:
        """Make the run exist, unless it was deleted."""
        deleted = self.connection.execute(
            "SELECT 1 FROM deleted_runs WHERE hash = ?", (self.run_hash,)
        ).fetchone()
        if deleted is None:
            self._create(moment)

    def points(self, columns: PointColumns) -> None:
        """Add points of one sequence."""
        assert self.run_id is not None
        sequence_id, dtype = self._sequence(columns.name, columns.context, columns.dtype)
        _check_content(columns.name, dtype, columns.dtype)
        add_points(
            self.connection,
            sequence_id,
            dtype,
            Columns(columns.steps, columns.values, columns.epochs, columns.times),
            columns.automatic,
        )

    def _create(self, moment: float) -> None:
        self.began = True
        if self.run_id is not None:
            self.connection.execute(
                "UPDATE runs SET active = 1, ended_at = NULL, created_at = min(created_at, ?)"
                " WHERE id = ?",
                (moment, self.run_id),
            )
            return
        self.connection.execute("DELETE FROM deleted_runs WHERE hash = ?", (self.run_hash,))
        self.run_id = self.connection.execute(
            "INSERT INTO runs (hash, name, created_at, updated_at, heartbeat)"
            " VALUES (?, ?, ?, ?, ?)",
            (self.run_hash, f"Run: {self.run_hash}", moment, moment, 0.0),
        ).lastrowid

    def _sequence(self, name: str, context: dict[str, Any] | None, dtype: str) -> tuple[int, str]:
        text = canonical(context)
        execute = self.connection.execute
        row = execute("SELECT id FROM contexts WHERE canonical = ?", (text,)).fetchone()
        if row is None:
            context_id = execute(
                "INSERT INTO contexts (canonical, given) VALUES (?, ?)",
                (text, json.dumps(context or {}, separators=(",", ":"))),
            ).lastrowid
        else:
            context_id = row[0]
        row = execute(
            "SELECT id, dtype FROM sequences WHERE run_id = ? AND context_id = ? AND name = ?",
            (self.run_id, context_id, name),
        ).fetchone()
        if row is not None:
            return row[0], row[1]
        cursor = execute(
            "INSERT INTO sequences (run_id, context_id, name, dtype, kind) VALUES (?, ?, ?, ?, ?)",
            (self.run_id, context_id, name, dtype, kind_of(dtype)),
        )
        return cast("int", cursor.lastrowid), dtype

    def _log_metric(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        step = fields["step"]
        epoch = fields["epoch"]
        self.points(
            PointColumns(
                fields["name"],
                fields["context"] or {},
                fields["dtype"] or "float",
                [0 if step is None else step],
                [fields["value"]],
                [float("nan") if epoch is None else epoch],
                [moment],
                [step is None],
            )
        )

    def _log_custom_object(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        dtype = fields.get("dtype", "custom")
        sequence_id, held = self._sequence(fields["name"], fields.get("context"), dtype)
        _check_content(fields["name"], held, dtype)
        execute = self.connection.execute
        step = fields.get("step")
        if step is None:
            row = execute("SELECT last_step FROM sequences WHERE id = ?", (sequence_id,)).fetchone()
            step = 0 if row[0] is None else row[0] + 1
        known = execute(
            "SELECT 1 FROM objects WHERE sequence_id = ? AND step = ?",
            (sequence_id, step),
        ).fetchone()
        execute(
            "INSERT OR REPLACE INTO objects (sequence_id, step, epoch, time, value)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                sequence_id,
                step,
                fields.get("epoch"),
                moment,
                json.dumps(fields["value"], separators=(",", ":")),
            ),
        )
        execute(
            "UPDATE sequences SET count = count + ?, first_step = coalesce(first_step, ?),"
            " last_step = max(coalesce(last_step, ?), ?) WHERE id = ?",
            (0 if known else 1, step, step, step, sequence_id),
        )

    def _log_hparams(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        path, value = fields.get("path"), fields["value"]
        texts = path is None
        if fields.get("delete"):
            params.remove_param(self.connection, run_id, path or ())
            return
        if path is None:
            if not value:
                return
            path, value = trees.single_path(value)
        else:
            for key in path:
                value = trees.child(value, key)
        params.set_param(self.connection, run_id, path, value, texts=texts)

    def _set_run_property(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        execute = self.connection.execute
        cleared = fields.get("clear") or ()
        for column in ("name", "description", "archived"):
            if column in cleared or fields.get(column) is not None:
                value = None if column in cleared else fields[column]
                execute(_SET_PROPERTY[column], (value, run_id))
        if "experiment" in cleared:
            execute("UPDATE runs SET experiment_id = NULL WHERE id = ?", (run_id,))
        elif fields.get("experiment") is not None:
            name = fields["experiment"]
            execute(
                "INSERT OR IGNORE INTO experiments (uuid, name, created_at) VALUES (?, ?, ?)",
                (str(uuid.uuid4()), name, time.time()),
            )
            execute(
                "UPDATE runs SET experiment_id = (SELECT id FROM experiments WHERE name = ?)"
                " WHERE id = ?",
                (name, run_id),
            )

    def _add_tag(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        self.connection.execute(
            "INSERT OR IGNORE INTO tags (uuid, name) VALUES (?, ?)",
            (str(uuid.uuid4()), fields["tag_name"]),
        )
        self.connection.execute(
            "INSERT OR IGNORE INTO run_tags (run_id, tag_id, place) VALUES"
            " (?1, (SELECT id FROM tags WHERE name = ?2),"
            " (SELECT coalesce(max(place), 0) + 1 FROM run_tags WHERE run_id = ?1))",
            (run_id, fields["tag_name"]),
        )

    def _remove_tag(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        self.connection.execute(
            "DELETE FROM run_tags WHERE run_id = ? AND tag_id ="
            " (SELECT id FROM tags WHERE name = ?)",
            (run_id, fields["tag_name"]),
        )

    def _log_terminal_line(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO log_lines (run_id, step, line) VALUES (?, ?, ?)",
            (
                run_id,
                fields["step"],
                fields["line"].encode("utf-8", "replace").decode(),
            ),
        )

    def _log_record(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        args, logger_info = fields.get("extra_args"), fields.get("logger_info")
        self.connection.execute(
            "INSERT OR IGNORE INTO log_records"
            " (run_id, step, message, level, timestamp, args, logger_info, uid)"
            " VALUES (?1, (SELECT coalesce(max(step), -1) + 1 FROM log_records WHERE run_id = ?1),"
            " ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                run_id,
                fields["message"].encode("utf-8", "replace").decode(),
                fields["level"],
                fields["timestamp"],
                None if args is None else json.dumps(args),
                None if logger_info is None else json.dumps(logger_info),
                fields.get("id"),
            ),
        )

    def _blob_ref(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        execute = self.connection.execute
        key, path = fields["s3_key"], fields["artifact_path"]
        content = fields.get("sha256"), fields.get("size_bytes")
        if None in content:
            content = execute(
                "SELECT sha256, size_bytes FROM uploads WHERE key = ?", (key,)
            ).fetchone() or ("", 0)
        if not path.startswith("seq/"):
            execute(
                "DELETE FROM blobs WHERE run_id = ? AND path = ? AND key <> ?", (run_id, path, key)
            )
        execute(
            "INSERT OR REPLACE INTO blobs (key, run_id, path, content_type, sha256, size_bytes)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                key,
                run_id,
                path,
                fields.get("content_type") or "application/octet-stream",
                *content,
            ),
        )

    def _upload_pending(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        """Only whoever takes over a dead process's journal looks at these."""

    def _finish_run(self, run_id: int, fields: dict[str, Any], moment: float) -> None:
        self.connection.execute(
            "UPDATE runs SET active = 0, ended_at = ? WHERE id = ?",
            (moment or time.time(), run_id),
        )


def _check_content(name: str, held: str, given: str) -> None:
    """Points and objects in one sequence would hide each other."""
    if (kind_of(held) == "metric") != (kind_of(given) == "metric"):
        raise ValueError(f"sequence {name!r} holds {held!r}, not {given!r}")


_SET_PROPERTY = {
    "name": "UPDATE runs SET name = ? WHERE id = ?",
    "description": "UPDATE runs SET description = ? WHERE id = ?",
    "archived": "UPDATE runs SET archived = coalesce(?, 0) WHERE id = ?",
}

_HANDLERS: dict[str, Callable[[_Applier, int, dict[str, Any], float], None]] = {
    "log_metric": _Applier._log_metric,
    "log_custom_object": _Applier._log_custom_object,
    "log_hparams": _Applier._log_hparams,
    "set_run_property": _Applier._set_run_property,
    "add_tag": _Applier._add_tag,
    "remove_tag": _Applier._remove_tag,
    "log_terminal_line": _Applier._log_terminal_line,
    "log_record": _Applier._log_record,
    "blob_ref": _Applier._blob_ref,
    "finish_run": _Applier._finish_run,
    "upload_pending": _Applier._upload_pending,
}
