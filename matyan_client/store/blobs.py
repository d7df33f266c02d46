"""Blob files, addressed by the SHA-256 of what is in them.

A blob is complete or absent: it is written aside and renamed. Two runs with the same bytes share
a file. No name from outside becomes a path here; which run calls a blob what is in the database.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
from typing import TYPE_CHECKING, BinaryIO

from matyan_client.exceptions import BlobNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["BlobStore", "IncomingBlob"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20
_INCOMING = "incoming-"
ABANDONED_S = 24 * 3600.0
"""A blob on its way in that nobody has written to for this long has no writer."""
GRACE_S = 3600.0
"""A blob younger than this is not collected: what refers to it may still be in a journal."""


class BlobStore:
    """The directory `root`, made on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unsynced: list[Path] = []

    def put(self, source: bytes | Path) -> tuple[str, int]:
        """Store bytes or a file's content; returns (sha256, size in bytes).

        Raises:
            OSError: `source` cannot be read, or the disk is full.
        """
        if isinstance(source, bytes):
            sha256 = hashlib.sha256(source).hexdigest()
            if not self._touch(sha256):
                self._write(sha256, lambda file: file.write(source))
            return sha256, len(source)
        blob = self.incoming()
        try:
            with source.open("rb") as reading:
                while block := reading.read(_BLOCK):
                    blob.write(block)
            return blob.settle(), blob.size_bytes
        finally:
            blob.discard()

    def incoming(self) -> IncomingBlob:
        """A blob whose bytes come bit by bit.

        Raises:
            OSError: it cannot be begun.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        return IncomingBlob(self, self._aside())

    def sync(self) -> None:
        """Force blobs stored since the last call to the disk itself (power loss)."""
        unsynced, self._unsynced = self._unsynced, []
        for path in unsynced:
            with contextlib.suppress(FileNotFoundError), path.open("rb+") as file:
                os.fsync(file.fileno())

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of a blob.

        Raises:
            BlobNotFoundError: it is not here.
        """
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError as exc:
            raise BlobNotFoundError(
                f"Blob {sha256} is referred to, but is not in {str(self.root)!r}."
            ) from exc

    def collect(self, candidates: Iterable[str], still_used: Callable[[str], bool]) -> list[str]:
        """Remove those of `candidates` that nothing uses; returns those that are too young for
        that, to be tried again."""
        young: list[str] = []
        for sha256 in candidates:
            path = self._path(sha256)
            with contextlib.suppress(FileNotFoundError):
                age = time.time() - path.stat().st_mtime
                if still_used(sha256):
                    continue
                if age < GRACE_S:
                    young.append(sha256)
                    continue
                try:
                    path.unlink()
                except PermissionError:  # open elsewhere, on Windows
                    young.append(sha256)
        return young

    def sweep(self) -> None:
        """Remove what writers that died left half written."""
        for path in self.root.glob(f"{_INCOMING}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime >= ABANDONED_S:
                    path.unlink()

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise BlobNotFoundError(f"{sha256!r} is not a blob's address (64 hex digits).")
        return self.root / sha256[:2] / sha256

    def _touch(self, sha256: str) -> bool:
        """Whether the blob is here; if so it counts as new again."""
        try:
            now = time.time_ns()  # finer than what the system would put there
            os.utime(self._path(sha256), ns=(now, now))
        except FileNotFoundError:
            return False
        except OSError:
            return self._path(sha256).exists()
        return True

    def _aside(self) -> Path:
        return self.root / f"{_INCOMING}{os.getpid()}-{secrets.token_hex(8)}"

    def _write(self, sha256: str, fill: Callable[[BinaryIO], object]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        aside = self._aside()
        try:
            with aside.open("xb") as file:
                fill(file)
            self._settle(aside, sha256)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise

    def settle(self, aside: Path, sha256: str) -> None:
        """Make the file `aside`, whose hash this is, a blob."""
        if self._touch(sha256):
            aside.unlink()
        else:
            self._settle(aside, sha256)

    def _settle(self, aside: Path, sha256: str) -> None:
        target = self._path(sha256)
        target.parent.mkdir(exist_ok=True)
        try:
            aside.replace(target)
        except PermissionError:
            # Windows: another process settled the same blob and has it open.
            if not target.exists():
                raise
            aside.unlink()
        self._unsynced.append(target)


class IncomingBlob:
    """A blob on its way in: a file aside until `settle`."""

    def __init__(self, store: BlobStore, aside: Path) -> None:
        self.size_bytes = 0
        self._store = store
        self._aside = aside
        self._digest = hashlib.sha256()
        self._file = aside.open("xb")
        self._settled = False

    def write(self, block: bytes) -> None:
        """Add bytes."""
        self._digest.update(block)
        self._file.write(block)
        self.size_bytes += len(block)

    def settle(self) -> str:
        """Make it a blob; returns its SHA-256."""
        self._file.close()
        sha256 = self._digest.hexdigest()
        self._store.settle(self._aside, sha256)
        self._settled = True
        return sha256

    def discard(self) -> None:
        """Remove what was written, unless it is a blob by now."""
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._settled:
            with contextlib.suppress(OSError):
                self._aside.unlink()
