"""Views at their edges: odd ranges, samples and look-ups, negative and huge steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def texts(w: World, *steps: int) -> Any:
    run = w.run()
    for step in steps:
        run.track(w.aim.Text(str(step)), name="t", step=step, epoch=step + 0.5)
    return run.get_text_sequence("t", w.context())


@case("S05", "ranges of texts", priority="B")
def ranges(w: World) -> None:
    data = texts(w, *range(0, 20, 2)).data
    for start, stop in [
        (0, 1),
        (0, 20),
        (3, 9),
        (4, 8),
        (18, 19),
        (19, 100),
        (0.5, 4.5),
        (2.0, 6.0),
    ]:
        w.see(f"{start} to {stop}", lambda a=start, b=stop: data.range(a, b).items_list()[0])
    w.see("None", lambda: data.range(None, None).items_list())
    w.see("below nothing", lambda: data.range(-5, 3).items_list()[0])
    w.see("one argument", lambda: data.range(3))
    w.see("values", lambda: [t.data for t in data.range(4, 8).values_list()[0]])
    w.see("indices", lambda: list(data.range(4, 8).indices()))
    w.see("rows", lambda: [(step, len(row)) for step, row in data.range(4, 8).items()])
    w.see("then a view", lambda: data.range(4, 8).view("epoch").items_list())
    w.see("of a view", lambda: data.view("epoch").range(4, 8).items_list())
    w.see("as numpy", lambda: data.range(4, 8).numpy()[0])


@case("S05", "odd samples of texts", priority="C")
def odd_samples(w: World) -> None:
    data = texts(w, *range(10)).data
    w.see("none", lambda: data.sample(0).items_list()[0])
    w.see("negative", lambda: data.sample(-1).items_list()[0])
    w.see("one", lambda: data.sample(1).items_list()[0])
    w.see("None", lambda: data.sample(None).items_list()[0])


@case("S05", "looking up steps", priority="B")
def lookups(w: World) -> None:
    sequence = texts(w, 0, 1, 4)
    values = sequence.values
    w.see("int", lambda: values[1].data)
    w.see("bool", lambda: values[True].data)
    w.see("missing", lambda: values[2])
    w.see("float", lambda: values[1.0].data)
    w.see("int64", lambda: values[np.int64(1)].data)
    w.see("text", lambda: values["1"])
    w.see("in", lambda: sequence.epochs[4] in sequence.epochs.values_list())
    w.see("reversed", lambda: list(reversed(values)))
    w.see("length of the sequence", lambda: len(sequence))
    w.see("epochs", lambda: list(sequence.epochs.values()))


@case("T04", "negative steps of objects", priority="C")
def negative(w: World) -> None:
    run = w.run()
    for step in (-3, -1, 2):
        w.see(
            f"track {step}", lambda step=step: run.track(w.aim.Text(str(step)), name="t", step=step)
        )
    w.see(
        "steps",
        lambda: run.get_text_sequence("t", w.context()).values.sparse_list()[0],
    )
    w.see("data", lambda: run.get_text_sequence("t", w.context()).data.items_list()[0])
    run.close()


@case("T04", "a huge step of an object", priority="C")
def huge(w: World) -> None:
    sequence = texts(w, 10**9)
    w.see("length", lambda: len(sequence.values))
    w.see("steps", lambda: sequence.values.sparse_list()[0])
    w.see("data", lambda: sequence.data.items_list()[0])
    w.see("last", lambda: sequence.values.last_value().data)


@case("S03", "odd views and samples of metrics", priority="C")
def odd_views(w: World) -> None:
    run = w.run()
    for step in (5, 1):
        run.track(step / 2, name="m", step=step)
    metric = run.get_metric("m", w.context())
    w.see("range", lambda: metric.data.range(0, 3).items_list()[0])
    w.see("view of a tuple", lambda: metric.data.view(("val",)).items_list())
    w.see("view of None", lambda: metric.data.view(None))
    w.see("view of a view's missing column", lambda: metric.data.view("val").view("epoch"))
    w.see("frame with an unknown option", lambda: metric.dataframe(foo=1))
    w.see("attributes can be set", lambda: (setattr(metric, "note", 1), metric.note)[1])
    w.see("in a set", lambda: len({metric, metric}))
    run.close()
