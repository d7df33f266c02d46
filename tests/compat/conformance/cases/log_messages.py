"""`run.log_info` and its siblings, and reading what they keep."""

from __future__ import annotations

import gc
import logging
import time
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def records(run: Any) -> list[Any]:
    return list(run.get_log_records().values.values())


@case("M01", "levels", priority="A")
def levels(w: World) -> None:
    run = w.run()
    for name in ("debug", "info", "warning", "error"):
        w.see(name, lambda name=name: getattr(run, f"log_{name}")(f"a {name}"))
    found = records(run)
    w.see("numbers", lambda: [(r.message, r.level) for r in found])
    w.see("as logging has them", lambda: found[2].level == logging.WARNING)
    w.see("names", lambda: [r.json()["log_level"] for r in found])
    w.see("critical", lambda: run.log_critical("x"))
    run.close()


@case("M01", "messages", priority="B")
def messages(w: World) -> None:
    run = w.run()
    for text in ["", "plain", "two\nlines", "100% %s %d", "{braces}", "ünï 🎉", "x" * 10_000]:
        run.log_info(text)
    w.see(
        "texts",
        lambda: [r.message if len(r.message) < 100 else len(r.message) for r in records(run)],
    )
    w.see("no message", lambda: run.log_info())
    w.see("by keyword", lambda: run.log_info(msg="named"))
    w.see("last", lambda: records(run)[-1].message)
    run.close()


@case("M01", "parameters of messages", priority="B")
def parameters(w: World) -> None:
    run = w.run()
    run.log_info("none")
    run.log_info("some", epoch=1, lr=0.1, name="x", flag=True, nothing=None)
    run.log_info("nested", config={"a": [1, {"b": 2}]}, items=(1, 2))
    found = records(run)
    w.see("none", lambda: found[0].json()["args"])
    w.see("some", lambda: found[1].json()["args"])
    w.see("nested", lambda: found[2].json()["args"])
    w.see("keys", lambda: sorted(found[1].json()))
    w.see("time", lambda: abs(found[1].json()["timestamp"] - time.time()) < 3600)
    w.see("object", lambda: run.log_info("bad", value=object()))
    w.see("goes on", lambda: run.log_info("good"))
    run.close()


@case("M01", "reading messages later", priority="B")
def reading(w: World) -> None:
    run = w.run()
    for number in range(4):
        run.log_info(f"message {number}", number=number)
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    w.sync()
    found = w.repo.get_run(run_hash).get_log_records()
    w.see("class", lambda: type(found).__name__)
    w.see("record", lambda: type(found.values[0]).__name__)
    w.see("texts", lambda: [r.message for r in found.values.values()])
    w.see("steps", lambda: (found.first_step(), found.last_step(), len(found)))
    w.see("item", lambda: found.values[2].message)
    w.see("last", lambda: found.values.last_value().message)
    w.see("data", lambda: [r.message for r in found.data.items_list()[1][0]])
    w.see("range", lambda: found.data.range(1, 3).items_list()[0])


@case("M01", "messages after resuming", priority="C")
def resumed(w: World) -> None:
    run = w.run()
    run.log_info("first")
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    run = w.run(run_hash)
    run.log_info("second")
    w.see("texts", lambda: [(step, r.message) for step, r in run.get_log_records().values.items()])
    run.close()
