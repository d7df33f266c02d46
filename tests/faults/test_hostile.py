"""Hostile servers: training ends well and at its own speed, says so once, and keeps the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.deployments import OwnServer, answers
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


@pytest.fixture
def sitting(own_server: OwnServer, tmp_path: Path) -> Iterator[Sitting]:
    """Trainings of nobody's server so far."""
    found = Sitting(tmp_path, "", "")
    found.settings |= {
        "MATYAN_CLOSE_TIMEOUT_S": "1",
        "MATYAN_CONNECT_TIMEOUT_S": "1",
        "MATYAN_READ_TIMEOUT_S": "1",
        "MATYAN_ACK_TIMEOUT_S": "1",
        "MATYAN_TOKEN": SECRET,
    }
    yield found
    found.clean_up()
    if not answers(f"{own_server.backend_url}/health/live/"):
        own_server.start()


def check_complaints(training: Training) -> None:
    """Something was said, once, without secrets and tracebacks."""
    complaints = training.complaints()
    assert complaints
    assert len(complaints.splitlines()) <= 4, complaints
    assert "Traceback" not in complaints
    assert SECRET not in complaints


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_hostile(sitting: Sitting, own_server: OwnServer, flavour: str) -> None:
    elsewhere = Hostile("HTML")
    elsewhere.start()
    hostile = Hostile(flavour, elsewhere.url)
    hostile.start()
    run_hash = "hostile-" + flavour.replace(" ", "-")
    sitting.backend_url = sitting.frontier_url = hostile.url
    try:
        training = sitting.train(TRAINS, run_hash)
        training.line("closed")
        training.end()
    finally:
        hostile.stop()
        elsewhere.stop()
    check_complaints(training)
    if flavour != "acknowledges before anything was sent":
        assert sitting.left()
    assert not any(SECRET.encode() in head for head in elsewhere.heads)
    if hostile.url.startswith("https"):
        # There is no real server with that certificate.
        return
    if flavour == "acknowledges before anything was sent":
        # What it took is nowhere, and no client can know.
        return
    # The same address, with a real server behind it at last.
    real = Proxy(own_server.frontier_url)
    real.port, real.url = hostile.port, hostile.url
    real.start()
    try:
        sitting.settings["MATYAN_READ_TIMEOUT_S"] = "30"
        sitting.settings["MATYAN_ACK_TIMEOUT_S"] = "30"
        sitting.sync()
    finally:
        real.stop()
    sitting.check(own_server)


def test_a_hostile_server_turns_good_while_the_run_goes_on(
    sitting: Sitting, own_server: OwnServer
) -> None:
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
    real.port, real.url = hostile.port, hostile.url
    real.start()
    try:
        training.go()
        training.end()
    finally:
        real.stop()
    sitting.check(own_server)
