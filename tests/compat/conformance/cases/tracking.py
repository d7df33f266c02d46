"""`Run.track`: values, names, steps, epochs, contexts and what may follow what."""

from __future__ import annotations

import decimal
import fractions
import threading
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def points(w: World, run: Any, name: str, context: dict[str, Any] | None = None) -> Any:
    metric = run.get_metric(name, w.context(context))
    return metric and (metric.data.items_list()[0], metric.data.items_list()[1][0])


@case("T01", "accepted values", priority="A")
def accepted(w: World) -> None:
    values: dict[str, Any] = {
        "int": 3,
        "bool": True,
        "float": 1.5,
        "nan": float("nan"),
        "inf": float("inf"),
        "minus inf": float("-inf"),
        "float32": np.float32(1.5),
        "float16": np.float16(1.5),
        "int8": np.int8(3),
        "numpy bool": np.bool_(True),
        "zero-dimensional": np.array(2.5),
        "one element": np.array([2.5]),
        "one element 2d": np.array([[7]]),
    }
    run = w.run()
    for name, value in values.items():
        w.see(f"track {name}", lambda name=name, value=value: run.track(value, name=name))
        w.see(name, lambda name=name: points(w, run, name))
    run.close()


@case("T01", "rejected values", priority="A")
def rejected(w: World) -> None:
    values: dict[str, Any] = {
        "array": np.array([1.0, 2.0]),
        "empty array": np.array([]),
        "complex64": np.complex64(1),
        "str": "1.5",
        "none": None,
        "bytes": b"1",
        "decimal": decimal.Decimal("1.5"),
        "fraction": fractions.Fraction(1, 2),
        "complex": 1j,
        "set": {1},
        "object": object(),
        "huge int": 2**70,
    }
    run = w.run()
    for name, value in values.items():
        w.see(name, lambda name=name, value=value: run.track(value, name=name))
    run.track(1.0, name="good")
    w.see("run goes on", lambda: points(w, run, "good"))
    run.close()


@case("T02", "tensors are recognised by their class", priority="A")
def tensors(w: World) -> None:
    class Tensor:
        def __init__(self, value: float) -> None:
            self.value = value

        def item(self) -> float:
            return self.value

    Tensor.__module__ = types.ModuleType("torch").__name__
    run = w.run()
    w.see("track", lambda: run.track(Tensor(4.5), name="m"))
    w.see("points", lambda: points(w, run, "m"))
    run.close()


@case("T03", "names", priority="A")
def names(w: World) -> None:
    run = w.run()
    w.see("no name", lambda: run.track(1.0))
    w.see("odd name", lambda: run.track(1.0, name="a/b c.d"))
    w.see("dict with name", lambda: run.track({"x": 1.0}, name="z"))
    w.see("nested dict", lambda: run.track({"x": {"y": 1.0}}))
    w.see("empty dict", lambda: run.track({}))
    w.see("dict with None", lambda: run.track({"a": None}))
    w.see("dict with a bad value", lambda: run.track({"ok": 1.0, "bad": "x"}))
    w.see("names", lambda: sorted(m.name for m in run.metrics()))
    run.close()


@case("T13", "names Aim takes and cannot list", priority="C")
def unusable_names(w: World) -> None:
    def listing(name: Any) -> list[str]:
        run = w.run()
        run.track(1.0, name="good")
        run.track(1.0, name=name)
        found = sorted(m.name for m in run.metrics())
        run.close()
        return found

    w.see("empty", lambda: listing(""))
    w.see("number", lambda: listing(5))


@case("T04", "automatic steps", priority="A")
def automatic_steps(w: World) -> None:
    def tracked(*steps: int | None) -> Any:
        run = w.run()
        for position, step in enumerate(steps):
            run.track(float(position), name="m", step=step)
        found = points(w, run, "m")
        run.close()
        return found

    w.see("all automatic", lambda: tracked(None, None, None))
    w.see("after a gap", lambda: tracked(5, None, None))
    w.see("after going back", lambda: tracked(5, 2, None))
    w.see("same step again", lambda: tracked(1, 1))
    w.see("out of order", lambda: tracked(0, 10, 3))
    w.see("same step, then automatic", lambda: tracked(3, 3, None))
    w.see("many", lambda: tracked(*[None] * 25))


