"""How runs end: in scripts of their own, as the reader sees them afterwards."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def after(w: World, script: str) -> Any:
    """Exit code of a script with an open `run`, and what a reader finds."""
    code = (
        f"import {w.aim.__name__} as aim\n"
        f"run = aim.Run(repo={w.location!r}, system_tracking_interval=None)\n"
        + textwrap.dedent(script)
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False
    )
    w.sync()
    found = []
    for run in w.repo.iter_runs():
        metric = run.get_metric("m", w.context())
        points = None if metric is None else metric.data.items_list()[1][0]
        logs = run.get_terminal_logs()
        texts = [] if logs is None else [line.data for line in logs.values.values()]
        found.append((points, run.get("a"), run.end_time is not None, [t for t in texts if t][:2]))
    return done.returncode, found


@case("R12", "a script that ends without close", priority="A")
def plain_end(w: World) -> None:
    w.see("found", lambda: after(w, "run.track(1.0, name='m'); run['a'] = 1; print('said')"))


@case("R12", "a script that fails", priority="A")
def failing(w: World) -> None:
    w.see(
        "found",
        lambda: after(
            w,
            """
            run['a'] = 1
            for step in range(5):
                run.track(float(step), name='m')
                if step == 3:
                    raise ValueError('boom')
            """,
        ),
    )


@case("R12", "a script that is interrupted", priority="A")
def interrupted(w: World) -> None:
    w.see(
        "found",
        lambda: after(
            w,
            """
            try:
                for step in range(5):
                    run.track(float(step), name='m')
                    if step == 2:
                        raise KeyboardInterrupt
            except KeyboardInterrupt:
                run['a'] = 'stopped'
            """,
        ),
    )


@case("R12", "a script that calls sys.exit", priority="B")
def exiting(w: World) -> None:
    w.see("found", lambda: after(w, "import sys; run.track(1.0, name='m'); sys.exit(3)"))


@case("R12", "a run made and forgotten in a function", priority="B")
def forgotten(w: World) -> None:
    script = f"""
        run.track(0.0, name='m')
        run.close()
        def work():
            inner = aim.Run(repo={w.location!r}, system_tracking_interval=None,
                            capture_terminal_logs=False)
            inner.track(7.0, name='m')
        work()
        """
    w.see("exit code", lambda: after(w, script)[0])
    w.see("points", lambda: sorted(m.data.items_list()[1][0] for m in w.query("metrics", "")))


@case("U23", "one run in several threads of a script", priority="B")
def threads(w: World) -> None:
    w.see(
        "found",
        lambda: after(
            w,
            """
            import threading
            def work():
                for step in range(10):
                    run.track(1.0, name='m', step=step)
            workers = [threading.Thread(target=work) for _ in range(4)]
            for worker in workers: worker.start()
            for worker in workers: worker.join()
            run['a'] = 'done'
            """,
        )[1],
    )
