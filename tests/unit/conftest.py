"""Places for repositories: what is about the API must hold on every one of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = str(Path(__file__).parents[1])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

from servers.served import ServedRepositories  # noqa: E402  # after the path above

from matyan_client import Repo  # noqa: E402  # as above


@pytest.fixture(scope="session")
def server() -> Iterator[ServedRepositories]:
    """Our server, in a process of its own."""
    server = ServedRepositories()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["embedded", "served"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path | str]:
    """Where a test keeps its runs: a directory, or the URL at which it is served."""
    if request.param == "embedded":
        yield tmp_path
        return
    monkeypatch.setenv("MATYAN_JOURNAL_DIR", str(tmp_path / "journals"))
    server: ServedRepositories = request.getfixturevalue("server")
    (tmp_path / "served").mkdir()
    with server.serving(str(tmp_path / "served")) as url:
        yield url
        Repo(url).close()
