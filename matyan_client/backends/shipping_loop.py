"""The event loop that brings a deployment's spool to its server, in a thread of its own.

Decides which run gets a connection when, how long to wait after trouble, what is said about it,
and who looks after what dead processes left. What is sent is `lane.py`'s, how it is sent
`channel.py`'s. It ends when nothing is left to bring; `shipping.py` starts a new one when there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import random
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from matyan_client.backends.daemon_pool import DaemonPool
from matyan_client.backends.lane import Lane
from matyan_client.backends.shipped_segments import ShippedSegment, is_dead, run_of
from matyan_client.config import Settings
from matyan_client.exceptions import (
    MatyanError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from matyan_client.transports.websocket import Link, open_link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matyan_client.backends.blob_waits import Upload
    from matyan_client.backends.channel import Channel
    from matyan_client.backends.outbox import Outbox
    from matyan_client.backends.run_service import RunService
    from matyan_client.backends.shipped_segments import SyncPoint
    from matyan_client.journal.writer import JournalWriter
    from matyan_client.transports.endpoint import Endpoint

__all__ = ["ShippingLoop"]

CONNECTIONS_MAX = 16
UPLOADS_MAX = 3
TURN_S = 2.0
"""How long a busy run keeps its connection while others wait for one."""
SPREAD_RUNS_MAX = 3
"""With more busy runs than this, each makes do with one connection."""
RECOVER_EVERY_S = 10.0
SPOOL_LOOK_EVERY_S = 1.0
ALIVE_EVERY_S = 60.0
BACKOFF_MAX_S = 30.0
IMPATIENT_S = 1.0
"""Longest back-off while somebody waits for delivery."""
SAY_EVERY_S = 60.0

log = logging.getLogger("matyan_client.shipping")


class ShippingLoop:
    """See above. `start`, `add`, `sync` and `nudge` may be called from any thread; the attributes
    below may be read there.

    Args:
        endpoint: gives the deployment, asked anew for each connection.
        outbox: its spool.
        service: what is asked of it over REST.
        unconfirmed: gets the hashes of runs of which something was acknowledged that reads may
            not see yet.

    Attributes:
        lanes: runs that have something to bring, or are written to.
        waiting: how many threads wait for delivery.
        ended: whether it does nothing any more.
        stopping: set to make it end at once.
    """

    def __init__(
        self,
        endpoint: Callable[[], Endpoint],
        outbox: Outbox,
        service: RunService,
        unconfirmed: set[str],
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self._trouble: MatyanError | None = None
        self._upload_trouble: MatyanError | None = None
        self.waiting = 0
        self.ended = False
        self.stopping = False
        self.thread = threading.Thread(target=self._run, name="matyan-shipper", daemon=True)

        self._endpoint = endpoint
        self._outbox = outbox
        self._service = service
        self._unconfirmed = unconfirmed
        self._lock = threading.Lock()
        self._pool: DaemonPool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._slots = asyncio.Semaphore(UPLOADS_MAX)
        self._new: deque[JournalWriter] = deque()
        self._syncs: deque[tuple[str, int, list[SyncPoint]]] = deque()
        self._links: set[Link] = set()
        self._uploading: set[asyncio.Task[None]] = set()
        self._keeping: asyncio.Task[None] | None = None
        self._others_wait = False
        self._scan_due = True
        self._scanned_at = 0.0
        self._looked_at = 0.0
        self._alive_at = time.monotonic()
        self._recovery_fd: int | None = None
        self._failures = 0
        self._closed_until = 0.0
        self._said_at = -math.inf
        self._outage_since = 0.0
        self._said_outage = False

    # -- from other threads ---------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._pool = DaemonPool(UPLOADS_MAX + 3, "matyan-ship")
        self.thread.start()

    def add(self, journal: JournalWriter) -> bool:
        """Bring a journal of this process, too; False if this has ended."""
        with self._lock:
            if self.ended:
                return False
            self._new.append(journal)
            self._scan_due = True
        self.nudge()
        return True

    def sync(self, run_hash: str, value: int) -> list[SyncPoint] | None:
        """Send the sync metric behind all that was written; None if this has ended.

        What is returned holds one point once it was queued, with nothing `left` once it was
        acknowledged.
        """
        queued: list[SyncPoint] = []
        with self._lock:
            if self.ended:
                return None
            self._syncs.append((run_hash, value, queued))
        self.nudge()
        return queued

    def runs(self) -> list[str]:
        """Hashes of the runs there is something to do for."""
        return [*(journal.run_hash for journal in list(self._new)), *list(self.lanes)]

    def closed_are_through(self, run_hash: str) -> bool:
        """Whether all is acknowledged of writers of a run that were closed."""
        if any(journal.run_hash == run_hash for journal in list(self._new)):
            return False
        lane = self.lanes.get(run_hash)
        return lane is None or not any(journal.closed for journal in list(lane.journals))

    @property
    def trouble(self) -> MatyanError | None:
        """Why not everything can be brought at present; None if nothing stands in the way."""
        return self._trouble or self._upload_trouble

    @property
    def recovers(self) -> bool:
        """Whether it looks after what dead processes left; one process at a time does."""
        return self._recovery_fd is not None

    def look_for_dead(self) -> None:
        """Look at once whether there is something to take over."""
        self._scan_due = True
        self.nudge()

    def nudge(self) -> None:
        """Look around at once."""
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            with contextlib.suppress(RuntimeError):  # just closed
                loop.call_soon_threadsafe(wake.set)

    def abandon(self) -> None:
        """In a forked child: let go of what is the parent's."""
        for link in list(self._links):
            link.abandon()
        if self._recovery_fd is not None:
            os.close(self._recovery_fd)

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception:
            log.exception("Sending to %s failed.", self._outbox.backend_url)
        finally:
            with self._lock:
                self.ended = True
            if self._pool is not None:
                self._pool.stop()

    async def _main(self) -> None:
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        interval_s = Settings.from_environment().apply_interval_ms / 1000
        try:
            while not self.stopping:
                self._wake.clear()
                self._take_new()
                self._look_around()
                self._schedule()
                if self._is_over():
                    return
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), interval_s)
        finally:
            await self._end()

    def _is_over(self) -> bool:
        with self._lock:
            if self._new or self._syncs or self.lanes or self._uploading:
                return False
            self.ended = True
            return True

    async def _end(self) -> None:
        channels = [channel for lane in self.lanes.values() for channel in lane.channels]
        tasks = [channel.task for channel in channels if channel.task is not None]
        tasks.extend(self._uploading)
        if self._keeping is not None:
            tasks.append(self._keeping)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self.lanes.values():
            lane.tidy()
        self._stop_recovering()

    def _take_new(self) -> None:
        while self._new:
            journal = self._new[0]
            self._lane(journal.run_hash).journals.append(journal)
            self._new.popleft()
        while self._syncs:
            run_hash, value, queued = self._syncs.popleft()
            queued.append(self._lane(run_hash).send_sync(value))

    def _lane(self, run_hash: str) -> Lane:
        lane = self.lanes.get(run_hash)
        if lane is None:
            assert self._pool is not None
            lane = self.lanes[run_hash] = Lane(
                run_hash,
                self._outbox,
                self._service,
                self._pool.run,
                self._unconfirmed,
                self._upload,
            )
        return lane

    def _look_around(self) -> None:
        now = time.monotonic()
        for lane in list(self.lanes.values()):
            lane.look_for_segments()
        if self._scan_due or now - self._scanned_at >= RECOVER_EVERY_S:
            self._scan_due = False
            self._scanned_at = now
            self._recover()
        if now - self._looked_at >= SPOOL_LOOK_EVERY_S:
            self._looked_at = now
            self._look_at_spool()
        for run_hash, lane in list(self.lanes.items()):
            lane.tidy()
            for channel in lane.channels:
                if channel.has_work():
                    channel.wake.set()
            if lane.done and not lane.journals and not any(each.task for each in lane.channels):
                del self.lanes[run_hash]
        if not any(lane.recovers for lane in self.lanes.values()):
            self._stop_recovering()

    def _look_at_spool(self) -> None:
        limit = Settings.from_environment().journal_max_mb * 1_000_000
        full = self._outbox.size_bytes() >= limit
        if full and not self._outbox.full:
            log.error(
                "Journals for %s in %s take %d MB, as much as MATYAN_JOURNAL_MAX_MB allows. What "
                "is tracked from here on is dropped until the server has taken some of it.",
                self._outbox.backend_url,
                self._outbox.directory,
                limit // 1_000_000,
            )
        elif self._outbox.full and not full:
            log.warning("Journals for %s take new data again.", self._outbox.backend_url)
        self._outbox.set_full(full)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        assert self._pool is not None
        alive = time.monotonic() - self._alive_at >= ALIVE_EVERY_S
        if alive:
            self._alive_at = time.monotonic()
        for lane in list(self.lanes.values()):
            for journal in lane.journals:
                journal.retry()
            for segment in list(lane.segments):
                await self._pool.run(partial(segment.keep, alive=alive))

    # -- what dead processes left ---------------------------------------------------------------

    def _recover(self) -> None:
        own = {segment.path for lane in self.lanes.values() for segment in lane.segments}
        paths = [path for path in self._outbox.segments() if path not in own]
        if not paths:
            return
        if self._recovery_fd is None:
            self._recovery_fd = self._outbox.lock_recovery()
            if self._recovery_fd is None:
                return  # another process does
        living: set[str] = set()
        dead: list[tuple[str, Path]] = []
        for path in paths:
            run_hash = run_of(path)
            if is_dead(path):
                dead.append((run_hash, path))
            else:
                living.add(run_hash)
        for run_hash, lane in self.lanes.items():
            lane.living_elsewhere = run_hash in living
        for run_hash, path in dead:
            if not run_hash:
                ShippedSegment(path).remove()  # its process died before the first byte
                continue
            lane = self._lane(run_hash)
            lane.living_elsewhere = run_hash in living
            lane.add(ShippedSegment(path))

    def _stop_recovering(self) -> None:
        fd, self._recovery_fd = self._recovery_fd, None
        if fd is not None:
            self._outbox.remove_orphans()
            os.close(fd)

    # -- connections ----------------------------------------------------------------------------

    def _schedule(self) -> None:
        now = time.monotonic()
        if self.waiting:
            self._closed_until = min(self._closed_until, now + IMPATIENT_S)
        channels = [channel for lane in self.lanes.values() for channel in lane.channels]
        serving = sum(channel.task is not None for channel in channels)
        waiting = [
            channel
            for channel in channels
            if channel.task is None and channel.has_work() and self._may_try(channel, now)
        ]
        waiting.sort(key=lambda channel: channel.served_at)
        limit = 1 if self._failures else CONNECTIONS_MAX
        if now < self._closed_until:
            limit = 0
        free = max(0, limit - serving)
        for channel in waiting[:free]:
            channel.task = asyncio.create_task(self._serve(channel))
        self._others_wait = len(waiting) > free and limit == CONNECTIONS_MAX
        busy = sum(any(each.task for each in lane.channels) for lane in self.lanes.values())
        for lane in self.lanes.values():
            lane.may_spread = busy <= SPREAD_RUNS_MAX
        if self._others_wait:
            for channel in channels:
                channel.wake.set()  # idle ones make room

    def _may_try(self, channel: Channel, now: float) -> bool:
        if self.waiting:
            channel.retry_at = min(channel.retry_at, now + IMPATIENT_S)
        return now >= channel.retry_at

    def _leave(self, served_s: float) -> bool:
        """Whether a conversation that took so long should end for the sake of others; 0.0: one
        that has nothing to send."""
        return self.stopping or (self._others_wait and (served_s == 0.0 or served_s > TURN_S))

    async def _serve(self, channel: Channel) -> None:
        link: Link | None = None
        try:
            assert self._pool is not None
            link = await open_link(self._endpoint(), channel.lane.run_hash, self._pool.run)
            self._links.add(link)
            await channel.converse(link, self._leave, self._progressed)
        except Exception as exc:  # noqa: BLE001 - credentials may come from the application
            self._failed(channel, exc, connected=link is not None)
        finally:
            channel.served_at = time.monotonic()
            channel.lane.tidy()
            if link is not None:
                await link.close()
                self._links.discard(link)
            channel.task = None
            if self._wake is not None:
                self._wake.set()

    # -- trouble --------------------------------------------------------------------------------

    def _failed(self, channel: Channel, exc: Exception, *, connected: bool) -> None:
        now = time.monotonic()
        first = not channel.failures
        channel.failed(exc)
        channel.retry_at = now if first and connected else now + self._backoff(channel.failures)
        if connected:
            self._failures = 0
        else:
            self._failures += 1
            self._closed_until = now + self._backoff(self._failures)
        if not isinstance(exc, MatyanError):
            log.debug("Sending run %s", channel.lane.run_hash, exc_info=exc)
            exc = ServerUnreachableError(
                f"Cannot send to {self._outbox.frontier_url}: {type(exc).__name__}: {exc}.",
                url=self._outbox.frontier_url,
            )
        if first and connected and not isinstance(exc, UnexpectedAnswerError):
            return  # it happens; the next attempt tells whether it matters
        self._trouble = exc
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
            self._outbox.directory,
        )

    def _progressed(self) -> None:
        self._failures = 0
        self._trouble = None
        if self._said_outage:
            self._said_outage = False
            log.warning(
                "%s takes data again, after %.0f s.",
                self._outbox.frontier_url,
                time.monotonic() - self._outage_since,
            )

    # -- blobs ----------------------------------------------------------------------------------

    def _upload(self, lane: Lane, upload: Upload) -> None:
        task = asyncio.get_running_loop().create_task(self._bring(lane, upload))
        self._uploading.add(task)
        task.add_done_callback(self._uploading.discard)

    async def _bring(self, lane: Lane, upload: Upload) -> None:
        assert self._pool is not None
        path = self._outbox.blob_path(upload.sha256)
        failures = 0
        while True:
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
                break
            except Exception as exc:
                failures += 1
                log.debug("Uploading %s of run %s", upload.path, lane.run_hash, exc_info=exc)
                if failures > 1:
                    self._uploads_fail(exc)
                await self._pause(failures)
            else:
                if self._upload_trouble is not None:
                    self._upload_trouble = None
                    log.warning("Uploads to %s work again.", self._outbox.frontier_url)
                lane.uploaded(upload)
                break
        if self._wake is not None:
            self._wake.set()

    def _uploads_fail(self, exc: Exception) -> None:
        said = self._upload_trouble is not None
        self._upload_trouble = (
            exc
            if isinstance(exc, MatyanError)
            else ServerUnreachableError(
                f"Uploads to {self._outbox.frontier_url} fail: {type(exc).__name__}: {exc}.",
                url=self._outbox.frontier_url,
            )
        )
        if not said:
            log.warning(
                "%s Files and objects are kept in %s and uploaded as soon as that works; what "
                "does not need them is sent meanwhile.",
                self._upload_trouble,
                self._outbox.directory,
            )

    async def _pause(self, failures: int) -> None:
        until = time.monotonic() + self._backoff(failures)
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, IMPATIENT_S))
            if self.waiting:
                return
