"""The store of one repository directory: everything the embedded backend can do with its files.

Applies batches, remembers how far each journal was applied, answers reads with records.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from matyan_client.exceptions import BlobNotFoundError
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.records import (
    ArtifactRecord,
    ExperimentRecord,
    LogRecord,
    ObjectRecord,
    RunRecord,
    SequenceKind,
    Series,
    TagRecord,
)
from matyan_client.store import documents, labels, overview, search
from matyan_client.store.apply import apply_batch, run_id_of
from matyan_client.store.blobs import BlobStore
from matyan_client.store.database import Database
from matyan_client.store.deletion import delete_run_rows
from matyan_client.store.points import read_columns
from matyan_client.store.sampling import sample
from matyan_client.store.series import series_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from matyan_client.protocol.batches import Batch
    from matyan_client.query import Predicate
    from matyan_client.store.documents import Document, DocumentKind

__all__ = ["DATABASE_NAME", "Store"]

DATABASE_NAME = "matyan.sqlite"
PAGE = 256
"""Rows read at a time by streams, so that no connection is held while the caller works."""
_LOG_EXTENT = "SELECT count(*), coalesce(max(step), -1) + 1"


class Store:
    """Files below `root`: the database and the blobs. Thread safe."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = Database(root / DATABASE_NAME)
        self.blobs = BlobStore(root / "blobs")

    def exists(self) -> bool:
        """Whether something was ever stored here."""
        return self.database.path.exists()

    # -- writes ---------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> None:
        """Apply messages that come from no journal."""
        with self.database.writing() as connection:
            apply_batch(connection, batch, written_at=time.time(), alive=False)

    def apply_journaled(
        self, work: Sequence[tuple[str, Batch]], *, written_at: float, alive: bool
    ) -> list[int]:
        """Apply batches, each read from the journal named with it, in one transaction.

        A batch that does not begin where its journal was last applied is left out: somebody else
        was there. Returns how far each journal is applied now.
        """
        offsets: list[int] = []
        with self.database.writing() as connection:
            for name, batch in work:
                applied = _applied(connection, name)
                if applied == batch.start:
                    apply_batch(connection, batch, written_at=written_at, alive=alive)
                    applied = batch.end
                    connection.execute(
                        "INSERT OR REPLACE INTO journals (name, applied) VALUES (?, ?)",
                        (name, applied),
                    )
                offsets.append(applied)
        return offsets

    def apply_received(self, batches: Sequence[Batch]) -> list[int]:
        """Apply what came over a network, in one transaction; how many parts of each batch cannot
        be stored and were left out."""
        now = time.time()
        with self.database.writing() as connection:
            return [
                apply_batch(connection, batch, written_at=now, alive=False, watched=False)
                for batch in batches
            ]

    def add_upload(
        self, key: str, run_hash: str, *, content_type: str, sha256: str, size_bytes: int
    ) -> None:
        """Note that a blob was sent under `key`; runs may refer to it already."""
        with self.database.writing() as connection:
            replaced = connection.execute(
                "SELECT sha256 FROM uploads WHERE key = ? AND sha256 <> ?", (key, sha256)
            ).fetchone()
            connection.execute(
                "INSERT OR REPLACE INTO uploads (key, run_hash, content_type, sha256, size_bytes)"
                " VALUES (?, ?, ?, ?, ?)",
                (key, run_hash, content_type, sha256, size_bytes),
            )
            connection.execute(
                "UPDATE blobs SET sha256 = ?, size_bytes = ? WHERE key = ?",
                (sha256, size_bytes, key),
            )
            if replaced:
                self._collect(connection, replaced)

    def applied(self, name: str) -> int:
        """How many bytes of a journal have been applied."""
        with self.database.reading() as connection:
            return _applied(connection, name)

    def make_durable(self) -> None:
        """Return when all that was stored and applied is on the disk itself."""
        self.blobs.sync()
        with self.database.writing(durable=True) as connection:
            # A transaction without a change would not be written.
            connection.execute("INSERT OR REPLACE INTO journals (name, applied) VALUES ('', 0)")

    def forget_journals(self, names: Iterable[str]) -> None:
        """Drop the memory of journals whose files are gone."""
        with self.database.writing() as connection:
            connection.executemany(
                "DELETE FROM journals WHERE name = ?", [(name,) for name in names]
            )

    def beat(self, run_hashes: Sequence[str]) -> None:
        """Note that the writers of these runs are alive."""
        now = time.time()
        with self.database.writing() as connection:
            connection.executemany(
                "UPDATE runs SET heartbeat = max(heartbeat, ?) WHERE hash = ?",
                [(now, run_hash) for run_hash in run_hashes],
            )

    def mark_dead(self, run_hashes: Iterable[str]) -> None:
        """Note that no writer of these runs is alive, whatever was noted before."""
        with self.database.writing() as connection:
            connection.executemany(
                "UPDATE runs SET heartbeat = 0 WHERE hash = ? AND active = 1",
                [(run_hash,) for run_hash in run_hashes],
            )

    def delete_run(self, run_hash: str) -> bool:
        """Delete a run and the blobs only it used; False if there was none."""
        with self.database.writing() as connection:
            run_id = run_id_of(connection, run_hash)
            if run_id is None:
                return False
            self._collect(connection, delete_run_rows(connection, run_id))
        return True

    def collect_blobs(self) -> None:
        """Remove blobs that were too young to be removed with what used them."""
        with self.database.writing() as connection:
            self._collect(connection, ())

    def _collect(self, connection: sqlite3.Connection, candidates: Iterable[str]) -> None:
        """Remove blobs that nothing uses, now or, if they are too young, at a later call."""
        execute = connection.execute
        waiting = [row[0] for row in execute("SELECT sha256 FROM unused_blobs")]
        # Inside the transaction: no other process can refer to a blob anew meanwhile.
        young = self.blobs.collect({*candidates, *waiting}, lambda each: _is_used(connection, each))
        execute("DELETE FROM unused_blobs")
        connection.executemany(
            "INSERT INTO unused_blobs (sha256) VALUES (?)", [(sha256,) for sha256 in young]
        )

    def secret(self) -> bytes:
        """Random bytes that only this repository has, made when they are first asked for."""
        with self.database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO secrets (name, value) VALUES ('server', ?)",
                (secrets.token_bytes(32),),
            )
            found: tuple[bytes] = connection.execute(
                "SELECT value FROM secrets WHERE name = 'server'"
            ).fetchone()
        return found[0]

    def forget_deletion(self, run_hash: str) -> None:
        """Let writes to a run that was deleted make it anew."""
        with self.database.writing() as connection:
            connection.execute("DELETE FROM deleted_runs WHERE hash = ?", (run_hash,))

    def create_experiment(self, name: str) -> ExperimentRecord:
        """Make an experiment without runs."""
        with self.database.writing() as connection:
            return labels.create_experiment(connection, name)

    def update_experiment(self, experiment: ExperimentRecord) -> bool:
        """Change the experiment of this id; False if there is none."""
        with self.database.writing() as connection:
            return labels.update_experiment(connection, experiment)

    def delete_experiment(self, experiment: str) -> bool:
        """Delete an experiment by id or name; its runs stay, without one."""
        with self.database.writing() as connection:
            return labels.delete_experiment(connection, experiment)

    def create_tag(self, name: str) -> TagRecord:
        """Make a tag that no run has."""
        with self.database.writing() as connection:
            return labels.create_tag(connection, name)

    def update_tag(self, tag: TagRecord) -> bool:
        """Change the tag of this id; False if there is none."""
        with self.database.writing() as connection:
            return labels.update_tag(connection, tag)

    def delete_tag(self, tag: str) -> bool:
        """Delete a tag by id or name; False if there was none."""
        with self.database.writing() as connection:
            return labels.delete_tag(connection, tag)

    # -- runs -----------------------------------------------------------------------------------

    def get_run(
        self,
        run_hash: str,
        *,
        params: bool,
        sequences: bool,
        artifacts: bool,
        stored: bool = False,
    ) -> RunRecord | None:
        """One run, or None. `stored`: its parameters stay the JSON values that are stored."""
        with self.database.reading() as connection:
            run_id = run_id_of(connection, run_hash)
            if run_id is None:
                return None
            loaded = search.load_runs(
                connection,
                [run_id],
                params=params,
                sequences=sequences,
                artifacts=artifacts,
                stored=stored,
            )
            return next(loaded)[1]

    def candidates(
        self,
        predicates: Sequence[Predicate],
        *,
        after: str | None,
        params: bool,
        sequences: bool,
        stored: bool = False,
    ) -> Iterator[RunRecord]:
        """Runs that satisfy the predicates (and possibly others), newest first.

        `stored`: their parameters stay the JSON values that are stored.
        """
        before: tuple[float, int] | None = None
        if after is not None:
            before = self._place_of(after)
            if before is None:
                return
        size = 32  # the first results soon, the rest in bigger steps
        while True:
            with self.database.reading() as connection:
                page = search.page_of_ids(connection, predicates, before, size)
                records = list(
                    search.load_runs(
                        connection,
                        [row[0] for row in page],
                        params=params,
                        sequences=sequences,
                        stored=stored,
                    )
                )
            for _, record in records:
                yield record
            if len(page) < size:
                return
            before = (page[-1][1], page[-1][0])
            size = PAGE

    def count_candidates(self, predicates: Sequence[Predicate]) -> int:
        """How many runs `candidates` gives."""
        with self.database.reading() as connection:
            return search.total(connection, predicates)

    def list_hashes(self) -> list[tuple[str, bool]]:
        """(hash, active) of all runs, oldest first."""
        limit = time.time() - search.HEARTBEAT_STALE_S
        with self.database.reading() as connection:
            return [
                (run_hash, bool(active) and heartbeat >= limit)
                for run_hash, active, heartbeat in connection.execute(
                    "SELECT hash, active, heartbeat FROM runs ORDER BY created_at, id"
                )
            ]

    def _place_of(self, run_hash: str) -> tuple[float, int] | None:
        with self.database.reading() as connection:
            row: tuple[float, int] | None = connection.execute(
                "SELECT created_at, id FROM runs WHERE hash = ?", (run_hash,)
            ).fetchone()
        return row

    # -- what runs hold -------------------------------------------------------------------------

    def read_series(
        self,
        run_hash: str,
        name: str,
        context: dict[str, Any],
        *,
        start: int | None,
        stop: int | None,
        density: int | None,
    ) -> Series | None:
        """Points of one metric, or None if the run has no such metric."""
        with self.database.reading() as connection:
            row = _sequence_row(connection, run_hash, name, context)
            if row is None or row[1] != "metric":
                return None
            parts = list(read_columns(connection, row[0], start, stop))
        series = series_of(name, json.loads(row[2]), parts)
        return series if density is None else sample(series, density)

    def read_objects(
        self,
        run_hash: str,
        name: str,
        context: dict[str, Any],
        *,
        start: int | None,
        stop: int | None,
    ) -> Iterator[ObjectRecord]:
        """Objects of one sequence in step order."""
        low = -(1 << 63) if start is None else start
        high = (1 << 63) - 1 if stop is None else stop - 1
        while True:
            with self.database.reading() as connection:
                row = _sequence_row(connection, run_hash, name, context)
                if row is None:
                    return
                page = connection.execute(
                    "SELECT step, epoch, time, value FROM objects WHERE sequence_id = ?"
                    " AND step BETWEEN ? AND ? ORDER BY step LIMIT ?",
                    (row[0], low, high, PAGE),
                ).fetchall()
            for step, epoch, moment, text in page:
                yield ObjectRecord(step, epoch, moment, _object_value(json.loads(text)))
            if len(page) < PAGE:
                return
            low = page[-1][0] + 1

    def object_steps(self, run_hash: str, name: str, context: dict[str, Any]) -> list[int]:
        """The steps of a sequence of objects, ascending."""
        with self.database.reading() as connection:
            row = _sequence_row(connection, run_hash, name, context)
            if row is None:
                return []
            found = connection.execute(
                "SELECT step FROM objects WHERE sequence_id = ? ORDER BY step", (row[0],)
            )
            return [step for (step,) in found]

    def read_log_lines(
        self, run_hash: str, *, start: int, stop: int | None
    ) -> Iterator[tuple[int, str]]:
        """Terminal lines by number."""
        yield from self._paged(
            "SELECT step, line FROM log_lines WHERE run_id = (SELECT id FROM runs WHERE hash = ?)"
            " AND step >= ? AND step < ? ORDER BY step LIMIT ?",
            run_hash,
            start,
            stop,
        )

    def read_log_records(
        self, run_hash: str, *, start: int, stop: int | None
    ) -> Iterator[LogRecord]:
        """Log messages by number."""
        for step, message, level, timestamp, args, logger_info in self._paged(
            "SELECT step, message, level, timestamp, args, logger_info FROM log_records"
            " WHERE run_id = (SELECT id FROM runs WHERE hash = ?)"
            " AND step >= ? AND step < ? ORDER BY step LIMIT ?",
            run_hash,
            start,
            stop,
        ):
            yield LogRecord(
                step,
                message,
                level,
                timestamp,
                None if args is None else json.loads(args),
                None if logger_info is None else json.loads(logger_info),
            )

    def _paged(
        self, statement: str, run_hash: str, start: int, stop: int | None
    ) -> Iterator[tuple[Any, ...]]:
        end = (1 << 63) - 1 if stop is None else stop
        while True:
            with self.database.reading() as connection:
                page = connection.execute(statement, (run_hash, start, end, PAGE)).fetchall()
            yield from page
            if len(page) < PAGE:
                return
            start = page[-1][0] + 1

    def count_log_records(self, run_hash: str) -> tuple[int, int]:
        """How many log messages a run has, and the number after the last."""
        return self._count(
            "SELECT count(*), coalesce(max(step), -1) + 1 FROM log_records", run_hash
        )

    def count_log_lines(self, run_hash: str) -> tuple[int, int]:
        """How many terminal lines a run has, and the number after the last."""
        return self._count(f"{_LOG_EXTENT} FROM log_lines", run_hash)

    def _count(self, statement: str, run_hash: str) -> tuple[int, int]:
        with self.database.reading() as connection:
            row = connection.execute(
                f"{statement} WHERE run_id = (SELECT id FROM runs WHERE hash = ?)", (run_hash,)
            ).fetchone()
        return int(row[0]), int(row[1])

    def list_artifacts(self, run_hash: str) -> list[ArtifactRecord]:
        """Files kept with a run."""
        with self.database.reading() as connection:
            run_id = run_id_of(connection, run_hash)
            return [] if run_id is None else search.load_artifacts(connection, run_id)

    def open_blob(self, key: str) -> BinaryIO:
        """The bytes under a key."""
        with self.database.reading() as connection:
            # The run that a key begins with knows best what is under it.
            row = (
                connection.execute(
                    "SELECT sha256 FROM blobs JOIN runs ON runs.id = run_id WHERE key = ?"
                    " ORDER BY substr(key, 1, length(hash) + 1) = hash || '/' DESC, sha256 = ''",
                    (key,),
                ).fetchone()
                or connection.execute("SELECT sha256 FROM uploads WHERE key = ?", (key,)).fetchone()
            )
        if row is None:
            raise BlobNotFoundError(f"No blob has the key {key!r}.")
        if not row[0]:
            raise BlobNotFoundError(f"The blob {key!r} was announced, but never sent.")
        return self.blobs.open(row[0])

    def find_blob(self, run_hash: str, path: str) -> ArtifactRecord | None:
        """What a run calls by this path: a file kept with it, or bytes of a tracked object."""
        with self.database.reading() as connection:
            row = connection.execute(
                "SELECT path, key, content_type, size_bytes FROM blobs WHERE path = ?"
                " AND run_id = (SELECT id FROM runs WHERE hash = ?)",
                (path, run_hash),
            ).fetchone()
        return None if row is None else ArtifactRecord(*row)

    def list_experiments(self) -> list[ExperimentRecord]:
        """All experiments by name."""
        with self.database.reading() as connection:
            return list(labels.experiments(connection))

    def list_tags(self) -> list[TagRecord]:
        """All tags by name."""
        with self.database.reading() as connection:
            return list(labels.tags(connection))

    # -- overviews and what is kept beside runs -------------------------------------------------

    def activity(self, experiment_id: str | None = None) -> list[overview.Activity]:
        """Facts for counting runs, oldest first: of all, or of those of an experiment."""
        with self.database.reading() as connection:
            return overview.activity(connection, experiment_id)

    def names_in_use(self) -> list[overview.NameInUse]:
        """Every name and context that some run has a sequence of, by name."""
        with self.database.reading() as connection:
            return overview.names_in_use(connection)

    def stored_params(self) -> Iterator[dict[Any, Any]]:
        """The stored JSON values of the parameters of each run, oldest first."""
        after = 0
        while True:
            with self.database.reading() as connection:
                page = search.ids_after(connection, after, PAGE)
                found = search.read_params(connection, page)
            yield from found.values()
            if len(page) < PAGE:
                return
            after = page[-1]

    def documents(
        self, kind: DocumentKind, *, document_id: str | None = None, owner: str | None = None
    ) -> list[Document]:
        """Documents of a kind, oldest first; only that of an id or those of an owner, if given."""
        with self.database.reading() as connection:
            return list(documents.documents(connection, kind, document_id=document_id, owner=owner))

    def create_document(
        self, kind: DocumentKind, fields: Mapping[str, Any], *, owner: str = ""
    ) -> Document:
        """Make a document."""
        with self.database.writing() as connection:
            return documents.create_document(connection, kind, fields, owner)

    def put_document(
        self, kind: DocumentKind, document_id: str, fields: Mapping[str, Any]
    ) -> Document:
        """Make the document of an id, in place of another of that id."""
        with self.database.writing() as connection:
            return documents.put_document(connection, kind, document_id, fields)

    def update_document(
        self, kind: DocumentKind, document_id: str, fields: Mapping[str, Any]
    ) -> Document | None:
        """Give a document other values under some names; None if there is none of this id."""
        with self.database.writing() as connection:
            return documents.update_document(connection, kind, document_id, fields)

    def delete_document(self, kind: DocumentKind, document_id: str) -> bool:
        """Delete a document; False if there was none."""
        with self.database.writing() as connection:
            return documents.delete_document(connection, kind, document_id)

    def close(self) -> None:
        """Close the database's connections."""
        self.database.close()


def _object_value(value: dict[str, Any]) -> dict[str, Any] | list[dict[str, Any]]:
    items = value.get("items") if value.get("type") == "list" else None
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    return value


def _applied(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT applied FROM journals WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else row[0]


def _is_used(connection: sqlite3.Connection, sha256: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM blobs WHERE sha256 = ?1 UNION SELECT 1 FROM uploads WHERE sha256 = ?1"
        " LIMIT 1",
        (sha256,),
    )
    return found.fetchone() is not None


def _sequence_row(
    connection: sqlite3.Connection, run_hash: str, name: str, context: dict[str, Any]
) -> tuple[int, SequenceKind, str] | None:
    row: tuple[int, SequenceKind, str] | None = connection.execute(
        "SELECT sequences.id, kind, given FROM sequences"
        " JOIN contexts ON contexts.id = context_id JOIN runs ON runs.id = run_id"
        " WHERE runs.hash = ? AND sequences.name = ? AND canonical = ?",
        (run_hash, name, canonical(context)),
    ).fetchone()
    return row
