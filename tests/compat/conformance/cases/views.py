"""Views of sequences: every method of `values`, `epochs`, `timestamps` and `data`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def texts(w: World, *steps: int) -> Any:
    """A sequence of texts, `t<step>` at each step, tracked in the order given."""
    run = w.run()
    for position, step in enumerate(steps):
        run.track(w.aim.Text(f"t{step}"), name="tx", step=step, epoch=position)
    return run.get_text_sequence("tx", w.context())


def metric(w: World, *steps: int) -> Any:
    """A metric with half the step as value and the step itself as epoch."""
    run = w.run()
    for step in steps:
        run.track(step / 2, name="m", step=step, epoch=step)
    return run.get_metric("m", w.context())


def plain(value: Any) -> Any:
    """Texts as what they say."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    return getattr(value, "data", value)


@case("S05", "values of texts, method by method", priority="A")
def values_of_texts(w: World) -> None:
    sequence = texts(w, 4, 0, 2, 7)
    values = sequence.values
    for name in ("first", "last", "first_idx", "last_idx", "first_value", "last_value"):
        w.see(name, lambda name=name: plain(getattr(values, name)()))
    for name in ("values_list", "sparse_list", "tolist", "values_numpy", "sparse_numpy"):
        w.see(name, lambda name=name: plain(getattr(values, name)()))
    w.see("values", lambda: plain(list(values.values())))
    w.see("items", lambda: plain(list(values.items())))
    w.see("len", lambda: len(values))
    w.see("bool", lambda: bool(values))
    w.see("item", lambda: plain(values[2]))
    w.see("missing item", lambda: plain(values[3]))
    w.see("beyond", lambda: plain(values[100]))
    w.see("negative item", lambda: plain(values[-1]))
    w.see("slice", lambda: plain(values[1:3]))
    w.see("text as step", lambda: plain(values["2"]))
    w.see("numpy step types", lambda: [a.dtype.name for a in values.sparse_numpy()])
    w.see("dtype", lambda: values.dtype)


@case("S05", "iterating views of texts", priority="A")
def iterating_texts(w: World) -> None:
    dense = texts(w, 0, 1, 2)
    w.see("list", lambda: plain(list(dense.values)))
    w.see("loop", lambda: [plain(value) for value in dense.values])
    w.see("unpacked", lambda: plain([*dense.values]))
    w.see("enumerated", lambda: plain(list(enumerate(dense.values))))
    w.see("twice", lambda: [len(list(dense.values)) for _ in range(2)])
    w.see("in", lambda: [step for step, _ in dense.values.items()])
    gaps = texts(w, 0, 3)
    w.see("with gaps", lambda: plain(list(gaps.values)))


@case("S05", "epochs and times of texts", priority="B")
def epochs_of_texts(w: World) -> None:
    sequence = texts(w, 3, 1)
    w.see("epochs", lambda: sequence.epochs.sparse_list())
    w.see("epochs dense", lambda: sequence.epochs.tolist())
    w.see("epochs numpy", lambda: sequence.epochs.sparse_numpy())
    w.see("epoch at", lambda: sequence.epochs[3])
    w.see("times", lambda: sequence.timestamps.sparse_list())
    w.see("times numpy", lambda: sequence.timestamps.values_numpy().dtype.name)
    w.see("times rise with tracking", lambda: sequence.timestamps[3] <= sequence.timestamps[1])
    w.see("last epoch", lambda: sequence.epochs.last())


