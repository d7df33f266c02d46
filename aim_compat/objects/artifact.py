"""Aim's Artifact: a file kept with a run, at a URI of the user's choice (behaviour M03)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject

if TYPE_CHECKING:
    import os

    from matyan_client.artifacts import Artifact as StoredArtifact

__all__ = ["Artifact", "StoredInRepository"]


@CustomObject.alias("aim.artifact")
class Artifact(CustomObject):
    """A file at `<uri>/<name>`; what is known of it is stored with the run, the file is not.

    Args:
        path: where the file is, or was when it was logged.
        uri: below what its copy is kept.
        name: its name there, a relative path; None: the file's own name.
        **metadata: more to keep in `storage`.
    """

    AIM_NAME: ClassVar[str] = "aim.artifact"

    def __init__(
        self, path: str | os.PathLike[str], *, uri: str, name: str | None = None, **metadata: Any
    ) -> None:
        super().__init__()
        source = Path(path)
        name = source.name if name is None else name
        self.storage["name"] = name
        self.storage["path"] = source.as_posix()
        self.storage["base_uri"] = uri
        self.storage["uri"] = f"{uri.rstrip('/')}/{name}"
        for key, value in metadata.items():
            self.storage[key] = value

    @property
    def name(self) -> str:
        """Its name in the run."""
        name: str = self.storage["name"]
        return name

    @property
    def path(self) -> str:
        """Where it was when it was logged."""
        path: str = self.storage["path"]
        return path

    @property
    def uri(self) -> str:
        """Where the copy is."""
        uri: str = self.storage["uri"]
        return uri

    def upload(self, block: bool = False) -> None:
        """Copy the file to its URI.

        Args:
            block: return only when it is there; stores over the network upload in the background.

        Raises:
            OSError: the file cannot be read.
            ValueError: a name that could leave the store, or a URI scheme nobody registered.
            MissingDependencyError: the library for this kind of store is not installed.
        """
        self._store().upload_artifact(self.path, artifact_path=self.name, block=block)

    def download(self, dest_dir: str | os.PathLike[str]) -> str:
        """Copy it to `dest_dir` under its own file name; returns that path.

        Raises:
            FileNotFoundError: the copy in a directory is gone; other stores have their own errors.
        """
        path: str = self._store().download_artifact(self.name, dest_dir=dest_dir)
        return path

    def _store(self) -> Any:
        from aim_compat.artifacts import registry

        return registry.get_storage(self.storage["base_uri"])


class StoredInRepository(Artifact):
    """A file that `matyan_client` keeps in the repository itself.

    Args:
        stored: the file.
    """

    def __init__(self, stored: StoredArtifact) -> None:
        super().__init__(stored.path, uri=stored.uri, name=stored.name)
        self.storage["uri"] = stored.uri
        self._stored = stored

    def upload(self, block: bool = False) -> None:
        """Nothing to do: it is in the repository."""

    def download(self, dest_dir: str | os.PathLike[str]) -> str:
        """Copy it to `dest_dir` under its own file name; returns that path."""
        return self._stored.download(dest_dir)
