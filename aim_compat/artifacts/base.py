"""What every artifact store does, and the uploads of those that work in the background."""

from __future__ import annotations

import logging
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from matyan_client.exceptions import InvalidInputError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["AbstractArtifactStorage", "Uploads", "checked_name", "download_target"]

log = logging.getLogger("aim_compat.artifacts")

UPLOADS_AT_ONCE = 4


class AbstractArtifactStorage:
    """A store of artifacts below one URL; derive from it to register a store of one's own.

    Args:
        url: the artifacts URI of a run.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
        """Store a file.

        Args:
            file_path: the file.
            artifact_path: its name below the URL, with `/`.
            block: return only when it is stored.
        """
        raise NotImplementedError

    def download_artifact(
        self, artifact_path: str, dest_dir: str | os.PathLike[str] | None = None
    ) -> str:
        """Write a stored file to a directory, under its own file name.

        Args:
            artifact_path: its name below the URL.
            dest_dir: made if it is not there; None: a new temporary directory.

        Returns:
            The path of the file, with `/`.
        """
        raise NotImplementedError

    def delete_artifact(self, artifact_path: str) -> None:
        """Remove a stored file."""
        raise NotImplementedError


def checked_name(name: str) -> str:
    """The name of an artifact, if it stays below where artifacts go.

    Raises:
        InvalidInputError: an empty or absolute name, or one with `..` (a ValueError).
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise InvalidInputError(
            f"{name!r} cannot be the name of an artifact: expected a relative path such as "
            "'configs/train.yaml', without '..'."
        )
    return name


def download_target(artifact_path: str, dest_dir: str | os.PathLike[str] | None) -> Path:
    """The file a download is written to; its directory is made."""
    directory = Path(tempfile.mkdtemp() if dest_dir is None else dest_dir)
    directory.mkdir(parents=True, exist_ok=True)
    return directory / PurePosixPath(checked_name(artifact_path)).name


class Uploads:
    """Uploads in the background; what fails there is logged. The interpreter waits at its end.

    At the end, an upload that is under way can start no further threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None
        self._running: set[Future[None]] = set()

    def run(self, upload: Callable[[], None], what: str, *, block: bool) -> None:
        """Do an upload, now or in the background.

        Raises:
            Exception: what the upload raises, if it is done now.
        """
        if block:
            upload()
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix=self._name)
        future = self._pool.submit(_upload, upload, what)
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def wait(self) -> None:
        """Return when everything that was started is stored, or has failed."""
        for future in list(self._running):
            future.result()


def _upload(upload: Callable[[], None], what: str) -> None:
    try:
        upload()
    except Exception as exc:  # noqa: BLE001  # in a thread nobody could catch it
        log.error("Artifact %s could not be uploaded: %s: %s", what, type(exc).__name__, exc)