@case("S05", "data of texts, method by method", priority="A")
def data_of_texts(w: World) -> None:
    data = texts(w, 4, 0, 2, 7).data
    w.see("items_list", lambda: plain(data.items_list()[1][:2]))
    w.see("indices_list", data.indices_list)
    w.see("indices", lambda: list(data.indices()))
    w.see("values_list", lambda: plain(data.values_list()[:2]))
    w.see("items", lambda: [(step, plain(row[0]), row[1]) for step, row in data.items()])
    w.see("iterated", lambda: [(step, len(row)) for step, row in data])
    w.see("numpy steps", lambda: data.numpy()[0])
    w.see("numpy values", lambda: plain(data.numpy()[1][0]))
    w.see("view", lambda: plain(data.view("val").items_list()))
    w.see("view of epochs", lambda: data.view("epoch").items_list())
    w.see("view of two", lambda: plain(data.view(["epoch", "val"]).items_list()))
    w.see("view of unknown", lambda: data.view("zz").items_list())
    w.see("range", lambda: plain(data.range(0, 5).view("val").items_list()))
    w.see("range to the end", lambda: data.range(2, 100).items_list()[0])
    w.see("range of nothing", lambda: data.range(5, 6).items_list()[0])
    w.see("sample of more", lambda: data.sample(10).items_list()[0])
    w.see("sample of all", lambda: data.sample(4).items_list()[0])
    w.see("columns", lambda: [column[0] for column in data.columns])


@case("S05", "sampling texts", priority="B")
def sampling_texts(w: World) -> None:
    data = texts(w, *range(0, 40, 2)).data
    for size in (2, 3, 5, 7, 10, 19, 20):
        w.see(f"{size}", lambda size=size: data.sample(size).items_list()[0])
    w.see("of a range", lambda: data.range(10, 30).sample(3).items_list()[0])
    w.see("of a view", lambda: data.view("epoch").sample(5).items_list()[0])
    w.see("the whole stays", lambda: len(data.items_list()[0]))


@case("S05", "lists of texts", priority="A")
def lists_of_texts(w: World) -> None:
    run = w.run()
    for step, length in enumerate((2, 1, 3)):
        run.track([w.aim.Text(f"{step}.{i}") for i in range(length)], name="l", step=step)
    run.track((w.aim.Text("a"), w.aim.Text("b")), name="tuple")
    sequence = run.get_text_sequence("l", w.context())
    w.see("values", lambda: plain(sequence.values.values_list()))
    w.see("last", lambda: plain(sequence.values.last()))
    w.see("item", lambda: plain(sequence.values[1]))
    w.see("record_length", sequence.record_length)
    w.see("data", lambda: plain(sequence.data.items_list()[1][0]))
    w.see("type of a record", lambda: type(sequence.values[0]))
    w.see("tuple", lambda: plain(run.get_text_sequence("tuple", w.context()).values[0]))
    w.see("numpy", lambda: len(sequence.values.values_numpy()))
    run.close()


@case("S02", "views of metrics that Aim gets right", priority="A")
def right_views(w: World) -> None:
    sequence = metric(w, 0, 1, 2, 3)
    for name in ("values", "epochs", "timestamps"):
        view = getattr(sequence, name)
        w.see(f"{name}: length", lambda view=view: len(view.values_list()))
        w.see(f"{name}: pairs", lambda view=view: [len(part) for part in view.sparse_list()])
        w.see(f"{name}: bool", lambda view=view: bool(view))
        w.see(f"{name}: numpy", lambda view=view: view.values_numpy().dtype.name)
        w.see(f"{name}: steps as numpy", lambda view=view: view.sparse_numpy()[0].dtype.name)
        w.see(f"{name}: in pairs", lambda view=view: len(list(view.items())))
        w.see(f"{name}: values", lambda view=view: len(list(view.values())))
        w.see(f"{name}: slice", lambda view=view: view[:2])
    w.see("sum", lambda: sum(sequence.values.values_list()))
    w.see("maximum", lambda: max(sequence.values.values_list()))
    w.see("mean", lambda: float(np.mean(sequence.values.values_numpy())))
    w.see("of one", lambda: metric(w, 5).values.last_value())


