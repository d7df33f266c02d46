"""Artifacts in a directory: `file:///shared/artifacts`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from aim_compat.artifacts.base import AbstractArtifactStorage, checked_name, download_target

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FilesystemArtifactStorage"]


class FilesystemArtifactStorage(AbstractArtifactStorage):
    """Artifacts in a directory; what follows `file://` is its path, as it is written."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        path = url.partition("://")[2]
        if os.name == "nt" and len(path) > 2 and path[0] == "/" and path[2] == ":":
            path = path[1:]
        self._directory = Path(path)

    def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
        """Copy a file; it is there when this returns, whatever `block` says.

        Raises:
            OSError: the file cannot be read, or not be copied.
        """
        del block
        target = self._directory / checked_name(artifact_path)
        with open(file_path, "rb"):  # so that nothing is made for a file that is not there
            target.parent.mkdir(parents=True, exist_ok=True)
        _put(target, lambda aside: shutil.copy(file_path, aside))

    def download_artifact(
        self, artifact_path: str, dest_dir: str | os.PathLike[str] | None = None
    ) -> str:
        """Copy a stored file to a directory.

        Raises:
            FileNotFoundError: the copy is gone.
        """
        source = self._directory / checked_name(artifact_path)
        with source.open("rb"):
            target = download_target(artifact_path, dest_dir)
        _put(target, lambda aside: shutil.copy(source, aside))
        return target.as_posix()

    def delete_artifact(self, artifact_path: str) -> None:
        """Remove a stored file, or a directory of them.

        Raises:
            FileNotFoundError: there is none.
        """
        path = self._directory / checked_name(artifact_path)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _put(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file that is there completely or not at all."""
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        write(aside)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
