"""Connections to the SQLite file: how they are opened, shared, locked and migrated.

One connection writes, guarded by a lock; readers come from a small pool, so that 50,000 runs cost
no more descriptors than one. No connection lives through a fork: SQLite keeps its locks per
process in memory, and a child that inherits that memory would write without any. sqlite3's errors
are translated here and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from matyan_client.exceptions import (
    RepoAccessError,
    StoreCorruptError,
    StoreVersionError,
)
from matyan_client.store.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Database"]

BUSY_TIMEOUT_S = 60.0
IDLE_READERS = 2


def _is_busy(exc: sqlite3.Error) -> bool:
    return "locked" in str(exc) or "busy" in str(exc)


class Database:
    """The file `path`, created and migrated on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: sqlite3.Connection | None = None
        self._write_lock = threading.RLock()
        self._written_by: int | None = None
        self._idle: list[sqlite3.Connection] = []
        self._in_use = 0
        self._pool = threading.Condition()

    @contextlib.contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One write transaction; other processes wait for it, or it for them.

        `durable`: return only when this and every earlier transaction is on the disk itself.
        """
        with self._write_lock, self._translating():
            connection = self._writer
            if connection is None:
                connection = self._writer = self._connect()
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._begin(connection)
            self._written_by = threading.get_ident()
            try:
                yield connection
            except BaseException:
                # A full disk may already have ended the transaction.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._written_by = None
            connection.execute("COMMIT")

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is in the middle of a write transaction, and must not begin another:
        a signal handler, or the garbage collector, may call back into us anywhere."""
        return self._written_by == threading.get_ident()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one consistent state until the block ends."""
        with self._translating():
            with self._pool:
                connection = self._idle.pop() if self._idle else None
                self._in_use += 1
            try:
                if connection is None:
                    connection = self._connect()
                connection.execute("BEGIN")
                yield connection
            finally:
                self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection | None) -> None:
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        with self._pool:
            self._in_use -= 1
            if connection is not None and len(self._idle) < IDLE_READERS:
                self._idle.append(connection)
                connection = None
            self._pool.notify_all()
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._write_lock, self._pool:
            self._close_idle()

    def _close_idle(self) -> None:
        connections = [*self._idle, *([self._writer] if self._writer else [])]
        self._idle, self._writer = [], None
        with self._translating():
            for connection in connections:
                connection.close()

    def before_fork(self) -> None:
        """Wait until no connection is in use, close all, and keep others from opening any."""
        self._write_lock.acquire()
        self._pool.acquire()
        self._pool.wait_for(lambda: not self._in_use, timeout=BUSY_TIMEOUT_S)
        with contextlib.suppress(RepoAccessError, StoreCorruptError):
            self._close_idle()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._pool.release()
        self._write_lock.release()

    def after_fork_in_child(self) -> None:
        """Go on, with locks no thread of the parent waits for."""
        self._in_use = 0
        self._written_by = None
        self._write_lock, self._pool = threading.RLock(), threading.Condition()

    def _begin(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as exc:
                if not _is_busy(exc) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _connect(self) -> sqlite3.Connection:
        read_only = self.path.exists() and not os.access(self.path.parent, os.W_OK)
        if read_only:
            # SQLite wants to write beside a WAL database even to read it, unless it is told that
            # nobody writes: true of a database without a WAL in a directory that takes no files.
            wal = self.path.with_name(self.path.name + "-wal")
            mode = "mode=ro" if wal.exists() else "mode=ro&immutable=1"
            name = f"{self.path.absolute().as_uri()}?{mode}"
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            name = str(self.path)
        connection = sqlite3.connect(
            name,
            uri=read_only,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare(connection, read_only=read_only)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, *, read_only: bool) -> None:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreVersionError(
                f"{str(self.path)!r} has store version {version}; this release of matyan-client "
                f"knows versions up to {len(MIGRATIONS)}. Update it: pip install -U matyan-client"
            )
        if read_only and version < len(MIGRATIONS):
            raise StoreVersionError(
                f"{str(self.path)!r} has store version {version} and must be brought to "
                f"{len(MIGRATIONS)} first, but its directory cannot be written. Copy it elsewhere."
            )
        if version < len(MIGRATIONS):
            self._migrate(connection)
        if not read_only:
            self._use_wal(connection)

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                # Where shared memory is not to be had the mode stays "delete": slower, as safe.
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                return
            except sqlite3.OperationalError as exc:
                if not _is_busy(exc) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        self._use_wal(connection)
        for number, script in enumerate(MIGRATIONS, start=1):
            self._begin(connection)
            try:
                # Another process may have been faster.
                if connection.execute("PRAGMA user_version").fetchone()[0] < number:
                    for statement in script.split(";\n"):
                        if statement.strip():
                            connection.execute(statement)
                    connection.execute(
                        "INSERT INTO migrations (number, applied_at) VALUES (?, ?)",
                        (number, time.time()),
                    )
                    connection.execute(f"PRAGMA user_version = {number}")
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as exc:
            raise RepoAccessError(
                f"The store {str(self.path)!r} cannot be used: {exc}. Check that the disk has "
                "room, that you may read and write the directory, and that no other program "
                "holds the database open."
            ) from exc
        except sqlite3.DatabaseError as exc:
            raise StoreCorruptError(
                f"The store {str(self.path)!r} is damaged or is not a store: {exc}. Restore it "
                "from a copy, or move it away to start a new one."
            ) from exc
        except OSError as exc:
            if isinstance(exc, RepoAccessError):
                raise
            raise RepoAccessError(
                f"The store {str(self.path)!r} cannot be used: {exc.strerror or exc}. Check that "
                "the directory exists and that you may write to it."
            ) from exc
