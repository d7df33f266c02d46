"""Turns journal bytes back into batches: messages in order, points grouped by sequence.

Used alike for a journal this process is writing and for what a dead process left.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import CodecError
from matyan_client.journal.format import (
    CRC,
    DECLARE,
    FLOAT_POINT,
    HEADER,
    INT_POINT,
    MARKER,
    MESSAGE,
    POINT_FLOAT,
    POINT_FLOAT_AUTO,
    POINT_INT_AUTO,
    POINT_SIZE,
    PREFIX,
    VARIABLE_OVERHEAD,
    VERSION,
)
from matyan_client.protocol.batches import Batch, PointColumns
from matyan_client.protocol.messages import decode_message

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SegmentReader"]

BATCH_BYTES = 4 << 20


class SegmentReader:
    """Reads one segment, in as many stretches as it takes.

    Attributes:
        run_hash: whose segment it is; empty until the header could be read.
        facts: the rest of the header.
        offset: how far it was read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run_hash = ""
        self.facts: dict[str, Any] = {}
        self.offset = 0
        self._declared: dict[int, tuple[str, dict[str, Any], str]] = {}

    def skip_to(self, offset: int) -> None:
        """Go on at `offset`, having learnt the declarations before it."""
        while self.offset < offset:
            before = self.offset
            self.read(limit=offset)
            if self.offset == before:
                raise CodecError(
                    f"Journal {self.path.name!r} ends at byte {before}, but {offset} bytes of it "
                    "are recorded as applied."
                )

    def read(self, limit: int | None = None) -> Batch:
        """Read up to BATCH_BYTES of complete records, not past byte `limit`.

        A record that is cut short ends the batch: it is not there yet, or never will be. So does
        one that makes no sense; the next call, which begins with it, raises.

        Raises:
            CodecError: the record at `offset` is complete, but does not make sense.
            OSError: the file cannot be read.
        """
        wanted = BATCH_BYTES if limit is None else min(BATCH_BYTES, limit - self.offset)
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(max(wanted, 0))
            if data and data[0] in (HEADER, DECLARE, MESSAGE) and len(data) >= PREFIX.size:
                # A single record may be longer than a batch.
                need = PREFIX.unpack_from(data)[1] + VARIABLE_OVERHEAD
                if len(data) < need and (limit is None or self.offset + need <= limit):
                    data += file.read(need - len(data))
        batch = Batch(self.run_hash, start=self.offset, end=self.offset)
        used, damage = self._decode(data, batch)
        if damage is not None and not used:
            raise damage
        self.offset += used
        batch.end = self.offset
        batch.run_hash = self.run_hash
        return batch

    def _decode(self, data: bytes, batch: Batch) -> tuple[int, CodecError | None]:
        at, size = 0, len(data)
        points, declared = batch.points, self._declared
        unpack_float, unpack_int = FLOAT_POINT.unpack_from, INT_POINT.unpack_from
        while at < size:
            kind = data[at]
            if POINT_FLOAT <= kind <= POINT_INT_AUTO:
                if at + POINT_SIZE > size or data[at + POINT_SIZE - 1] != MARKER:
                    break
                unpack = unpack_float if kind <= POINT_FLOAT_AUTO else unpack_int
                _, sequence, step, value, epoch, time, _ = unpack(data, at)
                columns = points.get(sequence)
                if columns is None:
                    if sequence not in declared:
                        return at, CodecError(
                            f"Journal {self.path.name!r}: the point at byte {self.offset + at} "
                            f"belongs to sequence {sequence}, which was not declared."
                        )
                    columns = points[sequence] = PointColumns(*declared[sequence])
                columns.steps.append(step)
                columns.values.append(value)
                columns.epochs.append(epoch)
                columns.times.append(time)
                columns.automatic.append(kind in (POINT_FLOAT_AUTO, POINT_INT_AUTO))
                at += POINT_SIZE
                continue
            if kind not in (HEADER, DECLARE, MESSAGE) or at + PREFIX.size > size:
                break
            length = PREFIX.unpack_from(data, at)[1]
            end = at + VARIABLE_OVERHEAD + length
            if end > size:
                break
            payload = data[at + PREFIX.size : end - CRC.size]
            if CRC.unpack_from(data, end - CRC.size)[0] != zlib.crc32(payload):
                break
            try:
                self._take(kind, payload, batch)
            except (CodecError, ValueError, KeyError, TypeError) as exc:
                return at, CodecError(
                    f"Journal {self.path.name!r}: the record at byte {self.offset + at} cannot be "
                    f"understood: {exc}"
                )
            at = end
        return at, None

    def _take(self, kind: int, payload: bytes, batch: Batch) -> None:
        if kind == MESSAGE:
            batch.messages.append(decode_message(payload))
            return
        fields = json.loads(payload)
        if kind == DECLARE:
            number, name, context, dtype = fields
            self._declared[number] = (name, context, dtype)
            return
        if fields.get("version") != VERSION:
            raise CodecError(
                f"Journal {self.path.name!r} has format {fields.get('version')!r}; this release "
                f"reads format {VERSION}. Open the repository with the release that wrote it."
            )
        self.run_hash = fields["run"]
        self.facts = fields
