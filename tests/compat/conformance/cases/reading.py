"""Scripts that read: queries in the loops that documentation and integrations use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case
from conformance.world import QUIET

if TYPE_CHECKING:
    from conformance.world import World


def fill(w: World, runs: int = 2) -> list[str]:
    """Some runs with a param `lr`, two metrics and a context; their hashes, oldest first."""
    hashes = []
    for number in range(runs):
        with w.writing(experiment="e") as run:
            run["lr"] = 0.1 * (number + 1)
            run["hp"] = {"n": number}
            run.name = f"run {number}"
            for step in range(4):
                run.track(float(step + number), name="loss", step=step, context={"subset": "train"})
            run.track(float(number), name="acc")
            hashes.append(run.hash)
            del run
    w.sync()
    return hashes


@case("U30", "metrics in a nested loop", priority="A")
def nested_loop(w: World) -> None:
    fill(w)
    seen = []
    for collection in (
        w.aim.Repo(w.location).query_metrics("metric.name == 'loss' and run.lr == 0.1").iter_runs()
    ):
        for metric in collection:
            params = metric.run[...]
            steps, values = metric.values.sparse_numpy()
            seen.append(
                (
                    collection.run.name,
                    metric.name,
                    params["hp"],
                    len(steps),
                    sorted(values.tolist()),
                )
            )
    w.see("loop", lambda: seen)
    total = sum(1 for c in w.query("metrics", "").iter_runs() for _ in c)
    w.see("all metrics", lambda: total)


@case("U30", "the nested loop sees real steps", priority="A")
def nested_loop_steps(w: World) -> None:
    fill(w, runs=1)
    metric = next(iter(w.query("metrics", "metric.name == 'loss'")))
    w.see("steps", lambda: metric.values.sparse_numpy()[0].tolist())
    w.see("values", lambda: metric.values.sparse_numpy()[1].tolist())
    w.see("last", lambda: metric.values.last_value())


@case("U31", "steps and values in order", priority="A")
def in_order(w: World) -> None:
    fill(w, runs=1)
    metric = next(iter(w.query("metrics", "metric.name == 'loss'")))
    steps, (values, epochs, times) = metric.data.numpy()
    w.see("steps", lambda: steps)
    w.see("values", lambda: values)
    w.see("epochs", lambda: epochs)
    w.see("times", lambda: times)
    w.see("columns", lambda: list(metric.dataframe().columns))


@case("U32", "runs by query", priority="A")
def runs_by_query(w: World) -> None:
    fill(w)
    found = [c.run for c in w.aim.Repo(w.location).query_runs("run.lr == 0.1").iter_runs()]
    w.see("names", lambda: [run.name for run in found])
    w.see("read only", lambda: all(run.read_only for run in found))
    w.see("get", lambda: found[0].get("lr"))
    w.see("metrics of the run", lambda: sorted(m.name for m in found[0].metrics()))
    one = next(w.query("runs", 'run.name == "run 1"').iter_runs()).run
    w.see("by name", lambda: one["hp", "n"])
    run_hash = one.hash
    one = found = None
    run = w.run(run_hash=run_hash)
    run["added"] = 1
    w.see("reopened", lambda: run[...])
    run.close()


@case("U33", "images and pixels", priority="B")
def images(w: World) -> None:
    pixels = np.array([[1, 2], [3, 4]], "uint8")
    with w.writing() as run:
        run.track([w.aim.Image(pixels, caption="k")], name="pics", context={"subset": "val"})
        del run
    w.sync()
    query = "images.name == 'pics' and images.context.subset == 'val'"
    for sequence in w.query("images", query).iter():
        batch = sequence.values.first_value()
        w.see("sizes", lambda batch=batch: [i.to_pil_image().size for i in batch])
        w.see("json", lambda batch=batch: batch[0].json())
        w.see("pixels", lambda batch=batch: np.asarray(batch[0].to_pil_image()).tolist())
        w.see("sequence", lambda s=sequence: (type(s).__name__, s.name, s.context.to_dict()))


@case("U34", "one run by its hash", priority="A")
def one_run(w: World) -> None:
    (run_hash,) = fill(w, runs=1)
    repo = w.aim.Repo(w.location)
    found = repo.get_run(run_hash)
    w.see("found", lambda: (found.name, found["lr"], found.experiment))
    w.see("missing", lambda: repo.get_run("nope"))
    w.see("None", lambda: repo.get_run(None))
    w.see("short hash", lambda: repo.get_run(run_hash[:8]))
    again = w.aim.Run(run_hash, repo=w.location, read_only=True)
    w.see("ended", lambda: again.finalized_at >= again.created_at and again.end_time > 0)
    metric = again.get_metric("loss", w.context({"subset": "train"}))
    w.see("steps", lambda: (metric.first_step(), metric.last_step()))
    w.see("absent sequence", lambda: again.get_image_sequence("pics", w.context()))


@case("U35", "walk everything", priority="B")
def walk(w: World) -> None:
    hashes = fill(w)
    repo = w.repo
    w.see(
        "same runs",
        lambda: {run.hash for run in repo.iter_runs()} == set(repo.list_all_runs()) == set(hashes),
    )
    info = repo.collect_sequence_info(("metric", "images"))
    w.see("names", lambda: sorted(info["metric"]))
    w.see("contexts", lambda: info["metric"]["loss"])
    w.see("no images", lambda: dict(info["images"]))
    w.see("params", lambda: sorted(repo.collect_params_info()))
    for run in repo.iter_runs():
        for name, context, _ in run.iter_metrics_info():
            w.see(
                f"{run.name} {name}",
                lambda r=run, n=name, c=context: r.get_metric(n, c).last_step(),
            )


@case("U38", "report modes", priority="B")
def report_modes(w: World) -> None:
    fill(w, runs=1)
    modes = w.sub("aim.sdk.types").QueryReportMode
    w.see("members", lambda: [m.name for m in modes])
    for mode in modes:
        if mode.name != "PROGRESS_TUPLE":
            w.see(
                mode.name,
                lambda m=mode: len(list(w.repo.query_metrics("", report_mode=m).iter_runs())),
            )
    as_tuples = modes.PROGRESS_TUPLE
    w.see(
        "tuples",
        lambda: [
            (c.run.name, p) for c, p in w.repo.query_runs("", report_mode=as_tuples).iter_runs()
        ],
    )
    w.see(
        "tuples, no match",
        lambda: list(w.repo.query_runs("run.x == 1", report_mode=as_tuples).iter_runs()),
    )
    w.see("default", lambda: len(list(w.repo.query_metrics("").iter())))


@case("U39", "pages of runs", priority="C")
def pages(w: World) -> None:
    hashes = fill(w, runs=4)
    off = w.sub("aim.sdk.types").QueryReportMode.DISABLED

    def numbers(**options: Any) -> list[int]:
        found = w.repo.query_runs("", report_mode=off, **options).iter_runs()
        return [hashes.index(c.run.hash) for c in found]

    w.see("all", numbers)
    w.see("after the third", lambda: numbers(paginated=True, offset=hashes[2]))


@case("Q04", "collections", priority="A")
def collections(w: World) -> None:
    fill(w)
    query = w.query("metrics", 'metric.name == "acc"')
    w.see("iterated", lambda: [(m.name, m.run["hp", "n"]) for m in query])
    w.see("iter()", lambda: len(list(query.iter())))
    w.see("again", lambda: len(list(query.iter())))
    w.see("by run", lambda: [(c.run["hp", "n"], [m.name for m in c]) for c in query.iter_runs()])
    w.see(
        "empty collections",
        lambda: [
            [m.name for m in c] for c in w.query("metrics", 'metric.name == "zz"').iter_runs()
        ],
    )
    runs = w.query("runs", "run.hp.n == 1")
    w.see("runs", lambda: [c.run["hp", "n"] for c in runs.iter_runs()])
    w.see("runs again", lambda: len(list(runs.iter_runs())))
    w.see(
        "metrics through the run",
        lambda: sorted(m.name for m in next(iter(runs.iter_runs())).run.metrics()),
    )


@case("Q04", "iterating a query of runs directly", priority="B")
def collections_of_runs(w: World) -> None:
    fill(w)
    w.see("query", lambda: sorted(s.name for s in w.query("runs", "run.hp.n == 1")))
    w.see(
        "item",
        lambda: sorted(s.name for c in w.query("runs", "run.hp.n == 1").iter_runs() for s in c),
    )


@case("Q12", "queries by type of object", priority="A")
def typed_queries(w: World) -> None:
    import plotly.graph_objects as go

    aim = w.aim
    with w.writing() as run:
        run.track(aim.Image(np.zeros((2, 2), "uint8")), name="im", context={"s": "t"})
        run.track(aim.Text("x"), name="tx")
        run.track(aim.Distribution([1, 2]), name="di")
        run.track(aim.Figure(go.Figure()), name="fi")
        run.track(aim.Audio(np.zeros(9, "int16"), rate=8000), name="au")
        run.track(1.0, name="me", context={"s": "t"})
        del run
    w.sync()
    for kind, expression in (
        ("images", 'images.name == "im"'),
        ("texts", 'texts.name == "tx"'),
        ("distributions", 'distributions.name == "di"'),
        ("figure_objects", 'figures.name == "fi"'),
        ("audios", 'audios.name == "au"'),
        ("metrics", 'metric.context.s == "t"'),
        ("images", 'images.context.s == "t"'),
        ("images", ""),
    ):
        w.see(
            f"{kind} {expression}",
            lambda k=kind, e=expression: [
                (type(s).__name__, s.name, s.context.to_dict()) for s in w.query(k, e)
            ],
        )
    w.see("query_figures", lambda: w.repo.query_figures)


@case("U04", "accelerate, mmengine and langchain as they call", priority="A")
def integrations(w: World) -> None:
    pixels = np.zeros((4, 4, 3), "uint8")
    run = w.aim.Run(repo=w.location, **QUIET)
    run.name = "accelerate"
    run["hparams"] = {"lr": 0.1}
    for key, value in {"loss": 1.0, "acc": 0.5}.items():
        run.track(value, name=key, step=None)
    run.track(w.aim.Image(pixels, caption="c"), name="im", step=1)
    run.track(name="mm", value=1.5, step=7)
    run.set("serialized", {"name": ["x"], "cls": object}, strict=False)
    context = {"action": "on_llm_start", "step": 1, "starts": 1, "errors": 0}
    run.track([w.aim.Text("a"), w.aim.Text("b")], name="on_llm_start", context=context)
    run.track(w.aim.Text("a"), name="on_llm_end", context=context)
    run_hash = run.hash
    run.close()
    del run
    w.sync()
    stored = w.repo.get_run(run_hash)
    w.see("metrics", lambda: sorted((m.name, m.data.items_list()[0][0]) for m in stored.metrics()))
    w.see("params", lambda: stored[...])
    texts = stored.get_text_sequence("on_llm_start", w.context(context)).values.first_value()
    w.see("texts", lambda: [t.data for t in texts])
    run = w.aim.Run(run_hash, repo=w.location, **QUIET)
    run.track(0.1, name="loss", step=1)
    w.see("resumed", lambda: run.get_metric("loss", w.context()).data.items_list()[0])
    run.close()
