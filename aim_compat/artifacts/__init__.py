"""Where artifacts go: one class for each kind of store, and which URI scheme means which (M03).

Files of a run are at `<uri>/<run hash>/<name>`. Users register stores of their own for a scheme.
"""

from __future__ import annotations

from aim_compat.artifacts.base import AbstractArtifactStorage
from aim_compat.artifacts.filesystem import FilesystemArtifactStorage
from aim_compat.artifacts.registry import ArtifactStorageRegistry, registry
from aim_compat.artifacts.s3 import (
    S3ArtifactStorage,
    S3ArtifactStorage_clientconfig,
    S3ArtifactStorage_factory,
)

ArtifactStorage = AbstractArtifactStorage

__all__ = [
    "AbstractArtifactStorage",
    "ArtifactStorage",
    "ArtifactStorageRegistry",
    "FilesystemArtifactStorage",
    "S3ArtifactStorage",
    "S3ArtifactStorage_clientconfig",
    "S3ArtifactStorage_factory",
    "registry",
]
