"""What makes an adapter of `matyan_client` record in a run that scripts know from Aim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aim_compat.locations import locate
from aim_compat.repo import Repo
from aim_compat.run import Run
from matyan_client.adapters._lifecycle import RunAdapter
from matyan_client.adapters._values import storable
from matyan_client.exceptions import MatyanError

__all__ = ["AimRuns"]


class AimRuns(RunAdapter):
    """Put before an adapter's class: `adapter.experiment` is an `aim_compat.Run`."""

    def _open_run(self, run_hash: str | None, **options: Any) -> Run:
        return Run(run_hash, **options)

    def _write_param(self, run: Run, path: tuple[str | int, ...], value: Any) -> None:
        """Set a param as Aim's adapters do: what it cannot store becomes its `repr()` (P06)."""
        try:
            run.set(path, value, strict=False)
        except MatyanError:
            run.set(path, storable(value), strict=False)

    def _repo_directory(self) -> Path | None:
        """Where the runs are, unless that is a deployment."""
        repo = self._repo_path
        where = repo.path if isinstance(repo, Repo) else locate(repo)
        return None if "://" in where else Path(where)
