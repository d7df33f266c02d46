"""Steps and epochs: how they count on, which are taken, what is read back."""

from __future__ import annotations

import decimal
import fractions
import gc
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def points(w: World, run: Any, name: str = "m", context: dict[str, Any] | None = None) -> Any:
    data = run.get_metric(name, w.context(context)).data.items_list()
    return data[0], data[1][0]


@case("T04", "counting on after explicit steps", priority="A")
def counting_on(w: World) -> None:
    run = w.run()

    def tracked(name: str, *steps: int | None) -> Any:
        for position, step in enumerate(steps):
            run.track(float(position), name=name, step=step)
        return points(w, run, name)

    w.see("zero first", lambda: tracked("a", 0, None, None))
    w.see("one first", lambda: tracked("b", 1, None, None))
    w.see("descending", lambda: tracked("c", 5, 4, 3, None))
    w.see("far ahead", lambda: tracked("d", 10**12, None))
    w.see("late arrivals", lambda: tracked("e", None, None, 10, None, 2, None))
    w.see("overwritten in the middle", lambda: tracked("f", None, None, None, 1, None))
    w.see("multiples", lambda: tracked("g", 0, 100, 200, None))
    run.close()


@case("T04", "negative steps", priority="B")
def negative(w: World) -> None:
    run = w.run()
    for position, step in enumerate((-1, -5, 0, 3, -2)):
        run.track(float(position), name="m", step=step)
    w.see("points", lambda: points(w, run))
    run.track(9.0, name="m")
    w.see("then automatic", lambda: points(w, run))
    metric = run.get_metric("m", w.context())
    w.see("numpy", lambda: metric.data.numpy()[0])
    w.see("frame", lambda: list(metric.dataframe()["step"]))
    run.track(1.0, name="only", step=-3)
    run.track(2.0, name="only")
    w.see("automatic after only negative ones", lambda: points(w, run, "only"))
    run.close()


@case("T04", "large steps", priority="C")
def large(w: World) -> None:
    run = w.run()
    for step in (2**31, 2**53, 2**53 + 1, 2**62):
        run.track(1.0, name="m", step=step)
    w.see("steps", lambda: [str(step) for step in points(w, run)[0]])
    run.close()


@case("T04", "steps of other types", priority="B")
def types_of_steps(w: World) -> None:
    for name, step in {
        "float32": np.float32(2),
        "float64": np.float64(2.7),
        "whole float": 4.0,
        "negative float": -1.5,
        "False": False,
        "int subclass": type("Step", (int,), {})(3),
        "decimal": decimal.Decimal(2),
        "list": [1],
        "nan": float("nan"),
        "inf": float("inf"),
    }.items():
        run = w.run()
        w.see(f"track {name}", lambda run=run, step=step: run.track(1.0, name="m", step=step))
        w.see(f"{name}", lambda run=run: points(w, run))
        run.close()


@case("T04", "float steps count on", priority="C")
def float_steps(w: World) -> None:
    run = w.run()
    run.track(1.0, name="m", step=1.0)
    run.track(2.0, name="m", step=2.0)
    run.track(3.0, name="m")
    w.see("points", lambda: points(w, run))
    run.close()


@case("T04", "a step tracked again", priority="A")
def again(w: World) -> None:
    run = w.run()
    for epoch, (value, step) in enumerate([(1.0, 0), (2.0, 1), (9.0, 0), (8.0, 1), (7.0, 1)]):
        run.track(value, name="m", step=step, epoch=epoch)
    metric = run.get_metric("m", w.context())
    w.see("points", lambda: points(w, run))
    w.see("epochs", lambda: metric.data.items_list()[1][1])
    w.see("rows", lambda: len(metric.dataframe()))
    w.see("int after float", lambda: (run.track(5, name="m", step=0), points(w, run))[1])
    for text in ("a", "b"):
        run.track(w.aim.Text(text), name="t", step=3)
    w.see(
        "objects",
        lambda: [t.data for t in run.get_text_sequence("t", w.context()).values.values_list()],
    )
    run.close()


@case("T04", "counting on after resuming", priority="A")
def after_resuming(w: World) -> None:
    run = w.run()
    for context in ({"s": "a"}, {"s": "b"}, None):
        for step in range(3):
            run.track(float(step), name="m", context=context)
    run.track(1.0, name="far", step=100)
    run.track(1.0, name="late", step=5)
    run.track(1.0, name="late", step=2)
    run.track(w.aim.Text("a"), name="t")
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    run = w.run(run_hash)
    run.track(9.0, name="m", context={"s": "a"})
    run.track(9.0, name="m")
    run.track(9.0, name="far")
    run.track(9.0, name="late")
    run.track(9.0, name="new")
    run.track(w.aim.Text("b"), name="t")
    w.see("a", lambda: points(w, run, "m", {"s": "a"}))
    w.see("b", lambda: points(w, run, "m", {"s": "b"}))
    w.see("none", lambda: points(w, run, "m"))
    w.see("far", lambda: points(w, run, "far"))
    w.see("late", lambda: points(w, run, "late"))
    w.see("new", lambda: points(w, run, "new"))
    texts = run.get_text_sequence("t", w.context()).values
    w.see("texts", lambda: (texts.sparse_list()[0], [t.data for t in texts.values_list()]))
    run.close()


