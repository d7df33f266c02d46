"""Takes over what dead processes left in their journals. No command, no lock file to delete.

A journal whose lock is free has no writer any more. It is applied from where it was last applied,
made durable and deleted; its run, if it did not finish, counts as ended at its last write.
"""

from __future__ import annotations

import contextlib
import logging
import mimetypes
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from matyan_client.exceptions import CodecError
from matyan_client.journal.locking import LockUnsupportedError, try_lock
from matyan_client.journal.reader import SegmentReader
from matyan_client.journal.writer import SUFFIX
from matyan_client.protocol.batches import Batch
from matyan_client.protocol.messages import blob_ref

if TYPE_CHECKING:
    from matyan_client.store.store import Store

__all__ = ["recover"]

SILENT_S = 600.0
"""Where files cannot be locked: a journal untouched for this long is taken for a dead one's."""

log = logging.getLogger("matyan_client.recovery")


def recover(store: Store, directory: Path, own: set[Path]) -> int:
    """Apply and remove the journals of dead processes; returns how many there were.

    Args:
        store: where they go.
        directory: where journals are.
        own: journals of this process, to be left alone.

    Raises:
        RepoError: the store cannot be used.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)
    except FileNotFoundError:
        return 0
    dead: list[tuple[Path, int]] = []
    living: set[str] = set()
    ended: set[str] = set()
    applied: list[str] = []
    try:
        for path in paths:
            if path in own:
                living.add(_run_of(path))
                continue
            fd = _take_over(path)
            if fd is None:
                living.add(_run_of(path))
                continue
            dead.append((path, fd))
            run_hash = _apply(store, path)
            if run_hash is not None:
                applied.append(path.name)
                ended.add(run_hash)
        if applied:
            store.mark_dead(ended - living)
            store.make_durable()
    finally:
        for path, fd in dead:
            if path.name in applied and os.name != "nt":
                _unlink(path)
            os.close(fd)
            if path.name in applied and os.name == "nt":
                _unlink(path)
    if applied:
        store.forget_journals(applied)
    return len(applied)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _run_of(path: Path) -> str:
    reader = SegmentReader(path)
    with contextlib.suppress(OSError, CodecError):
        reader.read(limit=4096)
    return reader.run_hash


def _take_over(path: Path) -> int | None:
    """An open descriptor that holds the journal's lock, or None if its writer lives."""
    try:
        fd = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None  # gone, or not ours to touch
    try:
        locked = try_lock(fd)
    except LockUnsupportedError:
        locked = time.time() - os.fstat(fd).st_mtime > SILENT_S
    if not locked:
        os.close(fd)
        return None
    return fd


def _apply(store: Store, path: Path) -> str | None:
    """Apply the rest of a journal; returns its run, "" for an empty one, None if it is damaged."""
    reader = SegmentReader(path)
    uploads: dict[str, dict[str, Any]] = {}
    try:
        applied = store.applied(path.name)
        written_at = path.stat().st_mtime
        while True:
            batch = reader.read(limit=applied if reader.offset < applied else None)
            if batch.end == batch.start:
                break
            _note_uploads(batch, uploads)
            if batch.start >= applied:
                (offset,) = store.apply_journaled(
                    [(path.name, batch)], written_at=written_at, alive=False
                )
                reader.skip_to(offset)
        for pending in uploads.values():
            _upload(store, reader.run_hash, pending)
        left = path.stat().st_size - reader.offset
    except CodecError as exc:
        aside = path.with_suffix(".damaged")
        with contextlib.suppress(OSError):
            path.rename(aside)
        log.error("%s What could be read was applied; the file is kept as %s.", exc, aside)
        return None
    except FileNotFoundError:
        return None  # its writer had only to delete it, and did
    if left:
        log.info(
            "Journal %s ends in %d bytes of a write that never returned.",
            path.name,
            left,
        )
    return reader.run_hash


def _note_uploads(batch: Batch, uploads: dict[str, dict[str, Any]]) -> None:
    """Keep book of artifacts whose upload began, by name, and drop those that are stored."""
    for message in batch.messages:
        fields = cast("dict[str, Any]", message)
        if fields["type"] == "upload_pending":
            uploads[fields["artifact_path"]] = fields
        elif fields["type"] == "blob_ref":
            uploads.pop(fields["artifact_path"], None)


def _upload(store: Store, run_hash: str, pending: dict[str, Any]) -> None:
    """Store an artifact whose process died before it could, if the file is still the same."""
    source, name = Path(pending["source"]), pending["artifact_path"]
    try:
        stat = source.stat()
        if (stat.st_size, stat.st_mtime_ns) != (
            pending["size_bytes"],
            pending["mtime_ns"],
        ):
            raise OSError("it was changed since")
        sha256, size = store.blobs.put(source)
    except OSError as exc:
        log.warning(
            "Run %s: its process died while artifact %r was being stored, and %s cannot be stored "
            "now: %s",
            run_hash,
            name,
            source,
            exc,
        )
        return
    reference = blob_ref(
        f"{run_hash}/{name}",
        name,
        content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        sha256=sha256,
        size_bytes=size,
    )
    store.apply(Batch(run_hash, [reference]))
