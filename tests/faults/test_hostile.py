"""Hostile servers: training ends well and at its own speed, says so once, and keeps the data."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from chaos.deployments import OwnServer
from chaos.hostile import FLAVOURS, Hostile
from chaos.proxy import Proxy
from chaos.training import Sitting, Training

TRAINS = """
    run = Run(sys.argv[1], experiment="hostile", **QUIET)
    tracked = Tracked(run)
    tracked.param("hparams", {"lr": 0.1, "layers": [1, 2]})
    tracked.points("loss", 2000)
    tracked.text("notes", 0, "kept")
    tracked.image("pictures", 0)
    tracked.artifact("weights.bin", 100_000)
    tracked.record("kept as well")
    run.close()
    say("closed")
"""

SECRET = "a-token-that-nobody-else-may-see"


SETTINGS = {
    "MATYAN_CLOSE_TIMEOUT_S": "1",
    "MATYAN_CONNECT_TIMEOUT_S": "1",
    "MATYAN_READ_TIMEOUT_S": "1",
    "MATYAN_ACK_TIMEOUT_S": "1",
    "MATYAN_TOKEN": SECRET,
}
LIAR = "acknowledges before anything was sent"
"""What this one took is nowhere, and no client can know."""


class Victim:
    """A training that a hostile server was at, from its start to its end."""

    def __init__(self, flavour: str, place: Path) -> None:
        self.flavour = flavour
        self.sitting = Sitting(place, "", "")
        self.sitting.settings |= SETTINGS
        self.came_elsewhere: list[bytes] = []
        self.url = ""

    def run(self) -> None:
        """Raises AssertionError if the training ends otherwise than it should."""
        elsewhere = Hostile("HTML")
        elsewhere.start()
        hostile = Hostile(self.flavour, elsewhere.url)
        hostile.start()
        self.url = self.sitting.backend_url = self.sitting.frontier_url = hostile.url
        try:
            training = self.sitting.train(TRAINS, "hostile-" + self.flavour.replace(" ", "-"))
            rest = training.end()
            assert rest == "closed\n"
        finally:
            self.sitting.clean_up()
            hostile.stop()
            elsewhere.stop()
        self.came_elsewhere = elsewhere.heads


@pytest.fixture(scope="module")
def victims(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Victim, Future[None]]]]:
    """One training a flavour, of those that are to be tested; a few at once, since they mostly
    wait for what does not come."""
    chosen = [
        flavour
        for flavour in FLAVOURS
        if any(item.name == f"test_hostile[{flavour}]" for item in request.session.items)
    ]
    with ThreadPoolExecutor(4) as pool:
        found = {}
        for flavour in chosen:
            victim = Victim(flavour, tmp_path_factory.mktemp("victim"))
            found[flavour] = victim, pool.submit(victim.run)
        yield found


def check_complaints(training: Training) -> None:
    """Something was said, once, without secrets and tracebacks."""
    complaints = training.complaints()
    assert complaints
    assert len(complaints.splitlines()) <= 4, complaints
    assert "Traceback" not in complaints
    assert SECRET not in complaints


MUCH_LIKE_ANOTHER = {
    "redirect to itself",
    "403",
    "409",
    "413",
    "500",
    "endless headers",
    "expired certificate",
    "only pings",
    "a binary reply",
    "a list for a reply",
    "a number for a reply",
    "a reply without status",
    "an error that is no text",
    "too big for it",
}


@pytest.mark.parametrize(
    "flavour",
    [
        pytest.param(each, marks=pytest.mark.long) if each in MUCH_LIKE_ANOTHER else each
        for each in FLAVOURS
    ],
)
def test_hostile(
    own_server: OwnServer, victims: dict[str, tuple[Victim, Future[None]]], flavour: str
) -> None:
    victim, ran = victims[flavour]
    ran.result()
    sitting = victim.sitting
    check_complaints(sitting.trainings[0])
    assert not any(SECRET.encode() in head for head in victim.came_elsewhere)
    if flavour == LIAR:
        return
    assert sitting.left()
    if victim.url.startswith("https"):
        # There is no real server with that certificate.
        return
    sync_with_a_real_one(sitting, own_server)
    sitting.check(own_server)


def sync_with_a_real_one(sitting: Sitting, server: OwnServer) -> None:
    """The same address, with a real server behind it at last."""
    real = Proxy(server.frontier_url)
    real.at(sitting.frontier_url)
    real.start()
    try:
        sitting.sync(MATYAN_READ_TIMEOUT_S="30", MATYAN_ACK_TIMEOUT_S="30")
    finally:
        real.stop()


def test_a_hostile_server_turns_good_while_the_run_goes_on(
    own_server: OwnServer, tmp_path: Path
) -> None:
    sitting = Sitting(tmp_path, "", "")
    sitting.settings |= SETTINGS
    hostile = Hostile("503")
    hostile.start()
    sitting.backend_url = sitting.frontier_url = hostile.url
    sitting.settings["MATYAN_CLOSE_TIMEOUT_S"] = "60"
    training = sitting.train(
        """
        run = Run("turned-good", **QUIET)
        tracked = Tracked(run)
        tracked.points("loss", 1000)
        pause("half")
        tracked.points("loss", 1000, start=1000)
        run.close()
        """
    )
    training.line("half")
    hostile.stop()
    real = Proxy(own_server.frontier_url)
    real.at(hostile.url)
    real.start()
    try:
        training.go()
        training.end()
    finally:
        sitting.clean_up()
        real.stop()
    sitting.check(own_server)
