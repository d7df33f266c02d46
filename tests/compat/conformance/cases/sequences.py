"""Sequence objects and their views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def tracked(
    w: World, *steps: int, name: str = "loss", context: dict[str, Any] | None = None
) -> Any:
    """A run with one metric, whose value at a step is the step's square."""
    run = w.run()
    for step in steps:
        run.track(float(step * step), name=name, step=step, epoch=step // 2, context=context)
    return run


@case("S01", "attributes of a metric", priority="A")
def attributes(w: World) -> None:
    run = tracked(w, 0, 10, 20, context={"s": "t"})
    metric = run.get_metric("loss", w.context({"s": "t"}))
    w.see("class", lambda: type(metric).__name__)
    w.see("is Metric", lambda: isinstance(metric, w.aim.Metric))
    w.see("name", lambda: metric.name)
    w.see("context", metric.context.to_dict)
    w.see("context item", lambda: metric.context["s"])
    w.see("missing context item", lambda: metric.context["zz"])
    w.see("run", lambda: metric.run.hash == run.hash)
    w.see("steps", lambda: (metric.first_step(), metric.last_step()))
    w.see("bool", lambda: bool(metric))
    w.see("hash", lambda: hash(metric) == hash(run.get_metric("loss", w.context({"s": "t"}))))
    w.see("version", lambda: metric.version)
    run.close()


@case("S03", "metric data", priority="A")
def metric_data(w: World) -> None:
    run = w.run()
    for epoch, step in enumerate([3, 0, 7, 1]):
        run.track(float(epoch * epoch), name="loss", step=step, epoch=epoch)
    data = run.get_metric("loss", w.context()).data
    w.see("items_list", lambda: (data.items_list()[0], data.items_list()[1][:2]))
    w.see("times", lambda: data.items_list()[1][2])
    w.see("numpy", lambda: (data.numpy()[0], data.numpy()[1][:2]))
    w.see("numpy times", lambda: data.numpy()[1][2].dtype.name)
    w.see("items", lambda: [(step, values[0]) for step, values in data.items()])
    w.see("iterated", lambda: [(step, len(values)) for step, values in data])
    w.see("values", lambda: [len(values) for values in data.values()])
    w.see("indices", lambda: list(data.indices()))
    w.see("indices_list", data.indices_list)
    w.see("values_list", lambda: data.values_list()[0])
    w.see("view", lambda: data.view("val").items_list())
    w.see("view of two", lambda: data.view(["epoch", "val"]).items_list())
    w.see("view of unknown", lambda: data.view("zz"))
    w.see("sample all", lambda: data.sample(100).items_list()[0])
    w.see("sample size", lambda: len(data.sample(2).items_list()[0]))
    run.close()


@case("S02", "metric views", priority="A")
def metric_views(w: World) -> None:
    run = tracked(w, 0, 1, 2, 3, 7)
    values = run.get_metric("loss", w.context()).values
    w.see("sparse_numpy steps", lambda: values.sparse_numpy()[0])
    w.see("sparse_numpy values", lambda: values.sparse_numpy()[1])
    w.see(
        "sparse_numpy is a pair", lambda: (type(values.sparse_numpy()), len(values.sparse_numpy()))
    )
    w.see("sparse_list", values.sparse_list)
    w.see("values_list", values.values_list)
    w.see("values_numpy", values.values_numpy)
    w.see("same values", lambda: sorted(values.values_list()))
    w.see("first_value", values.first_value)
    w.see("last_value", values.last_value)
    w.see("last", values.last)
    w.see("items", lambda: list(values.items()))
    w.see("list", lambda: list(values))
    w.see("keys", lambda: list(values.keys()))
    w.see("len", lambda: len(values))
    w.see("item", lambda: values[2])
    epochs = run.get_metric("loss", w.context()).epochs
    w.see("epochs", lambda: sorted(epochs.values_list()))
    w.see(
        "timestamps",
        lambda: run.get_metric("loss", w.context()).timestamps.sparse_numpy()[1].dtype.name,
    )
    run.close()


@case("S04", "sampling a long metric", priority="B")
def sampling(w: World) -> None:
    run = tracked(w, *range(300))
    data = run.get_metric("loss", w.context()).data
    five = data.sample(5).items_list()[0]
    w.see("size", lambda: len(five))
    w.see("has the last", lambda: five[-1])
    w.see("in order", lambda: five == sorted(five))
    w.see("repeatable", lambda: data.sample(5).items_list()[0] == five)
    w.see("fifty", lambda: len(data.sample(50).items_list()[0]))
    run.close()


@case("S05", "sequences of objects", priority="A")
def object_sequences(w: World) -> None:
    run = w.run()
    for step in (0, 2, 5, 1):
        run.track(w.aim.Text(f"t{step}"), name="tx", step=step)
    texts = run.get_text_sequence("tx", w.context())
    values = texts.values
    w.see("class", lambda: type(texts).__name__)
    w.see(
        "sparse_list", lambda: (values.sparse_list()[0], [t.data for t in values.sparse_list()[1]])
    )
    w.see("tolist", lambda: [t and t.data for t in values.tolist()])
    w.see("item", lambda: values[2].data)
    w.see("missing item", lambda: values[3])
    w.see("first", lambda: (values.first()[0], values.first()[1].data))
    w.see("last", lambda: (values.last()[0], values.last()[1].data))
    w.see("last_value", lambda: values.last_value().data)
    w.see("values_list", lambda: [t.data for t in values.values_list()])
    w.see("values", lambda: [t.data for t in values.values()])
    w.see("steps", lambda: (texts.first_step(), texts.last_step()))
    w.see("record_length", texts.record_length)
    data = texts.data
    w.see("data", lambda: (data.items_list()[0], [t.data for t in data.items_list()[1][0]]))
    w.see("range", lambda: data.range(1, 5).items_list()[0])
    run.track([w.aim.Text("a"), w.aim.Text("b")], name="lst")
    listed = run.get_text_sequence("lst", w.context())
    w.see("record_length of a list", listed.record_length)
    w.see("list record", lambda: [[t.data for t in record] for record in listed.values.tolist()])
    run.close()


@case("S05", "keys of object sequences", priority="C")
def object_keys(w: World) -> None:
    run = w.run()
    for step in (0, 2):
        run.track(w.aim.Text("t"), name="tx", step=step)
    values = run.get_text_sequence("tx", w.context()).values
    w.see("indices_list", values.indices_list)
    w.see("len", lambda: len(values))
    run.close()


@case("S08", "special values on read", priority="B")
def special_values(w: World) -> None:
    run = w.run()
    run.track(True, name="b")
    for value in (float("nan"), 1.0, float("inf")):
        run.track(value, name="n")
    for name in ("b", "n"):
        data = run.get_metric(name, w.context()).data
        w.see(f"{name} list", lambda data=data: data.items_list()[1][0])
        w.see(f"{name} numpy", lambda data=data: data.numpy()[1][0])
    run.close()


@case("S11", "contexts", priority="A")
def context_objects(w: World) -> None:
    context = w.context({"b": 1, "a": [1, {"x": None}]})
    w.see("equal", lambda: context == w.context({"a": [1, {"x": None}], "b": 1}))
    w.see("unequal", lambda: context == w.context({"b": 2}))
    w.see("same hash", lambda: hash(context) == hash(w.context({"a": [1, {"x": None}], "b": 1})))
    w.see("to_dict", context.to_dict)
    w.see("item", lambda: context["b"])
    w.see("length", lambda: (len(context), list(context)))
    w.see("empty", lambda: w.context().to_dict())
    w.see("int and float alike", lambda: w.context({"a": 1}) == w.context({"a": 1.0}))


@case("S12", "order of metrics", priority="C")
def order_of_metrics(w: World) -> None:
    run = w.run()
    for name in ("z", "a", "m"):
        for subset in ("train", "val", None):
            run.track(1.0, name=name, context={"subset": subset} if subset else None)
    w.see("order", lambda: [(m.name, m.context.to_dict()) for m in run.metrics()])
    w.see("all", lambda: sorted((m.name, str(m.context.to_dict())) for m in run.metrics()))
    run.close()


@case("S09", "an empty metric", priority="C")
def empty(w: World) -> None:
    run = w.run()
    metric = w.aim.Metric("zzz", w.context(), run)
    w.see("bool", lambda: bool(metric))
    w.see("data", metric.data.items_list)
    w.see("frame", lambda: (list(metric.dataframe().columns), len(metric.dataframe())))
    w.see("steps", lambda: (metric.first_step(), metric.last_step()))
    run.track(1.0, name="a")
    w.see("preload", run.get_metric("a", w.context()).preload)
    run.close()
