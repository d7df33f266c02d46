"""Artifacts wherever fsspec reaches: `gs://`, `abfs://`, `sftp://`, … Needs the extra `fsspec`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from aim_compat.artifacts.base import (
    AbstractArtifactStorage,
    Uploads,
    checked_name,
    download_target,
)
from matyan_client.exceptions import MissingDependencyError

if TYPE_CHECKING:
    import os

__all__ = ["FsspecArtifactStorage", "reaches"]

_READ_ONLY = frozenset({"http", "https", "data", "github", "zip", "tar", "libarchive"})
"""Schemes fsspec knows that cannot take uploads."""
_CHUNK = 1 << 20


def reaches(scheme: str) -> bool:
    """Whether fsspec is installed and can write to URLs of a scheme."""
    if scheme in _READ_ONLY:
        return False
    try:
        from fsspec.registry import known_implementations, registry
    except ImportError:
        return False
    return scheme in known_implementations or scheme in registry


class FsspecArtifactStorage(AbstractArtifactStorage):
    """Artifacts below a URL of any file system that fsspec can write to.

    Raises:
        MissingDependencyError: fsspec, or the package behind the scheme, is not installed.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        scheme = url.partition("://")[0]
        try:
            import fsspec

            self._files: Any
            self._files, self._prefix = fsspec.core.url_to_fs(url)
        except ImportError as exc:
            raise MissingDependencyError(
                getattr(exc, "name", None) or scheme,
                extra="fsspec",
                purpose=f"Artifacts at {scheme}://...",
            ) from exc
        self._uploads = Uploads(f"{scheme}-upload")

    def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
        """Upload a file, in the background unless `block`; what fails there is logged.

        Raises:
            OSError: the file cannot be read or, with `block`, not be stored.
        """
        target = self._path(artifact_path)
        with open(file_path, "rb"):
            pass  # said at once, as it is not about the network

        def upload() -> None:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            with open(file_path, "rb") as source, self._files.open(target, "wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)

        self._uploads.run(upload, f"{file_path!r} to {self.url}/{artifact_path}", block=block)

    def download_artifact(
        self, artifact_path: str, dest_dir: str | os.PathLike[str] | None = None
    ) -> str:
        """Download to a directory, when what this process uploads is there.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        self._uploads.wait()
        with self._files.open(self._path(artifact_path), "rb") as source:
            target = download_target(artifact_path, dest_dir)
            with target.open("wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
        return target.as_posix()

    def delete_artifact(self, artifact_path: str) -> None:
        """Remove a stored file."""
        self._uploads.wait()
        self._files.rm(self._path(artifact_path))

    def _path(self, artifact_path: str) -> str:
        return f"{self._prefix.rstrip('/')}/{checked_name(artifact_path)}"
