"""Servers that die, freeze, are away, and come back; what was tracked meanwhile arrives."""

from __future__ import annotations

import random
import time

import pytest
from chaos.deployments import Deployment, Stack, wait_for
from chaos.reading import Reader
from chaos.training import Sitting

EVERYTHING = """
    run = Run(sys.argv[1], repo=None, **QUIET)
    tracked = Tracked(run)
    tracked.param("hparams", {"lr": 0.1, "layers": [1, 2]})
    pause("ready")
    count, rest = int(sys.argv[2]), float(sys.argv[3])
    for step in range(count):
        tracked.point("loss", step)
        if step % 1000 == 0:
            tracked.text("notes", step, f"note {step}")
            tracked.image("pictures", step)
            tracked.record(f"record {step}")
        if step % (count // 4) == 0:
            tracked.artifact(f"weights-{step}.bin", 200_000 + step)
        if rest and step % 100 == 0:
            time.sleep(rest)
    pause("tracked")
    run.close()
    say("closed")
"""


def test_nothing_happens(sitting: Sitting, deployment: Deployment) -> None:
    """The measure of all that follows: with nothing broken, everything is there."""
    training = sitting.train(EVERYTHING, "calm", 2000, 0)
    training.line("ready")
    training.go()
    training.line("tracked")
    training.go()
    training.line("closed")
    training.end()
    sitting.check(deployment)
    assert training.complaints() == ""


@pytest.mark.parametrize(
    "times", [pytest.param(6, id="6"), pytest.param(20, marks=pytest.mark.long, id="20")]
)
def test_killed_again_and_again(sitting: Sitting, deployment: Deployment, times: int) -> None:
    """kill -9 in every thousand points of a run, with frames in flight."""
    rng = random.Random(4)
    training = sitting.train(
        """
        run = Run("killed" + sys.argv[1], **QUIET)
        tracked = Tracked(run)
        for part in range(int(sys.argv[1])):
            pause(part)
            for start in range(part * 1000, part * 1000 + 1000, 100):
                tracked.points("loss", 100, start=start)
                time.sleep(0.01)
            tracked.text("notes", part, f"note {part}")
            tracked.image("pictures", part)
            tracked.record(f"record {part}")
        pause("tracked")
        run.close()
        """,
        times,
    )
    for part in range(times):
        training.line(str(part))
        training.go()
        time.sleep(rng.uniform(0.0, 0.15))
        deployment.kill()
        deployment.start()
    training.line("tracked")
    training.go()
    training.end()
    sitting.check(deployment)


@pytest.mark.parametrize(
    "seconds", [pytest.param(3, id="short"), pytest.param(60, marks=pytest.mark.long, id="60s")]
)
def test_frozen(sitting: Sitting, deployment: Deployment, seconds: int) -> None:
    """SIGSTOP for longer than an acknowledgement may take: everything is sent again."""
    sitting.settings["MATYAN_ACK_TIMEOUT_S"] = "1" if seconds == 3 else "15"
    training = sitting.train(
        """
        run = Run(sys.argv[1], **QUIET)
        tracked = Tracked(run)
        tracked.points("loss", 3000)
        pause("half")
        begin = time.monotonic()
        while time.monotonic() - begin < float(sys.argv[2]):
            tracked.points("loss", 50, start=3000 + int((time.monotonic() - begin) * 100) * 50)
            time.sleep(0.01)
        pause("tracked")
        run.close()
        """,
        "frozen",
        seconds,
    )
    training.line("half")
    deployment.freeze()
    try:
        training.go()
        training.line("tracked")
    finally:
        deployment.thaw()
    training.go()
    training.end()
    sitting.check(deployment)


def test_stopped_as_an_administrator_would(sitting: Sitting, deployment: Deployment) -> None:
    """SIGTERM with frames in flight, and a start again."""
    training = sitting.train(EVERYTHING, "stopped", 6000, 0.01)
    training.line("ready")
    training.go()
    reader = Reader(deployment.backend_url)
    wait_for("the first points", lambda: reader.last_step("stopped", "loss") > 200)
    deployment.stop()
    deployment.start()
    training.line("tracked")
    training.go()
    training.end()
    sitting.check(deployment)


