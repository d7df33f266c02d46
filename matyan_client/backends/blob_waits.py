"""What of one run waits for the bytes of blobs to be at the server.

An announcement of a blob waits for its upload, and so does whatever refers to it. What belongs
together (one sequence, or the parameters) stays in order behind what waits; all else goes on.
Knows nothing of connections: uploads are begun, and texts queued, by whoever made this.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matyan_client.backends.outbox import Outbox
    from matyan_client.backends.shipped_segments import Stretch

__all__ = ["BlobWaits", "Upload"]

HELD_BYTES_MAX = 8 << 20
"""No more is read while this much waits for blobs."""
UPLOADED_MAX = 10_000
"""Keys remembered as there; one forgotten is brought again."""


class Upload:
    """A blob of a run whose bytes have to be there before what refers to it."""

    __slots__ = ("content_type", "key", "path", "put_at_ns", "sha256")

    def __init__(self, key: str, path: str, content_type: str, sha256: str) -> None:
        self.key = key
        self.path = path
        self.content_type = content_type
        self.sha256 = sha256
        self.put_at_ns = 0


class _Held:
    """Texts that wait for blobs."""

    __slots__ = ("keys", "kind", "stretch", "texts")

    def __init__(self, stretch: Stretch, keys: set[str], kind: Any, texts: list[str]) -> None:
        self.stretch = stretch
        self.keys = keys
        self.kind = kind
        """What must stay in order among the held: a sequence, or the parameters."""
        self.texts = texts


class BlobWaits:
    """See above.

    Args:
        run_hash: the run.
        outbox: where the bytes are until then.
        start: begins an upload; `uploaded` or `lost` says how it went.
        queue: sends a text that waits for nothing any more.
        release: takes back what a stretch was kept for.
        set_aside: keeps a text that cannot be sent, with the reason.
    """

    def __init__(
        self,
        run_hash: str,
        outbox: Outbox,
        *,
        start: Callable[[Upload], None],
        queue: Callable[[Stretch, str], None],
        release: Callable[[Stretch, int], None],
        set_aside: Callable[[str, str], None],
    ) -> None:
        self._run_hash = run_hash
        self._outbox = outbox
        self._start = start
        self._queue = queue
        self._release = release
        self._set_aside = set_aside
        self._held: list[_Held] = []
        self._held_bytes = 0
        self._uploads: dict[str, Upload] = {}
        self._uploaded: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def full(self) -> bool:
        """Whether no more should be held."""
        return self._held_bytes >= HELD_BYTES_MAX

    def announce(self, stretch: Stretch, fields: dict[str, Any], text: str) -> None:
        """Send a `blob_ref` once its bytes are there, and see to it that they get there."""
        key, sha256 = fields["s3_key"], fields["sha256"]
        upload = Upload(key, fields["artifact_path"], fields["content_type"], sha256)
        with contextlib.suppress(OSError):
            upload.put_at_ns = self._outbox.blob_path(sha256).stat().st_mtime_ns
        stretch.blobs.append((sha256, upload.put_at_ns))
        if key in self._uploaded and key.startswith(f"{self._run_hash}/seq/"):
            self._queue(stretch, text)  # its name is its content
            return
        earlier = self._uploads.get(key)
        self._hold(stretch, {key}, key, [text])
        if earlier is None or earlier.sha256 != sha256:
            self._uploads[key] = upload
            self._start(upload)

    def send(self, stretch: Stretch, value: Any, kind: Any, texts: list[str]) -> None:
        """Send texts once the blobs that `value` refers to are there, behind others of a kind."""
        waiting = {key for key in _blob_keys(value) if key in self._uploads}
        if waiting or any(held.kind == kind for held in self._held):
            self._hold(stretch, waiting, kind, texts)
        else:
            for text in texts:
                self._queue(stretch, text)

    def note_uploaded(self, key: str) -> None:
        """Remember that the bytes of a key are there."""
        self._uploaded[key] = None
        if len(self._uploaded) > UPLOADED_MAX:
            del self._uploaded[next(iter(self._uploaded))]

    def uploaded(self, upload: Upload) -> None:
        """A blob's bytes are there."""
        if self._uploads.get(upload.key) is not upload:
            return  # other bytes are on their way to the same name
        del self._uploads[upload.key]
        self.note_uploaded(upload.key)
        for held in self._held:
            held.keys.discard(upload.key)
        self._let_go()

    def lost(self, upload: Upload, reason: str) -> None:
        """A blob's bytes will never be there: what refers to it is set aside."""
        self._uploads.pop(upload.key, None)
        for held in [held for held in self._held if upload.key in held.keys]:
            self._held.remove(held)
            self._held_bytes -= sum(map(len, held.texts))
            for text in held.texts:
                self._set_aside(text, reason)
            self._release(held.stretch, len(held.texts))
        self._let_go()

    def _hold(self, stretch: Stretch, keys: set[str], kind: Any, texts: list[str]) -> None:
        stretch.left += len(texts)
        self._held.append(_Held(stretch, keys, kind, texts))
        self._held_bytes += sum(map(len, texts))

    def _let_go(self) -> None:
        blocked: set[Any] = set()
        for held in list(self._held):
            if held.keys or held.kind in blocked:
                blocked.add(held.kind)
                continue
            self._held.remove(held)
            for text in held.texts:
                self._held_bytes -= len(text)
                self._queue(held.stretch, text)
            self._release(held.stretch, len(held.texts))


def _blob_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("s3_key", "value_blob") and isinstance(item, str):
                yield item
            else:
                yield from _blob_keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _blob_keys(item)
