"""A journal segment on its way to a server: what was read, what is acknowledged, when it may go.

Stretches are read in order and may be acknowledged in any; how far all of it is acknowledged is
kept beside the segment, so that another process can go on from there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from typing import TYPE_CHECKING

from matyan_client.backends.outbox import Progress
from matyan_client.exceptions import CodecError
from matyan_client.journal.locking import LockUnsupportedError, is_locked, try_lock
from matyan_client.journal.reader import SegmentReader

if TYPE_CHECKING:
    from pathlib import Path

    from matyan_client.journal.writer import JournalWriter, Segment
    from matyan_client.protocol.batches import Batch

__all__ = [
    "SILENT_S",
    "ShippedSegment",
    "Stretch",
    "SyncPoint",
    "is_dead",
    "run_of",
    "writes_left",
]

STRETCH_BYTES = 64 << 10
SILENT_S = 600.0
"""Where files cannot be locked: a journal untouched for this long is taken for a dead one's."""

log = logging.getLogger("matyan_client.outbox")


class Stretch:
    """Some bytes of a segment whose messages are on their way."""

    __slots__ = ("blobs", "end", "left", "segment")

    def __init__(self, segment: ShippedSegment, end: int) -> None:
        self.segment = segment
        self.end = end
        self.left = 0
        """Messages that are not acknowledged."""
        self.blobs: list[tuple[str, int]] = []
        """(SHA-256, time it was put) of what may be removed once all of it is acknowledged."""


