"""Adapters with the real frameworks: a program runs on real Aim and on aim_compat, each time in
processes of its own, and what both repositories then hold is compared.

Runs where the frameworks and real Aim are installed (`make test-frameworks`). The closing lines
say what was compared.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "libraries" / "record.py"
RUN = "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
SHIM = ("-m", "aim_compat", "run")

COMPARED = pytest.StashKey[dict[str, "Comparison"]]()

MEASURED = "metric __system__"
"""Series that are about the machine."""


class Series(NamedTuple):
    """What is tracked under a name and context; both are the title, as `record.py` has it."""

    steps: list[int]
    values: list[Any]
    epochs: list[Any]

    @property
    def last(self) -> Any:
        """The value at the last step."""
        return self.values[-1]


@dataclass(frozen=True)
class Recorded:
    """A run as `record.py` tells it, without what is about the machine."""

    name: str | None
    experiment: str
    ended: bool
    params: dict[str, Any]
    series: dict[str, Series]
    has_system_params: bool

    @property
    def counts(self) -> dict[str, int]:
        """How many steps each series has."""
        return {title: len(series.steps) for title, series in self.series.items()}

    @property
    def lasts(self) -> dict[str, Any]:
        """The last value of each series."""
        return {title: series.last for title, series in self.series.items()}


@dataclass
class Comparison:
    """What of a framework was compared with real Aim."""

    version: str
    series: int = 0
    params: int = 0
    better: dict[str, str] = field(default_factory=dict)
    """What is not as in Aim, and why."""


class Laboratory:
    """Runs programs, and says what they recorded.

    Args:
        directory: where each run gets a directory of its own.
        compared: comparisons by framework, added to.
    """

    def __init__(self, directory: Path, compared: dict[str, Comparison]) -> None:
        self._directory = directory
        self._compared = compared

    def on_aim(self, program: Path, *, repair: str = "") -> list[Recorded]:
        """What real Aim records of a program.

        Args:
            program: a script that imports aim.
            repair: Python lines run first, where Aim's adapter needs something that newer releases
                of its framework moved.
        """
        place = self._place("aim")
        self._python("-c", f"{repair}\n{RUN}", str(program), cwd=place)
        aim = str(Path(sys.executable).with_name("aim"))
        self._python(aim, "storage", "--repo", ".", "reindex", "-y", cwd=place)
        assert not (place / ".matyan").exists()
        return self._read(place, ())

    def on_ours(self, program: Path, **environment: str) -> list[Recorded]:
        """What aim_compat records of the same program."""
        place = self._place("ours")
        self._python(*SHIM, str(program), cwd=place, **environment)
        assert not (place / ".aim").exists()
        return self._read(place, SHIM)

    def compare(
        self,
        framework: str,
        ours: list[Recorded],
        aims: list[Recorded],
        *,
        better: dict[str, str] | None = None,
    ) -> None:
        """Fail unless both are equal, but for what is better.

        Args:
            framework: the distribution's name.
            ours: what `on_ours` gave.
            aims: what `on_aim` gave.
            better: titles of series, names of params, or `count`, that differ for a reason, and
                the reason.
        """
        better = dict(better or {})
        entry = self._compared.setdefault(framework, Comparison(metadata.version(framework)))
        differing: set[str] = set()
        if len(ours) != len(aims):
            differing.add("count")
        for mine, theirs in zip(ours, aims, strict="count" not in better):
            for fact in ("name", "experiment", "has_system_params"):
                if getattr(mine, fact) != getattr(theirs, fact):
                    differing.add(fact)
            for here, there in ((mine.series, theirs.series), (mine.params, theirs.params)):
                names = {*here, *there}
                differing |= {each for each in names if not _same(here.get(each), there.get(each))}
            entry.series += len({*mine.series, *theirs.series} - differing)
            entry.params += len({*mine.params, *theirs.params} - differing)
        entry.better |= better
        assert differing == set(better), (ours, aims)

    def _place(self, name: str) -> Path:
        place = self._directory / name
        number = 1
        while place.exists():
            number += 1
            place = self._directory / f"{name}-{number}"
        place.mkdir()
        return place

    @staticmethod
    def _python(*args: str, cwd: Path, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *args],
            cwd=cwd,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _read(self, place: Path, launcher: tuple[str, ...]) -> list[Recorded]:
        report = json.loads(self._python(*launcher, str(RECORD), cwd=place))
        assert report["subject"] == ("aim_compat.run" if launcher else "aim.sdk.run")
        return [
            Recorded(
                run["name"],
                run["experiment"],
                run["ended"],
                run["params"],
                {
                    title: Series(*columns)
                    for title, columns in run["sequences"].items()
                    if not title.startswith(MEASURED)
                },
                bool(run["system params"]),
            )
            for run in report["runs"]
        ]


def _same(mine: Any, theirs: Any) -> bool:
    return json.dumps(mine, sort_keys=True) == json.dumps(theirs, sort_keys=True)  # NaN is NaN


@pytest.fixture
def laboratory(tmp_path: Path, request: pytest.FixtureRequest) -> Laboratory:
    """Where programs are run and compared."""
    return Laboratory(tmp_path, request.config.stash.setdefault(COMPARED, {}))


def need(framework: str) -> None:
    """Skip the module where a framework is not installed; in CI it must be."""
    if importlib.util.find_spec(framework) is None:
        assert os.environ.get("CI") != "true", f"{framework} must be installed in CI"
        pytest.skip(f"{framework} is not installed", allow_module_level=True)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """One line a framework: what was compared with real Aim, and what differs."""
    for framework, found in sorted(config.stash.get(COMPARED, {}).items()):
        terminalreporter.write_line(
            f"{framework} {found.version}: {found.series} series and {found.params} params as in "
            f"Aim, {len(found.better)} better"
        )
        for title, reason in sorted(found.better.items()):
            terminalreporter.write_line(f"    {title}: {reason}")