def test_away_from_the_start_and_then_there(sitting: Sitting, deployment: Deployment) -> None:
    deployment.kill()
    training = sitting.train(EVERYTHING, "late", 2000, 0)
    training.line("ready")
    training.go()
    training.line("tracked")
    deployment.start()
    training.go()
    training.end()
    sitting.check(deployment)


def test_away_for_the_whole_run(sitting: Sitting, deployment: Deployment) -> None:
    """The training ends as if nothing were wrong; `sync` delivers, `finish_run` included."""
    sitting.settings["MATYAN_CLOSE_TIMEOUT_S"] = "1"
    deployment.kill()
    training = sitting.train(EVERYTHING, "offline", 2000, 0)
    for word in ("ready", "tracked"):
        training.line(word)
        training.go()
    training.line("closed")
    training.end()
    assert sitting.left()
    complaints = training.complaints()
    assert len(complaints.splitlines()) <= 3, complaints
    deployment.start()
    assert Reader(deployment.backend_url).info("offline") is None
    sitting.sync()
    sitting.check(deployment)


def test_away_at_the_end(sitting: Sitting, deployment: Deployment) -> None:
    """Gone at close(); the next process of the same deployment delivers."""
    sitting.settings["MATYAN_CLOSE_TIMEOUT_S"] = "1"
    training = sitting.train(EVERYTHING, "atend", 2000, 0)
    training.line("ready")
    training.go()
    training.line("tracked")
    deployment.kill()
    training.go()
    training.line("closed")
    training.end()
    deployment.start()
    sitting.settings["MATYAN_CLOSE_TIMEOUT_S"] = "60"
    following = sitting.train(
        """
        with Run("following", **QUIET) as run:
            Tracked(run).point("loss", 0)
        """
    )
    following.end()
    sitting.check(deployment)


def test_away_and_back_and_away(sitting: Sitting, deployment: Deployment) -> None:
    training = sitting.train(
        """
        run = Run(sys.argv[1], **QUIET)
        tracked = Tracked(run)
        for part in range(4):
            tracked.points("loss", 500, start=part * 500)
            tracked.image("pictures", part)
            pause(part)
        run.close()
        """,
        "tides",
    )
    for part in range(4):
        training.line(str(part))
        if part % 2 == 0:
            deployment.kill()
        else:
            deployment.start()
        training.go()
    training.end()
    sitting.check(deployment)


def test_several_processes_write_one_run(sitting: Sitting, deployment: Deployment) -> None:
    """Each its own sequences, through a death of the server; the first one to close does not
    lose what the others go on to write."""
    script = """
        run = Run("shared", **QUIET)
        tracked = Tracked(run)
        tracked.points(f"loss-{sys.argv[1]}", 1500)
        pause("half")
        tracked.points(f"loss-{sys.argv[1]}", 1500, start=1500)
        tracked.image("pictures-" + sys.argv[1], 0)
        run.close()
    """
    trainings = [sitting.train(script, number) for number in range(3)]
    for training in trainings:
        training.line("half")
    deployment.kill()
    for training in trainings:
        training.go()
    deployment.start()
    for training in trainings:
        training.end()
    sitting.check(deployment)


def test_the_ingestion_worker_is_killed(sitting: Sitting, deployment: Deployment) -> None:
    """What Kafka has is not stored yet; a dead worker must not matter."""
    if not isinstance(deployment, Stack):
        pytest.skip("NOT RUN: our server has no ingestion worker; with --stack")
    training = sitting.train(EVERYTHING, "ingestion", 4000, 0.02)
    training.line("ready")
    training.go()
    reader = Reader(deployment.backend_url)
    wait_for("the first points", lambda: reader.last_step("ingestion", "loss") > 200)
    deployment.kill("ingestion")
    training.line("tracked")
    deployment.start("ingestion")
    training.go()
    training.end()
    sitting.check(deployment)
