"""Trainings that end in every way a process can end, and runs that several processes write."""

from __future__ import annotations

import os
import signal

import pytest
from chaos.deployments import Deployment
from chaos.reading import Reader
from chaos.training import Sitting

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals or fork")

ENDS = """
    run = Run(sys.argv[1], **QUIET)
    tracked = Tracked(run)
    tracked.param("hparams", {"lr": 0.5, "layers": 2})
    tracked.points("loss", 1000)
    tracked.image("pictures", 0)
    tracked.artifact("weights.bin", 300_000)
    tracked.record("the last words")
    ending = sys.argv[2]
    if ending == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif ending == "_exit":
        os._exit(7)
    elif ending == "abort":
        os.abort()
    elif ending == "SystemExit":
        sys.exit(3)
    elif ending == "exception":
        raise RuntimeError("out of memory")
    elif ending == "with":
        with run:
            raise ValueError("diverged")
    elif ending == "waits":
        say("ready")
        time.sleep(100)
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [("falls off", 0), ("SystemExit", 3), ("exception", 1), ("with", 1)],
)
def test_ends_without_close(
    sitting: Sitting, deployment: Deployment, ending: str, code: int
) -> None:
    sitting.train(ENDS, f"ends-{ending.replace(' ', '-')}", ending).end(code)
    sitting.check(deployment)


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ended_by_a_signal(
    sitting: Sitting, deployment: Deployment, number: signal.Signals
) -> None:
    training = sitting.train(ENDS, f"signal-{number.name}", "waits")
    training.line("ready")
    training.signal(number)
    training.end(-number)
    sitting.check(deployment)


@posix
@pytest.mark.parametrize(
    ("ending", "code"), [("killed", -signal.SIGKILL), ("_exit", 7), ("abort", -signal.SIGABRT)]
)
def test_dies_right_after_track(
    sitting: Sitting, deployment: Deployment, ending: str, code: int
) -> None:
    """What a dead process left is delivered by `sync`, and its run is no longer active."""
    sitting.train(ENDS, f"dies-{ending}", ending).end(code)
    sitting.sync()
    sitting.check(deployment)


def test_the_next_process_delivers(sitting: Sitting, deployment: Deployment) -> None:
    for number in range(3):
        sitting.train(ENDS, f"dead-{number}", "killed").end(-9)
    sitting.train('Tracked(Run("heir", **QUIET)).point("loss", 0)').end()
    sitting.check(deployment)


def test_killed_at_any_moment(sitting: Sitting, deployment: Deployment) -> None:
    """While it tracks, and while it delivers."""
    trainings = []
    for number in range(4):
        training = sitting.train(
            """
            run = Run(sys.argv[1], **QUIET)
            tracked = Tracked(run)
            say("ready")
            for start in range(0, 1_000_000, 20):
                tracked.points("loss", 20, start=start)
                time.sleep(0.002)
            """,
            f"moment-{number}",
        )
        training.line("ready")
        trainings.append(training)
        if number >= 2:
            trainings[number - 2].kill()
    for training in trainings[-2:]:
        training.kill()
    sitting.sync()
    sitting.check(deployment, surplus=4)


@posix
def test_a_living_process_keeps_its_journal(sitting: Sitting, deployment: Deployment) -> None:
    """`sync` beside a training that lives: the run stays open, and all arrives in the end. A run
    with a dead writer and a living one does not end."""
    script = """
        run = Run("both", **QUIET)
        tracked = Tracked(run)
        tracked.points(sys.argv[1], 500)
        pause("ready")
        tracked.points(sys.argv[1], 500, start=500)
        run.close()
    """
    living, dying = sitting.train(script, "living"), sitting.train(script, "dying")
    living.line("ready")
    dying.line("ready")
    dying.kill()
    sitting.sync()
    deployment.settle()
    assert Reader(deployment.backend_url).is_active("both") is True
    living.go()
    living.end()
    sitting.check(deployment)


@posix
def test_fork(sitting: Sitting, deployment: Deployment) -> None:
    """Parent and children write, with frames in flight at the fork; one child is killed."""
    training = sitting.train(
        """
        run = Run("forked", **QUIET)
        tracked = Tracked(run)
        tracked.points("before", 2000)
        children = []
        for number in range(3):
            pid = os.fork()
            if not pid:
                tracked.points(f"child-{number}", 1000)
                tracked.text("texts", number, f"child {number}")
                if number == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                if number == 2:
                    run.flush(30)
                os._exit(0)
            tracked.points("parent", 500, start=500 * number)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        tracked.image("pictures", 0)
        run.close()
        """
    )
    training.end()
    sitting.sync()
    sitting.check(deployment)


@posix
def test_pool_of_processes(sitting: Sitting, deployment: Deployment) -> None:
    """multiprocessing's workers write to the run they inherited."""
    training = sitting.train(
        """
        import multiprocessing
        run = Run("pool", **QUIET)
        tracked = Tracked(run)
        def work(number):
            tracked.points(f"worker-{number}", 300)
        context = multiprocessing.get_context("fork")
        with context.Pool(2) as pool:
            pool.map(work, range(4))
            pool.close()
            pool.join()
        tracked.points("loss", 300)
        run.close()
        """
    )
    training.end()
    sitting.sync()
    sitting.check(deployment)


