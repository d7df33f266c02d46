"""Appends one run's writes of one process to journal segments.

A write is one `write(2)` on an append-only descriptor: when it returns, the bytes belong to the
kernel and outlive this process. If the disk refuses, the record is kept in memory, counted, tried
again, and said once; nothing here raises into the caller after `open`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import RepoAccessError
from matyan_client.journal.format import (
    MARKER,
    MESSAGE,
    POINT_FLOAT,
    POINT_FLOAT_AUTO,
    POINT_INT,
    POINT_INT_AUTO,
    POINT_SIZE,
    declare_record,
    float_point,
    header_record,
    int_point,
    variable_record,
)
from matyan_client.journal.locking import LockUnsupportedError, try_lock
from matyan_client.protocol.messages import Message, encode_message

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SUFFIX", "JournalWriter", "Segment"]

SUFFIX = ".journal"
SEGMENT_BYTES = 16 << 20
"""A segment that has grown past this is followed by a new one, so that applied data is freed."""
KEPT_BYTES_MAX = 256 << 20
"""Most bytes kept in memory while the disk refuses; beyond it records are dropped, and counted."""
DESCRIPTORS_KEPT = 48
"""So many are left to others, such as the connections that empty journals."""
RETRY_S = 0.5
RETIRED_FROM_BYTES = 4096
"""A segment smaller than this frees nothing by going."""
NO_EPOCH = float("nan")

log = logging.getLogger("matyan_client.journal")

_OPEN_FLAGS = (
    os.O_CREAT
    | os.O_EXCL
    | os.O_RDWR
    | os.O_APPEND
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


class Segment:
    """One journal file of this process: `size` bytes of it are complete records."""

    __slots__ = ("fd", "limit", "path", "pid", "size")

    def __init__(self, path: Path, fd: int, limit: int = SEGMENT_BYTES) -> None:
        self.path = path
        self.fd = fd
        self.size = 0
        self.limit = limit
        """Size from which it is followed by another one."""
        self.pid = os.getpid()

    def close(self) -> None:
        """Let go of the descriptor, and with it of the lock."""
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fd)
            self.fd = -1


class JournalWriter:
    """The append side. Thread safe.

    Attributes:
        segments: segments of this writer that are not released yet, oldest first.
        undelivered: records kept in memory because the disk refused them.
        dropped: records given up because too many had to be kept.
    """

    def __init__(self, directory: Path, run_hash: str, **facts: Any) -> None:
        self.directory = directory
        self.facts = facts
        """JSON values that the header of each segment carries."""
        self.run_hash = run_hash
        self.segments: list[Segment] = []
        self.dropped = 0
        self.closed = False
        self.on_revived: Callable[[JournalWriter], None] | None = None
        """Called when a forked child writes for the first time: it has a segment of its own now."""
        self._lock = threading.RLock()  # a signal handler may write while a write goes on
        self._declarations: list[tuple[str, dict[str, Any], str]] = []
        self._declared_in: list[Segment | None] = []
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._next_try = 0.0
        self._warned = False
        self._parts = 0
        self._forked = False
        self._segment = self._open_segment()

    @property
    def undelivered(self) -> int:
        """Records that are in memory only."""
        return len(self._kept)

    def declare(self, name: str, context: dict[str, Any], dtype: str) -> int:
        """Return the number that stands for this sequence in `point`."""
        with self._lock:
            self._declarations.append((name, context, dtype))
            self._declared_in.append(None)
            return len(self._declarations) - 1

    def point(
        self,
        sequence: int,
        value: float,
        step: int,
        epoch: float | None,
        time: float,
        *,
        automatic: bool,
    ) -> None:
        """Append one scalar; ints outside 64 bits must have been made floats."""
        if epoch is None:
            epoch = NO_EPOCH
        if value.__class__ is int:
            kind = POINT_INT_AUTO if automatic else POINT_INT
            record = int_point(kind, sequence, step, value, epoch, time, MARKER)
        else:
            kind = POINT_FLOAT_AUTO if automatic else POINT_FLOAT
            record = float_point(kind, sequence, step, value, epoch, time, MARKER)
        with self._lock:
            segment = self._segment
            if self._declared_in[sequence] is not segment or segment.size >= segment.limit:
                segment = self._prepare(sequence)
            if self._kept:
                self._keep(record)
                return
            try:
                written = os.write(segment.fd, record)
            except OSError as exc:
                self._refused(record, exc)
                return
            if written != POINT_SIZE:
                self._cut_back(segment)
                self._refused(record, OSError(f"only {written} of {POINT_SIZE} bytes written"))
                return
            segment.size += POINT_SIZE

    def append(self, message: Message) -> None:
        """Append one protocol message."""
        record = variable_record(MESSAGE, encode_message(message))
        with self._lock:
            self._have_segment()
            self._write(record)

    def retry(self) -> None:
        """Try to write what the disk refused earlier."""
        with self._lock:
            if self._kept and not self.closed:
                self._drain_kept()

    def make_room(self) -> None:
        """The disk is full: begin a new segment, so that this one can go when it is delivered."""
        with self._lock:
            self._retire()

    def sync(self) -> None:
        """Force written records to the disk itself (power loss)."""
        with self._lock:
            for segment in self.segments:
                if segment.fd >= 0:
                    with contextlib.suppress(OSError):
                        getattr(os, "fdatasync", os.fsync)(segment.fd)

    def close(self) -> int:
        """Stop writing and return how many records never reached the disk.

        The descriptor, and with it the sign of life, stays until the segment is `release`d.
        """
        with self._lock:
            if self._kept:
                self._drain_kept()
            self.closed = True
            return len(self._kept) + self.dropped

    def release(self, segment: Segment) -> None:
        """Forget a segment that was delivered; the newest only once the writer is closed."""
        with self._lock:
            if segment in self.segments:
                self.segments.remove(segment)
            segment.close()

    def deliverable(self) -> list[tuple[Segment, int]]:
        """Segments, oldest first, with how many bytes of each can be read."""
        with self._lock:
            return [(segment, segment.size) for segment in self.segments]

    def is_current(self, segment: Segment) -> bool:
        """Whether records may still be added to `segment`."""
        return segment is self._segment and not self.closed

    def after_fork_in_child(self) -> None:
        """Leave the parent's segments alone; the next write opens one of our own."""
        self._lock = threading.RLock()  # a signal handler may write while a write goes on
        for segment in self.segments:
            segment.close()  # our copy of the descriptor; the parent's lock lives on in its own
        self.segments = []
        self._kept = []
        self._kept_bytes = 0
        self._segment = Segment(Path(), -1)
        self._forked = True
        if "origin" in self.facts:
            self.facts["origin"] = "given"  # the parent writes to the run as well

    # -- below here the lock is held ------------------------------------------------------------

    def _open_segment(self) -> Segment:
        for _ in range(16):
            name = f"{time.time_ns():016x}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            path = self.directory / name
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                fd = os.open(path, _OPEN_FLAGS, 0o666)
            except OSError as exc:
                raise RepoAccessError(
                    f"Cannot write a journal for run {self.run_hash!r} in {str(self.directory)!r}: "
                    f"{exc.strerror or exc}. Check that the directory is writable, the disk has "
                    "room, and the process may open more files (ulimit -n)."
                ) from exc
            locked = True
            with contextlib.suppress(LockUnsupportedError):
                locked = try_lock(fd)
            # Between creation and lock another process may have taken it for a dead one's.
            if not locked or not path.exists():
                os.close(fd)
                continue
            # The more there are that wait, the larger they become: each holds a descriptor.
            segment = Segment(path, fd, SEGMENT_BYTES << min(len(self.segments), 8))
            record = header_record(
                self.run_hash,
                pid=os.getpid(),
                created=time.time(),
                part=self._parts,
                **self.facts,
            )
            try:
                if os.write(fd, record) != len(record):
                    raise OSError("the disk is full")
            except OSError as exc:
                segment.close()
                with contextlib.suppress(OSError):
                    path.unlink()
                raise RepoAccessError(
                    f"Cannot write a journal for run {self.run_hash!r} in {str(self.directory)!r}: "
                    f"{exc.strerror or exc}. Free some space or choose another repository."
                ) from exc
            segment.size = len(record)
            self._parts += 1
            self.segments.append(segment)
            return segment
        raise RepoAccessError(
            f"Journals in {str(self.directory)!r} vanish as soon as they are made. "
            "Is something cleaning that directory?"
        )

    def _rotate(self) -> None:
        if self._kept:
            return  # kept records refer to sequences declared in this segment
        old = self._segment
        try:
            if not _descriptors_left(old.fd):
                raise RepoAccessError("Hardly any file descriptors are left (ulimit -n).")
            self._segment = self._open_segment()
        except RepoAccessError as exc:
            old.limit = old.size + SEGMENT_BYTES
            if not self._warned:
                self._warned = True
                log.warning("%s Going on in the old segment.", exc)

    def _revive(self) -> None:
        try:
            self._segment = self._open_segment()
        except RepoAccessError as exc:
            if not self._warned:
                self._warned = True
                log.warning("%s Tracked data is kept in memory until that works.", exc)
            return
        if self._forked and self.on_revived is not None:
            self.on_revived(self)
        self._forked = False

    def _retire(self) -> None:
        """Leave the segment to whoever delivers it; the next write that succeeds begins another."""
        if self._segment.fd >= 0 and self._segment.size >= RETIRED_FROM_BYTES:
            self._segment = Segment(Path(), -1)

    def _have_segment(self) -> None:
        if self._segment.fd >= 0:
            if self._segment.size >= self._segment.limit:
                self._rotate()
        elif not self._kept:  # else what is kept goes first, when it is tried again
            self._revive()

    def _prepare(self, sequence: int) -> Segment:
        self._have_segment()
        segment = self._segment
        if self._declared_in[sequence] is not segment:
            name, context, dtype = self._declarations[sequence]
            self._write(declare_record(sequence, name, context, dtype))
            self._declared_in[sequence] = segment
        return segment

    def _write(self, record: bytes) -> None:
        if self._kept:
            self._keep(record)
            return
        segment = self._segment
        view = memoryview(record)
        try:
            while view:
                view = view[os.write(segment.fd, view) :]
        except OSError as exc:
            self._cut_back(segment)
            self._refused(record, exc)
            return
        segment.size += len(record)

    def _cut_back(self, segment: Segment) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(segment.fd, segment.size)

    def _refused(self, record: bytes, exc: OSError) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "Run %s: cannot write to its journal in %s (%s). Tracked data is kept in memory "
                "and written as soon as the disk takes it again.",
                self.run_hash,
                self.directory,
                exc,
            )
        self._kept.append(record)
        self._kept_bytes += len(record)
        self._next_try = time.monotonic() + RETRY_S

    def _keep(self, record: bytes) -> None:
        if self._kept_bytes >= KEPT_BYTES_MAX:
            if not self.dropped:
                log.error(
                    "Run %s: the disk has refused writes for so long that %d MB are kept in "
                    "memory; from here on data of this run is lost.",
                    self.run_hash,
                    KEPT_BYTES_MAX >> 20,
                )
            self.dropped += 1
            return
        self._kept.append(record)
        self._kept_bytes += len(record)
        if time.monotonic() >= self._next_try:
            self._drain_kept()

    def _drain_kept(self) -> None:
        kept, self._kept = self._kept, []
        self._kept_bytes = 0
        again: list[bytes] = []
        if self._segment.fd < 0:
            self._revive()
            if self._segment.fd >= 0:
                again = self._declare_again()
        for record in (*again, *kept):
            self._write(record)
        if self._kept:
            self._retire()
            return
        self._warned = False
        log.warning(
            "Run %s: the disk takes writes again; %d kept records are written.",
            self.run_hash,
            len(kept),
        )

    def _declare_again(self) -> list[bytes]:
        """Declarations for the segment that was just begun: of all that kept records refer to."""
        again = []
        for number, declaration in enumerate(self._declarations):
            if self._declared_in[number] is not None:
                again.append(declare_record(number, *declaration))
                self._declared_in[number] = self._segment
        return again


def _descriptors_left(fd: int) -> bool:
    """Whether there are descriptors to spare."""
    try:
        import resource
    except ImportError:
        return True  # Windows has plenty
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return True
    try:
        lowest = os.dup(fd)
    except OSError:
        return False
    os.close(lowest)
    return lowest < soft - DESCRIPTORS_KEPT
