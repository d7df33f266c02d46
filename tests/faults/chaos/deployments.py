"""Servers to track to, and what can happen to them: killed, frozen, started again.

`OwnServer` is `matyan-client server`; `Stack` is the real Matyan, run by the script
`matyan-stack` (its README says how). Both look alike to a test.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

__all__ = ["Deployment", "OwnServer", "Stack", "free_port", "matyan_client", "wait_for"]


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(
    what: str, look: Callable[[], object], timeout_s: float = 60.0, every_s: float = 0.05
) -> None:
    """Call `look` until it returns something true; how soon does not matter."""
    deadline = time.monotonic() + timeout_s
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(every_s)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5.0) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def matyan_client(*arguments: str) -> list[str]:
    """The command line of this environment's `matyan-client`."""
    return [
        sys.executable,
        "-c",
        "import sys; from matyan_client.cli import main; sys.exit(main())",
        *arguments,
    ]


class Deployment(Protocol):
    """What a test may do to a deployment. What takes writes is called the front."""

    name: str
    backend_url: str
    frontier_url: str

    def start(self) -> None:
        """Start the front again, with what it had stored."""
        ...

    def kill(self) -> None:
        """SIGKILL the front."""
        ...

    def stop(self) -> None:
        """Stop the front as an administrator would."""
        ...

    def freeze(self) -> None:
        """Let the front be there, and do nothing."""
        ...

    def thaw(self) -> None:
        """Let a frozen front go on."""
        ...

    def settle(self) -> None:
        """Return when what was acknowledged can be read."""
        ...


class OwnServer:
    """`matyan-client server` on a port of its own."""

    name = "own"

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self.directory = directory
        self.port = free_port() if port is None else port
        self.backend_url = self.frontier_url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again, and wait until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                matyan_client(
                    "server", "--host", "127.0.0.1", "--port", str(self.port), str(self.directory)
                ),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for("the server's health", self._is_up)

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            log = (self.directory / "server.log").read_text(errors="replace")
            raise RuntimeError(f"The server ended with {self._process.returncode}:\n{log[-3000:]}")
        return answers(f"{self.backend_url}/health/live/")

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def settle(self) -> None:
        """It acknowledges what is stored, and nothing else."""


class Stack:
    """The real servers. Their state is a directory; several stacks need several port bases."""

    name = "stack"

    def __init__(self, script: Path, state: Path, port_base: int) -> None:
        self.script = script
        self.state = state
        self.port_base = port_base
        self.backend_url = f"http://127.0.0.1:{port_base}"
        self.frontier_url = f"http://127.0.0.1:{port_base + 1}"

    def words(self, *words: str, check: bool = True) -> str:
        """Call the script."""
        done = subprocess.run(
            [str(self.script), *words, "--state", str(self.state)],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if check and done.returncode:
            raise RuntimeError(f"matyan-stack {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def up(self) -> None:
        """Start all of it, empty."""
        self.words("up", "--port-base", str(self.port_base))

    def down(self) -> None:
        """Stop all of it and forget what it had."""
        self.words("down", "--wipe", check=False)

    def start(self, name: str = "frontier") -> None:
        self.words("start", name)

    def kill(self, name: str = "frontier") -> None:
        self.words("stop", name, "--kill")

    def stop(self, name: str = "frontier") -> None:
        self.words("stop", name)

    def freeze(self, name: str = "frontier") -> None:
        self.words("signal", name, "STOP")

    def thaw(self, name: str = "frontier") -> None:
        self.words("signal", name, "CONT")

    def settle(self, timeout_s: float = 240.0) -> None:
        deadline = time.monotonic() + timeout_s
        # Fewer than none are none: see tests/servers/stack.py.
        while int(said := self.words("lag", "--wait", "3", check=False) or "1") > 0:
            if time.monotonic() > deadline:
                raise RuntimeError(f"The ingestion worker is still {said} messages behind.")

    @property
    def python(self) -> Path:
        """The interpreter of its environment, which has the published client."""
        cache = os.environ.get("MATYAN_STACK_CACHE")
        if not cache:
            home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
            cache = str(Path(home) / "matyan-stack")
        return Path(cache) / "venv" / "bin" / "python"