@case("T04", "resuming overwrites what is tracked again", priority="B")
def overwriting_after_resuming(w: World) -> None:
    run = w.run()
    for step in range(5):
        run.track(float(step), name="m", step=step)
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    run = w.run(run_hash)
    for step in range(3, 7):
        run.track(step * 10.0, name="m", step=step)
    w.see("points", lambda: points(w, run))
    w.see("steps", lambda: run.get_metric("m", w.context()).last_step())
    run.close()


@case("T04", "counting of objects", priority="B")
def counting_objects(w: World) -> None:
    run = w.run()

    def steps(name: str, *given: int | None) -> Any:
        for step in given:
            run.track(w.aim.Text("x"), name=name, step=step)
        return run.get_text_sequence(name, w.context()).values.sparse_list()[0]

    w.see("automatic", lambda: steps("a", None, None, None))
    w.see("after a gap", lambda: steps("b", 5, None))
    w.see("descending", lambda: steps("c", 5, 2, None))
    w.see("again", lambda: steps("d", 1, 1, None))
    w.see("lists count", lambda: [run.track([w.aim.Text("x")] * 2, name="l") for _ in range(3)])
    w.see("lists", lambda: run.get_text_sequence("l", w.context()).values.sparse_list()[0])
    run.close()


@case("T06", "types of epochs", priority="B")
def types_of_epochs(w: World) -> None:
    for name, epoch in {
        "int": 3,
        "zero": 0,
        "negative": -1,
        "float": 1.5,
        "whole float": 2.0,
        "bool": True,
        "int64": np.int64(4),
        "float32": np.float32(1.5),
        "float64": np.float64(2.5),
        "nan": float("nan"),
        "large": 2**40,
        "fraction": fractions.Fraction(1, 2),
        "text": "3",
    }.items():
        run = w.run()
        w.see(f"track {name}", lambda run=run, epoch=epoch: run.track(1.0, name="m", epoch=epoch))
        w.see(
            name,
            lambda run=run: run.get_metric("m", w.context()).data.items_list()[1][1],
        )
        run.close()


@case("T06", "epochs of all, some and none", priority="A")
def some_epochs(w: World) -> None:
    run = w.run()
    for step in range(4):
        run.track(1.0, name="all", epoch=step // 2)
        run.track(1.0, name="some", epoch=step if step % 2 else None)
        run.track(1.0, name="none")
    for name in ("all", "some", "none"):
        metric = run.get_metric(name, w.context())
        w.see(f"{name} in data", lambda m=metric: m.data.items_list()[1][1])
        w.see(f"{name} as array", lambda m=metric: m.data.numpy()[1][1])
        w.see(f"{name} sorted", lambda m=metric: sorted(m.epochs.values_list(), key=str))
        w.see(f"{name} in a frame", lambda m=metric: list(m.dataframe()["epoch"]))
        w.see(f"{name} frame type", lambda m=metric: m.dataframe()["epoch"].dtype.kind)
    run.close()


@case("T06", "ints and floats among epochs", priority="B")
def exact_epochs(w: World) -> None:
    run = w.run()
    for step, epoch in enumerate((1, 1.5, None, 0, -2.25)):
        run.track(1.0, name="m", step=step, epoch=epoch)
    run.track(1.0, name="whole", epoch=2.0)
    exact = run.get_metric("m", w.context()).epochs.values_list()
    w.see("types", lambda: sorted(type(epoch).__name__ for epoch in exact))
    w.see("values", lambda: sorted(map(str, exact)))
    w.see("whole float", lambda: run.get_metric("whole", w.context()).epochs.values_list())
    w.see(
        "whole float in data",
        lambda: run.get_metric("whole", w.context()).data.items_list()[1][1],
    )
    run.close()


@case("T06", "epochs of objects", priority="B")
def epochs_of_objects(w: World) -> None:
    run = w.run()
    for step, epoch in enumerate((1, None, 2.5)):
        run.track(w.aim.Text("x"), name="t", step=step, epoch=epoch)
    texts = run.get_text_sequence("t", w.context())
    w.see("values", lambda: texts.epochs.values_list())
    w.see("pairs", lambda: texts.epochs.sparse_list())
    w.see("dense", lambda: texts.epochs.tolist())
    w.see("data", lambda: texts.data.items_list()[1][1])
    run.close()


@case("U06", "keyword and positional arguments of track", priority="A")
def argument_styles(w: World) -> None:
    run = w.run()
    w.see("all by name", lambda: run.track(value=1.0, name="a", step=1, epoch=2, context={"s": 1}))
    w.see("by position", lambda: run.track(1.0, "b", 4, 2))
    w.see("context by position", lambda: run.track(1.0, "b", 4, 2, {}))
    w.see("unknown", lambda: run.track(1.0, name="c", foo=1))
    w.see("no value", lambda: run.track(name="c"))
    w.see("None for all", lambda: run.track(1.0, name="d", step=None, epoch=None, context=None))
    w.see("a", lambda: points(w, run, "a", {"s": 1}))
    w.see("b", lambda: points(w, run, "b"))
    w.see("names", lambda: sorted(m.name for m in run.metrics()))
    run.close()
