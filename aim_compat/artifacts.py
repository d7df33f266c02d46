"""Files kept beside a run at a URI of the user's choice, as Aim keeps them (behaviour M03).

`<uri>/<run hash>/<name>` is the copy; name, original path and URI are noted in the run. Files kept
with `matyan_client` (in the repository itself) are listed too.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from aim_compat._absent_members import with_absent_members
from aim_compat.errors import artifact_scheme_unsupported
from matyan_client.artifacts import Artifact as StoredArtifact
from matyan_client.artifacts import check_artifact_name

__all__ = ["Artifact", "copy_to_store", "files_of", "has_scheme"]


def has_scheme(uri: str) -> bool:
    """Whether a URI says of what kind it is."""
    return bool(urlsplit(uri).scheme)


def _directory(uri: str) -> Path:
    """The directory a file:// URI names.

    Raises:
        InvalidInputError: a URI of another kind (a ValueError).
    """
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise artifact_scheme_unsupported(parts.scheme)
    path = unquote(parts.netloc + parts.path)
    if os.name == "nt" and len(path) > 2 and path[0] == "/" and path[2] == ":":
        path = path[1:]
    return Path(path)


@with_absent_members("aim.sdk.objects.artifact.Artifact")
class Artifact:
    """A file kept with a run.

    Attributes:
        name: its name in the run.
        path: where it was when it was logged.
        uri: where the copy is.
    """

    AIM_NAME = "aim.artifact"

    def __init__(
        self,
        path: str,
        *,
        uri: str,
        name: str | None = None,
        stored: StoredArtifact | None = None,
    ) -> None:
        self.path = path
        self.uri = uri
        self.name = os.path.basename(path) if name is None else name
        self._stored = stored

    def download(self, dest_dir: str | os.PathLike[str]) -> str:
        """Copy it to `dest_dir` under its own file name; returns that path.

        Raises:
            FileNotFoundError: the copy is gone.
            InvalidInputError: its URI is of a kind we cannot read.
        """
        if self._stored is not None:
            return self._stored.download(dest_dir)
        directory = Path(dest_dir)
        directory.mkdir(parents=True, exist_ok=True)
        target = directory / PurePosixPath(self.name).name
        shutil.copyfile(_directory(self.uri), target)
        return str(target)

    def __repr__(self) -> str:
        return f"<Artifact {self.name!r} at {self.uri!r}>"


def copy_to_store(source: str, name: str, run_uri: str) -> dict[str, Any]:
    """Copy a file below a run's artifact URI; returns what is to be noted of it.

    Raises:
        FileNotFoundError, IsADirectoryError: there is no such file.
        InvalidInputError: a name that could leave the store, or a URI of a kind we do not have.
    """
    checked = check_artifact_name(name)
    target = _directory(run_uri) / checked
    with open(source, "rb"):  # so that nothing is made for a file that is not there
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return {"path": source, "uri": f"{run_uri}/{checked}"}


def files_of(noted: dict[str, Any], stored: dict[str, StoredArtifact]) -> dict[str, Artifact]:
    """All artifacts of a run by name: those noted in it, and those in the repository."""
    found = {
        name: Artifact(artifact.path, uri=artifact.uri, name=name, stored=artifact)
        for name, artifact in stored.items()
    }
    for name, note in noted.items():
        found[name] = Artifact(str(note.get("path")), uri=str(note.get("uri")), name=name)
    return found
