"""One run's way to a server: reads its segments in order, makes messages, keeps book of what is
acknowledged, and lets go of segments that are through.

Whoever has a connection (`shipping.py`) calls `fill`, sends the session's frames and hands replies
to `take`. What waits for a blob's bytes is `blob_waits.py`'s; everything else goes on.
"""

from __future__ import annotations

import contextlib
import logging
import mimetypes
import os
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from matyan_client.backends.blob_waits import BlobWaits
from matyan_client.backends.channel import Channel
from matyan_client.backends.param_shadow import ParamShadow
from matyan_client.backends.shipped_segments import ShippedSegment, Stretch, SyncPoint
from matyan_client.exceptions import (
    InvalidInputError,
    ServerAccessError,
    ServerRefusedError,
)
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.ingest import Acknowledged, Refused
from matyan_client.protocol.messages import blob_ref, finish_run, log_metric
from matyan_client.protocol.outgoing import encode_wire, message_texts, point_texts
from matyan_client.protocol.wire import SYNC_NAME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from matyan_client.backends.blob_waits import Upload
    from matyan_client.backends.outbox import Outbox
    from matyan_client.backends.run_service import RunFacts, RunService
    from matyan_client.journal.writer import JournalWriter
    from matyan_client.protocol.batches import Batch, PointColumns

__all__ = ["Lane"]

HELPERS = 3
BULK_BYTES = 256 << 10
"""Points go over more than one connection while more bytes of journal than this are unread."""
QUEUED_BYTES = 512 << 10
"""No more is read while this much waits to be sent."""
LINES = ("\nlines", "")
"""Stands for the terminal lines among sequences."""

log = logging.getLogger("matyan_client.shipping")


Reply: TypeAlias = "Acknowledged[Stretch | SyncPoint] | Refused[Stretch | SyncPoint] | None"