@case("T04", "odd steps", priority="B")
def odd_steps(w: World) -> None:
    def tracked(step: Any) -> Any:
        run = w.run()
        try:
            run.track(1.0, name="m", step=step)
            return points(w, run, "m")
        finally:
            run.close()

    w.see("negative", lambda: tracked(-5))
    w.see("bool", lambda: tracked(True))
    w.see("whole float", lambda: tracked(2.0))
    w.see("float", lambda: tracked(1.5))
    w.see("str", lambda: tracked("3"))
    w.see("int64", lambda: tracked(np.int64(4)))
    w.see("huge", lambda: tracked(2**70))


@case("T04", "steps are per name and context", priority="A")
def steps_apart(w: World) -> None:
    run = w.run()
    for _ in range(3):
        run.track(1.0, name="m", context={"s": "a"})
    run.track(2.0, name="m", context={"s": "b"})
    run.track(3.0, name="n", context={"s": "a"})
    w.see("a", lambda: points(w, run, "m", {"s": "a"}))
    w.see("b", lambda: points(w, run, "m", {"s": "b"}))
    w.see("n", lambda: points(w, run, "n", {"s": "a"}))
    run.close()


@case("T06", "epochs", priority="B")
def epochs(w: World) -> None:
    run = w.run()
    run.track(1.0, name="m", epoch=3)
    run.track(2.0, name="m")
    run.track(3.0, name="m", epoch=1.5)
    w.see("epochs", lambda: run.get_metric("m", w.context()).data.items_list()[1][1])
    run.close()


@case("T07", "contexts", priority="A")
def contexts(w: World) -> None:
    run = w.run()
    given: list[Any] = [
        None,
        {},
        {"a": 1},
        {"a": 1, "b": 2},
        {"b": 2, "a": 1},
        {"a": 1.0},
        {"a": True},
        {"a": {"b": [1, 2]}},
        {"a": None},
        {"a": "x"},
        {"a": (1, 2)},
        {"a": [1, 2]},
    ]
    for position, context in enumerate(given):
        w.see(f"{position} {context}", lambda c=context: run.track(1.0, name="m", context=c))
    w.see("object", lambda: run.track(1.0, name="m", context={"a": object()}))
    w.see(
        "listed",
        lambda: sorted(
            (str(m.context.to_dict()), len(m.data.items_list()[0])) for m in run.metrics()
        ),
    )
    run.close()


@case("T07", "contexts of other shapes", priority="C")
def odd_contexts(w: World) -> None:
    run = w.run()
    w.see("Context", lambda: run.track(1.0, name="m", context=w.context({"q": 1})))
    w.see("float32 value", lambda: run.track(1.0, name="m", context={"a": np.float32(1)}))
    w.see("str", lambda: run.track(1.0, name="m", context="train"))
    w.see("list", lambda: run.track(1.0, name="m", context=["x"]))
    w.see("int key", lambda: run.track(1.0, name="m", context={1: "x"}))
    run.close()


@case("T08", "mixing types in one sequence", priority="B")
def mixing(w: World) -> None:
    text = w.aim.Text("a")

    def image() -> Any:
        return w.aim.Image(np.zeros((2, 2), "uint8"))

    def mixed(*values: Any) -> str:
        run = w.run()
        try:
            for value in values:
                run.track(value, name="m")
            return "accepted"
        finally:
            run.close()

    w.see("int float", lambda: mixed(1, 2.5))
    w.see("float int", lambda: mixed(2.5, 1))
    w.see("bool int", lambda: mixed(True, 1))
    w.see("float text", lambda: mixed(1.0, text))
    w.see("text float", lambda: mixed(text, 1.0))
    w.see("text image", lambda: mixed(text, image()))
    w.see("images image", lambda: mixed([image()], image()))
    w.see("image images", lambda: mixed(image(), [image()]))
    w.see("texts images", lambda: mixed([text], [image()]))
    w.see("nothing images", lambda: mixed([], [image()]))
    w.see("images nothing", lambda: mixed([image()], []))
    run = w.run()
    run.track(1.0, name="m", context={"a": 1})
    w.see("other context, other type", lambda: run.track(text, name="m", context={"a": 2}))
    w.see("int and float values", lambda: mixed_values(w))
    run.close()


