"""Log records and captured terminal lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U17", "log records", priority="B")
def log_records(w: World) -> None:
    run = w.run()
    w.see("none yet", run.get_log_records)
    w.see("info", lambda: run.log_info("i %s", a=1))
    run.log_warning("w", batch=3)
    run.log_error("e")
    run.log_debug("d")
    w.see("extra positional", lambda: run.log_info("x", 5))
    records = list(run.get_log_records().values.values())
    w.see("messages", lambda: [(r.message, r.level) for r in records])
    w.see("json", lambda: {k: v for k, v in records[1].json().items() if k != "timestamp"})
    w.see("arguments", lambda: records[0].json()["args"])
    w.see("last step", lambda: run.get_log_records().last_step())
    w.see("length", lambda: len(run.get_log_records()))
    w.see("no metrics", lambda: [m.name for m in run.metrics()])
    run.close()


@case("M02", "terminal lines", priority="B")
def terminal(w: World) -> None:
    run = w.aim.Run(repo=w.location, system_tracking_interval=None)
    print("line 1")  # noqa: T201  # what is captured
    print("part", end="")  # noqa: T201  # what is captured
    print(" joined")  # noqa: T201  # what is captured
    print("a\rb")  # noqa: T201  # what is captured
    run_hash = run.hash
    run.close()
    print("after")  # noqa: T201  # what is not captured
    del run
    w.sync()
    logs = w.repo.get_run(run_hash).get_terminal_logs()
    w.see("lines", lambda: [line.data for line in logs.values.values()][:3])
    w.see("not after close", lambda: [line.data for line in logs.values.values()].count("after"))
    quiet = w.run()
    w.see("none", quiet.get_terminal_logs)
    quiet.close()


@case("R17", "system metrics and parameters", priority="B")
def system(w: World) -> None:
    run = w.aim.Run(
        repo=w.location,
        system_tracking_interval=0.1,
        log_system_params=True,
        capture_terminal_logs=False,
    )
    deadline_s = time.monotonic() + 10
    while len(list(run.metrics())) < 4 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    found = {m.name: m.context.to_dict() for m in run.metrics() if "gpu" not in m.name}
    w.see("metrics", lambda: dict(sorted(found.items())))
    values = run.get_metric("__system__memory_percent", w.context()).data.items_list()[1][0]
    w.see("percent", lambda: all(0 <= value <= 100 for value in values))
    w.see("parameters", lambda: sorted(run["__system_params"]))
    w.see("types", lambda: {k: type(v) for k, v in run["__system_params"].items()})
    run.close()
