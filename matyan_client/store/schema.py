"""The tables, as numbered migrations, each applied in its own transaction.

`PRAGMA user_version` is the number of the last one applied; the table `migrations` says when.
Never edit a migration that was released: add one.

A context is found by its canonical text and shown as it was first given, with its keys in that
order. Parameters live twice: as JSON per top-level key (what is read back) and, for scalars, in
`param_index` (what queries narrow down with; evaluation still decides). `uploads` is what a server
was sent under a key, whether or not a run refers to it yet; a blob without `sha256` was referred to
before it came.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MIGRATIONS"]

_FIRST: Final = """
CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at REAL NOT NULL);

CREATE TABLE experiments (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    archived INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
);

CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    color TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    archived INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    name TEXT,
    description TEXT,
    experiment_id INTEGER REFERENCES experiments (id),
    archived INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    created_at REAL NOT NULL,
    ended_at REAL,
    updated_at REAL NOT NULL,
    heartbeat REAL NOT NULL
);
CREATE INDEX runs_by_creation ON runs (created_at, id);
CREATE INDEX runs_by_experiment ON runs (experiment_id, created_at);
CREATE INDEX runs_by_archived ON runs (archived, created_at, id);
CREATE INDEX runs_by_activity ON runs (active, created_at);

CREATE TABLE deleted_runs (
    hash TEXT PRIMARY KEY,
    deleted_at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE run_tags (
    run_id INTEGER NOT NULL,
    tag_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (run_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX runs_by_tag ON run_tags (tag_id, run_id);

CREATE TABLE params (
    run_id INTEGER NOT NULL,
    key NOT NULL,
    value TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (run_id, key)
) WITHOUT ROWID;

CREATE TABLE param_index (
    path TEXT NOT NULL,
    value NOT NULL,
    run_id INTEGER NOT NULL,
    key NOT NULL
);
CREATE INDEX runs_by_param ON param_index (path, value, run_id);
CREATE INDEX param_index_of_run ON param_index (run_id, key);

CREATE TABLE contexts (
    id INTEGER PRIMARY KEY,
    canonical TEXT NOT NULL UNIQUE,
    given TEXT NOT NULL
);

CREATE TABLE sequences (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    context_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    dtype TEXT NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    first, first_step INTEGER,
    last, last_step INTEGER,
    min, max,
    UNIQUE (run_id, context_id, name)
);
CREATE INDEX sequences_by_name ON sequences (name, kind, run_id);

CREATE TABLE chunks (
    sequence_id INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    count INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX chunks_of_sequence ON chunks (sequence_id, first_step);

CREATE TABLE objects (
    sequence_id INTEGER NOT NULL,
    step INTEGER NOT NULL,
    epoch REAL,
    time REAL NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (sequence_id, step)
) WITHOUT ROWID;

CREATE TABLE log_lines (
    run_id INTEGER NOT NULL,
    step INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (run_id, step)
) WITHOUT ROWID;

CREATE TABLE log_records (
    run_id INTEGER NOT NULL,
    step INTEGER NOT NULL,
    message TEXT NOT NULL,
    level INTEGER NOT NULL,
    timestamp REAL NOT NULL,
    args TEXT,
    logger_info TEXT,
    PRIMARY KEY (run_id, step)
) WITHOUT ROWID;

CREATE TABLE blobs (
    key TEXT PRIMARY KEY,
    run_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    content_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX blobs_of_run ON blobs (run_id, path);
CREATE INDEX blobs_by_content ON blobs (sha256);

CREATE TABLE journals (
    name TEXT PRIMARY KEY,
    applied INTEGER NOT NULL
) WITHOUT ROWID;
"""

_SERVER: Final = """
ALTER TABLE log_records ADD COLUMN uid TEXT;
CREATE UNIQUE INDEX log_records_by_uid ON log_records (run_id, uid) WHERE uid IS NOT NULL;

CREATE TABLE blobs_of_runs (
    key TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    content_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (key, run_id)
) WITHOUT ROWID;
INSERT INTO blobs_of_runs SELECT key, run_id, path, content_type, sha256, size_bytes FROM blobs;
DROP TABLE blobs;
ALTER TABLE blobs_of_runs RENAME TO blobs;
CREATE INDEX blobs_of_run ON blobs (run_id, path);
CREATE INDEX blobs_by_content ON blobs (sha256);

CREATE TABLE uploads (
    key TEXT PRIMARY KEY,
    run_hash TEXT NOT NULL,
    content_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX uploads_of_run ON uploads (run_hash);
CREATE INDEX uploads_by_content ON uploads (sha256);

CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""

_DOCUMENTS: Final = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE INDEX documents_by_owner ON documents (kind, owner);

CREATE TABLE unused_blobs (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _SERVER, _DOCUMENTS)
