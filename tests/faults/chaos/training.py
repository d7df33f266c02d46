"""Training processes: started, talked to, ended; and what must be found of what they tracked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from chaos.deployments import Deployment, matyan_client, wait_for
from chaos.reading import Reader

__all__ = ["Sitting", "Training"]

HERE = Path(__file__).resolve().parent

FACTS = ("server.json", "recovering")
"""Files of a spool that hold nothing that was tracked."""

PREAMBLE = """
import os, signal, sys, threading, time
from chaos.tracked import Tracked, pause, say, value
from matyan_client import Run
QUIET = {"capture_terminal_logs": False}
"""


class Training:
    """One process. It writes lines and waits for lines; what it says on stderr is kept."""

    def __init__(self, script: str, *arguments: object, env: dict[str, str], errors: Path) -> None:
        self.errors = errors
        with errors.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PREAMBLE + textwrap.dedent(script), *map(str, arguments)],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=errors.parent,
                text=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self, expected: str | None = None) -> str:
        """The next line of its output."""
        assert self._process.stdout is not None
        found = self._process.stdout.readline().rstrip("\n")
        if expected is not None and found != expected:
            raise AssertionError(f"{found!r} instead of {expected!r}:\n{self.complaints()}")
        return found

    def go(self) -> None:
        """Let it go on from a pause."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self.end(-9)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, code: int = 0, timeout_s: float = 75.0) -> str:
        """Wait for its end, which must be with this code; returns what else it wrote."""
        try:
            rest, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"It did not end within {timeout_s:.0f} s:\n{self.complaints()}"
            ) from None
        if self._process.returncode != code:
            raise AssertionError(
                f"It ended with {self._process.returncode}, not {code}:\n{self.complaints()}"
            )
        return rest

    def complaints(self) -> str:
        """All of stderr."""
        return self.errors.read_text(errors="replace")

    def clean_up(self) -> None:
        """Leave no process behind."""
        with self._process:
            self._process.kill()


class Sitting:
    """Training processes of one test: their server, their spool, their notes."""

    def __init__(self, place: Path, backend_url: str, frontier_url: str) -> None:
        self.place = place
        self.spool = place / "spool"
        self.backend_url = backend_url
        self.frontier_url = frontier_url
        self.settings = {
            "MATYAN_CLOSE_TIMEOUT_S": "60",
            "MATYAN_ACK_TIMEOUT_S": "30",
            "MATYAN_CONNECT_TIMEOUT_S": "5",
        }
        self.trainings: list[Training] = []

    def env(self, **more: str) -> dict[str, str]:
        """What the processes get."""
        clean = {
            name: text
            for name, text in os.environ.items()
            if not name.strip("_").startswith(("AIM_", "MATYAN_", "PYTHON"))
        }
        return {
            **clean,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(HERE.parent),
            "MATYAN_BACKEND_URL": self.backend_url,
            "MATYAN_FRONTIER_URL": self.frontier_url,
            "MATYAN_JOURNAL_DIR": str(self.spool),
            "FAULT_NOTES": str(self.place / "notes"),
            **self.settings,
            **more,
        }

    def train(self, script: str, *arguments: object, **env: str) -> Training:
        """Start a training."""
        errors = self.place / f"stderr-{len(self.trainings)}"
        training = Training(script, *arguments, env=self.env(**env), errors=errors)
        self.trainings.append(training)
        return training

    def sync(self, code: int = 0, **env: str) -> str:
        """`matyan-client sync`; returns what it wrote."""
        done = subprocess.run(
            matyan_client("sync"),
            env=self.env(**env),
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
            cwd=self.place,
        )
        assert done.returncode == code, f"sync: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def notes(self) -> list[dict[str, Any]]:
        """What was noted, in order; a last line cut short by a kill is none."""
        path = self.place / "notes"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def left(self) -> list[str]:
        """What is still in the spool. Facts about the deployment do not count, nor does a copy
        that its process did not live to complete: it is made anew, and removed when it is old."""
        return sorted(
            str(path.relative_to(self.spool))
            for path in self.spool.rglob("*")
            if path.is_file() and path.name not in FACTS and not path.name.startswith("incoming-")
        )

    def complaints(self) -> str:
        """Everything the processes said on stderr."""
        return "".join(training.complaints() for training in self.trainings)

    def clean_up(self) -> None:
        for training in self.trainings:
            training.clean_up()

    # -- what must be there ----------------------------------------------------------------------

    def check(self, deployment: Deployment, *, surplus: int = 0, active: bool = False) -> None:
        """Everything that was noted is there once and whole, and nothing is left behind.

        Args:
            deployment: where it must be.
            surplus: how many points may be there that were not noted: one a killed process.
            active: whether the runs are to be active still.
        """
        wait_for(f"an empty spool, not {self.left()}", lambda: not self.left(), 30.0)
        deployment.settle()
        reader = Reader(deployment.backend_url)
        notes = self.notes()
        assert notes
        extra = 0
        for run_hash in {note["run"] for note in notes}:
            mine = [note for note in notes if note["run"] == run_hash]
            info = reader.info(run_hash)
            assert info is not None, f"run {run_hash} is not there"
            assert info["props"]["active"] is active, f"active: {info['props']}"
            extra += _check_points(reader, run_hash, mine)
            _check_rest(reader, run_hash, mine, info, exactly=deployment.name == "own")
        assert extra <= surplus, f"{extra} points that nobody noted"