CLOCK = """
import time
_real, _begin = time.time, time.monotonic()
def moved():
    # Jumps a day back after half a second, and two days ahead after a whole one.
    at = time.monotonic() - _begin
    return _real() + (0.0 if at < 0.5 else -86400.0 if at < 1.0 else 172800.0)
time.time = moved
"""


def test_the_clock_jumps(sitting: Sitting, deployment: Deployment) -> None:
    (sitting.place / "sitecustomize.py").write_text(CLOCK)
    path = os.pathsep.join([str(sitting.place), sitting.env()["PYTHONPATH"]])
    training = sitting.train(
        """
        assert time.time.__name__ == "moved"
        run = Run("clock", **QUIET)
        tracked = Tracked(run)
        begin = time.monotonic()
        step = 0
        while time.monotonic() - begin < 1.5:
            tracked.point("loss", step)
            step += 1
            time.sleep(0.001)
        tracked.image("pictures", 0)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        PYTHONPATH=path,
    )
    training.end(-9)
    sitting.sync()
    sitting.check(deployment)


RESUMES = """
    run = Run(f"resumed-{sys.argv[2]}", capture_terminal_logs=True)
    tracked = Tracked(run)
    life = int(sys.argv[1])
    for number in range(200):
        tracked.automatic("loss", life * 1000 + number / 7)
    for number in range(3):
        print(f"line {number} of life {life}")
        tracked.record(f"record {number} of life {life}")
    if life < 2:
        run.flush(0.5)  # terminal lines are else taken up from time to time, not at once
        os.kill(os.getpid(), signal.SIGKILL)
    run.close()
"""


@pytest.mark.parametrize("server", ["there", "away"])
def test_resumed_three_times(sitting: Sitting, deployment: Deployment, server: str) -> None:
    """Automatic steps, line numbers and records go on where the dead process was, also when
    nothing of it had arrived."""
    if server == "away":
        deployment.kill()
        sitting.settings["MATYAN_CLOSE_TIMEOUT_S"] = "1"
        sitting.settings["MATYAN_CONNECT_TIMEOUT_S"] = "1"
    for life in range(3):
        sitting.train(RESUMES, life, server).end(-9 if life < 2 else 0)
    if server == "away":
        deployment.start()
    sitting.sync()
    sitting.check(deployment)
    lines = Reader(deployment.backend_url).log_lines(f"resumed-{server}")
    said = [line for _, line in sorted(lines.items()) if line.startswith("line ")]
    assert said == [f"line {number} of life {life}" for life in range(3) for number in range(3)]