class SyncPoint:
    """Stands for a message that is in no journal; set when it is acknowledged."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 1


class ShippedSegment:
    """One segment, of this process (`journal` and `segment` given) or of a dead one."""

    def __init__(
        self,
        path: Path,
        journal: JournalWriter | None = None,
        segment: Segment | None = None,
    ) -> None:
        self.path = path
        self.journal = journal
        self.segment = segment
        self.reader = SegmentReader(path)
        self.progress = Progress(path)
        self.damaged = False
        self.complete = False
        """Whether there is nothing more to read, and never will be."""
        self._stretches: deque[Stretch] = deque()
        self._unsaved = False
        self._kept = 0
        """How much of it was forced to the disk."""

    @property
    def dead(self) -> bool:
        """Whether whoever wrote it is gone."""
        return self.segment is None

    @property
    def acknowledged(self) -> int:
        """Everything before this offset is acknowledged."""
        return self.progress.offset

    @property
    def size(self) -> int:
        """How many bytes can be read now."""
        if self.segment is not None:
            return self.segment.size
        with contextlib.suppress(OSError):
            return self.path.stat().st_size
        return 0

    @property
    def growing(self) -> bool:
        """Whether more may be written to it."""
        return (
            self.journal is not None
            and self.segment is not None
            and self.journal.is_current(self.segment)
        )

    def unread(self) -> bool:
        """Whether there is something to read."""
        return not self.complete and (self.reader.offset < self.size or not self.growing)

    def read(self) -> Batch | None:
        """The next stretch; None, and `complete`, if nothing is left to come.

        What a damaged segment holds behind the damage is kept aside.
        """
        growing, size = self.growing, self.size
        try:
            batch = self._read(size)
        except CodecError as exc:
            self._set_aside(exc)
            return None
        except FileNotFoundError:
            log.warning("Journal %s is gone; what it held and was not sent is lost.", self.path)
            self.complete = True
            return None
        if batch.end > batch.start:
            return batch
        if not growing:
            if size > self.reader.offset:
                log.info(
                    "Journal %s ends in %d bytes of a write that never returned.",
                    self.path.name,
                    size - self.reader.offset,
                )
            self.complete = True
        return None

    def _read(self, size: int) -> Batch:
        offset = self.reader.offset
        limit = min(size, offset + STRETCH_BYTES)
        if offset < self.acknowledged:
            limit = min(limit, self.acknowledged)
        batch = self.reader.read(limit=limit)
        if batch.end == batch.start and limit < size:
            # A single record may be longer than a stretch.
            batch = self.reader.read(limit=max(size, self.acknowledged))
        return batch

    def _set_aside(self, exc: CodecError) -> None:
        self.damaged = self.complete = True
        aside = self.path.with_suffix(".damaged")
        with contextlib.suppress(OSError):
            self.path.rename(aside)
        log.error("%s What could be read is sent; the file is kept as %s.", exc, aside)

    def begin(self, end: int) -> Stretch:
        """Messages up to offset `end` are about to be sent."""
        stretch = Stretch(self, end)
        self._stretches.append(stretch)
        return stretch

    def settle(self) -> list[Stretch]:
        """The stretches that are through, now that another one may be; moves `acknowledged`."""
        through = []
        while self._stretches and not self._stretches[0].left:
            stretch = self._stretches.popleft()
            self.progress.offset = max(self.progress.offset, stretch.end)
            self._unsaved = True
            through.append(stretch)
        return through

    @property
    def through(self) -> bool:
        """Whether all of it is acknowledged, and nothing can follow."""
        return self.complete and not self._stretches

    @property
    def pending(self) -> int:
        """How many messages of what was read are not acknowledged."""
        return sum(stretch.left for stretch in list(self._stretches))

    def save(self) -> None:
        """Note how far it is acknowledged, if that moved."""
        if self._unsaved and not self.damaged:
            self._unsaved = False
            self.progress.save()

    def keep(self, *, alive: bool) -> None:
        """Force what was written to the disk itself (power loss).

        Args:
            alive: also show that its process lives, where files cannot be locked.
        """
        if self.segment is None or self.segment.size == self._kept:
            size = self._kept
        else:
            size = self.segment.size
            with contextlib.suppress(OSError):
                # Not through the journal, whose lock would make tracking wait for the disk.
                getattr(os, "fdatasync", os.fsync)(self.segment.fd)
        self._kept = size
        if alive and self.segment is not None:
            with contextlib.suppress(OSError):
                os.utime(self.path)

    def remove(self) -> bool:
        """Delete it; False if its writer turns out to be alive."""
        if self.segment is None and not self.damaged:
            return self._remove_dead()
        if os.name == "nt":
            self._release()
        self._unlink()
        self._release()
        return True

    def _release(self) -> None:
        if self.journal is not None and self.segment is not None:
            self.journal.release(self.segment)

    def _remove_dead(self) -> bool:
        fd = _lock_dead(self.path)
        if fd is None:
            return not self.path.exists()
        try:
            if os.fstat(fd).st_size > self.reader.offset and self._grew():
                self.complete = False
                return False
            if os.name != "nt":
                self._unlink()
        finally:
            os.close(fd)
        if os.name == "nt":
            self._unlink()
        return True

    def _grew(self) -> bool:
        batch = self.reader.read()
        if batch.end == batch.start:
            return False  # the rest of a write that never returned
        self.reader = SegmentReader(self.path)
        self.reader.skip_to(batch.start)
        return True

    def _unlink(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.progress.remove()


def is_dead(path: Path) -> bool:
    """Whether the process that wrote a segment is gone."""
    fd = _open(path)
    if fd is None:
        return False
    try:
        return not is_locked(fd)
    except LockUnsupportedError:
        return _is_silent(fd)
    finally:
        os.close(fd)


def run_of(path: Path) -> str:
    """The run a segment belongs to; empty if its header cannot be read."""
    reader = SegmentReader(path)
    with contextlib.suppress(OSError, CodecError):
        reader.read(limit=4096)
    return reader.run_hash


def writes_left(path: Path, acknowledged: int) -> int:
    """How many writes of a segment are not acknowledged."""
    reader = SegmentReader(path)
    count = 0
    with contextlib.suppress(OSError, CodecError):
        while True:
            limit = acknowledged if reader.offset < acknowledged else None
            batch = reader.read(limit=limit)
            if batch.end == batch.start:
                break
            if batch.start >= acknowledged:
                count += len(batch.messages)
                count += sum(len(columns.steps) for columns in batch.points.values())
    return count


def _lock_dead(path: Path) -> int | None:
    """A descriptor that holds a segment's lock, None if somebody else does."""
    fd = _open(path)
    if fd is None:
        return None
    try:
        locked = try_lock(fd)
    except LockUnsupportedError:
        locked = _is_silent(fd)
    if not locked:
        os.close(fd)
        return None
    return fd


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None  # gone, or not ours to touch


def _is_silent(fd: int) -> bool:
    return time.time() - os.fstat(fd).st_mtime > SILENT_S
