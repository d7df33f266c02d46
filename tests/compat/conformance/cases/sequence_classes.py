"""Classes of sequences, their views and columns, member by member."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING

from conformance.case import case
from conformance.hierarchy import SEQUENCES, bases

if TYPE_CHECKING:
    from conformance.world import World


@case("S10", "classes of sequences", priority="B")
def sequence_classes(w: World) -> None:
    registry = w.sub("aim.sdk.sequence").Sequence.registry
    w.see("registered", lambda: sorted(registry))
    for name, module in SEQUENCES.items():
        kind = getattr(w.sub(module), name)
        w.see(f"{name}: name", lambda kind=kind: kind.sequence_name())
        w.see(f"{name}: types", lambda kind=kind: kind.allowed_dtypes())
        w.see(f"{name}: lists", lambda kind=kind: kind.collections_allowed)
        w.see(f"{name}: bases", lambda kind=kind: bases(kind))
        w.see(
            f"{name}: registered",
            lambda kind=kind: registry.get(kind.sequence_name()) is kind,
        )
    w.see("by type of value", lambda: w.sub("aim.sdk.run").SEQUENCE_TYPE_MAP)
    w.see("of anything", lambda: bool(w.sub("aim.sdk.sequence").Sequence[int]))
    w.see("type variable", lambda: isinstance(w.sub("aim.sdk.sequence").T, typing.TypeVar))


@case("S10", "sequence classes of one's own", priority="C")
def own_sequence_classes(w: World) -> None:
    metric, registry = w.aim.Metric, w.sub("aim.sdk.sequence").Sequence.registry
    before = dict(registry)
    try:

        class Loss(metric):  # type: ignore[misc]  # whichever module is under test
            @classmethod
            def sequence_name(cls) -> str:
                return "losses"

            def best(self) -> float:
                return min(self.values.values_list())

        class Curve(metric):  # type: ignore[misc]  # as above
            pass

        w.see("registered", lambda: registry["losses"] is Loss)
        w.see("the last wins", lambda: registry["metric"] is Curve)
        with w.writing() as run:
            for step in range(4):
                run.track(float((step - 2) ** 2), name="loss", step=step)
            w.see("own", lambda: Loss("loss", w.context(), run).best())
            w.see("others keep theirs", lambda: type(run.get_metric("loss", w.context())).__name__)
            w.see("types", lambda: w.aim.Repo.available_sequence_types() == registry.keys())
    finally:
        registry.clear()
        registry.update(before)


@case("S01", "sequences made by hand", priority="C")
def sequence_by_hand(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="loss", step=0, context={"a": 1})
        run.track(w.aim.Text("one"), name="words", step=0)
        metric = w.aim.Metric("loss", w.context({"a": 1}), run)
        w.see("equal", lambda: metric == run.get_metric("loss", w.context({"a": 1})))
        w.see("itself", lambda: metric == metric)  # what is asked
        w.see("hash", lambda: hash(metric) == hash(run.get_metric("loss", w.context({"a": 1}))))
        w.see("repr", lambda: repr(metric))
        w.see("values", metric.values.values_list)
        metric.preload()
        w.see("preloaded", lambda: (metric.first_step(), metric.last_step(), metric.version))
        words = w.aim.Texts(name="words", context=w.context(), run=run)
        w.see("words", lambda: [text.data for text in words.values.values_list()])
        w.see("no context", lambda: w.aim.Metric("loss", run=run))
        w.see("context", lambda: repr(metric.context))
        w.see("idx", lambda: metric.context.idx == w.context({"a": 1}).idx)
        w.see("a context of nothing", lambda: w.sub("aim.storage.context").Context())


@case("S05", "every view of objects", priority="B")
def object_views(w: World) -> None:
    with w.writing() as run:
        for step in (2, 5, 9):
            run.track(w.aim.Text(f"at {step}"), name="words", step=step, epoch=step // 2)
        words = run.get_text_sequence("words", w.context())
        views = w.sub("aim.storage.arrayview"), w.sub("aim.storage.treearrayview")
        for name, view in (("values", words.values), ("epochs", words.epochs)):
            w.see(f"{name}: class", lambda view=view: bases(type(view)))
            w.see(f"{name}: dtype", lambda view=view: view.dtype)
            w.see(
                f"{name}: isinstance",
                lambda view=view: (
                    isinstance(view, views[0].ArrayView),
                    isinstance(view, views[1].TreeArrayView),
                ),
            )
            w.see(f"{name}: bool", lambda view=view: bool(view))
            w.see(f"{name}: len", lambda view=view: len(view))
            w.see(f"{name}: keys", lambda view=view: list(view.keys()))
            w.see(f"{name}: indices", lambda view=view: list(view.indices()))
            w.see(f"{name}: indices_list", view.indices_list)
            w.see(f"{name}: indices_numpy", view.indices_numpy)
            w.see(f"{name}: first_idx", view.first_idx)
            w.see(f"{name}: last_idx", view.last_idx)
        w.see("first", lambda: (words.epochs.first(), words.epochs.first_value()))
        w.see("last", lambda: (words.epochs.last(), words.epochs.last_value()))
        w.see("iterated", lambda: list(words.epochs))
        w.see("items", lambda: list(words.epochs.items()))
        w.see("values", lambda: list(words.epochs.values()))
        w.see("values_list", words.epochs.values_list)
        w.see("values_numpy", words.epochs.values_numpy)
        w.see("sparse_list", words.epochs.sparse_list)
        w.see("sparse_numpy", words.epochs.sparse_numpy)
        w.see("tolist", words.epochs.tolist)
        w.see("item", lambda: words.epochs[5])
        w.see("no item", lambda: words.epochs[3])
        w.see("nothing there", lambda: bool(w.aim.Texts("nope", w.context(), run).values))


@case("S05", "columns of objects", priority="C")
def object_columns(w: World) -> None:
    with w.writing() as run:
        for step in range(6):
            run.track(w.aim.Text(f"at {step}"), name="words", step=step, epoch=step)
        data = run.get_text_sequence("words", w.context()).data
        w.see("class", lambda: bases(type(data)))
        w.see("version", lambda: data.version)
        w.see("columns", lambda: data.columns)
        w.see("n_items", lambda: (data.n_items, data.sample(2).n_items))
        w.see("step_range", lambda: (data.step_range, data.range(1, 4).step_range))
        w.see("range", lambda: data.range(1, 4).view("epoch").items_list())
        w.see("sample", lambda: data.sample(2).view("epoch").items_list())
        w.see("range of a sample", lambda: data.sample(2).range(1, 4).view("epoch").items_list())
        w.see("view", lambda: data.view(["epoch"]).values_list())
        w.see("view keeps", lambda: data.range(1, 4).view("epoch").columns)
        w.see("numpy", lambda: data.view("epoch").numpy())
        w.see("iterated", lambda: list(data.view("epoch")))
        w.see("items", lambda: list(data.view("epoch").items()))
        w.see("values", lambda: list(data.view("epoch").values()))
        w.see("indices", lambda: list(data.range(2, 4).indices()))
        w.see("indices_list", data.range(2, 4).indices_list)


@case("S03", "columns of numbers", priority="C")
def number_columns(w: World) -> None:
    with w.writing() as run:
        for step in (0, 4, 8):
            run.track(step / 2, name="loss", step=step, epoch=step)
        data = run.get_metric("loss", w.context()).data
        w.see("class", lambda: bases(type(data)))
        w.see("version", lambda: data.version)
        w.see("columns", lambda: data.columns)
        w.see("n_items", lambda: (data.n_items, data.sample(2).n_items))
        w.see("steps", lambda: sorted(data.steps.values_list()))
        w.see("is a view", lambda: isinstance(data.steps, w.sub("aim.storage.arrayview").ArrayView))
        w.see("view", lambda: data.view("val").columns)
        w.see("range", lambda: data.range(3, 5).indices_list())
        w.see("no column", lambda: data.view([]))
