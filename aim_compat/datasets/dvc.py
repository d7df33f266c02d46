"""Files that DVC tracks (U21)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, ClassVar

from aim_compat.objects import CustomObject

__all__ = ["DvcData"]

log = logging.getLogger("aim_compat.datasets")


@CustomObject.alias("dvc.metadata")
class DvcData(CustomObject):
    """Tracked files, parameters and lock file of a DVC repository.

    Args:
        url: the repository; by default around the working directory.
        path: directory in it to list.
        rev: commit, branch or tag to list.
        recursive: list directories below, too.
        dvc_only: leave out what git tracks.
    """

    AIM_NAME: ClassVar[str] = "dvc.metadata"

    def __init__(
        self,
        url: str = ".",
        path: str | None = None,
        rev: str | None = None,
        recursive: bool = False,
        dvc_only: bool = False,
    ) -> None:
        from dvc.repo import Repo

        super().__init__()
        entries = Repo.ls(url=url, path=path, rev=rev, recursive=recursive, dvc_only=dvc_only)
        self.storage["dataset"] = {
            "source": "dvc",
            "version": _lock_file(url),
            "params": _params(url),
            "tracked_files": [entry["path"] for entry in entries],
        }


def _params(url: str) -> Any:
    import dvc.api

    try:
        return dvc.api.params_show(repo=url)
    except Exception as exc:  # noqa: BLE001  # DVC has many ways to say that there are none
        log.warning("The parameters of the DVC repository %r cannot be read: %s", url, exc)
        return None


def _lock_file(url: str) -> Any:
    """The content of `dvc.lock`; its lines if it is no YAML, None if there is none."""
    import yaml  # which DVC brings

    try:
        text = Path(url, "dvc.lock").read_text(encoding="utf-8")
    except OSError as exc:
        log.warning("There is no dvc.lock to read in the repository %r: %s", url, exc)
        return None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        log.warning("%s", exc)
        return text.splitlines(keepends=True)
