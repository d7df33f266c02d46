"""What a process writes for one deployment: opens writers, and waits for what they wrote to arrive.

The sending itself is `shipping_loop.py`'s, in its own thread. Here is what other threads call, the
end of the process, and fork. Nothing here raises into a training loop.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import secrets
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from matyan_client.backends.forking import rest_at_forks
from matyan_client.backends.left import Left, dead_segments, left_in
from matyan_client.backends.outbox import Outbox
from matyan_client.backends.remote_writer import RemoteWriter
from matyan_client.backends.shipped_segments import run_of
from matyan_client.backends.shipping_loop import ShippingLoop
from matyan_client.config import Settings
from matyan_client.exceptions import ServerError
from matyan_client.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matyan_client.backends.base import Origin
    from matyan_client.backends.run_service import RunService
    from matyan_client.exceptions import MatyanError
    from matyan_client.transports.endpoint import Endpoint

__all__ = ["Shipper"]

TROUBLE_S = 3.0
"""How long a read waits for a server that takes nothing."""
CONFIRMED_AT_ONCE = 16
SYNC_AGAIN_S = 1.0
"""A sync metric that is not seen after this is sent again: another process may have replaced it."""
DEAD_ONES_S = 10.0
"""How much longer a process may take to end, to bring what dead ones left."""

log = logging.getLogger("matyan_client.shipping")

_shippers: weakref.WeakSet[Shipper] = weakref.WeakSet()


class Shipper:
    """Brings the writes of this process, and of dead ones, to one deployment. Thread safe.

    Args:
        endpoint: the deployment.
        service: what is asked of it over REST.

    Attributes:
        endpoint: where it goes; another one with other credentials may be set.
        outbox: where it is kept until then.
    """

    def __init__(self, endpoint: Endpoint, service: RunService) -> None:
        self.outbox = Outbox.of(endpoint.backend_url, endpoint.frontier_url)
        self.endpoint = endpoint
        self._service = service
        self._writers: list[RemoteWriter] = []
        self._unconfirmed: set[str] = set()
        self._loop: ShippingLoop | None = None
        self._lock = threading.RLock()
        self._said_left = Left()
        _shippers.add(self)

    @property
    def trouble(self) -> MatyanError | None:
        """Why nothing can be brought at present; None if nothing stands in the way."""
        return None if self._loop is None else self._loop.trouble

    # -- writing --------------------------------------------------------------------------------

    def open_writer(self, run_hash: str, *, origin: Origin = "given") -> RemoteWriter:
        """Start a journal for a run.

        Raises:
            RepoAccessError: the spool cannot be written.
        """
        self.outbox.create()
        journal = JournalWriter(
            self.outbox.journals, run_hash, origin=origin, writer=secrets.token_hex(8)
        )
        journal.on_revived = self._add
        writer = RemoteWriter(journal, self.outbox, self)
        with self._lock:
            self._writers.append(writer)
        self._add(journal)
        return writer

    def recover(self) -> None:
        """Bring what dead processes left, in the background."""
        if not self.outbox.segments():
            return
        with self._lock:
            loop = self._running()
        loop.look_for_dead()

    @property
    def recovers(self) -> bool:
        """Whether this is the process that looks after what dead ones left."""
        return self._loop is not None and self._loop.recovers

    def nothing_dead(self) -> bool:
        """Whether dead processes left nothing that is not there yet."""
        return not dead_segments(self.outbox)

    @contextlib.contextmanager
    def hurry(self) -> Iterator[None]:
        """While somebody waits, trouble is not waited out for long."""
        with self._lock:
            loop = self._running()
        with _waiting(loop):
            yield

    def _add(self, journal: JournalWriter) -> None:
        with self._lock:
            while not self._running().add(journal):
                continue

    def _running(self) -> ShippingLoop:
        """The loop that is at work; the lock is held."""
        if self._loop is None or self._loop.ended:
            before = self._loop
            self._loop = ShippingLoop(
                lambda: self.endpoint, self.outbox, self._service, self._unconfirmed
            )
            if before is not None and before.lanes:  # it failed; go on from the journals
                for lane in before.lanes.values():
                    for journal in lane.journals:
                        self._loop.add(journal)
            self._loop.start()
        return self._loop

    # -- waiting --------------------------------------------------------------------------------

    def deliver(self, writer: RemoteWriter, timeout_s: float | None) -> bool:
        """Wait until what a writer appended so far is acknowledged; False if it is not."""
        if timeout_s is None:
            timeout_s = Settings.from_environment().close_timeout_s
        return self._deliver(writer, time.monotonic() + timeout_s)

    def flush(self, writer: RemoteWriter, timeout_s: float | None) -> bool:
        """Wait until reads see what a writer appended so far; False if they do not yet."""
        if timeout_s is None:
            timeout_s = Settings.from_environment().close_timeout_s
        deadline = time.monotonic() + timeout_s
        if not self._deliver(writer, deadline):
            return False
        try:
            return self._confirm(writer.journal.run_hash, deadline)
        except ServerError as exc:
            log.warning("Run %s: %s", writer.journal.run_hash, exc)
            return False

    def finish(self, writer: RemoteWriter, timeout_s: float | None) -> None:
        """Wait until all of a closed writer is acknowledged; say what is left if it is not.

        With no time to wait nothing is said: there is somebody who waits for all of them.
        """
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
        if not done and timeout_s != 0 and threading.current_thread() is not self._thread:
            self._say_left()

    def settle(self, run_hash: str | None, timeout_s: float) -> bool:
        """Wait until reads see what this process wrote so far, to one run or to all; of one run
        also what dead processes left here.

        False if time runs out, or soon if the server takes nothing at present.

        Raises:
            ServerError: whether reads see it could not be asked.
        """
        deadline = time.monotonic() + timeout_s
        with self._lock:
            writers = [w for w in self._writers if run_hash in (None, w.journal.run_hash)]
            runs = [] if self._loop is None else self._loop.runs()
            hashes = [each for each in runs if run_hash in (None, each)]
        for writer in writers:
            if not self._deliver(writer, deadline, patient=False):
                return False
        if run_hash is not None and not self._succeeded(run_hash):
            self.recover()
            if not self._wait(partial(self._succeeded, run_hash), run_hash, deadline, False):
                return False
        for each in hashes:
            if not self._wait(partial(self._closed_are_through, each), each, deadline, False):
                return False
        return self._confirm(run_hash, deadline)

    def _succeeded(self, run_hash: str) -> bool:
        """Whether dead processes left nothing of a run on this machine."""
        return not any(run_of(path) == run_hash for path in dead_segments(self.outbox))

    def _deliver(self, writer: RemoteWriter, deadline: float, *, patient: bool = True) -> bool:
        journal = writer.journal
        journal.retry()
        wanted = journal.deliverable()

        def arrived() -> bool:
            there = set(map(id, journal.segments))
            return all(
                id(segment) not in there or self._acknowledged(journal, segment) >= size
                for segment, size in wanted
            )

        return self._wait(arrived, journal.run_hash, deadline, patient) and not journal.undelivered

    def _acknowledged(self, journal: JournalWriter, segment: Any) -> int:
        lane = None if self._loop is None else self._loop.lanes.get(journal.run_hash)
        return 0 if lane is None else lane.acknowledged(segment.path)

    def _closed_are_through(self, run_hash: str) -> bool:
        return self._loop is None or self._loop.closed_are_through(run_hash)

    def _wait(
        self, done: Callable[[], bool], run_hash: str, deadline: float, patient: bool
    ) -> bool:
        loop = self._loop
        if loop is None or threading.current_thread() is loop.thread:
            return done()  # the garbage collector closes a run there, of all places
        impatient_at = time.monotonic() + TROUBLE_S
        with _waiting(loop):
            while True:
                lane = loop.lanes.get(run_hash)
                seen = 0 if lane is None else lane.progress
                if done():
                    return True
                now = time.monotonic()
                left = deadline - now
                hopeless = not patient and loop.trouble is not None and now > impatient_at
                if left <= 0 or loop.ended or hopeless:
                    return done()
                loop.nudge()
                if lane is None:
                    time.sleep(0.005)
                else:
                    lane.wait(seen, min(left, 0.1))

    @property
    def _thread(self) -> threading.Thread | None:
        return None if self._loop is None else self._loop.thread

    # -- where acknowledged does not mean stored ------------------------------------------------

    def _confirm(self, run_hash: str | None, deadline: float) -> bool:
        if threading.current_thread() is self._thread:
            return False
        waiting = sorted(self._unconfirmed if run_hash is None else self._unconfirmed & {run_hash})
        if len(waiting) < 2:
            return all(self._confirm_run(each, deadline) for each in waiting)
        # One after another, hundreds of runs would take minutes.
        with ThreadPoolExecutor(CONFIRMED_AT_ONCE, "matyan-confirm") as threads:
            return all(list(threads.map(partial(self._confirm_run, deadline=deadline), waiting)))

    def _confirm_run(self, run_hash: str, deadline: float) -> bool:
        """Send the sync metric behind everything, and wait until it can be read."""
        self._unconfirmed.discard(run_hash)  # what is acknowledged from here on adds it again
        try:
            while time.monotonic() < deadline:
                value = time.time_ns() // 1000
                if not self._sync_arrived(run_hash, value, deadline):
                    break
                again_at = min(deadline, time.monotonic() + SYNC_AGAIN_S)
                pause_s = 0.005
                while time.monotonic() < again_at:
                    if self._service.synced(run_hash) == value:
                        return True
                    time.sleep(pause_s)
                    pause_s = min(0.1, pause_s * 1.5)
        except BaseException:
            self._unconfirmed.add(run_hash)
            raise
        self._unconfirmed.add(run_hash)
        return False

    def _sync_arrived(self, run_hash: str, value: int, deadline: float) -> bool:
        with self._lock:
            while (points := self._running().sync(run_hash, value)) is None:
                continue  # it ended just now
        return self._wait(
            lambda: bool(points) and not points[0].left, run_hash, deadline, patient=False
        )

    # -- the end, and fork ----------------------------------------------------------------------

    def close(self, timeout_s: float) -> None:
        """Bring what is left, and say what is not there when time is out."""
        if not self._bring_all(time.monotonic() + timeout_s):
            self._say_left()

    def stop(self, deadline: float) -> None:
        """Bring what is left until then, say what is not, and end the thread.

        If a run was closed in vain and the server takes nothing still, nobody waits again.
        """
        if self._said_left and self.trouble is not None:
            deadline = 0.0
        through = self._bring_all(deadline)
        if through:
            self._bring_what_dead_ones_left(min(deadline, time.monotonic() + DEAD_ONES_S))
        loop = self._loop
        if loop is not None and threading.current_thread() is not loop.thread:
            loop.stopping = True
            loop.nudge()
            loop.thread.join(timeout=5.0)
        if not through:
            self._say_left()

    def _bring_all(self, deadline: float) -> bool:
        loop = self._loop
        if loop is None or threading.current_thread() is loop.thread:
            return True
        try:
            with _waiting(loop):
                loop.nudge()
                while not self._all_through(loop):
                    if time.monotonic() >= deadline:
                        return False
                    time.sleep(0.01)
        except KeyboardInterrupt:
            log.warning("Interrupted.")
            return False
        return True

    def _bring_what_dead_ones_left(self, deadline: float) -> None:
        """A process that ends at once still brings what others could not, unless that takes long:
        then the next one goes on with it."""
        loop = self._loop
        if loop is None or threading.current_thread() is loop.thread:
            return
        with contextlib.suppress(KeyboardInterrupt):
            while loop.recovers and not loop.ended and loop.trouble is None:
                if time.monotonic() >= deadline:
                    return
                time.sleep(0.01)

    def _all_through(self, loop: ShippingLoop) -> bool:
        """Whether all that this process wrote is acknowledged."""
        if loop.ended:
            return True
        with self._lock:
            writers = list(self._writers)
        return all(
            self._acknowledged(writer.journal, segment) >= size
            for writer in writers
            for segment, size in writer.journal.deliverable()
        ) and all(map(loop.closed_are_through, loop.runs()))

    def _say_left(self) -> None:
        lanes = [] if self._loop is None else list(self._loop.lanes.values())
        on_the_way = {
            segment.path: (segment.reader.offset, segment.pending)
            for lane in lanes
            for segment in list(lane.segments)
        }
        left = left_in(self.outbox, on_the_way=on_the_way)
        if left == self._said_left or not left:
            return
        self._said_left = left
        trouble = self.trouble
        log.warning(
            "%s for %s could not be sent yet%s Nothing is lost: it is kept in %s, and sent by the "
            "next process that uses this server, or by: %s",
            left,
            self.endpoint.backend_url,
            f": {trouble}" if trouble else ".",
            self.outbox.directory,
            self.outbox.sync_command,
        )

    def before_fork(self) -> None:
        """Hold still."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Forget the parent's thread and connections; its writers go on in journals of ours."""
        self._lock = threading.RLock()
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.abandon()
            _abandoned.append(loop)
        self._unconfirmed = set()
        self.outbox.after_fork_in_child()
        for writer in self._writers:
            writer.journal.after_fork_in_child()
            writer.dropped = 0


@contextlib.contextmanager
def _waiting(loop: ShippingLoop) -> Iterator[None]:
    """Back-offs are short while somebody waits."""
    loop.waiting += 1
    try:
        yield
    finally:
        loop.waiting -= 1


_abandoned: list[ShippingLoop] = []
"""Of a parent process: never touched again, and never collected, which would touch it."""


def _at_exit() -> None:
    deadline = time.monotonic() + Settings.from_environment().close_timeout_s
    for shipper in list(_shippers):
        shipper.stop(deadline)


atexit.register(_at_exit)
rest_at_forks(_shippers)