class Lane:
    """See above. All of it runs in the shipper's event loop, but for `wait`.

    Args:
        run_hash: the run.
        outbox: where its segments are.
        service: what else is asked of the server.
        in_thread: runs a blocking call in a thread.
        unconfirmed: gets the run's hash when something was acknowledged that reads may not see
            yet.
        start_upload: begins to bring a blob's bytes; `uploaded` or `upload_lost` says how it went.
    """

    def __init__(
        self,
        run_hash: str,
        outbox: Outbox,
        service: RunService,
        in_thread: Callable[..., Awaitable[Any]],
        unconfirmed: set[str],
        start_upload: Callable[[Lane, Upload], None],
    ) -> None:
        self.run_hash = run_hash
        self.outbox = outbox
        self.segments: list[ShippedSegment] = []
        self.journals: list[JournalWriter] = []
        """Of this process."""
        self.refused = 0
        self._stored = False
        """Whether what is acknowledged can be read, by the last word of the server."""
        self.living_elsewhere = False
        """Whether another process writes to the run as well."""
        self.main = Channel(self)
        self.helpers: list[Channel] = []
        """More channels, for points only, while there are very many."""
        self.may_spread = False
        """Whether there are connections to spare for helpers."""

        self._service = service
        self._in_thread = in_thread
        self._unconfirmed = unconfirmed
        self._filling = False
        self._spread = False
        """Whether points go over all channels; a step's always over the same."""
        self._params = ParamShadow()
        self._todo: deque[tuple[Stretch, Callable[[], Awaitable[bool]]]] = deque()
        """What is left of stretches that were read; a step that returns False is not done yet."""
        self._waits = BlobWaits(
            run_hash,
            outbox,
            start=partial(start_upload, self),
            queue=self._queue,
            release=self._release,
            set_aside=self._set_aside,
        )
        self._finish_waits = False
        """Whether the end of the run, which comes next, waits for blobs."""
        self._pending_files: dict[str, dict[str, Any]] = {}
        self._highest: dict[tuple[str, str], int] = {}
        """Highest step of what this lane read, by sequence."""
        self._cleared_tombstone = False
        self._finished = True
        self._ended_at = 0.0
        self.progress = 0
        """Grows when something was acknowledged, or let go of."""
        self._progressed = threading.Condition()

    # -- segments -------------------------------------------------------------------------------

    def add(self, segment: ShippedSegment) -> None:
        """Ship a segment, too: dead ones before those of this process, else by age."""
        self.segments.append(segment)
        self.segments.sort(key=lambda each: (not each.dead, each.path.name))
        self.main.wake.set()

    def look_for_segments(self) -> None:
        """Take up what journals of this process have begun."""
        known = {id(each.segment) for each in self.segments}
        for journal in list(self.journals):
            for segment, _ in journal.deliverable():
                if id(segment) not in known:
                    self.add(ShippedSegment(segment.path, journal, segment))
        self._let_go_of_closed()

    def _let_go_of_closed(self) -> None:
        """Forget closed journals whose segments are through; somebody may wait for that."""
        through = [each for each in self.journals if each.closed and not each.segments]
        for journal in through:
            self.journals.remove(journal)
        if through:
            self._notify()

    @property
    def recovers(self) -> bool:
        """Whether it has segments of dead processes."""
        return any(segment.dead for segment in self.segments)

    @property
    def channels(self) -> list[Channel]:
        """The main one and its helpers."""
        return [self.main, *self.helpers]

    def has_work(self, channel: Channel) -> bool:
        """Whether there is something a channel needs a connection for."""
        if not channel.session.idle:
            return True
        if channel is not self.main:
            return False
        if self._todo:
            return not self._finish_waits and self._idle
        return not self._blocked and any(segment.unread() for segment in self.segments)

    @property
    def _idle(self) -> bool:
        return all(channel.session.idle for channel in self.channels)

    @property
    def done(self) -> bool:
        """Whether nothing is left at all."""
        return not (self.segments or self._todo or self._waits) and self._idle

    @property
    def _blocked(self) -> bool:
        return bool(self._todo) or self._waits.full

    def acknowledged(self, path: Path) -> int:
        """How far a segment is acknowledged; 0 if it is not taken up."""
        for segment in list(self.segments):
            if segment.path == path:
                return segment.acknowledged
        return 0

    def wait(self, seen: int, timeout_s: float) -> None:
        """Return when there is more `progress` than was seen, or time is over. For other
        threads."""
        with self._progressed:
            self._progressed.wait_for(lambda: self.progress != seen, timeout_s)

    # -- reading --------------------------------------------------------------------------------

    async def fill(self) -> None:
        """Read and queue, up to a bound.

        Raises:
            ServerError: something that has to be asked first got no answer; call again later.
        """
        if self._filling:
            return
        self._filling = True
        try:
            await self._fill()
        finally:
            self._filling = False

    async def _fill(self) -> None:
        while sum(each.session.queued_bytes for each in self.channels) < QUEUED_BYTES:
            if self._todo:
                stretch, step = self._todo[0]
                if not await step():
                    return
                self._todo.popleft()
                self._release(stretch)
            elif self._blocked or not self._read():
                return

    def _read(self) -> bool:
        for segment in self.segments:
            if segment.complete:
                continue
            if segment.reader.offset >= segment.size and segment.growing:
                continue
            batch = segment.read()
            if batch is None:
                if segment.complete:
                    self._complete(segment)
                    self._settle(segment)
                    return True
                continue
            if batch.end <= segment.acknowledged:
                self._relearn(segment, batch)
            else:
                self._plan(segment, batch)
            return True
        return False

    def _relearn(self, segment: ShippedSegment, batch: Batch) -> None:
        """Take from what the server has already what is needed to go on."""
        self._learn_origin(segment, batch)
        for message in batch.messages:
            fields = cast("dict[str, Any]", message)
            kind = fields["type"]
            if kind == "log_hparams":
                self._params.apply(fields, send=False)
            elif kind == "blob_ref":
                self._pending_files.pop(fields["artifact_path"], None)
                self._waits.note_uploaded(fields["s3_key"])
            else:
                self._note(segment, fields)
        for columns in batch.points.values():
            self._note_points(columns)

    def _learn_origin(self, segment: ShippedSegment, batch: Batch) -> None:
        facts = segment.reader.facts
        first = batch.start == 0 and facts.get("part") == 0
        if first and facts.get("origin") == "new" and not self._params.known:
            self._params.learn(None, new=True)

    def _note(self, segment: ShippedSegment, fields: dict[str, Any]) -> None:
        kind = fields["type"]
        if kind == "create_run":
            self._finished = False
        elif kind == "finish_run":
            self._finished = True
        elif kind == "upload_pending" and segment.dead:
            self._pending_files[fields["artifact_path"]] = fields
        elif kind == "log_custom_object":
            self._note_step((fields["name"], canonical(fields.get("context"))), fields["step"])
        elif kind == "log_terminal_line":
            self._note_step(LINES, fields["step"])

    def _note_points(self, columns: PointColumns) -> None:
        self._note_step((columns.name, canonical(columns.context)), max(columns.steps))

    def _note_step(self, sequence: tuple[str, str], step: int | None) -> None:
        if step is not None and step > self._highest.get(sequence, -1):
            self._highest[sequence] = step

    # -- what is to be done with a stretch ------------------------------------------------------

    def _plan(self, segment: ShippedSegment, batch: Batch) -> None:
        self._learn_origin(segment, batch)
        stretch = segment.begin(batch.end)
        origin = segment.reader.facts.get("origin", "given")
        last: list[dict[str, Any]] = []
        if origin == "unseen" and segment.progress.shifts is None:
            self._do(stretch, partial(self._decide_shifts, segment))
        for message in batch.messages:
            fields = cast("dict[str, Any]", message)
            kind = fields["type"]
            if kind == "finish_run":
                last.append(fields)
                continue
            if kind == "create_run" and origin != "new":
                self._do(stretch, self._clear_tombstone)
            self._do(stretch, partial(self._message, segment, stretch, fields))
            if kind == "set_run_property" and "experiment" in fields.get("clear", ()):
                self._do(stretch, self._clear_experiment)
        self._do(stretch, partial(self._send_params, stretch))
        for columns in batch.points.values():
            self._do(stretch, partial(self._points, segment, stretch, columns))
        for fields in last:
            self._do(stretch, partial(self._finish, segment, stretch, fields))

    def _do(self, stretch: Stretch, step: Callable[[], Awaitable[bool]]) -> None:
        stretch.left += 1
        self._todo.append((stretch, step))

    def _release(self, stretch: Stretch | SyncPoint, count: int = 1) -> None:
        stretch.left -= count
        if stretch.left:
            return
        if isinstance(stretch, Stretch):
            self._settle(stretch.segment)
        else:
            self._notify()

    def _queue(self, stretch: Stretch, text: str, channel: Channel | None = None) -> None:
        stretch.left += 1
        try:
            (channel or self.main).session.enqueue(stretch, text)
        except InvalidInputError as exc:
            self._set_aside(text, str(exc))
            stretch.left -= 1  # the step that made it still counts, so nothing settles here

    async def _message(
        self, segment: ShippedSegment, stretch: Stretch, fields: dict[str, Any]
    ) -> bool:
        kind = fields["type"]
        if kind == "log_hparams":
            self._params.apply(fields)
            return True
        if kind == "blob_ref":
            self._announce(stretch, fields)
            return True
        if kind in ("log_custom_object", "log_terminal_line"):
            fields = self._shifted(segment, fields)
        self._note(segment, fields)
        texts = message_texts(cast("Any", fields))
        if kind == "log_custom_object":
            sequence = (fields["name"], canonical(fields.get("context")))
            self._waits.send(stretch, fields["value"], sequence, texts)
        else:
            for text in texts:
                self._queue(stretch, text)
        return True

    async def _points(
        self, segment: ShippedSegment, stretch: Stretch, columns: PointColumns
    ) -> bool:
        spread = self.may_spread and self._backlog > BULK_BYTES
        if spread != self._spread:
            if not self._idle:
                return False  # points of one step must not overtake each other
            self._spread = spread
            if spread and not self.helpers:
                self.helpers = [Channel(self) for _ in range(HELPERS)]
        sequence = (columns.name, canonical(columns.context))
        shift = (segment.progress.shifts or {}).get(_shift_key(*sequence), 0)
        channels = self.channels if spread else [self.main]
        highest = None
        for step, text in point_texts(columns, shift=shift):
            self._queue(stretch, text, channels[step % len(channels)])
            if highest is None or step > highest:
                highest = step
        self._note_step(sequence, highest)
        for channel in channels:
            channel.wake.set()
        return True

    @property
    def _backlog(self) -> int:
        return sum(each.size - each.reader.offset for each in self.segments if not each.complete)

    async def _send_params(self, stretch: Stretch) -> bool:
        if not self._params.dirty:
            return True
        if not self._params.known:
            facts = await self._facts()
            self._params.learn(None if facts is None else facts.params)
        for wire in self._params.take():
            self._waits.send(stretch, wire["value"], "params", [encode_wire(wire)])
        return True

    async def _facts(self) -> RunFacts | None:
        found: RunFacts | None = await self._in_thread(self._service.facts, self.run_hash)
        return found

    async def _clear_tombstone(self) -> bool:
        if not self._cleared_tombstone:
            try:
                await self._in_thread(self._service.clear_tombstone, self.run_hash)
            except (ServerRefusedError, ServerAccessError) as exc:
                # It only matters to runs that were deleted.
                log.info("Run %s: if it was deleted, it stays so: %s", self.run_hash, exc)
            self._cleared_tombstone = True
        return True

    async def _clear_experiment(self) -> bool:
        if not self._idle:
            return False
        if not self._stored:
            await self._in_thread(self._service.clear_experiment, self.run_hash)
        return True

    async def _finish(
        self, segment: ShippedSegment, stretch: Stretch, fields: dict[str, Any]
    ) -> bool:
        if self._waits:
            self._finish_waits = True
            return False
        if not all(helper.session.idle for helper in self.helpers):
            return False
        self._finished = True
        self._queue(stretch, encode_wire(fields))
        return True

    # -- counted steps of a run that could not be read ------------------------------------------

    async def _decide_shifts(self, segment: ShippedSegment) -> bool:
        """Steps that were counted from 0 go behind what the run has. Decided once and kept, so
        that what is sent twice gets the same steps."""
        earlier = next(
            (
                other.progress.shifts
                for other in self.segments
                if other is not segment
                and other.progress.shifts is not None
                and other.journal is segment.journal
                and other.reader.facts.get("writer") == segment.reader.facts.get("writer")
            ),
            None,
        )
        if earlier is None:
            if not self._idle:
                return False  # what went before is to be counted in
            facts = await self._facts()
            highest = dict(self._highest)
            if facts is not None:
                for sequence, step in facts.last_steps.items():
                    highest[sequence] = max(step, highest.get(sequence, step))
                highest[LINES] = max(facts.next_line - 1, highest.get(LINES, -1))
            earlier = {_shift_key(*sequence): step + 1 for sequence, step in highest.items()}
        segment.progress.shifts = earlier
        segment.progress.save()
        return True

    def _shifted(self, segment: ShippedSegment, fields: dict[str, Any]) -> dict[str, Any]:
        shifts = segment.progress.shifts
        automatic = fields.get("automatic")
        if automatic is not None:
            fields = {key: value for key, value in fields.items() if key != "automatic"}
        if not shifts:
            return fields
        if fields["type"] == "log_terminal_line":
            return {**fields, "step": fields["step"] + shifts.get(_shift_key(*LINES), 0)}
        if not automatic:
            return fields
        key = _shift_key(fields["name"], canonical(fields.get("context")))
        return {**fields, "step": fields["step"] + shifts.get(key, 0)}

    # -- blobs ----------------------------------------------------------------------------------

    def _announce(self, stretch: Stretch, fields: dict[str, Any]) -> None:
        self._pending_files.pop(fields["artifact_path"], None)
        (text,) = message_texts(cast("Any", fields))
        self._waits.announce(stretch, fields, text)

    def uploaded(self, upload: Upload) -> None:
        """A blob's bytes are there."""
        self._waits.uploaded(upload)
        self._look_again()

    def upload_lost(self, upload: Upload, reason: str) -> None:
        """A blob's bytes will never be there."""
        self._waits.lost(upload, reason)
        self._look_again()

    def _look_again(self) -> None:
        self._finish_waits = False
        self.main.wake.set()

    # -- replies --------------------------------------------------------------------------------

    def take(self, event: Reply) -> None:
        """Keep book of what the server said."""
        if isinstance(event, Acknowledged):
            self._stored = event.stored
            if not event.stored and any(isinstance(each, Stretch) for each in event.tokens):
                self._unconfirmed.add(self.run_hash)
            for stretch in event.tokens:
                self._release(stretch)
        elif isinstance(event, Refused):
            self._set_aside(event.message, event.reason)
            self._release(event.token)

    def give_up_head(self, channel: Channel, reason: str) -> None:
        """The message that waits longest cannot be sent."""
        stretch, text = channel.session.give_up_head()
        self._set_aside(text, reason)
        self._release(stretch)

    def send_sync(self, value: int) -> SyncPoint:
        """Send the sync metric behind all that is queued (`wire.SYNC_NAME`)."""
        point = SyncPoint()
        metric = log_metric(
            SYNC_NAME, value, step=0, epoch=None, context=None, dtype="logs", time=time.time()
        )
        self.main.session.enqueue(point, encode_wire(metric))
        self.main.wake.set()
        return point

    def _set_aside(self, text: str, reason: str) -> None:
        path = self.outbox.set_aside(self.run_hash, text, reason)
        self.refused += 1
        if self.refused == 1:
            log.error(
                "Run %s: the server does not take a message; it is kept in %s, and so are others "
                "of this run. The message: %s. The server: %s",
                self.run_hash,
                path,
                text[:200],
                reason,
            )

    def _settle(self, segment: ShippedSegment) -> None:
        through = segment.settle()
        if through and any(stretch.blobs for stretch in through):
            # First the word that they are not needed any more.
            segment.save()
            for stretch in through:
                for sha256, put_at_ns in stretch.blobs:
                    self.outbox.blob_delivered(sha256, put_at_ns)
        if segment.through and segment in self.segments and segment.remove():
            self.segments.remove(segment)
        if through or segment.complete:
            self._notify()

    def _notify(self) -> None:
        with self._progressed:
            self.progress += 1
            self._progressed.notify_all()

    def tidy(self) -> None:
        """Note how far segments are acknowledged; remove what could not be before."""
        for segment in list(self.segments):
            segment.save()
            if segment.through and segment.remove():
                self.segments.remove(segment)
        self._let_go_of_closed()

    # -- the end of a dead process's run --------------------------------------------------------

    def _complete(self, segment: ShippedSegment) -> None:
        """Everything of a segment was read. The last of a dead process ends the run with it."""
        if not segment.dead or any(
            other.dead and not other.complete for other in self.segments if other is not segment
        ):
            return
        stretch = segment.begin(segment.reader.offset)
        for pending in self._pending_files.values():
            self._do(stretch, partial(self._pending_file, stretch, pending))
        self._pending_files = {}
        alive = self.living_elsewhere or any(not other.dead for other in self.segments)
        if not self._finished and not alive:
            with contextlib.suppress(OSError):
                self._ended_at = segment.path.stat().st_mtime
            ending = cast("dict[str, Any]", finish_run(time=self._ended_at))
            self._do(stretch, partial(self._finish, segment, stretch, ending))

    async def _pending_file(self, stretch: Stretch, pending: dict[str, Any]) -> bool:
        """Keep an artifact whose process died before it could, if the file is still the same."""
        name = pending["artifact_path"]
        try:
            sha256, size = await self._in_thread(_store_unchanged, self.outbox, pending)
        except OSError as exc:
            log.warning(
                "Run %s: its process died while artifact %r was being stored, and %s cannot be "
                "stored now: %s",
                self.run_hash,
                name,
                pending["source"],
                exc,
            )
            return True
        reference = blob_ref(
            f"{self.run_hash}/{name}",
            name,
            content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            sha256=sha256,
            size_bytes=size,
        )
        self._announce(stretch, cast("dict[str, Any]", reference))
        return True


def _store_unchanged(outbox: Outbox, pending: dict[str, Any]) -> tuple[str, int]:
    source = Path(pending["source"])
    stat = os.stat(source)
    if (stat.st_size, stat.st_mtime_ns) != (pending["size_bytes"], pending["mtime_ns"]):
        raise OSError("it was changed since")
    return outbox.put_blob(source)


def _shift_key(name: str, context: str) -> str:
    return f"{name}\n{context}"
