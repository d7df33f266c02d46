"""Moves journals into the store: those of this process all the time, those of the dead once.

One thread per repository and process, alive while something is being written. Each round applies
what was appended since the last in one transaction; about once a second a round is made durable,
and journals that are through are deleted. Reads call `catch_up` first, so they see their own
process's writes at once.

Applying is guarded by the offset the store keeps for each journal, so it does not matter who
applies, or how often. Only a journal whose writer is gone (its lock is free) may be deleted by
somebody else.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import threading
import time
import weakref
from typing import TYPE_CHECKING

from matyan_client.backends.forking import rest_at_forks
from matyan_client.backends.recovery import recover
from matyan_client.config import Settings
from matyan_client.exceptions import CodecError, RepoError
from matyan_client.journal.reader import SegmentReader

if TYPE_CHECKING:
    from pathlib import Path

    from matyan_client.journal.writer import JournalWriter
    from matyan_client.protocol.batches import Batch
    from matyan_client.store.store import Store

__all__ = ["Pump"]

DURABLE_EVERY_S = 1.0
BEAT_EVERY_S = 10.0
RECOVER_EVERY_S = 0.5

log = logging.getLogger("matyan_client.pump")

_pumps: weakref.WeakSet[Pump] = weakref.WeakSet()


class Pump:
    """Delivers the journals in `directory` to `store`."""

    def __init__(self, store: Store, directory: Path) -> None:
        self.store = store
        self.directory = directory
        self._journals: list[JournalWriter] = []
        self._readers: dict[Path, SegmentReader] = {}
        self._through: list[Path] = []
        """Segments that are applied and finished, but perhaps not yet durably so. Their locks are
        free already: should this process die now, anybody may finish the job."""
        self._lock = threading.RLock()
        self._in_round = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False
        self._last_durable = 0.0
        self._last_beat = 0.0
        self._last_recovery = 0.0
        self._dirty = False
        _pumps.add(self)

    # -- what writers and readers call ----------------------------------------------------------

    def add(self, journal: JournalWriter) -> None:
        """Start delivering a journal."""
        with self._lock:
            self._journals.append(journal)
            if self._thread is None or not self._thread.is_alive():
                self._wake = threading.Event()
                self._thread = threading.Thread(
                    target=self._run,
                    args=(self._wake,),
                    name="matyan-pump",
                    daemon=True,
                )
                self._thread.start()

    def deliver(self, journal: JournalWriter, timeout_s: float | None) -> bool:
        """Apply what a journal holds.

        False if that failed (said, and tried again later) or time ran out between two rounds; what
        is left stays in the journal. So it does when a run is finished by the garbage collector or
        a signal handler that interrupts a round of this very thread: the next round takes it.
        """
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        journal.retry()
        if not self._lock.acquire(timeout=-1 if timeout_s is None else timeout_s):
            return False
        try:
            if self._interrupted():
                return False
            while self._round([journal]):
                if time.monotonic() > deadline:
                    return False
        except (RepoError, CodecError, OSError) as exc:
            self._say(exc)
            return False
        finally:
            self._lock.release()
        return not journal.undelivered

    def catch_up(self) -> None:
        """Apply everything this process wrote and, now and then, what dead processes left.

        Raises:
            RepoError: the store cannot be used; what was written stays in the journals.
        """
        with self._lock:
            if self._interrupted():
                return
            for journal in self._journals:
                if journal.undelivered:
                    journal.retry()
            while self._round(self._journals):
                continue
            now = time.monotonic()
            if now - self._last_recovery >= RECOVER_EVERY_S:
                self._last_recovery = now
                self._recover()

    def stop(self) -> None:
        """Deliver what is left, durably, and end the thread.

        A signal handler that interrupts a round of this very thread leaves that to recovery.
        """
        with self._lock:
            if self._interrupted():
                return
            thread, self._thread = self._thread, None
            self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=10.0)
        if not self.directory.is_dir():
            return
        try:
            with self._lock:
                while self._round(self._journals):
                    continue
                if self._dirty or self._through:
                    self._settle()
        except (RepoError, CodecError, OSError) as exc:
            self._say(exc)

    def before_fork(self) -> None:
        """Come to rest: the child inherits nothing half done, and can read what was written."""
        self._lock.acquire()
        if not self._interrupted():
            try:
                while self._round(self._journals):
                    continue
            except (RepoError, CodecError, OSError) as exc:
                self._say(exc)
        self.store.database.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self.store.database.after_fork_in_parent()
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Forget the parent's threads and files; its journals go on as ours, in new segments."""
        self._lock = threading.RLock()
        self._in_round = False
        self._wake = threading.Event()
        self._thread = None
        self._readers, self._through = {}, []
        self._dirty = False
        self.store.database.after_fork_in_child()
        journals, self._journals = self._journals, []
        for journal in journals:
            journal.after_fork_in_child()
            journal.on_revived = self.add

    # -- the thread -----------------------------------------------------------------------------

    def _run(self, wake: threading.Event) -> None:
        interval = Settings.from_environment().apply_interval_ms / 1000
        while not wake.wait(interval):
            try:
                with self._lock:
                    if wake is not self._wake:
                        return
                    for journal in self._journals:
                        journal.retry()
                    while self._round(self._journals):
                        continue
                    self._housekeeping()
                    self._failing = False
                    if not self._journals and not self._through and not self._dirty:
                        self._thread = None
                        return
            except Exception as exc:  # noqa: BLE001 - a thread's top frame: said, and tried again
                self._say(exc)
                for journal in list(self._journals):
                    journal.sync()

    def _housekeeping(self) -> None:
        now = time.monotonic()
        if (self._dirty or self._through) and now - self._last_durable >= DURABLE_EVERY_S:
            self._settle()
        if self._journals and now - self._last_beat >= BEAT_EVERY_S:
            self._last_beat = now
            self.store.beat([journal.run_hash for journal in self._journals])

    def _say(self, exc: BaseException) -> None:
        if not self._failing:
            self._failing = True
            log.warning(
                "Cannot bring the store in %s up to date: %s Tracked data is safe in its "
                "journals; this is tried again.",
                self.store.root,
                exc,
            )

    # -- below here the lock is held ------------------------------------------------------------

    def _interrupted(self) -> bool:
        """Whether this thread is called back in the middle of a round or transaction of its own."""
        return self._in_round or self.store.database.in_transaction

    def _round(self, journals: list[JournalWriter]) -> bool:
        """Apply one batch of each journal that has something new; False if that led nowhere."""
        self._in_round = True
        try:
            return self._deliver_batches(list(journals))
        finally:
            self._in_round = False

    def _deliver_batches(self, journals: list[JournalWriter]) -> bool:
        work: list[tuple[SegmentReader, Batch]] = []
        for journal in journals:
            for segment, size in journal.deliverable():
                reader = self._readers.get(segment.path)
                if reader is None:
                    reader = self._readers[segment.path] = SegmentReader(segment.path)
                if reader.offset < size:
                    work.append((reader, reader.read(limit=size)))
        if work:
            self._apply(work)
        for journal in journals:
            for segment, size in journal.deliverable():
                reader = self._readers.get(segment.path)
                if reader and reader.offset >= size and not journal.is_current(segment):
                    self._through.append(segment.path)
                    self._readers.pop(segment.path)
                    journal.release(segment)
            if journal.closed and not journal.segments:
                with contextlib.suppress(ValueError):
                    self._journals.remove(journal)
        return any(reader.offset > batch.start for reader, batch in work)

    def _apply(self, work: list[tuple[SegmentReader, Batch]]) -> None:
        try:
            offsets = self.store.apply_journaled(
                [(reader.path.name, batch) for reader, batch in work],
                written_at=time.time(),
                alive=True,
            )
        except BaseException:
            for reader, batch in work:
                reader.offset = batch.start
            raise
        self._dirty = True
        for (reader, batch), offset in zip(work, offsets, strict=True):
            if offset != batch.end:
                # Somebody recovered this journal under us, taking us for dead.
                reader.offset = batch.start
                reader.skip_to(offset)

    def _settle(self) -> None:
        """Make what was applied durable, then delete the journals it came from."""
        self._last_durable = time.monotonic()
        self.store.make_durable()
        self._dirty = False
        through, self._through = self._through, []
        gone = []
        for path in through:
            try:
                path.unlink(missing_ok=True)
            except PermissionError:
                continue  # Windows, while somebody reads it: recovery removes it later
            gone.append(path.name)
        if gone:
            self.store.forget_journals(gone)

    def _recover(self) -> None:
        own = {segment.path for journal in self._journals for segment in journal.segments}
        own.update(self._through)
        try:
            recover(self.store, self.directory, own)
        except RepoError:
            raise
        except OSError as exc:
            log.warning("Cannot look after journals in %s: %s", self.directory, exc)


def _at_exit() -> None:
    for pump in list(_pumps):
        pump.stop()
        with contextlib.suppress(RepoError):
            pump.store.close()


atexit.register(_at_exit)
rest_at_forks(_pumps)
