"""Aim's upkeep of a repository, as code calls it: index, locks, format of metrics.

Nothing of it is needed here: what was written is readable at once, runs are not locked, and there
is one format. The calls are there, so that scripts that make them go on (closeness 4).
"""

from __future__ import annotations

import enum
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat._absent_members import with_absent_members
from aim_compat.base_run import BaseRun

if TYPE_CHECKING:
    import datetime as dt

    from aim_compat.repo import Repo

__all__ = [
    "LockInfo",
    "LockManager",
    "LockType",
    "LockingVersion",
    "MaintenanceRun",
    "RepoIndexManager",
    "RunLock",
    "SFRunLock",
    "prune",
]


def prune(repo: Repo) -> None:
    """Nothing to remove: what belonged to a deleted run went with it."""
    repo.prune()


class MaintenanceRun(BaseRun):
    """A stored run whose metrics may need another format; here they never do.

    Args:
        run_hash: hash of the run.
        repo: path, URL or `Repo`; None: the default repository.

    Raises:
        MissingRunError: no run has this hash.
    """

    def __init__(self, run_hash: str, repo: Any = None) -> None:
        super().__init__(run_hash, repo)


@with_absent_members("aim.sdk.index_manager.RepoIndexManager")
class RepoIndexManager:
    """The index of a repository, which is always up to date.

    Args:
        repo: the repository.
    """

    index_manager_pool: ClassVar[dict[str, RepoIndexManager]] = {}

    @classmethod
    def get_index_manager(cls, repo: Repo) -> RepoIndexManager:
        """The one of a repository."""
        return cls.index_manager_pool.setdefault(repo.path, cls(repo))

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.repo_path = repo.path

    def start(self) -> None:
        """Nothing to watch."""

    def stop(self) -> None:
        """Nothing is watched."""

    def add_run_to_queue(self, run_hash: str) -> None:
        """Nothing to wait for."""

    def index(self, run_hash: str) -> bool:
        """True: what the run has is readable already."""
        return True


class LockingVersion(enum.Enum):
    """Generations of Aim's locks."""

    LEGACY = 0
    NEW = 1


class LockType(enum.Enum):
    """Kinds of Aim's locks."""

    SOFT_LOCK = 0
    UNIX_LOCK = 1


@dataclass(frozen=True)
class LockInfo:
    """Whether a run is locked."""

    run_hash: str
    locked: bool = False
    version: LockingVersion | None = LockingVersion.NEW
    type: LockType | None = LockType.SOFT_LOCK
    created_at: dt.datetime | None = None

    def age(self, to: dt.datetime | None = None) -> str:
        """How long it is locked already: not at all."""
        return "N/A"


class RunLock:
    """A lock that is free whenever it is wanted."""

    def lock(self, force: bool = False) -> None:
        """Nothing to wait for: a second writer of a run is welcome."""

    def release(self, force: bool = False) -> None:
        """Nothing is held."""


class SFRunLock(RunLock):
    """The lock of one run.

    Args:
        lock_manager: where it is from.
        run_hash: hash of the run.
        path: where Aim would put its file.
        timeout: taken and not needed.
    """

    def __init__(self, lock_manager: LockManager, run_hash: str, path: Path, timeout: int) -> None:
        del lock_manager, path, timeout
        self.run_hash = run_hash


@with_absent_members("aim.sdk.lock_manager.LockManager")
class LockManager:
    """Locks of runs; there are none.

    Args:
        repo_path: path of the repository.
    """

    machine_id = uuid.getnode()
    pid = os.getpid()

    def __init__(self, repo_path: str | os.PathLike[str]) -> None:
        self.repo_path = Path(repo_path)

    @staticmethod
    def softlock_fname(name: str) -> str:
        """What Aim would call the file of a lock."""
        return f"{name}.softlock"

    def get_run_lock_info(self, run_hash: str) -> LockInfo:
        """That the run is not locked."""
        return LockInfo(run_hash, version=None, type=None)

    def get_run_lock(self, run_hash: str, timeout: int = 10) -> RunLock:
        """A lock that is free."""
        return SFRunLock(self, run_hash, self.repo_path / self.softlock_fname(run_hash), timeout)

    def release_locks(self, run_hash: str, force: bool) -> bool:
        """True: nothing is locked."""
        return True
