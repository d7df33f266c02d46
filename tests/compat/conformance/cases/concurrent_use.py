"""Runs used from several threads, and readers beside writers."""

from __future__ import annotations

import gc
import queue
import threading
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.world import World


def together(*works: Callable[[], Any]) -> list[str]:
    """Run all at once; the names of the exceptions that came out."""
    failed: list[str] = []

    def guarded(work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # an exception is an observation here
            failed.append(type(error).__name__)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(failed)


@case("U23", "a run made, used and closed in a thread", priority="A")
def in_a_thread(w: World) -> None:
    made: queue.Queue[str] = queue.Queue()

    def work() -> None:
        run = w.run(experiment="threads")
        run["a"] = 1
        for step in range(3):
            run.track(float(step), name="m", step=step)
        made.put(run.hash)
        run.close()

    w.see("failed", lambda: together(work))
    gc.collect()
    w.sync()
    stored = w.repo.get_run(made.get())
    w.see("stored", lambda: (stored["a"], stored.experiment, stored.end_time is not None))
    w.see("points", lambda: stored.get_metric("m", w.context()).data.items_list()[1][0])


@case("U23", "a run closed in another thread", priority="B")
def closed_elsewhere(w: World) -> None:
    run = w.run()
    run.track(1.0, name="m")
    w.see("failed", lambda: together(run.close))
    w.see("again", run.close)


@case("T12", "several threads at explicit steps of one metric", priority="B")
def explicit_steps(w: World) -> None:
    run = w.run()

    def work(start: int) -> Callable[[], None]:
        def track() -> None:
            for step in range(start, 100, 4):
                run.track(step * 2.0, name="m", step=step)

        return track

    w.see("failed", lambda: together(*map(work, range(4))))
    data = run.get_metric("m", w.context()).data
    w.see("steps", lambda: data.items_list()[0] == list(range(100)))
    w.see("values", lambda: data.items_list()[1][0] == [step * 2.0 for step in range(100)])
    run.close()


@case("P01", "parameters set from several threads", priority="B")
def parameters(w: World) -> None:
    run = w.run()

    def work(number: int) -> Callable[[], None]:
        def put() -> None:
            for item in range(10):
                run[f"p{number}", f"i{item}"] = item

        return put

    w.see("failed", lambda: together(*map(work, range(4))))
    w.see("all there", lambda: {key: len(value) for key, value in run[...].items()})
    run.close()


@case("R07", "a reader beside a writer", priority="B")
def reader_beside(w: World) -> None:
    run = w.run()
    run["a"] = 1
    run.track(1.0, name="m")
    run_hash = run.hash
    w.sync()
    reader = w.repo.get_run(run_hash)
    w.see("active", lambda: (reader.active, reader.end_time))
    w.see("parameter", lambda: reader["a"])
    w.see("points", lambda: reader.get_metric("m", w.context()).data.items_list()[1][0])
    w.see("writer goes on", lambda: run.track(2.0, name="m"))
    run.close()
    run = reader = None
    gc.collect()
    w.sync()
    again = w.repo.get_run(run_hash)
    w.see("ended", lambda: (again.active, again.end_time is not None))
    w.see("all points", lambda: again.get_metric("m", w.context()).data.items_list()[1][0])


@case("R01", "times of a run", priority="B")
def times(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        created, run_hash = run.creation_time, run.hash
        run = None
    gc.collect()
    w.sync()
    stored = w.repo.get_run(run_hash)
    w.see("creation kept", lambda: abs(stored.creation_time - created) < 0.01)
    w.see("end after creation", lambda: stored.end_time >= stored.creation_time)
    w.see("duration is between", lambda: abs(stored.duration - (stored.end_time - created)) < 0.01)
    w.see("types", lambda: (type(stored.end_time), type(stored.duration)))
    w.see("finalized at", lambda: stored.finalized_at)
    w.see("created before finalized", lambda: stored.created_at <= stored.finalized_at)
    w.see("same zone", lambda: (stored.finalized_at - stored.created_at).total_seconds() < 100)
