"""Options, fixtures and report of the differential tests. See README.md next to this file."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "compat"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from conformance.subject import SHIM, Subject, open_subject  # noqa: E402  # after the path above
from differential.oracle import Oracle  # noqa: E402  # as above

if TYPE_CHECKING:
    from collections.abc import Iterator

AIM_PYTHON = HERE.parents[1] / ".venv-aim" / "bin" / "python"
ZONE = "XXX-05:30"
"""Half past UTC, so that local and UTC times cannot be mistaken for each other."""
REPORT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("machine", "differential tests against real Aim")
    group.addoption(
        "--aim-python",
        type=Path,
        default=AIM_PYTHON,
        help="Python of the environment that has real Aim",
    )
    group.addoption("--steps", type=int, default=25, help="calls in one example, at most")
    group.addoption(
        "--examples",
        type=int,
        default=0,
        help="so many random examples, instead of the same few every time; failures are shrunk",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    lines = config.stash.get(REPORT, [])
    if lines:
        terminalreporter.section("machine")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """No variable that either subject reads, and a zone that is not UTC, for both processes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.strip("_").startswith(("AIM_", "MATYAN_")):
                patch.delenv(name)
        patch.setenv("TZ", ZONE)
        if hasattr(time, "tzset"):
            time.tzset()
        yield
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.fixture(scope="session")
def subject() -> Subject:
    """The drop-in."""
    return open_subject(SHIM)


@pytest.fixture(scope="session")
def oracle(pytestconfig: pytest.Config, clean_environment: None) -> Iterator[Oracle]:
    """Real Aim, in a process of its own. A missing one is an error, not a skip."""
    python: Path = pytestconfig.getoption("aim_python")
    if not python.exists():
        pytest.fail(
            f"There is no real Aim to compare with: {python} does not exist. "
            "'make .venv-aim/.ready' sets it up; --aim-python names another one.",
            pytrace=False,
        )
    asked = Oracle(python)
    yield asked
    asked.close()


@pytest.fixture
def report(pytestconfig: pytest.Config) -> list[str]:
    """Lines of the closing report."""
    return pytestconfig.stash[REPORT]


@pytest.fixture
def tally() -> Counter[str]:
    """Counts of what was done and seen."""
    return Counter()