def mixed_values(w: World) -> Any:
    run = w.run()
    run.track(3, name="i")
    run.track(4.5, name="i")
    found = points(w, run, "i")
    run.close()
    return found


@case("T09", "which getter returns what", priority="A")
def getters(w: World) -> None:
    import plotly.graph_objects as go

    aim, run, context = w.aim, w.run(), {"k": "v"}
    pixels = np.zeros((2, 2), "uint8")
    tracked = {
        "im": aim.Image(pixels),
        "ims": [aim.Image(pixels)] * 2,
        "tx": aim.Text("x"),
        "di": aim.Distribution([1, 2, 3]),
        "fi": aim.Figure(go.Figure()),
        "au": aim.Audio(np.zeros(100, "int16"), rate=8000),
        "me": 1,
    }
    for name, value in tracked.items():
        run.track(value, name=name, context=context)
    for kind in (
        "metric",
        *(f"{k}_sequence" for k in ("image", "text", "distribution", "figure", "audio")),
    ):
        getter = getattr(run, f"get_{kind}")
        w.see(
            f"get_{kind}",
            lambda getter=getter: [n for n in tracked if getter(n, w.context(context)) is not None],
        )
    w.see("wrong context", lambda: run.get_metric("me", w.context()))
    w.see("missing", lambda: run.get_metric("zz", w.context(context)))
    w.see("no context", lambda: run.get_metric("me"))
    w.see("metrics info", lambda: [(n, c.to_dict()) for n, c, _ in run.iter_metrics_info()])
    w.see(
        "sequence info",
        lambda: {
            kind: sorted((i["name"], str(i["context"])) for i in infos)
            for kind, infos in run.collect_sequence_info(
                ("metric", "images", "audios", "distributions", "figures", "texts"),
                skip_last_value=True,
            ).items()
        },
    )
    w.see("sequence info of one", lambda: run.collect_sequence_info("metric")["metric"][0]["name"])
    w.see("bad sequence kind", lambda: run.collect_sequence_info("nope"))
    run.close()


@case("T09", "contexts of getters", priority="B")
def getter_contexts(w: World) -> None:
    run = w.run()
    run.track(1.0, name="me", context={"k": "v"})
    w.see("dict", lambda: run.get_metric("me", {"k": "v"}).name)
    w.see("None", lambda: run.get_metric("me", None))
    run.close()


@case("T12", "several threads", priority="B")
def several_threads(w: World) -> None:
    run = w.run()

    def work(name: str) -> None:
        for i in range(100):
            run.track(float(i), name=name)
            run.track(float(i), name="shared", step=i, context={"by": name})

    threads = [threading.Thread(target=work, args=(f"m{k}",)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    w.see("points", lambda: sorted((m.name, len(m.data.items_list()[0])) for m in run.metrics()))
    run.close()


@case("U23", "several runs in one process", priority="A")
def several_runs(w: World) -> None:
    first, second = w.run(), w.run()
    first.track(1, name="x")
    second.track(2, name="x")
    second.track(3, name="x")
    w.see("hashes differ", lambda: first.hash != second.hash)
    w.see("first", lambda: points(w, first, "x"))
    w.see("second", lambda: points(w, second, "x"))
    for name in ("close", "close again"):
        w.see(name, first.close)
    w.see("other is open", lambda: second.active)
    w.see("close other", second.close)
