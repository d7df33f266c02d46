"""Brings what is in a deployment's spool to its server: one thread with an event loop per
deployment and process, alive while there is something to bring.

Decides which run gets a connection when, how long to wait after trouble, what is said about it,
and who looks after what dead processes left. What is sent is `lane.py`'s, how it is sent
`protocol/ingest.py`'s and `transports/websocket.py`'s. Nothing here raises into a training loop.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import math
import os
import random
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from matyan_client.backends.daemon_pool import DaemonPool
from matyan_client.backends.lane import Lane, Upload
from matyan_client.backends.outbox import Outbox
from matyan_client.backends.remote_writer import RemoteWriter
from matyan_client.backends.shipped_segments import ShippedSegment, is_dead
from matyan_client.config import Settings
from matyan_client.exceptions import (
    CodecError,
    MatyanError,
    ServerFailedError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from matyan_client.journal.reader import SegmentReader
from matyan_client.journal.writer import JournalWriter
from matyan_client.protocol.ingest import Trouble
from matyan_client.transports.websocket import Link, open_link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matyan_client.backends.base import Origin
    from matyan_client.backends.run_service import RunService
    from matyan_client.transports.endpoint import Endpoint

__all__ = ["Shipper"]

CONNECTIONS_MAX = 16
UPLOADS_MAX = 3
IDLE_S = 3.0
"""A connection without anything to send is closed after this."""
TURN_S = 2.0
"""How long a busy run keeps its connection while others wait for one."""
RECOVER_EVERY_S = 10.0
SPOOL_LOOK_EVERY_S = 1.0
ALIVE_EVERY_S = 60.0
BACKOFF_MAX_S = 30.0
IMPATIENT_S = 1.0
"""Longest back-off while somebody waits for delivery."""
SAY_EVERY_S = 60.0
POISON_TRIES = 3

log = logging.getLogger("matyan_client.shipping")


class Shipper:
    """Brings the writes of this process, and of dead ones, to one deployment. Thread safe.

    Args:
        endpoint: the deployment.
        service: what is asked of it over REST.
    """

    def __init__(self, endpoint: Endpoint, service: RunService) -> None:
        self.endpoint = endpoint
        self.outbox = Outbox.of(endpoint.backend_url, endpoint.frontier_url)
        self.trouble: MatyanError | None = None
        """Why nothing can be brought at present; None if nothing stands in the way."""
        self._service = service
        self._writers: list[RemoteWriter] = []
        self._lock = threading.RLock()
        self._reset()
        _shippers.append(self)

    def _reset(self) -> None:
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._pool: DaemonPool | None = None
        self._lanes: dict[str, Lane] = {}
        self._links: set[Link] = set()
        self._new: deque[JournalWriter] = deque()
        self._uploading: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(UPLOADS_MAX)
        self._others_wait = False
        self._stopping = False
        self._scan_due = True
        self._scan_all = False
        self._scanned_at = 0.0
        self._looked_at = 0.0
        self._said_alive_at = 0.0
        self._recovery_fd: int | None = None
        self._waiting = 0
        self._failures = 0
        self._closed_until = 0.0
        self._said_at = -math.inf
        self._outage_since = 0.0
        self._said_outage = False
        self._left_said = False

    # -- for writers ----------------------------------------------------------------------------

    def open_writer(self, run_hash: str, *, origin: Origin = "given") -> RemoteWriter:
        """Start a journal for a run.

        Raises:
            RepoAccessError: the spool cannot be written.
        """
        self.outbox.create()
        journal = JournalWriter(
            self.outbox.journals, run_hash, origin=origin, writer=os.urandom(8).hex()
        )
        journal.on_revived = self._add
        writer = RemoteWriter(journal, self.outbox, self)
        with self._lock:
            self._writers.append(writer)
        self._add(journal)
        return writer

    def _add(self, journal: JournalWriter) -> None:
        with self._lock:
            self._new.append(journal)
            self._scan_due = True
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._pool = DaemonPool(UPLOADS_MAX + 3, "matyan-ship")
            self._thread = threading.Thread(target=self._run, name="matyan-shipper", daemon=True)
            self._thread.start()
        else:
            self._nudge()

    def _nudge(self) -> None:
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            with contextlib.suppress(RuntimeError):  # just closed
                loop.call_soon_threadsafe(wake.set)

    def deliver(self, writer: RemoteWriter, timeout_s: float | None) -> bool:
        """Wait until what a writer appended so far is acknowledged; False if it is not."""
        writer.journal.retry()
        wanted = writer.journal.deliverable()
        timeout_s = Settings.from_environment().close_timeout_s if timeout_s is None else timeout_s
        with self._impatient():
            done = self._wait(
                lambda: self._acknowledged(writer.journal, wanted),
                writer.journal.run_hash,
                time.monotonic() + timeout_s,
            )
        return done and not writer.journal.undelivered

    def finish(self, writer: RemoteWriter, timeout_s: float | None) -> bool:
        """Wait until all of a closed writer is acknowledged; say what is left if it is not."""
        done = self.deliver(writer, timeout_s)
        with self._lock, contextlib.suppress(ValueError):
            self._writers.remove(writer)
        if writer.dropped:
            log.error(
                "Run %s: %d writes were dropped, because journals for %s took as much room as "
                "MATYAN_JOURNAL_MAX_MB allows.",
                writer.journal.run_hash,
                writer.dropped,
                self.endpoint.backend_url,
            )
        if not done:
            self._say_left(writer)
        return done

    def settle(self, timeout_s: float) -> bool:
        """Wait until everything this process wrote so far is acknowledged; False if it is not."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            writers = list(self._writers)
        done = True
        for writer in writers:
            done = self.deliver(writer, max(0.0, deadline - time.monotonic())) and done
        return done

    def unconfirmed(self) -> list[str]:
        """Runs of which something was acknowledged that reads may not see yet."""
        with self._lock:
            return [run_hash for run_hash, lane in self._lanes.items() if lane.unconfirmed]

    def _acknowledged(self, journal: JournalWriter, wanted: list[tuple[Any, int]]) -> bool:
        lane = self._lanes.get(journal.run_hash)
        there = set(map(id, journal.segments))
        return all(
            id(segment) not in there
            or (lane is not None and lane.acknowledged(segment.path) >= size)
            for segment, size in wanted
        )

    def _wait(self, done: Callable[[], bool], run_hash: str, deadline: float) -> bool:
        if threading.current_thread() is self._thread:
            return done()  # the garbage collector closes a run here, of all places
        while not done():
            left = deadline - time.monotonic()
            if left <= 0 or self._thread is None:
                return done()
            self._nudge()
            lane = self._lanes.get(run_hash)
            if lane is None:
                time.sleep(0.01)
            else:
                lane.wait(min(left, 0.25))
        return True

    @contextlib.contextmanager
    def _impatient(self) -> Any:
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def _say_left(self, writer: RemoteWriter) -> None:
        if self._left_said:
            return
        self._left_said = True
        left = sum(
            size - self._acknowledged_bytes(writer.journal, segment.path)
            for segment, size in writer.journal.deliverable()
        )
        log.warning(
            "Run %s: %d bytes of its journal are not on %s yet%s. Nothing is lost: they are kept "
            "in %s and sent by the next process that uses this server, or by: %s",
            writer.journal.run_hash,
            left,
            self.endpoint.backend_url,
            f" ({self.trouble})" if self.trouble else "",
            self.outbox.directory,
            self.outbox.sync_command,
        )

    def _acknowledged_bytes(self, journal: JournalWriter, path: Path) -> int:
        lane = self._lanes.get(journal.run_hash)
        return 0 if lane is None else lane.acknowledged(path)

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        thread = threading.current_thread()
        while True:
            try:
                asyncio.run(self._main())
            except Exception:
                log.exception("Sending to %s failed; it starts anew.", self.endpoint.backend_url)
                time.sleep(1.0)
            with self._lock:
                if self._thread is not thread or self._stopping or not self._new:
                    if self._thread is thread:
                        self._thread = self._loop = self._wake = None
                        if self._pool is not None:
                            self._pool.stop()
                    return

    async def _main(self) -> None:
        self._wake, self._slots = asyncio.Event(), asyncio.Semaphore(UPLOADS_MAX)
        self._loop = asyncio.get_running_loop()
        interval = Settings.from_environment().apply_interval_ms / 1000
        try:
            while not self._stopping:
                self._wake.clear()
                self._take_new()
                self._look_around()
                self._schedule()
                if not self._busy():
                    return
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), interval)
        finally:
            await self._end()

    def _busy(self) -> bool:
        with self._lock:
            return bool(self._new or self._lanes or self._uploading)

    async def _end(self) -> None:
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        tasks.extend(self._uploading)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            lane.tidy()
        self._stop_recovering()

    def _take_new(self) -> None:
        while self._new:
            self._attach(self._new.popleft())

    def _attach(self, journal: JournalWriter) -> None:
        lane = self._lane(journal.run_hash)
        lane.journals.append(journal)

    def _lane(self, run_hash: str) -> Lane:
        lane = self._lanes.get(run_hash)
        if lane is None:
            assert self._pool is not None
            lane = Lane(run_hash, self.outbox, self._service, self._pool.run, self._upload)
            with self._lock:
                self._lanes[run_hash] = lane
        return lane

    def _look_around(self) -> None:
        now = time.monotonic()
        for lane in list(self._lanes.values()):
            lane.look_for_segments()
        if self._scan_due or now - self._scanned_at >= RECOVER_EVERY_S:
            self._scan_due = False
            self._scanned_at = now
            self._recover()
        if now - self._looked_at >= SPOOL_LOOK_EVERY_S:
            self._looked_at = now
            self._look_at_spool()
        if now - self._said_alive_at >= ALIVE_EVERY_S:
            self._said_alive_at = now
            self._say_alive()
        for run_hash, lane in list(self._lanes.items()):
            lane.tidy()
            if lane.has_work():
                lane.wake.set()
            elif lane.done and lane.task is None and not lane.journals:
                with self._lock:
                    del self._lanes[run_hash]
        if self._recovery_fd is not None and not any(
            lane.recovers for lane in self._lanes.values()
        ):
            self._stop_recovering()

    def _look_at_spool(self) -> None:
        limit = Settings.from_environment().journal_max_mb * 1_000_000
        full = self.outbox.size_bytes() >= limit
        if full != self.outbox.full:
            self.outbox.full = full
            if full:
                log.error(
                    "Journals for %s in %s take %d MB, as much as MATYAN_JOURNAL_MAX_MB allows. "
                    "What is tracked from here on is dropped until the server has taken some.",
                    self.endpoint.backend_url,
                    self.outbox.directory,
                    limit // 1_000_000,
                )
            else:
                log.warning("Journals for %s take new data again.", self.endpoint.backend_url)
        with self._lock:
            writers = list(self._writers)
        for writer in writers:
            writer.drop_points(full)
            writer.journal.retry()

    def _say_alive(self) -> None:
        """Where files cannot be locked, their age tells whether their process lives."""
        for lane in self._lanes.values():
            for segment in lane.segments:
                if not segment.dead:
                    with contextlib.suppress(OSError):
                        os.utime(segment.path)

    # -- what dead processes left ---------------------------------------------------------------

    def _recover(self) -> None:
        own = {segment.path for lane in self._lanes.values() for segment in lane.segments}
        paths = [path for path in self.outbox.segments() if path not in own]
        if not paths:
            return
        if self._recovery_fd is None:
            self._recovery_fd = self.outbox.lock_recovery()
            if self._recovery_fd is None:
                return  # another process does
        living: set[str] = set()
        dead: list[tuple[str, Path]] = []
        for path in paths:
            run_hash = _run_of(path)
            if is_dead(path):
                dead.append((run_hash, path))
            else:
                living.add(run_hash)
        for run_hash, path in dead:
            if not run_hash:
                ShippedSegment(path).remove()  # its process died before the first byte
                continue
            self._lane(run_hash).add(ShippedSegment(path))
        for run_hash, lane in self._lanes.items():
            lane.living_elsewhere = run_hash in living
        if not dead:
            self._stop_recovering()

    def _stop_recovering(self) -> None:
        fd, self._recovery_fd = self._recovery_fd, None
        if fd is not None:
            self.outbox.remove_orphans()
            os.close(fd)

    # -- connections ----------------------------------------------------------------------------

    def _schedule(self) -> None:
        now = time.monotonic()
        if self._waiting:
            self._closed_until = min(self._closed_until, now + IMPATIENT_S)
        waiting = [
            lane
            for lane in self._lanes.values()
            if lane.task is None and lane.has_work() and self._may_try(lane, now)
        ]
        waiting.sort(key=lambda lane: lane.served_at)
        serving = sum(lane.task is not None for lane in self._lanes.values())
        limit = 1 if self._failures else CONNECTIONS_MAX
        if now < self._closed_until:
            limit = 0
        free = max(0, limit - serving)
        for lane in waiting[:free]:
            lane.task = asyncio.create_task(self._serve(lane))
        self._others_wait = len(waiting) > free and limit == CONNECTIONS_MAX
        if self._others_wait:
            for lane in self._lanes.values():
                lane.wake.set()  # idle ones make room

    def _may_try(self, lane: Lane, now: float) -> bool:
        if self._waiting:
            lane.retry_at = min(lane.retry_at, now + IMPATIENT_S)
        return now >= lane.retry_at

    async def _serve(self, lane: Lane) -> None:
        link: Link | None = None
        try:
            assert self._pool is not None
            link = await open_link(self.endpoint, lane.run_hash, self._pool.run)
            self._links.add(link)
            await self._converse(lane, link)
        except asyncio.CancelledError:
            raise
        except Exception as exc:  # noqa: BLE001 - credentials may come from the application
            self._failed(lane, exc, connected=link is not None)
        finally:
            lane.session.disconnected()
            lane.served_at = time.monotonic()
            lane.tidy()
            if link is not None:
                self._links.discard(link)
                await link.close()
            lane.task = None
            if self._wake is not None:
                self._wake.set()

    async def _converse(self, lane: Lane, link: Link) -> None:
        session = lane.session
        timeout_s = Settings.from_environment().ack_timeout_s
        careful = lane.failures >= POISON_TRIES
        if careful:
            session.careful()
            await link.send(session.probe())
        reply = asyncio.create_task(link.receive())
        started = heard = time.monotonic()
        try:
            while True:
                leaving = self._stopping or (
                    self._others_wait and time.monotonic() - started > TURN_S
                )
                if not leaving:
                    await lane.fill()
                    if not session.in_flight:
                        heard = time.monotonic()
                    while (frame := session.next_frame()) is not None:
                        await link.send(frame)
                        await lane.fill()
                lane.wake.clear()
                busy = session.in_flight > 0
                if not busy:
                    if leaving or (self._others_wait and not lane.has_work()):
                        return
                    if lane.has_work():
                        continue
                wait_s = heard + timeout_s - time.monotonic() if busy else IDLE_S
                woken = asyncio.create_task(lane.wake.wait())
                await asyncio.wait(
                    {reply, woken}, timeout=max(0.0, wait_s), return_when=asyncio.FIRST_COMPLETED
                )
                called = woken.done()
                woken.cancel()
                if reply.done():
                    if reply.exception() is not None and not busy and not lane.has_work():
                        return  # the server does not keep idle connections
                    heard = time.monotonic()
                    self._take(lane, reply.result())
                    reply = asyncio.create_task(link.receive())
                elif busy and time.monotonic() - heard >= timeout_s:
                    session.disconnected(too_slow=True)
                    raise ServerUnreachableError(
                        f"{self.endpoint.frontier_url} has acknowledged nothing for "
                        f"{timeout_s:g} s.",
                        url=self.endpoint.frontier_url,
                    )
                elif not busy and not called and not lane.has_work():
                    return  # nothing to do for a while
        finally:
            reply.cancel()
            with contextlib.suppress(asyncio.CancelledError, MatyanError):
                await reply

    def _take(self, lane: Lane, text: str | bytes) -> None:
        try:
            event = lane.session.reply_received(text)
        except CodecError as exc:
            raise UnexpectedAnswerError(
                f"{self.endpoint.frontier_url} does not answer as a Matyan frontier: {exc}",
                url=self.endpoint.frontier_url,
            ) from exc
        if isinstance(event, Trouble):
            raise ServerFailedError(
                f"{self.endpoint.frontier_url} cannot take data: {event.reason}.",
                url=self.endpoint.frontier_url,
            )
        lane.take(event)
        if event is not None:
            self._progressed(lane)

    # -- trouble --------------------------------------------------------------------------------

    def _failed(self, lane: Lane, exc: Exception, *, connected: bool) -> None:
        now = time.monotonic()
        lane.failures += 1
        lane.retry_at = now + self._backoff(lane.failures) if lane.failures > 1 else now
        if not connected:
            self._failures += 1
            self._closed_until = now + self._backoff(self._failures)
        if not isinstance(exc, MatyanError):
            log.debug("Sending run %s", lane.run_hash, exc_info=exc)
            exc = ServerUnreachableError(
                f"Cannot send to {self.endpoint.frontier_url}: {type(exc).__name__}: {exc}",
                url=self.endpoint.frontier_url,
            )
        self.trouble = exc
        if lane.failures > 1 or not connected or isinstance(exc, UnexpectedAnswerError):
            self._say_trouble(exc)

    def _backoff(self, failures: int) -> float:
        return float(min(BACKOFF_MAX_S, 0.25 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    def _say_trouble(self, exc: MatyanError) -> None:
        now = time.monotonic()
        if self._said_outage or now - self._said_at < SAY_EVERY_S:
            return
        self._said_at = self._outage_since = now
        self._said_outage = True
        log.warning(
            "%s What is tracked is kept in %s and sent as soon as the server takes it.",
            exc,
            self.outbox.directory,
        )

    def _progressed(self, lane: Lane) -> None:
        lane.failures = 0
        lane.retry_at = 0.0
        self._failures = 0
        self.trouble = None
        if self._said_outage:
            self._said_outage = False
            log.warning(
                "%s takes data again, after %.0f s.",
                self.endpoint.frontier_url,
                time.monotonic() - self._outage_since,
            )

    # -- blobs ----------------------------------------------------------------------------------

    def _upload(self, lane: Lane, upload: Upload) -> None:
        task = asyncio.get_running_loop().create_task(self._bring(lane, upload))
        self._uploading.add(task)
        task.add_done_callback(self._uploading.discard)

    async def _bring(self, lane: Lane, upload: Upload) -> None:
        assert self._pool is not None
        failures = 0
        while True:
            path = self.outbox.blob_path(upload.sha256)
            try:
                async with self._slots:
                    await self._pool.run(
                        self._service.upload,
                        lane.run_hash,
                        upload.path,
                        upload.content_type,
                        path,
                    )
            except FileNotFoundError as exc:
                lane.upload_lost(upload, f"its bytes are not in {path}: {exc}")
                return
            except Exception as exc:
                failures += 1
                log.debug("Uploading %s of run %s", upload.path, lane.run_hash, exc_info=exc)
                if isinstance(exc, MatyanError) and failures > 1:
                    self.trouble = exc
                    self._say_trouble(exc)
                await self._pause(failures)
            else:
                lane.uploaded(upload)
                if self._wake is not None:
                    self._wake.set()
                return

    async def _pause(self, failures: int) -> None:
        until = time.monotonic() + self._backoff(failures)
        while (left := until - time.monotonic()) > 0 and not self._stopping:
            await asyncio.sleep(min(left, IMPATIENT_S))
            if self._waiting:
                return

    # -- the end, and fork ----------------------------------------------------------------------

    def stop(self, deadline: float) -> None:
        """Bring what is left until then, say what is not, and end the thread."""
        with self._lock:
            writers = list(self._writers)
        for writer in writers:
            self.deliver(writer, max(0.0, deadline - time.monotonic()))
        with self._impatient():
            while self._lanes and time.monotonic() < deadline and self._thread is not None:
                if all(lane.done for lane in list(self._lanes.values())):
                    break
                time.sleep(0.02)
        thread = self._thread
        self._stopping = True
        self._nudge()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=3.0)
        self._stopping = False

    def before_fork(self) -> None:
        """Hold still."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Forget the parent's thread and connections; its writers go on in journals of ours."""
        for link in self._links:
            link.abandon()
        if self._recovery_fd is not None:
            os.close(self._recovery_fd)
        _abandoned.append((self._loop, self._lanes, self._links, self._thread, self._uploading))
        self._lock = threading.RLock()
        self._reset()
        self.outbox.after_fork_in_child()
        for writer in self._writers:
            writer.journal.after_fork_in_child()


def _run_of(path: Path) -> str:
    reader = SegmentReader(path)
    with contextlib.suppress(OSError, CodecError):
        reader.read(limit=4096)
    return reader.run_hash


_shippers: list[Shipper] = []
_abandoned: list[Any] = []
"""Of a parent process: never touched again, and never collected, which would touch it."""


def _at_exit() -> None:
    deadline = time.monotonic() + Settings.from_environment().close_timeout_s
    for shipper in _shippers:
        shipper.stop(deadline)


_resting: list[Shipper] = []


def _before_fork() -> None:
    for shipper in _shippers:
        shipper.before_fork()
        _resting.append(shipper)


def _after_fork_in_parent() -> None:
    while _resting:
        _resting.pop().after_fork_in_parent()


def _after_fork_in_child() -> None:
    while _resting:
        _resting.pop().after_fork_in_child()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
