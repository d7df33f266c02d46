"""The deployments, and the clients that write to them and read from them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
for place in (HERE, HERE.parent):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from servers.served import ServedRepositories  # noqa: E402  # after the path above
from servers.stack import Stack, running_stack  # noqa: E402  # as above


@dataclass
class Deployment:
    """Where a deployment is, and how to know that it has stored all that it took."""

    name: str
    backend_url: str
    frontier_url: str
    settle: Callable[[], None]

    def environment(self, journals: Path) -> dict[str, str]:
        """What a client in a process of its own is told."""
        return {
            **os.environ,
            "MATYAN_BACKEND_URL": self.backend_url,
            "MATYAN_FRONTIER_URL": self.frontier_url,
            "MATYAN_JOURNAL_DIR": str(journals),
            "PYTHONPATH": str(ROOT),
        }


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Both servers are asked about everything they have while they have nothing else."""
    items.sort(key=lambda item: item.path.name != "test_servers.py")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real servers. Where they are not there nothing is run; in CI they must be there."""
    with running_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="session")
def real(stack: Stack) -> Deployment:
    """The deployment of the real servers."""
    return Deployment("real", stack.backend_url, stack.frontier_url, stack.wait_until_stored)


@pytest.fixture(scope="session")
def hosting() -> Iterator[ServedRepositories]:
    """Our server."""
    server = ServedRepositories()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def served(
    hosting: ServedRepositories, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Our server over an empty repository."""
    with hosting.serving(str(tmp_path_factory.mktemp("repository"))) as url:
        yield Deployment("served", url, url, lambda: None)


@pytest.fixture(scope="session")
def fresh(
    hosting: ServedRepositories, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Our server over another one."""
    with hosting.serving(str(tmp_path_factory.mktemp("repository"))) as url:
        yield Deployment("fresh", url, url, lambda: None)


@pytest.fixture(scope="session")
def deployments(request: pytest.FixtureRequest) -> Callable[[str], Deployment]:
    """A deployment by name."""
    return request.getfixturevalue


@pytest.fixture(scope="session")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where clients keep what is not delivered."""
    return tmp_path_factory.mktemp("journals")


@pytest.fixture(scope="session")
def pythons(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The Python that has a client: ours, or the published one, for which the stack is needed."""

    def python(client: str) -> str:
        if client != "published":
            return sys.executable
        stack: Stack = request.getfixturevalue("stack")
        return stack.client_python()

    return functools.cache(python)


@pytest.fixture(scope="session")
def run_script(journals: Path) -> Callable[..., str]:
    """Runs a command against a deployment; gives what it printed."""

    def run(
        deployment: Deployment,
        *command: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> str:
        environment = {**deployment.environment(journals), **(env or {})}
        if command[0] != sys.executable:
            environment.pop("PYTHONPATH")  # the published client has the same name as ours
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=cwd,
            timeout=110,
        )
        if done.returncode:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    return run


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, journals: Path, deployments: Callable[[str], Deployment]
) -> Callable[[str], Deployment]:
    """A deployment by name, with our client in this process told about it."""

    def of(name: str) -> Deployment:
        deployment = deployments(name)
        monkeypatch.setenv("MATYAN_JOURNAL_DIR", str(journals))
        monkeypatch.setenv("MATYAN_FRONTIER_URL", deployment.frontier_url)
        return deployment

    return of


class Written:
    """Has a writer write the plan to a server, once; gives hashes of runs by name."""

    def __init__(
        self,
        deployments: Callable[[str], Deployment],
        run_script: Callable[..., str],
        pythons: Callable[[str], str],
        folders: Callable[[str], Path],
    ) -> None:
        self._deployments, self._run, self._folders = deployments, run_script, folders
        self._pythons = pythons
        self._done: dict[tuple[str, str], dict[str, str]] = {}

    def __call__(self, writer: str, server: str) -> dict[str, str]:
        if (writer, server) not in self._done:
            deployment = self._deployments(server)
            script = HERE / ("write_aim.py" if writer == "aim" else "write.py")
            folder = str(self._folders("files"))
            what = "plain" if writer == "published" else "more"
            said = self._run(deployment, self._pythons(writer), str(script), folder, what)
            deployment.settle()
            self._done[writer, server] = json.loads(said.splitlines()[-1])
        return self._done[writer, server]

    def forget(self) -> None:
        """Whatever was written may be gone: write it anew when it is wanted."""
        self._done.clear()


@pytest.fixture(scope="session")
def written(
    deployments: Callable[[str], Deployment],
    run_script: Callable[..., str],
    pythons: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Written:
    """See `Written`."""
    return Written(deployments, run_script, pythons, tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def ask_published(
    run_script: Callable[..., str], pythons: Callable[[str], str]
) -> Callable[..., dict[str, Any]]:
    """What the published client reads of runs, and which runs its queries find."""

    def ask(deployment: Deployment, runs: list[str], queries: list[str]) -> dict[str, Any]:
        question = json.dumps({"runs": runs, "queries": queries})
        python = pythons("published")
        said = run_script(deployment, python, str(HERE / "read_published.py"), question)
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found

    return ask
