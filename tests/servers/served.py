"""Our server in a child process, with as many repositories as a test wants."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ServedRepositories"]

_HERE = Path(__file__).parent


class ServedRepositories:
    """A process that serves directories; started at the first one, ended by `stop`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._origin = ""
        self._numbers = itertools.count()

    @contextmanager
    def serving(self, directory: str) -> Iterator[str]:
        """Serve the repository of a directory; gives its URL, which ends in that name."""
        self._start()
        token = f"{next(self._numbers)}/{Path(directory).name}"
        self._ask("PUT", token, str(Path(directory, ".matyan")))
        try:
            yield f"{self._origin}/{token}"
        finally:
            self._ask("DELETE", token)

    def stop(self) -> None:
        """End the process; what is served ends with it."""
        process, self._process = self._process, None
        if process is not None:
            with process:  # closes its stdin, by which it knows
                pass

    def _start(self) -> None:
        if self._process is not None:
            return
        root = _HERE.parents[1]
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / "hosting.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
            cwd=root,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"The server ended at once, with {self._process.wait()}.")
        self._origin = f"http://127.0.0.1:{port}"

    def _ask(self, method: str, token: str, body: str = "") -> None:
        request = urllib.request.Request(
            f"{self._origin}/{token}", data=body.encode(), method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
