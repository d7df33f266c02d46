"""Frameworks as they are, on tiny models and made-up data: the same program on Aim and on us.

A program imports only aim, and trains something with a framework. It runs twice in this
environment, in processes and directories of its own: as `python program.py`, where aim is the real
one, and as `python -m aim_compat run program.py`. What tests/libraries/record.py then finds in both
repositories must be equal: runs, params, and of each series its steps, values and epochs.

At the end, a table says what was compared.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORD = str(ROOT / "tests" / "libraries" / "record.py")
AIM = ()
OURS = ("-m", "aim_compat", "run")
AIM_COMMAND = str(Path(sys.executable).with_name("aim"))
TIMEOUT_S = 240
RUN_SCRIPT = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"

Facts = dict[str, Any]
"""A run, as record.py tells: `params`, `sequences` (title to steps, values, epochs), and others."""

MEASURED = ("metric __system__",)
"""How titles of series begin that measure the machine: nothing of them is compared."""


@dataclass
class Row:
    """What was compared, for the table."""

    framework: str
    program: str
    equal: int
    differing: Mapping[str, str]
    aim_s: float
    ours_s: float


@dataclass
class Compared:
    """What a program recorded."""

    ours: list[Facts]
    aim: list[Facts] = field(default_factory=list)
    printed: str = ""
    """By the program on us: stdout and stderr."""
    directory: Path = Path()
    """Where the program ran on us."""


ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def python(*args: str, cwd: Path, env: Mapping[str, str] = {}, code: int = 0) -> str:
    """Run this environment's Python; what it prints."""
    quiet = {
        "PYTHONIOENCODING": "utf-8",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    done = subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=TIMEOUT_S,
        env={**os.environ, **quiet, **env},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def recorded(subject: Sequence[str], cwd: Path) -> list[Facts]:
    """The runs of the repository in this directory, oldest first."""
    if not any((cwd / name).exists() for name in (".aim", ".matyan")):
        return []
    if not subject:
        python(AIM_COMMAND, "storage", "--repo", ".", "reindex", "-y", cwd=cwd)
    done = subprocess.run(
        [sys.executable, *subject, RECORD], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["subject"] == ("aim_compat.run" if subject else "aim.sdk.run")
    runs: list[Facts] = report["runs"]
    return runs


def series(run: Facts) -> dict[str, Any]:
    """The series of a run that are compared, by title: `metric loss {"subset": "train"}`."""
    return {
        title: found for title, found in run["sequences"].items() if not title.startswith(MEASURED)
    }


@pytest.fixture
def summary() -> Callable[..., dict[str, tuple[int, int, Any]]]:
    """`summary(run, digits=6)`: how many points each series has, its last step and last value."""

    def summarize(run: Facts, digits: int = 6) -> dict[str, tuple[int, int, Any]]:
        found = {}
        for title, (steps, values, _) in series(run).items():
            last = values[-1]
            found[title] = (
                len(steps),
                steps[-1],
                float(f"{last:.{digits}g}") if isinstance(last, float) else last,
            )
        return found

    return summarize


@pytest.fixture
def record_ours(tmp_path: Path) -> Callable[..., Compared]:
    """`record_ours(program, *arguments)`: what it records on us; twice, and it goes on there.

    `launcher` is put between Python and what runs the program on us.
    """

    def run(
        program: str | Path, *arguments: str, launcher: Sequence[str] = (), **options: Any
    ) -> Compared:
        directory = tmp_path / "ours"
        directory.mkdir(exist_ok=True)
        command = (*launcher, *OURS, str(ROOT / program), *arguments)
        printed = python(*command, cwd=directory, **options)
        return Compared(recorded(OURS, directory), printed=printed, directory=directory)

    return run


@pytest.fixture
def compare(
    tmp_path: Path, request: pytest.FixtureRequest, record_ours: Callable[..., Compared]
) -> Callable[..., Compared]:
    """`compare(program, timed=..., better=...)`: run it on Aim and on us, and compare.

    Args:
        program: a path from the root of the repository.
        arguments: its command line.
        timed: how titles of series begin that measure time: their values are not compared.
        better: title of a series, or `params.` and a key, that differs for a reason; to the reason.
        repair: Python lines run first on Aim, where its adapter needs something that its framework
            no longer has under that name.
        varying: params that are different each time: only that they are there is compared.
    """

    def run(
        program: str,
        *arguments: str,
        timed: Sequence[str] = (),
        better: Mapping[str, str] = {},
        repair: str = "",
        varying: Sequence[str] = (),
    ) -> Compared:
        directory = tmp_path / "real"
        directory.mkdir()
        start = time.monotonic()
        first = ("-c", f"{repair}\n{RUN_SCRIPT}") if repair else ()
        python(*first, str(ROOT / program), *arguments, cwd=directory)
        aim_s = time.monotonic() - start
        start = time.monotonic()
        found = record_ours(program, *arguments)
        ours_s = time.monotonic() - start
        found.aim = recorded(AIM, directory)
        assert len(found.ours) == len(found.aim)
        equal, differing = 0, set()
        for ours, aim in zip(found.ours, found.aim, strict=True):
            for name in varying:
                aim["params"][name] = aim["params"][name] and ours["params"][name]
            same, different = differences(ours, aim, timed)
            equal += same
            differing |= different
        assert differing == set(better), (found.ours, found.aim)
        framework = Path(request.path).parent.name
        request.config.stash[ROWS].append(
            Row(framework, Path(program).name, equal, better, aim_s, ours_s)
        )
        return found

    return run


def differences(ours: Facts, aim: Facts, timed: Sequence[str]) -> tuple[int, set[str]]:
    """How many series are equal, and what is not."""
    different = {
        key for key in ours if key not in ("params", "sequences") and ours[key] != aim[key]
    }
    different |= {
        f"params.{key}"
        for key in {**ours["params"], **aim["params"]}
        if _plain(ours["params"].get(key, ...)) != _plain(aim["params"].get(key, ...))
    }
    here, there = series(ours), series(aim)
    equal = 0
    for title in {**here, **there}:
        one, other = here.get(title), there.get(title)
        if one and other and title.startswith(tuple(timed)):
            one, other = one[::2], other[::2]
        if repr(one) == repr(other):
            equal += 1
        else:
            different.add(title)
    return equal, different


def _plain(value: Any) -> Any:
    """A param without addresses of objects, which are in what repr() says of many."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return re.sub(r"\b0x[0-9a-f]+", "0x", value) if isinstance(value, str) else value


@pytest.fixture
def version() -> Callable[[str], str]:
    """The installed version of a distribution."""
    return metadata.version


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("compared with Aim 3.29.1")
    for row in sorted(rows, key=lambda row: (row.framework, row.program)):
        terminalreporter.write_line(
            f"frameworks: {row.framework:24} {row.program:28} {row.equal:3} series equal, "
            f"{len(row.differing)} better; {row.aim_s:5.1f} s on Aim, {row.ours_s:5.1f} s on us"
        )
        for title, why in row.differing.items():
            terminalreporter.write_line(f"    {title}: {why}")
