"""Where the drop-in keeps what the cases write: one class for each backend.

A case is about a directory. A backend says what a script is to pass as `repo` for it, and may keep
something running as long as the case lasts. Real Aim has a storage of its own, in the directory.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

__all__ = ["BACKENDS", "DEFAULT_BACKEND", "Backend"]


class Backend(Protocol):
    """One way to keep repositories."""

    @property
    def name(self) -> str:
        """What `--backend` calls it."""

    def start(self) -> AbstractContextManager[None]:
        """What runs as long as the whole session."""

    def serving(self, directory: str) -> AbstractContextManager[str]:
        """Keep the repository of a directory; gives what a script passes as `repo`."""

    def serving_another(self, directory: str) -> AbstractContextManager[str]:
        """The same for a second repository beside that one."""


class Embedded:
    """A `.matyan` below the directory itself; nothing runs."""

    name = "embedded"

    @contextmanager
    def start(self) -> Iterator[None]:
        """See `Backend`."""
        yield

    @contextmanager
    def serving(self, directory: str) -> Iterator[str]:
        """See `Backend`."""
        yield directory

    serving_another = serving


class Served:
    """Our server, in a process of its own, over the `.matyan` below the directory."""

    name = "served"

    @contextmanager
    def start(self) -> Iterator[None]:
        """See `Backend`."""
        from servers.served import ServedRepositories

        self._server = ServedRepositories()
        try:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as self._journals:
                yield
        finally:
            self._server.stop()

    @contextmanager
    def serving(self, directory: str) -> Iterator[str]:
        """See `Backend`."""
        with (
            _variables(MATYAN_JOURNAL_DIR=self._journals),
            self._server.serving(directory) as url,
        ):
            try:
                yield url
            finally:
                _leave(url)

    serving_another = serving


class RealServers:
    """The published release's servers: one deployment for all cases, emptied between them.

    A second repository beside it cannot be told apart there; that one is embedded.
    """

    name = "stack"

    @contextmanager
    def start(self) -> Iterator[None]:
        """See `Backend`."""
        from servers.stack import running_stack

        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            self._journals = os.path.join(folder, "journals")
            with running_stack(Path(folder, "stack")) as self._stack:
                yield

    @contextmanager
    def serving(self, directory: str) -> Iterator[str]:
        """See `Backend`."""
        from matyan_client import Repo

        del directory
        url = self._stack.backend_url
        # What was not in the database yet when the case before ended may be there now.
        self._stack.wipe()
        with _variables(
            MATYAN_JOURNAL_DIR=self._journals,
            MATYAN_BACKEND_URL=url,
            MATYAN_FRONTIER_URL=self._stack.frontier_url,
        ):
            try:
                yield url
            finally:
                Repo(url).total_runs_count()  # waits until all is there that this process wrote
                _leave(url)
                self._stack.wipe()

    @contextmanager
    def serving_another(self, directory: str) -> Iterator[str]:
        """See `Backend`."""
        yield directory


def _leave(url: str) -> None:
    """Close what this process has open to a deployment: each case is to begin anew."""
    from matyan_client import Repo

    Repo(url).close()


@contextmanager
def _variables(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


DEFAULT_BACKEND: Backend = Embedded()
BACKENDS: dict[str, Backend] = {one.name: one for one in (DEFAULT_BACKEND, Served(), RealServers())}
