"""The spool of one deployment: what was written for it and is not there yet.

    <base>/<host>-<digest>/server.json    which deployment; never credentials
                           journals/      segments as in `journal/`, and beside each how far it is
                                          acknowledged
                           blobs/         bytes on their way, by SHA-256
                           refused/       messages the server did not take, one file a run
                           recovering     locked by the process that looks after dead ones' journals

<base> is MATYAN_JOURNAL_DIR, else the user's state directory. Knows nothing of connections.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from matyan_client.config import Settings
from matyan_client.exceptions import RepoAccessError
from matyan_client.journal.locking import LockUnsupportedError, try_lock
from matyan_client.journal.writer import SUFFIX
from matyan_client.store.blobs import BlobStore

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Outbox", "Progress", "all_outboxes", "spool_base"]

SERVER_FILE = "server.json"
ACKED_SUFFIX = ".acked"
REFUSED_BYTES_MAX = 64 << 20
BLOB_GRACE_S = 3600.0
"""A blob younger than this may belong to a message that is only being written."""

log = logging.getLogger("matyan_client.outbox")

_OPEN_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def spool_base() -> Path:
    """The directory that holds the spools of all deployments."""
    configured = Settings.from_environment().journal_dir
    if configured:
        return Path(os.path.abspath(Path(configured).expanduser()))
    home = Path.home()
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA", "")
        base = Path(state) if state else home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        state = os.environ.get("XDG_STATE_HOME", "")
        base = Path(state) if os.path.isabs(state) else home / ".local" / "state"
    return base / "matyan" / "outbox"


def all_outboxes() -> list[Outbox]:
    """The spools of all deployments anything was ever written for, by directory."""
    try:
        directories = sorted(path.parent for path in spool_base().glob(f"*/{SERVER_FILE}"))
    except OSError:
        return []
    found = []
    for directory in directories:
        try:
            known = json.loads((directory / SERVER_FILE).read_text(encoding="utf-8"))
            found.append(Outbox(directory, str(known["backend"]), str(known["frontier"])))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            log.warning("%s does not say which server it is for: %s", directory, exc)
    return found


class Progress:
    """How far a segment is acknowledged: a small file beside it that outlives this process.

    Attributes:
        offset: everything before it is acknowledged.
        shifts: by sequence, what is added to its counted steps; None until that was decided.
    """

    __slots__ = ("offset", "path", "shifts")

    def __init__(self, segment: Path) -> None:
        self.path = segment.with_suffix(ACKED_SUFFIX)
        self.offset = 0
        self.shifts: dict[str, int] | None = None
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
            self.offset = int(known["offset"])
            self.shifts = known["shifts"]
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as exc:
            # Sending again is harmless.
            log.warning(
                "%s cannot be read (%s); its journal is sent from the start.", self.path, exc
            )

    def save(self) -> None:
        """Write it; trouble only means that some of it is sent again after a crash."""
        text = json.dumps({"offset": self.offset, "shifts": self.shifts})
        with contextlib.suppress(OSError):
            _replace(self.path, text)

    def remove(self) -> None:
        """Its segment is gone."""
        with contextlib.suppress(OSError):
            self.path.unlink()


class Outbox:
    """One deployment's spool in `directory`, made on first use."""

    def __init__(self, directory: Path, backend_url: str, frontier_url: str) -> None:
        self.directory = directory
        self.backend_url = backend_url
        self.frontier_url = frontier_url
        self.journals = directory / "journals"
        self.blobs = BlobStore(directory / "blobs")
        self.full = False
        """Whether the spool takes as much room as it may."""
        self._tell: list[weakref.WeakMethod[Callable[[bool], None]]] = []
        self._lock = threading.RLock()
        self._wanted: dict[str, int] = {}
        self.refused = 0
        self._said_refused_full = False
        """How many messages were set aside by this process."""

    @classmethod
    def of(cls, backend_url: str, frontier_url: str) -> Outbox:
        """The spool of the deployment at these URLs."""
        backend_url, frontier_url = map(_without_user, (backend_url, frontier_url))
        identity = f"{backend_url}\n{frontier_url}"
        host = re.sub(r"[^A-Za-z0-9.-]+", "_", urlsplit(frontier_url).netloc.rpartition("@")[2])
        name = f"{host}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
        return cls(spool_base() / name, backend_url, frontier_url)

    @property
    def sync_command(self) -> str:
        """What a person types to send what is left."""
        return f"matyan-client sync --server {self.backend_url}"

    def create(self) -> None:
        """Make the directory.

        Raises:
            RepoAccessError: it cannot be written.
        """
        if (self.directory / SERVER_FILE).exists():
            return
        try:
            self.journals.mkdir(parents=True, exist_ok=True, mode=0o700)
            known = {"backend": self.backend_url, "frontier": self.frontier_url}
            _replace(self.directory / SERVER_FILE, json.dumps(known, indent=1) + "\n")
        except OSError as exc:
            raise RepoAccessError(
                f"Cannot keep journals for {self.backend_url} in {str(self.directory)!r}: "
                f"{exc.strerror or exc}. Set MATYAN_JOURNAL_DIR to a directory you may write to."
            ) from exc

    def tell_when_full(self, tell: Callable[[bool], None]) -> None:
        """Call a method whenever the spool became full, or is not any more."""
        self._tell.append(weakref.WeakMethod(tell))
        if self.full:
            tell(True)

    def set_full(self, full: bool) -> None:
        """Note whether the spool takes as much room as it may."""
        self.full = full
        for reference in list(self._tell):
            tell = reference()
            if tell is None:
                self._tell.remove(reference)
            else:
                tell(full)

    # -- segments -------------------------------------------------------------------------------

    def segments(self) -> list[Path]:
        """All segments, those of living processes included, oldest first."""
        try:
            return sorted(path for path in self.journals.iterdir() if path.suffix == SUFFIX)
        except OSError:
            return []  # whoever writes there is told

    def size_bytes(self) -> int:
        """What the spool takes on disk."""
        return _size_below(self.journals) + _size_below(self.blobs.root)

    def lock_recovery(self) -> int | None:
        """Become the one process that looks after dead ones' journals, until the descriptor is
        closed; None: another one is."""
        try:
            fd = os.open(self.directory / "recovering", _OPEN_FLAGS | os.O_CREAT, 0o600)
        except OSError:
            return None
        try:
            mine = try_lock(fd)
        except LockUnsupportedError:
            mine = True  # what is sent twice is stored once
        if not mine:
            os.close(fd)
            return None
        return fd

    # -- blobs ----------------------------------------------------------------------------------

    def put_blob(self, source: bytes | Path) -> tuple[str, int]:
        """Keep bytes until they are sent; returns (sha256, size).

        Raises:
            OSError: `source` cannot be read, or there is no room.
        """
        sha256, size = self.blobs.put(source)
        with self._lock:
            self._wanted[sha256] = self._wanted.get(sha256, 0) + 1
        return sha256, size

    def blob_path(self, sha256: str) -> Path:
        """Where a blob's bytes are, or would be."""
        return self.blobs.root / sha256[:2] / sha256

    def blob_delivered(self, sha256: str, put_at_ns: int) -> None:
        """One reference to a blob is acknowledged; its bytes go unless something else needs them.

        Args:
            sha256: the blob.
            put_at_ns: its modification time when it was sent. Whoever needs it again touches it.
        """
        with self._lock:
            left = self._wanted.get(sha256, 1) - 1
            if left > 0:
                self._wanted[sha256] = left
                return
            self._wanted.pop(sha256, None)
            path = self.blob_path(sha256)
            aside = path.with_name(f"{sha256}.{secrets.token_hex(4)}.going")
            with contextlib.suppress(OSError):
                if path.stat().st_mtime_ns != put_at_ns:
                    return
                # Another process may touch it between the look and the removal.
                path.rename(aside)
                if aside.stat().st_mtime_ns == put_at_ns:
                    aside.unlink()
                else:
                    aside.replace(path)

    def remove_orphans(self) -> None:
        """Drop old blobs once there is no journal that could refer to one."""
        if self.segments() or not self.blobs.root.is_dir():
            return
        for path in self.blobs.root.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file() and time.time() - path.stat().st_mtime > BLOB_GRACE_S:
                    path.unlink()

    def blob_bytes(self) -> int:
        """What blobs take on disk."""
        return _size_below(self.blobs.root)

    # -- what the server does not take ----------------------------------------------------------

    def set_aside(self, run_hash: str, message: str, reason: str) -> Path:
        """Keep a message the server refused, with what it said."""
        self.refused += 1
        directory = self.directory / "refused"
        safe = re.sub(r"[^A-Za-z0-9._-]+", "_", run_hash)[:100]
        path = directory / f"{safe}.jsonl"
        entry: dict[str, Any] = {"run": run_hash, "reason": reason, "time": time.time()}
        line = json.dumps({**entry, "message": message}) + "\n"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.stat().st_size < REFUSED_BYTES_MAX:
                with path.open("a", encoding="utf-8") as file:
                    file.write(line)
            elif not self._said_refused_full:
                self._said_refused_full = True
                log.error(
                    "Run %s: %s has %d MB of refused messages; more of them are lost, and counted.",
                    run_hash,
                    path,
                    REFUSED_BYTES_MAX >> 20,
                )
        except OSError as exc:
            log.warning("Run %s: a refused message cannot be kept in %s: %s", run_hash, path, exc)
        return path

    def after_fork_in_child(self) -> None:
        """Locks of the parent's threads are not ours."""
        self._lock = threading.RLock()
        self._wanted = {}


def _size_below(place: Path) -> int:
    total = 0
    for parent, _, names in os.walk(place):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(parent, name)).st_size
    return total


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def _replace(path: Path, text: str) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
