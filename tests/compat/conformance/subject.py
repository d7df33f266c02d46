"""The module under test: real Aim, or the drop-in. Nothing else knows how the two differ.

Real Aim needs two services that the drop-in does not: folding finished runs into the index that
its readers use (behaviour R07), and a repository made beforehand, since making one costs Aim a
second of schema migrations.
"""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from conformance.backend import DEFAULT_BACKEND, Backend

__all__ = ["AIM", "SHIM", "MissingSubjectError", "Subject", "open_subject"]

AIM = "aim"
SHIM = "aim_compat"
AIM_VERSION = "3.29.1"


class MissingSubjectError(RuntimeError):
    """The module under test is not there, or is not the version the goldens are about."""


@dataclass
class Subject:
    """One module under test."""

    name: str
    module: ModuleType
    version: str
    template: Path | None = None
    backend: Backend = DEFAULT_BACKEND

    @property
    def is_original(self) -> bool:
        """True for real Aim."""
        return self.name == AIM

    def submodule(self, name: str) -> ModuleType:
        """The subject's counterpart of `aim.<...>`."""
        if name != AIM and not name.startswith(f"{AIM}."):
            raise ValueError(f"{name!r} is not a module of Aim.")
        return importlib.import_module(self.name + name[len(AIM) :])

    def prepare(self, directory: str, scratch: Path) -> None:
        """Make an empty repository in a directory."""
        if not self.is_original:
            self.module.Repo.from_path(directory, init=True)
            return
        if self.template is None:
            self.template = scratch / "template"
            self.module.Repo.from_path(str(self.template), init=True)
        shutil.copytree(self.template / ".aim", Path(directory, ".aim"))

    def sync(self, directory: str) -> None:
        """Make what was written readable."""
        gc.collect()
        if not self.is_original:
            return
        repo = self.module.Repo.from_path(directory)
        # Aim's own index manager does the same, and holds an inotify instance for each repository
        index = repo._get_index_tree("meta", 0).view(())
        for run_hash in sorted(os.listdir(os.path.join(repo.path, "meta", "chunks"))):
            chunks = repo.request_tree(
                "meta", run_hash, read_only=True, skip_read_optimization=True
            )
            chunks.subtree(("meta", "chunks", run_hash)).finalize(index=index)
        repo.container_pool.clear()
        self.look_again(directory)

    def look_again(self, directory: str) -> None:
        """Have the subject look which runs there are: Aim remembers that for half a second."""
        if self.is_original:
            self.module.Repo.from_path(directory)._all_run_hashes.cache_clear()


def open_subject(name: str) -> Subject:
    """Import the module under test.

    Raises:
        MissingSubjectError: it cannot be imported, or Aim is of another version.
    """
    try:
        with warnings.catch_warnings():
            if name == AIM:
                # its dependencies have moved on since
                warnings.simplefilter("ignore")
            module = importlib.import_module(name)
    except ImportError as error:
        raise MissingSubjectError(
            f"The module under test, {name!r}, cannot be imported: {error}. "
            f"Real Aim is wanted in an environment of its own with aim=={AIM_VERSION}."
        ) from error
    if name == AIM:
        version = importlib.import_module("aim.__version__").__version__
        if version != AIM_VERSION:
            raise MissingSubjectError(
                f"Aim {version!r} is installed; the suite is about {AIM_VERSION}."
            )
    else:
        version = _installed_version()
    return Subject(name, module, version)


def _installed_version() -> str:
    from importlib import metadata

    try:
        return metadata.version("matyan-client")
    except metadata.PackageNotFoundError:
        return "(not installed)"
