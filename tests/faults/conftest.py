"""Options and fixtures of the fault tests. See README.md next to this file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from chaos.deployments import Deployment, OwnServer, Stack, answers  # noqa: E402  # as above
from chaos.proxy import Proxy  # noqa: E402  # as above
from chaos.training import Sitting  # noqa: E402  # as above

STACK = HERE.parents[2] / "shared" / "matyan-stack" / "matyan-stack"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults", "tests of what happens when things break")
    group.addoption("--long", action="store_true", help="the long variants as well")
    group.addoption(
        "--stack",
        type=Path,
        nargs="?",
        const=STACK,
        help="also on the real servers, which this script runs (default: the one beside the "
        "project)",
    )
    group.addoption("--stack-port-base", type=int, default=54500)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; only with --long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("long") or config.getoption("stack"):
        for item in items:
            item.add_marker(pytest.mark.timeout(900))
    if config.getoption("long"):
        return
    chosen = [item for item in items if item.get_closest_marker("long") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "deployment" in metafunc.fixturenames:
        both = metafunc.config.getoption("stack") is not None
        names = ["own", "stack"] if both else ["own"]
        metafunc.parametrize("deployment", names, indirect=True, scope="session")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    script: Path | None = config.getoption("stack")
    if script is None:
        terminalreporter.write_line("faults: the real servers were NOT RUN (--stack)")
    elif not script.exists():
        terminalreporter.write_line(f"faults: the real servers were NOT RUN: there is no {script}")
    else:
        terminalreporter.write_line(f"faults: on our server, and on the real servers of {script}")
    if not config.getoption("long"):
        terminalreporter.write_line("faults: the long variants were NOT RUN (--long)")


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    """Our server; one for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("MATYAN_"):
                patch.delenv(name)
        server = OwnServer(tmp_path_factory.mktemp("server"))
        server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real servers; one set for all tests."""
    script: Path | None = pytestconfig.getoption("stack")
    if script is None or not script.exists():
        pytest.skip(f"NOT RUN: there are no real servers here ({script})")
    state = tmp_path_factory.mktemp("stack")
    real = Stack(script, state, pytestconfig.getoption("stack_port_base"))
    real.up()
    yield real
    real.down()


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Where trainings track to: our server, and with `--stack` the real ones."""
    found: Deployment = request.getfixturevalue("own_server" if request.param == "own" else "stack")
    return found


@pytest.fixture
def whole(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment, put right again after what the test did to it."""
    yield deployment
    deployment.thaw()
    if not answers(f"{deployment.frontier_url}/health/live/"):
        deployment.start()


@pytest.fixture
def sitting(whole: Deployment, tmp_path: Path) -> Iterator[Sitting]:
    """Trainings that track to the deployment."""
    found = Sitting(tmp_path, whole.backend_url, whole.frontier_url)
    yield found
    found.clean_up()


@pytest.fixture
def proxy(whole: Deployment) -> Iterator[Proxy]:
    """Stands before what takes writes."""
    found = Proxy(whole.frontier_url)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def proxied(sitting: Sitting, whole: Deployment, proxy: Proxy) -> Sitting:
    """Trainings whose writes, and with our server also reads, go through the proxy."""
    sitting.frontier_url = proxy.url
    if whole.backend_url == whole.frontier_url:
        sitting.backend_url = proxy.url
    return sitting
