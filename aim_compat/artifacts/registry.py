"""Which artifact store an URI scheme means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.artifacts.filesystem import FilesystemArtifactStorage
from aim_compat.artifacts.remote_files import FsspecArtifactStorage, reaches
from aim_compat.artifacts.s3 import S3ArtifactStorage
from aim_compat.errors import artifact_scheme_unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ArtifactStorageRegistry", "registry"]

_STORES_MAX = 100


class ArtifactStorageRegistry:
    """URI scheme to class of artifact store; `registry` is the one that counts.

    Attributes:
        registry: the classes by scheme; may be changed in place.
    """

    def __init__(self) -> None:
        self.registry: dict[str, Callable[[str], Any]] = {}
        self._made: dict[tuple[Callable[[str], Any], str], Any] = {}

    def register(self, name: str, storage: Callable[[str], Any]) -> None:
        """Make a scheme mean a class of stores.

        Raises:
            AssertionError: it means one already; change `registry.registry` to replace it.
        """
        assert name not in self.registry, f"scheme {name!r} is registered already"
        self.registry[name] = storage

    def get_storage(self, url: str) -> Any:
        """The store a URL is below; the same one for the same URL and class.

        Raises:
            InvalidInputError: a scheme nobody registered and fsspec does not reach (a ValueError).
            MissingDependencyError: the library behind a scheme is not installed.
        """
        scheme = url.partition("://")[0].lower() if "://" in url else ""
        kind = self.registry.get(scheme)
        if kind is None:
            if not reaches(scheme):
                raise artifact_scheme_unsupported(scheme)
            kind = FsspecArtifactStorage
        store = self._made.get((kind, url))
        if store is None:
            store = kind(url)
            if len(self._made) >= _STORES_MAX:
                self._made.pop(next(iter(self._made)))
            self._made[kind, url] = store
        return store


registry = ArtifactStorageRegistry()
registry.register("s3", S3ArtifactStorage)
registry.register("file", FilesystemArtifactStorage)
