"""The real servers of the published release, which `matyan-stack` runs.

It lies beside the project, in `shared/` (or where MATYAN_SHARED says), and needs Python 3.12 and
Linux. Where it is not there, what needs it says NOT RUN; where it is there it has to start.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from matyan_client.protocol.streams import Decoder

__all__ = ["Stack", "running_stack"]

_ROOT = Path(__file__).resolve().parents[2]
# Read now: no test sees a MATYAN_ variable.
_SHARED = Path(os.environ.get("MATYAN_SHARED") or _ROOT.parent / "shared")
_FIRST_PORT = 54600


@contextmanager
def running_stack(state: Path) -> Iterator[Stack]:
    """The real servers, with an empty database.

    Where they cannot be, the test is skipped, and the reason begins with NOT RUN; in CI it fails.

    Args:
        state: folder for their database and logs.
    """
    script = _SHARED / "matyan-stack" / "matyan-stack"
    missing = ""
    if not script.is_file():
        missing = f"NOT RUN: the real servers are not at {script}. MATYAN_SHARED says where."
    elif (sys.platform, platform.machine()) != ("linux", "x86_64"):
        missing = "NOT RUN: the real servers run on Linux on x86-64 only."
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing + " In CI they have to run.")
    if missing:
        pytest.skip(missing)
    stack = Stack(script, state)
    stack.up()
    try:
        yield stack
    finally:
        stack.down()


class Stack:
    """One deployment of the real servers.

    Args:
        script: what runs them.
        state: folder for their database and logs.
    """

    def __init__(self, script: Path, state: Path) -> None:
        self._script = script
        self._state = state
        self.backend_url = ""
        self.frontier_url = ""
        self.environment: dict[str, str] = {}

    def up(self) -> None:
        """Start everything, in an environment of its own, which is made if it is not there."""
        self._call("setup", timeout_s=600)
        self._call("up", "--state", str(self._state), "--port-base", str(_free_ports()))
        for line in self._call("env", "--state", str(self._state), "--all").splitlines():
            name, equals, value = line.removeprefix("export ").partition("=")
            if equals:
                self.environment[name] = shlex.split(value)[0] if value else ""
        self.backend_url = self.environment["MATYAN_BACKEND_URL"]
        self.frontier_url = self.environment["MATYAN_FRONTIER_URL"]

    def down(self) -> None:
        """Stop everything and remove what it kept."""
        self._call("down", "--state", str(self._state), "--wipe")

    def wait_until_stored(self) -> None:
        """Until all that reached Kafka is in the database.

        The worker may have committed one more message of a partition than the broker counts, which
        then stays so: fewer than none are none.
        """
        for _ in range(20):
            said = self._call("lag", "--state", str(self._state), "--wait", "3", also=(4,))
            if int(said) <= 0:
                return
        raise RuntimeError(f"The ingestion worker is still {said.strip()} messages behind.")

    def client_python(self) -> str:
        """The Python that has the published client."""
        code = "import sys; print(sys.executable)"
        return self._call("run", "--state", str(self._state), "--", "python", "-c", code).strip()

    def wipe(self) -> None:
        """Hide and delete all runs, and delete experiments and tags."""
        hashes = self.hashes()
        if hashes:
            self.rest("POST", "/runs/delete-batch/", hashes)
        for kind in ("experiments", "tags"):
            for one in self.rest("GET", f"/{kind}/"):
                self.rest("DELETE", f"/{kind}/{one['id']}/")

    def hashes(self) -> list[str]:
        """The runs there are, archived ones included."""
        query = {
            "q": "run.archived == True or run.archived == False",
            "exclude_params": "true",
            "exclude_traces": "true",
            "report_progress": "false",
        }
        decoder = Decoder()
        with self._open("GET", f"/runs/search/run/?{urlencode(query)}") as answer:
            records = decoder.feed(answer.read())
        return list(dict.fromkeys(str(record.path[0]) for record in records))

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """One JSON request to the backend."""
        with self._open(method, path, body) as answer:
            return json.loads(answer.read() or b"null")

    def _open(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.backend_url}/api/v1/rest{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        return urllib.request.urlopen(request, timeout=60)

    def _call(self, *arguments: str, timeout_s: float = 120, also: Sequence[int] = ()) -> str:
        done = subprocess.run(
            [sys.executable, str(self._script), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode and done.returncode not in also:
            raise RuntimeError(
                f"matyan-stack {' '.join(arguments)} ended with {done.returncode}:\n"
                f"{done.stdout}{done.stderr}"
            )
        return done.stdout


def _free_ports() -> int:
    """The first of four free ports in a row."""
    for base in range(_FIRST_PORT, _FIRST_PORT + 4000, 10):
        try:
            for port in range(base, base + 4):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return base
    raise RuntimeError(f"No four free ports in a row from {_FIRST_PORT} on.")
