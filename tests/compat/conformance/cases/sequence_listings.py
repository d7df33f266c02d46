"""What a run says of its sequences: listings, summaries, getters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World

KINDS = ("metric", "images", "texts", "distributions", "audios", "figures")


def filled(w: World) -> Any:
    run = w.run()
    for step in range(3):
        run.track(step * 1.5, name="loss", step=step, context={"subset": "train"})
        run.track(step, name="count", step=step)
    run.track(0.5, name="loss", context={"subset": "val"})
    run.track(w.aim.Text("a"), name="note", context={"subset": "train"})
    run.track([w.aim.Text("a"), w.aim.Text("b")], name="notes")
    run.track(w.aim.Image(np.zeros((2, 2), "uint8")), name="pixels")
    run.track(w.aim.Distribution([1, 2]), name="weights")
    return run


@case("T09", "sequence info with values", priority="B")
def info_with_values(w: World) -> None:
    run = filled(w)
    for kind in KINDS:
        found = run.collect_sequence_info(kind)
        w.see(f"{kind}: keys", lambda found=found: list(found))
        w.see(
            f"{kind}: names",
            lambda found=found, kind=kind: sorted(
                (i["name"], str(i["context"])) for i in found[kind]
            ),
        )
        w.see(
            f"{kind}: fields",
            lambda found=found, kind=kind: sorted({key for i in found[kind] for key in i}),
        )
        w.see(
            f"{kind}: fields of values",
            lambda found=found, kind=kind: sorted(
                {key for i in found[kind] for key in i["values"]}
            ),
        )
    metrics = run.collect_sequence_info("metric")["metric"]
    for info in sorted(metrics, key=lambda i: (i["name"], str(i["context"]))):
        w.see(f"values of {info['name']} {info['context']}", lambda info=info: info["values"])
    texts = run.collect_sequence_info("texts")["texts"]
    w.see("dtypes", lambda: {i["name"]: i["values"]["dtype"] for i in texts})
    run.close()


@case("T09", "sequence info without values", priority="B")
def info_without_values(w: World) -> None:
    run = filled(w)
    several = run.collect_sequence_info(KINDS, skip_last_value=True)
    w.see("kinds", lambda: list(several))
    w.see("fields", lambda: sorted({key for infos in several.values() for i in infos for key in i}))
    w.see("counts", lambda: {kind: len(infos) for kind, infos in several.items()})
    w.see("tuple of one", lambda: len(run.collect_sequence_info(("metric",))["metric"]))
    w.see("list", lambda: len(run.collect_sequence_info(["metric"])["metric"]))
    w.see("nothing", lambda: run.collect_sequence_info(()))
    w.see("unknown", lambda: run.collect_sequence_info("metrics"))
    w.see("known and unknown", lambda: run.collect_sequence_info(("metric", "zz")))
    run.close()


@case("T09", "metrics of a run", priority="A")
def metrics(w: World) -> None:
    run = filled(w)
    w.see("class", lambda: type(run.metrics()).__name__)
    w.see("names", lambda: [m.name for m in run.metrics()])
    w.see("contexts", lambda: [m.context.to_dict() for m in run.metrics()])
    w.see("their run", lambda: {m.run.hash == run.hash for m in run.metrics()})
    w.see("classes", lambda: {type(m).__name__ for m in run.metrics()})
    w.see("twice", lambda: [len(list(run.metrics())) for _ in range(2)])
    found = run.metrics()
    w.see("one collection twice", lambda: [len(list(found)) for _ in range(2)])
    w.see("iter_runs", lambda: len(list(run.metrics().iter_runs())))
    w.see("of none", lambda: list(w.run().metrics()))
    w.see("frame", lambda: list(run.metrics().dataframe().columns))
    w.see("rows", lambda: len(run.metrics().dataframe()))
    run.close()


@case("T09", "names and contexts by type", priority="B")
def by_type(w: World) -> None:
    run = filled(w)

    def seen(found: Any) -> Any:
        return sorted((name, str(c.to_dict()), of.hash == run.hash) for name, c, of in found)

    w.see("metrics", lambda: seen(run.iter_metrics_info()))
    for dtypes in [
        ("float",),
        ("int",),
        ("float", "int", "number", "float64"),
        ("aim.text",),
        ("list(aim.text)",),
        ("aim.text", "list(aim.text)"),
        ("aim.image", "aim.distribution"),
        ("zz",),
        (),
    ]:
        w.see(f"{dtypes}", lambda dtypes=dtypes: seen(run.iter_sequence_info_by_type(dtypes)))
    w.see("text", lambda: seen(run.iter_sequence_info_by_type("aim.image")))
    run.close()


@case("T09", "contexts by their id", priority="C")
def by_id(w: World) -> None:
    run = filled(w)
    context = w.context({"subset": "train"})
    w.see("known", lambda: run.idx_to_ctx(context.idx).to_dict())
    w.see("equal", lambda: run.idx_to_ctx(context.idx) == context)
    w.see("empty", lambda: run.idx_to_ctx(w.context().idx).to_dict())
    run.close()


@case("T09", "getters by name and context", priority="A")
def getters(w: World) -> None:
    run = filled(w)
    train = w.context({"subset": "train"})
    w.see("metric", lambda: run.get_metric("loss", train).name)
    w.see("its context", lambda: run.get_metric("loss", train).context.to_dict())
    w.see("by keyword", lambda: run.get_metric(name="loss", context=train).name)
    w.see("other context", lambda: run.get_metric("loss", w.context()))
    w.see("part of a context", lambda: run.get_metric("loss", w.context({"subset": "t"})))
    w.see("other name", lambda: run.get_metric("Loss", train))
    w.see("of another kind", lambda: run.get_metric("note", train))
    w.see("no arguments", lambda: run.get_metric())
    w.see("text", lambda: run.get_text_sequence("note", train).values.last_value().data)
    w.see("no such text", lambda: run.get_text_sequence("loss", train))
    w.see("list of texts", lambda: type(run.get_text_sequence("notes", w.context())).__name__)
    w.see("image", lambda: type(run.get_image_sequence("pixels", w.context())).__name__)
    w.see("no figure", lambda: run.get_figure_sequence("pixels", w.context()))
    w.see("fresh each time", lambda: run.get_metric("loss", train) is run.get_metric("loss", train))
    run.close()


@case("T13", "names of sequences", priority="A")
def names(w: World) -> None:
    run = w.run()
    given = [
        "loss",
        "train/loss",
        "train.loss",
        "train loss",
        " ",
        "ключ",
        "损失",
        "🎉",
        "a'b",
        'a"b',
        "a\nb",
        "a\\b",
        "[0]",
        "__x__",
        "n" * 1000,
        "0",
        "None",
    ]
    for name in given:
        w.see(f"track {name[:20]!r}", lambda name=name: run.track(1.0, name=name))
    w.see("listed", lambda: {m.name for m in run.metrics()} == set(given))
    w.see("found", lambda: [run.get_metric(n, w.context()).name == n for n in given])
    w.see("order", lambda: [m.name[:10] for m in run.metrics()])
    run.close()
