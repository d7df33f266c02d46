"""Scripts that make many runs, and compare them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def grid(w: World) -> list[str]:
    """A search over two parameters, four runs; their hashes, oldest first."""
    hashes = []
    for lr, depth in itertools.product((0.1, 0.01), (2, 3)):
        with w.writing(experiment="grid") as run:
            run.name = f"lr={lr} depth={depth}"
            run["hparams"] = {"lr": lr, "depth": depth, "model": {"kind": "tree"}}
            for step in range(3):
                run.track(lr * 10 + depth + step, name="acc", step=step, context={"s": "val"})
            run.track(lr, name="time")
            run.add_tag("deep" if depth == 3 else "flat")
            hashes.append(run.hash)
            del run
    w.sync()
    return hashes


@case("U32", "the best run of a search", priority="A")
def best_run(w: World) -> None:
    grid(w)
    best, best_name = -1.0, None
    for collection in w.query("metrics", "metric.name == 'acc'").iter_runs():
        for metric in collection:
            last = metric.data.items_list()[1][0][-1]
            if last > best:
                best, best_name = last, collection.run.name
    w.see("best", lambda: (best, best_name))
    w.see(
        "above",
        lambda: [
            c.run.name
            for c in w.query("runs", 'run.metrics["acc", {"s": "val"}].last > 5').iter_runs()
        ],
    )


@case("U32", "narrowing a search down", priority="A")
def narrowing(w: World) -> None:
    grid(w)
    for query in (
        "run.hparams.lr == 0.1",
        "run.hparams.lr < 0.05 and run.hparams.depth == 3",
        "run.hparams.depth in (2, 4)",
        "run.hparams.model.kind == 'tree'",
        "run.hparams['model']['kind'] == 'net'",
        "'deep' in run.tags",
        "'deep' in run.tags or run.hparams.lr > 0.05",
        "run.experiment == 'grid'",
        "run.name.startswith('lr=0.1 ')",
        "not run.hparams.depth == 2",
    ):
        w.see(query, lambda query=query: [c.run.name for c in w.query("runs", query).iter_runs()])


@case("U36", "a table of a search", priority="A")
def table(w: World) -> None:
    grid(w)
    frame = w.query("runs", "").dataframe()
    w.see("columns", lambda: list(frame.columns))
    wanted = frame[["name", "hparams.lr", "hparams.depth", "experiment"]]
    w.see("rows", lambda: wanted.to_dict("records"))
    best = frame.sort_values(["hparams.lr", "hparams.depth"]).iloc[0]
    w.see("first by parameters", lambda: best["name"])


@case("U36", "the last values of all runs, pivoted")
def pivot(w: World) -> None:
    grid(w)
    rows = []
    for metric in w.query("metrics", "metric.name == 'acc'"):
        frame = metric.dataframe(include_run=True, include_name=True)
        rows.append(frame.iloc[-1])
    import pandas as pd

    table = pd.DataFrame(rows).pivot_table(
        index="run.hparams.lr", columns="run.hparams.depth", values="value"
    )
    w.see("table", lambda: table.to_numpy().tolist())
    w.see("index", lambda: [float(i) for i in table.index])
    w.see("columns", lambda: [int(c) for c in table.columns])


@case("U36", "metrics of a search as CSV")
def csv(w: World) -> None:
    grid(w)
    frame = w.query("metrics", "metric.name == 'acc' and run.hparams.depth == 2").dataframe(
        include_run=True, include_name=True, include_context=True
    )
    text = frame.drop(columns=["time", "run.hash"]).to_csv(index=False)
    w.see("csv", lambda: text.splitlines())


@case("U32", "a grid that leaves out what is done")
def skipping(w: World) -> None:
    grid(w)
    done = {
        (c.run["hparams", "lr"], c.run["hparams", "depth"])
        for c in w.query("runs", "run.experiment == 'grid'").iter_runs()
    }
    wanted = list(itertools.product((0.1, 0.01, 0.001), (2, 3)))
    w.see("missing", lambda: [point for point in wanted if point not in done])


@case("U35", "every run of a repository, parameter by parameter")
def all_params(w: World) -> None:
    grid(w)
    runs = list(w.repo.iter_runs())
    w.see("depths", lambda: sorted(run["hparams", "depth"] for run in runs))
    w.see("equal", lambda: [run["hparams", "model"] for run in runs])
    varying = {key: sorted({run["hparams", key] for run in runs}) for key in ("lr", "depth")}
    w.see("varying", lambda: varying)
    w.see("shape", w.repo.collect_params_info)


@case("U30", "curves of several runs, cut to the shortest")
def curves(w: World) -> None:
    for length in (3, 5):
        with w.writing() as run:
            run["length"] = length
            for step in range(length):
                run.track(float(step * length), name="loss", step=step)
            del run
    w.sync()
    arrays = [m.data.numpy()[1][0] for m in w.query("metrics", "metric.name == 'loss'")]
    shortest = min(len(a) for a in arrays)
    stack = np.stack([a[:shortest] for a in arrays])
    w.see("mean", lambda: stack.mean(axis=0))
    w.see("shape", lambda: stack.shape)


@case("U30", "cross-validation, a run for each fold", priority="A")
def cross_validation(w: World) -> None:
    for fold in range(3):
        with w.writing(experiment="cv") as run:
            run["fold"] = fold
            run.track(0.8 + fold / 100, name="score", context={"subset": "test"})
            del run
    w.sync()
    scores = {}
    for collection in w.query("metrics", "metric.name == 'score'").iter_runs():
        for metric in collection:
            scores[collection.run["fold"]] = metric.data.items_list()[1][0][-1]
    w.see("scores", lambda: dict(sorted(scores.items())))
    w.see("mean", lambda: float(np.mean(list(scores.values()))))


@case("U02", "cross-validation, a context for each fold")
def folds_as_contexts(w: World) -> None:
    run = w.run()
    for fold in range(3):
        for step in range(2):
            run.track(fold + step / 10, name="score", step=step, context={"fold": fold})
    last = {m.context["fold"]: m.data.items_list()[1][0][-1] for m in run.metrics()}
    w.see("last", lambda: dict(sorted(last.items())))
    run["mean"] = sum(last.values()) / len(last)
    w.see("mean", lambda: run["mean"])
    run.close()


@case("U01", "scikit-learn models, one run each", priority="A")
def sklearn_models(w: World) -> None:
    from sklearn.linear_model import LinearRegression, Ridge

    x = np.arange(12, dtype=float).reshape(6, 2)
    y = x @ np.array([1.0, 2.0])
    for model in (LinearRegression(), Ridge(alpha=0.5)):
        with w.writing(experiment="models") as run:
            run.name = type(model).__name__
            run.set("params", model.get_params(), strict=False)
            model.fit(x, y)
            run.track(round(model.score(x, y), 6), name="r2")
            del run
    w.sync()
    found = {c.run.name: c.run for c in w.query("runs", "run.experiment == 'models'").iter_runs()}
    w.see("names", lambda: sorted(found))
    w.see("alpha", lambda: found["Ridge"]["params", "alpha"])
    w.see("shared", lambda: found["LinearRegression"]["params", "fit_intercept"])
    w.see("by alpha", lambda: w.count("runs", "run.params.alpha == 0.5"))
    w.see(
        "scores",
        lambda: sorted((m.run.name, m.data.items_list()[1][0]) for m in w.query("metrics", "")),
    )


@case("U01", "a scikit-learn grid search in one run")
def sklearn_results(w: World) -> None:
    results = {
        "mean_test_score": np.array([0.7, 0.9, 0.8]),
        "params": [{"c": 1}, {"c": 10}, {"c": 100}],
    }
    run = w.run()
    for number, (score, params) in enumerate(
        zip(results["mean_test_score"], results["params"], strict=True)
    ):
        run.track(score, name="mean_test_score", step=number, context=params)
    best = int(np.argmax(results["mean_test_score"]))
    run["best"] = results["params"][best]
    w.see("best", lambda: run["best"])
    w.see(
        "scores",
        lambda: sorted((m.context["c"], m.data.items_list()) for m in run.metrics())[0][1][0],
    )
    w.see("contexts", lambda: sorted(m.context["c"] for m in run.metrics()))
    run.close()


@case("U08", "an ensemble and its members", priority="B")
def ensemble(w: World) -> None:
    members = []
    for number in range(2):
        with w.writing(experiment="ensemble") as run:
            run.track(0.7 + number / 10, name="acc")
            run.add_tag("member")
            members.append(run.hash)
            del run
    with w.writing(experiment="ensemble") as run:
        run["members"] = members
        run.add_tag("ensemble")
        run.track(0.85, name="acc")
        del run
    w.sync()
    whole = next(iter(w.query("runs", "'ensemble' in run.tags").iter_runs())).run
    w.see("members", lambda: whole["members"] == members)
    parts = [w.repo.get_run(h) for h in whole["members"]]
    w.see("tags", lambda: [p.tags for p in parts])
    w.see("accuracies", lambda: [m.data.items_list()[1][0] for p in parts for m in p.metrics()])


@case("U32", "comparing a run with the baseline")
def baseline(w: World) -> None:
    for name, value in (("baseline", 0.8), ("candidate", 0.9)):
        with w.writing() as run:
            run.name = name
            run["lr"] = value / 10
            run.track(value, name="acc")
            del run
    w.sync()

    def accuracy(name: str) -> Any:
        run = next(w.query("runs", f'run.name == "{name}"').iter_runs()).run
        return run.get_metric("acc", w.context()).data.items_list()[1][0][-1]

    w.see("better", lambda: accuracy("candidate") > accuracy("baseline"))
    w.see("difference", lambda: accuracy("candidate") - accuracy("baseline"))
    w.see("none of that name", lambda: next(w.query("runs", 'run.name == "x"').iter_runs(), None))


@case("U39", "the next page of a search")
def pages(w: World) -> None:
    hashes = grid(w)
    found = w.repo.query_runs(
        "",
        paginated=True,
        offset=hashes[2],
        report_mode=w.sub("aim.sdk.types").QueryReportMode.DISABLED,
    )
    w.see("after the third", lambda: [hashes.index(c.run.hash) for c in found.iter_runs()])
    w.see(
        "newest first", lambda: [hashes.index(c.run.hash) for c in w.query("runs", "").iter_runs()]
    )
