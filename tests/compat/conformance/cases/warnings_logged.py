"""What goes to Python's logging, by the names under which scripts silence it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from conformance.case import case
from conformance.world import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.world import World


class Listener(logging.Handler):
    """Keeps level, logger and text of what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append((record.levelname, record.name, record.getMessage()))


@contextlib.contextmanager
def listening(name: str = "aim") -> Iterator[list[Any]]:
    listener, logger = Listener(), logging.getLogger(name)
    logger.addHandler(listener)
    try:
        yield listener.heard
    finally:
        logger.removeHandler(listener)


@case("R15", "a tag that is there already is logged", priority="B")
def repeated_tag(w: World) -> None:
    run = w.run()
    with listening() as heard:
        run.add_tag("a")
        run.add_tag("a")
    w.see("heard", lambda: heard)
    run.close()


@case("R17", "a bad sampling interval is logged", priority="B")
def bad_interval(w: World) -> None:
    for interval in (0, -1, "x", 1e9):
        with listening() as heard:
            options = {**QUIET, "system_tracking_interval": interval}
            run = w.aim.Run(repo=w.location, **options)
        w.see(f"{interval!r}", lambda heard=heard: heard)
        run.close()


@case("R17", "warnings can be silenced by Aim's name", priority="A")
def silenced(w: World) -> None:
    logger = logging.getLogger("aim")
    level = logger.level
    run = w.run()
    with listening("") as heard:
        logger.setLevel(logging.ERROR)
        try:
            run.add_tag("a")
            run.add_tag("a")
            run.track(1, name="m")
            run.track(1.5, name="m")
        finally:
            logger.setLevel(level)
    w.see("heard", lambda: heard)
    run.close()


@case("T08", "ints and floats in one metric are logged once", priority="B")
def mixed_numbers(w: World) -> None:
    run = w.run()
    with listening() as heard:
        for value in (1, 2.5, 3, 4.5):
            run.track(value, name="m")
        for value in (1, 2):
            run.track(value, name="ints")
    w.see("heard", lambda: heard)
    w.see("values", lambda: run.get_metric("m", w.context()).data.items_list()[1][0])
    run.close()


@case("R01", "nothing is logged by plain use", priority="A")
def plain_use(w: World) -> None:
    with listening("") as heard:
        run = w.run(experiment="e")
        run["hp"] = {"lr": 0.1}
        run.name = "n"
        run.add_tag("t")
        for step in range(3):
            run.track(float(step), name="m", step=step, context={"subset": "train"})
        run.track(w.aim.Text("x"), name="t")
        run.close()
        run.close()
    w.see("heard", lambda: heard)
