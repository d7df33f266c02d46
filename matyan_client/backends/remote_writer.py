"""Writes one run of this process for a deployment: into a journal of its spool, and no further.

`shipping.py` takes it from there. Here is decided what a server could hold: what could not be
stored is refused while the caller can still do something about it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, cast

from matyan_client.backends.base import Blob
from matyan_client.config import Settings
from matyan_client.protocol.limits import check_key, check_message, cut_line
from matyan_client.protocol.messages import Message, blob_ref
from matyan_client.protocol.routes import VALUE_BYTES_MAX

if TYPE_CHECKING:
    from pathlib import Path

    from matyan_client.backends.outbox import Outbox
    from matyan_client.backends.shipping import Shipper
    from matyan_client.journal.writer import JournalWriter

__all__ = ["RemoteWriter"]

_NO_ROOM = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)
)
_LIFECYCLE = frozenset({"create_run", "finish_run"})


class RemoteWriter:
    """See `backends.base.Writer`.

    Attributes:
        dropped: writes given up because the spool is as large as it may be.
    """

    def __init__(self, journal: JournalWriter, outbox: Outbox, shipper: Shipper) -> None:
        self.journal = journal
        self.dropped = 0
        self._outbox = outbox
        self._shipper = shipper
        # Nothing stands between a scalar and the journal.
        self.point = journal.point
        outbox.tell_when_full(self._full)

    @property
    def undelivered(self) -> int:
        """Messages that are in memory only, because the disk refuses them."""
        return self.journal.undelivered

    def declare(self, name: str, context: dict[str, Any], dtype: str) -> int:
        """Name a sequence by a number.

        Raises:
            InvalidInputError: name or context are longer than a server keeps.
        """
        check_key(name, "sequence name")
        check_key(json.dumps(context), "context")
        return self.journal.declare(name, context, dtype)

    def append(self, message: Message) -> None:
        """Append one protocol message.

        Raises:
            InvalidInputError: it is larger than a server keeps.
        """
        fields = cast("dict[str, Any]", message)
        kind = fields["type"]
        if kind == "log_terminal_line":
            message = cast("Message", {**fields, "line": cut_line(fields["line"])})
        elif kind == "log_custom_object":
            check_key(fields["name"], "sequence name")
            check_key(json.dumps(fields.get("context")), "context")
            message = cast("Message", {**fields, "value": self._sized(fields["value"])})
        else:
            check_message(message)
        if self._outbox.full and kind not in _LIFECYCLE:
            self.dropped += 1
            return
        self.journal.append(message)

    def put_blob(self, source: bytes | Path, *, path: str) -> Blob:
        """Keep bytes or a file until it is sent; the key is below the run's hash.

        Raises:
            OSError: `source` cannot be read, or there is no room.
        """
        if self._outbox.full:
            raise OSError(
                errno.ENOSPC,
                "the journals take as much room as MATYAN_JOURNAL_MAX_MB allows",
                str(self._outbox.directory),
            )
        try:
            sha256, size = self._outbox.put_blob(source)
        except OSError as exc:
            if exc.errno in _NO_ROOM:
                self.journal.make_room()
            raise
        return Blob(f"{self.journal.run_hash}/{path}", sha256, size)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until reads see what was appended so far; False if they do not yet."""
        if self.journal.undelivered and not self._wait_for_room(timeout_s):
            return False
        return self._shipper.flush(self, timeout_s)

    def close(self, timeout_s: float | None = None) -> int:
        """Wait until everything is acknowledged; what is not by then is kept, and said."""
        if self.journal.undelivered:
            self._wait_for_room(timeout_s)
        lost = self.journal.close()
        self._shipper.finish(self, timeout_s)
        return lost

    def _wait_for_room(self, timeout_s: float | None) -> bool:
        """What is in memory only would be lost: wait until what is on disk was delivered and made
        room for it, even where nobody else would wait; False if it did not."""
        deadline = time.monotonic() + (timeout_s or Settings.from_environment().close_timeout_s)
        while (left := deadline - time.monotonic()) > 0:
            if self._shipper.deliver(self, left):
                return True
            time.sleep(0.05)
        return False

    def _full(self, full: bool) -> None:
        self.point = self._drop_point if full else self.journal.point

    def _drop_point(
        self,
        sequence: int,
        value: float,
        step: int,
        epoch: float | None,
        time: float,
        *,
        automatic: bool,
    ) -> None:
        del sequence, value, step, epoch, time, automatic
        self.dropped += 1

    # -- values too large for one stored value --------------------------------------------------

    def _sized(self, value: dict[str, Any]) -> dict[str, Any]:
        """An object's value, or what refers to its JSON in a blob."""
        text = _json(value)
        if len(text) <= VALUE_BYTES_MAX:
            return value
        if value.get("type") == "list":
            items = [self._sized(item) for item in value["items"]]
            value = {**value, "items": items}
            text = _json(value)
            if len(text) <= VALUE_BYTES_MAX:
                return value
            return {"type": "list", "items": items[:1], "value_blob": self._as_blob(text)}
        small = {"type": value.get("type"), "value_blob": self._as_blob(text)}
        note = f"[{len(text)} bytes, kept as a file beside the run]"
        if value.get("type") == "text":
            small["data"] = note
        elif value.get("type") == "figure":
            small["data"] = {"data": [], "layout": {"title": {"text": note}}}
        return small

    def _as_blob(self, text: bytes) -> str:
        path = f"seq/{hashlib.sha256(text).hexdigest()}.json"
        blob = self.put_blob(text, path=path)
        self.append(
            blob_ref(
                blob.key,
                path,
                content_type="application/json",
                sha256=blob.sha256,
                size_bytes=blob.size_bytes,
                by_name=True,
            )
        )
        return blob.key


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
