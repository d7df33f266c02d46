"""`aim.pytorch_lightning`: the logger for PyTorch Lightning."""

from __future__ import annotations

from pathlib import Path

from aim_compat.adapters._runs import AimRuns
from aim_compat.locations import locate
from aim_compat.repo import Repo
from matyan_client.adapters.pytorch_lightning import MatyanLogger

__all__ = ["AimLogger"]


class AimLogger(AimRuns, MatyanLogger):
    """See `matyan_client.adapters.pytorch_lightning.MatyanLogger`."""

    def _repo_directory(self) -> Path | None:
        repo = self._repo_path
        where = repo.path if isinstance(repo, Repo) else locate(repo)
        return None if "://" in where else Path(where)
