"""Options, fixtures and report of the conformance suite. See README.md next to this file."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

HERE = Path(__file__).parent
for place in (HERE, HERE.parent):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from conformance import cases  # noqa: E402  # after the path above, whatever the import mode
from conformance.backend import BACKENDS, DEFAULT_BACKEND  # noqa: E402  # as above
from conformance.case import CASES  # noqa: E402  # as above
from conformance.evidence import Recorder  # noqa: E402  # as above
from conformance.goldens import Goldens  # noqa: E402  # as above
from conformance.ledger import Ledger, LedgerError  # noqa: E402  # as above
from conformance.subject import AIM, SHIM, MissingSubjectError, Subject, open_subject  # noqa: E402  # as above

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cases"]

GOLDENS = Goldens(HERE / "goldens")
LEDGER_FOLDER = HERE / "ledger"
ZONE = "XXX-05:30"
"""Half past UTC, so that local and UTC times cannot be mistaken for each other."""
TALLY = pytest.StashKey[Counter]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "conformance suite")
    group.addoption("--subject", choices=(AIM, SHIM), default=SHIM, help="module under test")
    group.addoption(
        "--backend",
        choices=sorted(BACKENDS),
        default=DEFAULT_BACKEND.name,
        help="where the drop-in keeps what the cases write",
    )
    group.addoption(
        "--record", action="store_true", help="write goldens from what --subject=aim does"
    )
    group.addoption(
        "--evidence",
        action="store_true",
        help="write which cases use which names of the drop-in (evidence.json, unproven.txt)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Counter()
    name = subject_name(config)
    if recording(config) and name != AIM:
        raise pytest.UsageError("--record needs --subject=aim: goldens come from real Aim only.")
    if name == AIM:
        # the original's own warnings are not our subject
        config.addinivalue_line("filterwarnings", "ignore")
        try:
            open_subject(AIM)
        except MissingSubjectError as error:
            raise pytest.UsageError(str(error)) from error


def subject_name(config: pytest.Config) -> str:
    """Which module is under test; the default where the options are not registered."""
    name: str = config.getoption("subject", default=SHIM)
    return name


def backend_name(config: pytest.Config) -> str:
    """Where the drop-in keeps what the cases write; real Aim keeps it in the directory."""
    if subject_name(config) == AIM:
        return DEFAULT_BACKEND.name
    name: str = config.getoption("backend", default=DEFAULT_BACKEND.name)
    return name


def described(config: pytest.Config, version: str) -> str:
    """What is under test, and on what."""
    name = subject_name(config)
    backend = "its own storage" if name == AIM else f"backend {backend_name(config)}"
    golden = ", ".join(sorted(GOLDENS.versions())) or "none"
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{name} {version} on {backend}, Python {python}, goldens of Aim {golden}"


def recording(config: pytest.Config) -> bool:
    """Whether goldens are to be written."""
    record: bool = config.getoption("record", default=False)
    return record


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is asked about all cases is asked after all of them, whatever the order is else."""
    items.sort(key=lambda item: item.path.name == "test_evidence.py")


def pytest_report_header(config: pytest.Config) -> list[str]:
    name = subject_name(config)
    try:
        version = open_subject(name).version
    except MissingSubjectError as error:
        version = f"MISSING ({error})"
    try:
        ledgered = str(len(Ledger.load(LEDGER_FOLDER).on(backend_name(config))))
    except LedgerError:
        ledgered = "broken"
    return [
        f"conformance: {described(config, version)}: {len(CASES)} cases, "
        f"{ledgered} known differences"
    ]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    tally = config.stash.get(TALLY, Counter())
    if not tally:
        return
    terminalreporter.section("conformance")
    version = open_subject(subject_name(config)).version
    terminalreporter.write_line(
        f"conformance of {described(config, version)}: {tally['ran']} cases ran, "
        f"{tally['passed']} passed, {tally['ran'] - tally['passed']} failed, "
        f"{tally['ledgered']} with known differences; {tally['observations']} observations, "
        f"of which the ledger has {tally['better']} as better, {tally['gap']} as gaps and "
        f"{tally['chance']} as chance" + ("; goldens recorded" if tally["recorded"] else "")
    )


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config) -> Iterator[Subject]:
    """The module under test, on its backend. A missing one is an error, not a skip."""
    subject = open_subject(subject_name(pytestconfig))
    subject.backend = BACKENDS[backend_name(pytestconfig)]
    with subject.backend.start():
        yield subject


@pytest.fixture(scope="session")
def goldens() -> Goldens:
    """What real Aim was seen to do."""
    return GOLDENS


@pytest.fixture(scope="session")
def ledger(pytestconfig: pytest.Config) -> Ledger:
    """The differences known on the backend; fails when any entry is malformed or unexplained."""
    return Ledger.load(LEDGER_FOLDER).on(backend_name(pytestconfig))


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that lasts as long as the session."""
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="session")
def record(pytestconfig: pytest.Config) -> bool:
    """Whether goldens are to be written."""
    return recording(pytestconfig)


@pytest.fixture(scope="session")
def recorder(pytestconfig: pytest.Config) -> Recorder | None:
    """What notes which names the cases use; none for the original."""
    if subject_name(pytestconfig) != SHIM:
        return None
    return Recorder(importlib.import_module("aim_compat._surface"))


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Counter:
    """Counters of the closing report."""
    return pytestconfig.stash[TALLY]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable that either subject reads, a zone that is not UTC, the directory as it was."""
    for name in list(os.environ):
        if name.strip("_").startswith(("AIM_", "MATYAN_")):
            monkeypatch.delenv(name)
    zone = os.environ.get("TZ")
    set_zone(ZONE)
    home = os.getcwd()
    yield
    os.chdir(home)
    set_zone(zone)


def set_zone(zone: str | None) -> None:
    """Change the time zone of the process, where the platform can."""
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    if hasattr(time, "tzset"):
        time.tzset()
