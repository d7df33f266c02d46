"""`log_system_params=True` and the metrics of the machine."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("R17", "system parameters", priority="B")
def parameters(w: World) -> None:
    os.environ["CONFORMANCE_FACT"] = "a value"
    try:
        run = w.run(log_system_params=True)
    finally:
        del os.environ["CONFORMANCE_FACT"]
    w.see("executable", lambda: run["__system_params", "executable"] == sys.executable)
    w.see("arguments", lambda: run["__system_params", "arguments"] == sys.argv)
    w.see("environment", lambda: run["__system_params", "env_variables", "CONFORMANCE_FACT"])
    w.see("environment of", lambda: type(run["__system_params", "env_variables"]["PATH"]).__name__)
    w.see("package", lambda: run["__system_params", "packages", "numpy"] == numpy_version())
    w.see(
        "packages", lambda: {type(v).__name__ for v in run["__system_params", "packages"].values()}
    )
    w.see("no git", lambda: run["__system_params", "git_info"])
    w.see("among all", lambda: list(run[...]))
    run.close()


def numpy_version() -> str:
    import numpy

    return str(numpy.__version__)


@case("R17", "no system parameters", priority="B")
def no_parameters(w: World) -> None:
    for value in (False, None):
        run = w.run(log_system_params=value)
        w.see(f"{value}", lambda run=run: run[...])
        run.close()


@case("R17", "metrics of the machine", priority="B")
def machine(w: World) -> None:
    run = w.aim.Run(repo=w.location, system_tracking_interval=0.1, capture_terminal_logs=False)
    deadline_s = time.monotonic() + 10
    names = ("cpu", "memory_percent", "disk_percent", "p_memory_percent")
    while time.monotonic() < deadline_s:
        found = {m.name: m for m in run.metrics()}
        if all(
            f"__system__{n}" in found and found[f"__system__{n}"].last_step() > 0 for n in names
        ):
            break
        time.sleep(0.05)
    for name in names:
        metric = run.get_metric(f"__system__{name}", w.context())
        w.see(f"{name}: steps", lambda m=metric: m.data.items_list()[0][:2])
        w.see(f"{name}: types", lambda m=metric: {type(v).__name__ for v in m.values.values_list()})
        w.see(f"{name}: epochs", lambda m=metric: set(map(str, m.epochs.values_list())))
    run.track(1.0, name="loss")
    w.see("beside", lambda: sorted(m.name for m in run.metrics() if "__" not in m.name))
    run.close()


@case("R17", "no metrics of the machine", priority="A")
def no_machine(w: World) -> None:
    run = w.run()
    time.sleep(0.2)
    w.see("none", lambda: list(run.metrics()))
    run.close()