@case("S02", "steps in views of metrics", priority="A")
def steps_in_views(w: World) -> None:
    sequence = metric(w, 8, 0, 4)
    for name in ("values", "epochs"):
        view = getattr(sequence, name)
        w.see(f"{name}: sparse_list", view.sparse_list)
        w.see(f"{name}: sparse_numpy", view.sparse_numpy)
        w.see(f"{name}: items", lambda view=view: list(view.items()))
        w.see(f"{name}: keys", lambda view=view: list(view.keys()))
        w.see(f"{name}: indices", lambda view=view: list(view.indices()))
        w.see(f"{name}: indices_list", view.indices_list)
        w.see(f"{name}: indices_numpy", view.indices_numpy)
        w.see(f"{name}: list", lambda view=view: list(view))
        w.see(f"{name}: len", lambda view=view: len(view))
        w.see(f"{name}: item", lambda view=view: view[4])
        w.see(f"{name}: missing", lambda view=view: view[5])
        w.see(f"{name}: first", view.first)
        w.see(f"{name}: last", view.last)
        w.see(f"{name}: last_idx", view.last_idx)


@case("S03", "data of metrics, method by method", priority="A")
def data_of_metrics(w: World) -> None:
    data = metric(w, 4, 0, 2, 7).data
    w.see("items_list is a pair", lambda: (type(data.items_list()), len(data.items_list())))
    w.see("columns", lambda: [column[0] for column in data.columns])
    w.see("types of steps", lambda: {type(step).__name__ for step in data.items_list()[0]})
    w.see("types of values", lambda: {type(value).__name__ for value in data.items_list()[1][0]})
    w.see("types of epochs", lambda: {type(value).__name__ for value in data.items_list()[1][1]})
    w.see("numpy is a pair", lambda: (type(data.numpy()), type(data.numpy()[1])))
    w.see("numpy types", lambda: [column.dtype.name for column in data.numpy()[1]])
    w.see("values as numpy", lambda: data.numpy()[1][0])
    w.see("view as numpy", lambda: data.view("val").numpy())
    w.see("view of times", lambda: len(data.view("time").items_list()[1][0]))
    w.see("view of all", lambda: len(data.view(("val", "epoch", "time")).items_list()[1]))
    w.see("view of known and unknown", lambda: data.view(["val", "zz"]).items_list())
    w.see("view twice", lambda: data.view(["val", "epoch"]).view("epoch").items_list())
    w.see("view of nothing", lambda: data.view([]))
    w.see("pairs", lambda: [(step, value) for step, (value, _, _) in data.items()])
    w.see("dict", lambda: {step: row[0] for step, row in data})
    w.see("zip", lambda: list(zip(*data.view("val").items_list()[1], strict=True)))
    w.see("not a list", lambda: data[0])
    w.see("length", lambda: len(data))


@case("S03", "arrays of a view can be written", priority="B")
def writable_arrays(w: World) -> None:
    sequence = metric(w, 0, 1)
    values = sequence.data.numpy()[1][0]
    values += 1
    w.see("changed", lambda: values)
    w.see("not the metric", lambda: sequence.data.numpy()[1][0])
    listed = sequence.data.items_list()[1][0]
    listed.append(9.0)
    w.see("nor by its list", lambda: sequence.data.items_list()[1][0])


@case("S04", "samples of metrics", priority="B")
def samples(w: World) -> None:
    data = metric(w, *range(60)).data
    for size in (1, 2, 10, 59, 60, 61, 1000):
        sampled = data.sample(size)
        w.see(f"{size}: how many", lambda s=sampled: len(s.items_list()[0]))
        w.see(f"{size}: last", lambda s=sampled: s.items_list()[0][-1])
        w.see(
            f"{size}: values fit steps",
            lambda s=sampled: all(
                value == step / 2
                for step, value in zip(s.items_list()[0], s.items_list()[1][0], strict=True)
            ),
        )
    w.see("as numpy", lambda: len(data.sample(10).numpy()[0]))
    w.see(
        "of a view", lambda: [len(c) for c in data.view(["val", "epoch"]).sample(5).items_list()[1]]
    )


