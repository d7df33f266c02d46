"""What `query_…()` returns: order, pages, progress, laziness, frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def fill(w: World) -> list[str]:
    hashes = []
    for number in range(4):
        with w.writing(experiment=f"E{number % 2}") as run:
            run["i"] = number
            run["hp"] = {"lr": number / 10, "l": [1, number]}
            run.name = f"n{number}"
            run.add_tag(f"t{number % 2}")
            for step in range(3):
                run.track(float(step), name="loss", step=step, context={"subset": "train"})
            run.track(w.aim.Text("x"), name="tx")
            hashes.append(run.hash)
            del run
        time.sleep(0.01)
    w.sync()
    return hashes


def modes(w: World) -> Any:
    return w.sub("aim.sdk.types").QueryReportMode


@case("Q05", "progress as tuples", priority="B")
def tuples(w: World) -> None:
    hashes = fill(w)
    repo, mode = w.repo, modes(w).PROGRESS_TUPLE

    def rows(found: Iterator[Any]) -> list[Any]:
        return [(None if c is None else hashes.index(c.run.hash), p) for c, p in found]

    for text in ("", "run.i == 1", "run.i == 3", "run.i > 0", "run.i == 9", "run.name == 'n2'"):
        w.see(f"runs {text}", lambda t=text: rows(repo.query_runs(t, report_mode=mode).iter_runs()))
    for text in ("run.i == 1", "metric.name == 'loss'", "metric.name == 'zz'", "run.i == 9"):
        w.see(
            f"metrics {text}",
            lambda t=text: rows(repo.query_metrics(t, report_mode=mode).iter_runs()),
        )
    w.see(
        "behind a run",
        lambda: rows(
            repo.query_runs("", paginated=True, offset=hashes[2], report_mode=mode).iter_runs()
        ),
    )
    w.see("metrics one by one", lambda: [m.name for m in repo.query_metrics("", report_mode=mode)])


@case("Q05", "other ways to say how to report", priority="C")
def other_modes(w: World) -> None:
    fill(w)
    repo = w.repo
    for mode in (0, 1, 2, "x", None, modes(w).DISABLED):
        w.see(
            f"runs {mode}",
            lambda m=mode: len(list(repo.query_runs("", report_mode=m).iter_runs())),
        )
        w.see(f"metrics {mode}", lambda m=mode: len(list(repo.query_metrics("", report_mode=m))))
    w.see("members", lambda: [(mode.name, mode.value) for mode in modes(w)])


@case("Q03", "pages of a query of runs", priority="B")
def pages(w: World) -> None:
    hashes = fill(w)
    repo, off = w.repo, modes(w).DISABLED

    def page(text: str, **options: Any) -> list[int]:
        found = repo.query_runs(text, report_mode=off, **options).iter_runs()
        return [hashes.index(c.run.hash) for c in found]

    w.see("all", lambda: page("", paginated=True))
    for place in range(4):
        w.see(f"behind {place}", lambda h=hashes[place]: page("", paginated=True, offset=h))
    w.see("behind, not paginated", lambda: page("", offset=hashes[2]))
    w.see("behind, with a query", lambda: page("run.i != 1", paginated=True, offset=hashes[3]))
    w.see(
        "behind one that does not match",
        lambda: page("run.i < 2", paginated=True, offset=hashes[3]),
    )
    w.see("behind an unknown run", lambda: page("", paginated=True, offset="zz"))
    w.see("iter_runs_from_cache", lambda: [r["i"] for r in repo.iter_runs_from_cache()])
    w.see("from cache, behind", lambda: [r["i"] for r in repo.iter_runs_from_cache(hashes[2])])


@case("Q04", "queries of runs are lazy and can be iterated again", priority="A")
def lazy(w: World) -> None:
    hashes = fill(w)
    query = w.query("runs", "")
    w.see("again", lambda: [len(list(query.iter_runs())) for _ in range(2)])
    w.see(
        "two at a time",
        lambda: [
            (a.run["i"], b.run["i"])
            for a, b in zip(query.iter_runs(), query.iter_runs(), strict=True)
        ],
    )
    w.see("first", lambda: next(query.iter_runs()).run["i"])
    first = next(iter(query.iter_runs()))
    w.see("its run", lambda: (first.run.read_only, first.run.name, first.run.hash == hashes[3]))
    w.see("type", lambda: (type(query).__name__, type(first).__name__))
    w.see("metrics of its run", lambda: [m.name for m in first.run.metrics()])
    w.see("len", lambda: len(query))
    w.see("attributes", lambda: (query.paginated, query.offset, query.report_mode))


@case("Q04", "queries of metrics, one by one and by runs", priority="A")
def metrics(w: World) -> None:
    fill(w)
    query = w.query("metrics", "metric.name == 'loss' and run.i > 1")
    w.see("one by one", lambda: [(m.name, m.run["i"]) for m in query])
    w.see("iter", lambda: len(list(query.iter())))
    w.see("by runs", lambda: [(c.run["i"], [m.name for m in c]) for c in query.iter_runs()])
    w.see("again", lambda: [len(list(query)) for _ in range(2)])
    collection = next(query.iter_runs())
    w.see("type", lambda: (type(query).__name__, type(collection).__name__))
    w.see("frame of one run", lambda: list(collection.dataframe().columns))
    w.see(
        "no metric", lambda: [list(c) for c in w.query("metrics", "metric.name == 'z'").iter_runs()]
    )
    w.see("len", lambda: len(query))
    w.see("class of sequences", lambda: query.seq_cls.__name__)


@case("Q12", "frames of queries, row by row", priority="B")
def frames(w: World) -> None:
    fill(w)
    runs = w.query("runs", "").dataframe()
    w.see("columns of runs", lambda: list(runs.columns))
    w.see(
        "rows of runs", lambda: runs[["name", "experiment", "tags", "i", "hp.lr"]].to_dict("list")
    )
    w.see("index of runs", lambda: list(runs.index))
    w.see("without properties", lambda: list(_frame(w, "runs", include_props=False).columns))
    w.see("without parameters", lambda: list(_frame(w, "runs", include_params=False).columns))
    metrics = w.query("metrics", "metric.name == 'loss'").dataframe()
    w.see("columns of metrics", lambda: list(metrics.columns))
    w.see("index of metrics", lambda: list(metrics.index))
    w.see("shape", lambda: metrics.shape)
    w.see("rows", lambda: metrics[["step", "value", "run.i", "metric.name"]].to_dict("list"))
    for name in ("include_run", "include_name", "include_context"):
        w.see(f"no {name}", lambda n=name: list(_frame(w, "metrics", **{n: False}).columns))
    w.see("only last", lambda: list(_frame(w, "metrics", only_last=True).index))


def _frame(w: World, kind: str, **options: bool) -> Any:
    return w.query(kind, "").dataframe(**options)


@case("Q03", "arguments of queries", priority="B")
def arguments(w: World) -> None:
    fill(w)
    repo, off = w.repo, modes(w).DISABLED
    w.see("runs in order", lambda: len(list(repo.query_runs("", False, None, off).iter_runs())))
    w.see("metrics in order", lambda: len(list(repo.query_metrics("", off))))
    w.see("by name", lambda: len(list(repo.query_metrics(query="run.i == 1", report_mode=off))))
    w.see("unknown", lambda: repo.query_runs(q=""))
    w.see("get_run of no text", lambda: [repo.get_run(None), repo.get_run("")])
    w.see("atomic_track", lambda: type(repo.atomic_track("x")).__name__)
    w.see("tracking queue", lambda: repo.tracking_queue)
    w.see("validate text", lambda: repo.validate_sequence_types("metric"))
    w.see("no types", lambda: repo.collect_sequence_info(()))