def _check_points(reader: Reader, run_hash: str, notes: list[dict[str, Any]]) -> int:
    expected: dict[str, dict[int, float]] = {}
    for note in notes:
        if note["kind"] == "point":
            expected.setdefault(note["name"], {})[note["step"]] = note["value"]
        elif note["kind"] == "automatic":
            series = expected.setdefault(note["name"], {})
            series[max(series, default=-1) + 1] = note["value"]
    extra = 0
    for name, series in expected.items():
        found = reader.points(run_hash, name)
        steps = [step for step, _ in found]
        assert len(steps) == len(set(steps)), f"{name}: a step is there twice"
        there = dict(found)
        missing = sorted(set(series) - set(there))
        assert not missing, f"{name}: {len(missing)} of {len(series)} missing: {missing[:10]}…"
        wrong = {step: there[step] for step in series if there[step] != series[step]}
        assert not wrong, f"{name}: {len(wrong)} wrong: {list(wrong.items())[:5]}…"
        extra += len(there) - len(series)
    return extra


def _check_rest(
    reader: Reader,
    run_hash: str,
    notes: list[dict[str, Any]],
    info: dict[str, Any],
    *,
    exactly: bool,
) -> None:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for note in notes:
        by_kind.setdefault(note["kind"], []).append(note)
    for note in by_kind.get("param", []):
        assert info["params"][note["name"]] == note["value"]
    for name in {note["name"] for note in by_kind.get("text", [])}:
        mine = {note["step"]: note["value"] for note in by_kind["text"] if note["name"] == name}
        assert mine.items() <= reader.texts(run_hash, name).items()
    for name in {note["name"] for note in by_kind.get("image", [])}:
        found = reader.images(run_hash, name)
        for note in by_kind["image"]:
            if note["name"] == name:
                whole = Path(note["value"]).read_bytes()
                assert found[note["step"]] == whole, f"image {name} {note['step']}"
    for note in by_kind.get("artifact", []):
        assert reader.artifact(run_hash, note["name"]) == Path(note["value"]).read_bytes()
    records = [note["value"] for note in by_kind.get("record", [])]
    there = [message for message in reader.log_messages(run_hash) if message in set(records)]
    if not exactly:
        # A real server cannot know a record again that it is sent twice (4.6).
        there = list(dict.fromkeys(there))
    assert there == records, f"log records: {there} instead of {records}"
