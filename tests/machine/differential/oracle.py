"""Real Aim in a process of its own: `python -m differential.oracle` serves, `Oracle` asks.

Calls and answers are pickles over pipes between two processes of ours, each after its length. The
storage engine of real Aim is native code that can take its process down or stand still; either is
an `OracleLostError`, and the next example gets a new process.
"""

from __future__ import annotations

import os
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["Oracle", "OracleLostError"]

_LENGTH = struct.Struct(">I")
_PROTOCOL = 4
_ANSWER_WITHIN_S = 15.0


class OracleLostError(RuntimeError):
    """The process of real Aim died or stopped answering."""


class OracleFailedError(AssertionError):
    """A call could not be carried out on real Aim outside of any observation: a wrong driver."""


class Oracle:
    """Asks real Aim, in a process that is started when needed and again after it was lost."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self.lost = 0
        """How often the process was lost."""
        self.lost_at = ""
        """What it was asked when it was lost last."""
        self.version = str(self._ask("version"))

    def begin(self) -> None:
        """An empty repository."""
        self._ask("begin")

    def do(self, call: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry out a call of a `Driver`; what was seen, by label."""
        seen: dict[str, Any] = self._ask("do", call, arguments)
        return seen

    def kill(self) -> None:
        """End the process as if it had died."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, *request: Any) -> Any:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(_ANSWER_WITHIN_S, process.kill)
        watch.start()
        try:
            _send(process.stdin, request)
            fine, answer = _receive(process.stdout)
        except (OSError, EOFError) as error:
            self.lost += 1
            self.lost_at = repr(request)
            self.close()
            raise OracleLostError(f"Real Aim was lost at {request!r}.") from error
        finally:
            watch.cancel()
        if not fine:
            raise OracleFailedError(f"{request!r} on real Aim:\n{answer}")
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        here = Path(__file__).parents[1]
        path = os.pathsep.join([str(here), str(here.parent / "compat")])
        return subprocess.Popen(
            [self._python, "-W", "ignore", "-m", "differential.oracle"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )


def _send(pipe: BinaryIO, content: Any) -> None:
    data = pickle.dumps(content, protocol=_PROTOCOL)
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def _receive(pipe: BinaryIO) -> Any:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def serve(requests: BinaryIO, answers: BinaryIO, scratch: Path) -> None:
    """Answer requests until there are no more."""
    import traceback

    from conformance.subject import AIM, open_subject

    from differential.driver import Driver

    subject = open_subject(AIM)
    driver: Driver | None = None
    while True:
        try:
            what, *arguments = _receive(requests)
        except EOFError:
            return
        try:
            if what == "version":
                answer: Any = subject.version
            elif what == "begin":
                if driver is not None:
                    driver.finish()
                    shutil.rmtree(driver.directory, ignore_errors=True)
                directory = Path(tempfile.mkdtemp(dir=scratch))
                driver, answer = Driver(subject, directory, scratch), None
            else:
                assert driver is not None
                answer = driver.do(*arguments)
        except Exception:  # noqa: BLE001  # told to the one who asked
            _send(answers, (False, traceback.format_exc()))
        else:
            _send(answers, (True, answer))


def main() -> None:
    """Serve on the real stdout; whatever else is printed goes nowhere."""
    with os.fdopen(os.dup(1), "wb") as answers, open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        scratch = Path(tempfile.mkdtemp(prefix="oracle"))
        try:
            serve(sys.stdin.buffer, answers, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