@case("S01", "sequences seen from outside", priority="A")
def outside(w: World) -> None:
    sequence = metric(w, 3, 9)
    run = sequence.run
    w.see("name", lambda: sequence.name)
    w.see("context", lambda: sequence.context.to_dict())
    w.see("type of the context", lambda: type(sequence.context).__name__)
    w.see("run", lambda: sequence.run is run)
    w.see("steps", lambda: (sequence.first_step(), sequence.last_step()))
    w.see("bool", lambda: bool(sequence))
    w.see("iterated", lambda: list(sequence))
    w.see("item", lambda: sequence[0])
    w.see("kind", lambda: (sequence.sequence_name(), type(sequence).sequence_name()))
    w.see("value types", sequence.allowed_dtypes)
    w.see("hash", lambda: hash(sequence) == hash(run.get_metric("m", w.context())))
    w.see("same", lambda: sequence == sequence)  # what is observed
    w.see("equal", lambda: sequence == run.get_metric("m", w.context()))
    w.see("preload", sequence.preload)
    w.see("after preload", lambda: sequence.data.items_list()[0])
    w.see("attribute", lambda: sequence.steps)


@case("S01", "a sequence sees what is tracked later", priority="B")
def tracked_later(w: World) -> None:
    run = w.run()
    run.track(1.0, name="m")
    sequence = run.get_metric("m", w.context())
    w.see("before", lambda: sequence.data.items_list()[1][0])
    run.track(2.0, name="m")
    w.see("after", lambda: run.get_metric("m", w.context()).data.items_list()[1][0])
    w.see("last step", lambda: run.get_metric("m", w.context()).last_step())
    run.close()


@case("S05", "sequences of each kind of object", priority="B")
def kinds(w: World) -> None:
    import plotly.graph_objects as go

    run = w.run()
    pixels = np.zeros((2, 2), "uint8")
    for step in (0, 2):
        run.track(w.aim.Image(pixels), name="image", step=step)
        run.track(w.aim.Distribution([1, 2, 3]), name="distribution", step=step)
        run.track(w.aim.Figure(go.Figure()), name="figure", step=step)
        run.track(w.aim.Audio(np.zeros(10, "int16"), rate=8000), name="audio", step=step)
    for kind in ("image", "distribution", "figure", "audio"):
        sequence = getattr(run, f"get_{kind}_sequence")(kind, w.context())
        w.see(f"{kind}: class", lambda s=sequence: type(s).__name__)
        w.see(f"{kind}: steps", lambda s=sequence: s.values.sparse_list()[0])
        w.see(f"{kind}: value", lambda s=sequence: type(s.values[2]).__name__)
        w.see(f"{kind}: last", lambda s=sequence: type(s.values.last_value()).__name__)
        w.see(f"{kind}: missing", lambda s=sequence: s.values[1])
        w.see(f"{kind}: first and last", lambda s=sequence: (s.first_step(), s.last_step()))
        w.see(f"{kind}: data", lambda s=sequence: s.data.items_list()[0])
        w.see(f"{kind}: record_length", lambda s=sequence: s.record_length())
        w.see(f"{kind}: name", lambda s=sequence: s.sequence_name())
    run.close()


@case("S09", "views of nothing", priority="C")
def nothing(w: World) -> None:
    run = w.run()
    run.track(1.0, name="other")
    sequence = w.aim.Metric("zz", w.context(), run)
    values = sequence.values
    w.see("bool", lambda: bool(values))
    w.see("sparse_list", values.sparse_list)
    w.see("values_list", values.values_list)
    w.see("tolist", values.tolist)
    w.see("values", lambda: list(values.values()))
    w.see("items", lambda: list(values.items()))
    w.see("list", lambda: list(values))
    w.see("len", lambda: len(values))
    w.see("first", values.first)
    w.see("last", values.last)
    w.see("last_value", values.last_value)
    w.see("item", lambda: values[0])
    w.see("sparse_numpy", lambda: [len(part) for part in values.sparse_numpy()])
    w.see("data", sequence.data.items_list)
    w.see("data numpy", lambda: [len(part) for part in sequence.data.numpy()[1]])
    w.see("data sample", lambda: sequence.data.sample(5).items_list())
    run.close()
