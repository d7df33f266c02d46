"""Files kept with a run: names that are safe, uploads that do not hold up training, downloads."""

from __future__ import annotations

import logging
import mimetypes
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.messages import blob_ref, upload_pending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matyan_client.backends.base import Backend, Writer
    from matyan_client.protocol.records import ArtifactRecord

__all__ = ["Artifact", "Uploads", "check_artifact_name", "files_below"]

log = logging.getLogger("matyan_client.artifacts")


def check_artifact_name(name: str) -> str:
    """A relative path with `/`, safe to become a file below any directory.

    Raises:
        InvalidInputError: empty, absolute, with `..`, a backslash, a drive or a control character,
            or below `seq/`, where tracked objects live.
    """
    parts = PurePosixPath(name).parts
    bad = (
        not parts
        or name.startswith("/")
        or name.endswith("/")
        or any(part in ("..", ".") for part in name.split("/"))
        or any(ord(char) < 32 or char in '\\:*?"<>|' for char in name)
        or parts[0] == "seq"
        or not _is_unicode(name)
    )
    if bad:
        raise InvalidInputError(
            f"{name!r} cannot be the name of an artifact: expected a relative path such as "
            "'configs/train.yaml', without '..', '\\', ':' or control characters, and not below "
            "'seq/'."
        )
    return "/".join(parts)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def files_below(directory: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a directory with its relative path, in order."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(directory).as_posix()


class Artifact:
    """One file kept with a run.

    Attributes:
        name: its path in the run.
        size_bytes: how long it is.
        content_type: MIME type, guessed from the name when it was logged.
    """

    def __init__(self, record: ArtifactRecord, backend: Backend) -> None:
        self._record = record
        self._backend = backend
        self.name = record.path
        self.size_bytes = record.size_bytes
        self.content_type = record.content_type

    @property
    def path(self) -> str:
        """The artifact's path in the run."""
        return self._record.path

    @property
    def uri(self) -> str:
        """Where the bytes are, as a text that tells a person."""
        return self._record.uri or f"{self._backend.url}#{self._record.key}"

    def open(self) -> BinaryIO:
        """Its bytes.

        Raises:
            BlobNotFoundError: they are not in the repository.
        """
        return self._backend.open_blob(self._record.key)

    def download(self, dest_dir: str | os.PathLike[str]) -> str:
        """Write it to `dest_dir` under its own file name; returns that path."""
        directory = Path(dest_dir)
        return self.download_to(directory / PurePosixPath(check_artifact_name(self.name)).name)

    def download_to(self, target: Path) -> str:
        """Write it to exactly this file; returns the path."""
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        with self.open() as source, aside.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        aside.replace(target)
        return str(target)

    def __repr__(self) -> str:
        return f"<Artifact {self.name!r} ({self.size_bytes} bytes)>"


class Uploads:
    """Uploads files of one run in the background.

    The intention goes to the journal first: if this process dies, whoever takes over its journal
    uploads the file, if it is still there unchanged. Does not hold on to the run, which could not
    be dropped then.
    """

    def __init__(self, run_hash: str) -> None:
        self._run_hash = run_hash
        self._executor: ThreadPoolExecutor | None = None
        self._pending: list[Future[None]] = []
        self._refused: list[tuple[Path, str]] = []

    @property
    def failed(self) -> int:
        """How many files could not be stored so far."""
        return len(self._refused)

    def start(self, writer: Writer, source: Path, name: str) -> Future[None]:
        """Begin to store a file as artifact `name`."""
        stat = source.stat()
        writer.append(
            upload_pending(
                str(source.absolute()),
                name,
                size_bytes=stat.st_size,
                mtime_ns=stat.st_mtime_ns,
            )
        )
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="matyan-upload")
        self._pending = [future for future in self._pending if not future.done()]
        future = self._executor.submit(self._upload, writer, source, name)
        self._pending.append(future)
        return future

    def wait(self, writer: Writer | None) -> None:
        """Return when everything started is stored, or has failed (which was logged).

        What failed before is tried again, if the run has a writer.
        """
        refused, self._refused = self._refused, []
        for source, name in refused:
            if writer is not None and source.is_file():
                self.start(writer, source, name)
            else:
                self._refused.append((source, name))
        pending, self._pending = self._pending, []
        for future in pending:
            future.exception()

    def close(self, writer: Writer) -> None:
        """Wait, and let the thread go."""
        self.wait(writer)
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def after_fork_in_child(self) -> None:
        """The parent's thread uploads what the parent started."""
        self._executor, self._pending = None, []

    def _upload(self, writer: Writer, source: Path, name: str) -> None:
        try:
            blob = writer.put_blob(source, path=name)
        except OSError as exc:
            self._refused.append((source, name))
            log.warning(
                "Run %s: artifact %r could not be stored from %s: %s",
                self._run_hash,
                name,
                source,
                exc,
            )
            raise
        writer.append(
            blob_ref(
                blob.key,
                name,
                content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
                sha256=blob.sha256,
                size_bytes=blob.size_bytes,
            )
        )
