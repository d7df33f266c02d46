"""What loggers, as Lightning and Ignite have them, share beyond `_lifecycle.py`."""

from __future__ import annotations

from typing import Any

from matyan_client.adapters._lifecycle import RunAdapter
from matyan_client.repo import Repo

__all__ = ["LoggerAdapter"]


class LoggerAdapter(RunAdapter):
    """An adapter that says where and as what it records."""

    @property
    def save_dir(self) -> str | None:
        """The repository's directory; None if it is remote."""
        directory = self._repo_directory()
        return None if directory is None else str(directory)

    def _repo_directory(self) -> Any:
        repo = self._repo_path
        return (repo if isinstance(repo, Repo) else Repo(repo)).path

    @property
    def name(self) -> str | None:
        """The experiment's name."""
        return self._experiment_name

    @property
    def version(self) -> str | None:
        """The run's hash; None where nothing is recorded."""
        run_hash: str | None = self.experiment.hash
        return run_hash
