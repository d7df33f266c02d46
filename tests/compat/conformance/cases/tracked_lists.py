"""Lists in `Run.track`: of objects, of none, and what may stand beside them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def shown(w: World, run: Any, name: str) -> Any:
    """Steps, and the texts at each."""
    texts = run.get_text_sequence(name, w.context())
    if texts is None:
        return None
    steps, values = texts.values.sparse_list()
    return steps, [[t.data for t in v] if isinstance(v, list) else v.data for v in values]


@case("T01", "lists of none among lists of objects", priority="A")
def empty_lists(w: World) -> None:
    run = w.run()
    w.see("some", lambda: run.track([w.aim.Text("a")], name="t", step=0))
    w.see("none", lambda: run.track([], name="t", step=1))
    w.see("none, counted", lambda: run.track([], name="t"))
    w.see("tuple", lambda: run.track((), name="t", step=5))
    w.see("some again", lambda: run.track([w.aim.Text("b"), w.aim.Text("c")], name="t"))
    w.see("shown", lambda: shown(w, run, "t"))
    texts = run.get_text_sequence("t", w.context())
    w.see("longest", texts.record_length)
    w.see("item", lambda: texts.values[1])
    w.see("data", lambda: [len(record) for record in texts.data.items_list()[1][0]])
    w.see("other context", lambda: run.track([], name="t", context={"a": 1}))
    w.see("in a dict", lambda: run.track({"t": [], "m": 1.5}, step=9))
    w.see("metric of the dict", lambda: run.get_metric("m", w.context()).data.items_list()[0])
    run_hash = run.hash
    run.close()
    run = texts = None
    gc.collect()
    w.sync()
    w.see("stored", lambda: shown(w, w.repo.get_run(run_hash), "t"))


@case("T01", "lists of none after resuming", priority="C")
def empty_after_resuming(w: World) -> None:
    run = w.run()
    run.track([w.aim.Text("a")], name="t", step=0)
    run_hash = run.hash
    run.close()
    run = None
    gc.collect()
    run = w.run(run_hash)
    w.see("none", lambda: run.track([], name="t"))
    w.see("shown", lambda: shown(w, run, "t"))
    run.close()


@case("T01", "plain lists", priority="C")
def plain_lists(w: World) -> None:
    run = w.run()
    for value in ([1.0, 2.0], [1], ["a"], (), [None], [[1]]):
        w.see(f"track {value!r}", lambda value=value: run.track(value, name=f"{value!r}"))
    w.see("metrics", lambda: list(run.metrics()))
    w.see("object", lambda: run.track([object()], name="o"))
    w.see("in a dict", lambda: run.track({"l": [1, 2], "m": 1.5}))
    w.see("beside", lambda: run.get_metric("m", w.context()).data.items_list()[1][0])
    run.close()
