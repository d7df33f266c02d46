"""Connections that break in every way, with frames on their way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chaos.deployments import Deployment
from chaos.proxy import (
    Chaos,
    CutBeforeReply,
    CutMidFrame,
    Delay,
    Dribble,
    DropReplies,
    Fault,
    Hang,
    Proxy,
    Refuse,
    ReorderReplies,
    RepeatFrames,
    Throttle,
)
from chaos.training import Sitting

TRAINS = """
    run = Run(sys.argv[1], **QUIET)
    tracked = Tracked(run)
    tracked.param("hparams", {"lr": 0.1, "layers": [1, 2]})
    for part in range(int(sys.argv[2])):
        tracked.points("loss", 200, start=200 * part)
        tracked.text("notes", part, f"part {part}")
        tracked.record(f"part {part}")
        if part % 5 == 0:
            tracked.image("pictures", part)
        run.flush(0.02)
    tracked.artifact("weights.bin", 150_000)
    pause("tracked")
    run.close()
"""


@pytest.mark.parametrize(
    "make",
    [
        lambda: CutMidFrame(4),
        lambda: CutBeforeReply(4),
        lambda: Delay(0.05),
        RepeatFrames,
        ReorderReplies,
        lambda: DropReplies(3),
        lambda: Hang(2),
        lambda: Refuse(3),
        Dribble,
        lambda: Throttle(200_000),
        lambda: Chaos(1),
        lambda: Chaos(2),
    ],
    ids=[
        "cut mid-frame",
        "cut before the reply",
        "delay",
        "frames twice",
        "replies out of order",
        "replies dropped",
        "hangs",
        "refused",
        "a byte at a time",
        "throttled",
        "chaos 1",
        "chaos 2",
    ],
)
def test_a_bad_connection(
    proxied: Sitting, deployment: Deployment, proxy: Proxy, make: Callable[[], Fault]
) -> None:
    proxied.settings["MATYAN_ACK_TIMEOUT_S"] = "1.5"
    proxied.settings["MATYAN_CONNECT_TIMEOUT_S"] = "1.5"
    proxied.settings["MATYAN_READ_TIMEOUT_S"] = "2"
    proxy.fault = make()
    training = proxied.train(TRAINS, f"bad-{type(proxy.fault).__name__}-{proxy.port}", 20)
    training.line("tracked")
    training.go()
    training.end()
    assert proxy.fault.struck, "the fault never struck"
    if proxied.left():
        proxied.sync()
    proxied.check(deployment)


def test_the_connection_is_cut_again_and_again(
    proxied: Sitting, deployment: Deployment, proxy: Proxy
) -> None:
    """What stands before the server is restarted while a run goes on."""
    training = proxied.train(
        """
        run = Run("cuts", **QUIET)
        tracked = Tracked(run)
        for part in range(8):
            tracked.points("loss", 500, start=500 * part)
            run.flush(0.05)
            pause(part)
        run.close()
        """
    )
    for part in range(8):
        training.line(str(part))
        proxy.restart()
        training.go()
    training.end()
    proxied.check(deployment)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 22))
def test_chaos_at_length(proxied: Sitting, deployment: Deployment, proxy: Proxy, seed: int) -> None:
    proxied.settings["MATYAN_ACK_TIMEOUT_S"] = "2"
    proxied.settings["MATYAN_CONNECT_TIMEOUT_S"] = "2"
    proxied.settings["MATYAN_READ_TIMEOUT_S"] = "2"
    proxied.settings["MATYAN_CLOSE_TIMEOUT_S"] = "90"
    proxy.fault = Chaos(seed, share=0.2)
    training = proxied.train(TRAINS, f"chaos-{seed}", 100)
    training.line("tracked")
    training.go()
    training.end()
    proxy.fault = Fault()
    if proxied.left():
        proxied.sync()
    proxied.check(deployment)
