"""What a repository lists: runs, sequences, params."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def plain(info: object) -> object:
    """`collect_sequence_info` results hold default dicts; contexts in a fixed order."""
    return {
        kind: {name: sorted(contexts, key=str) for name, contexts in names.items()}
        for kind, names in info.items()  # type: ignore[attr-defined]  # a mapping
    }


@case("Q03", "listing runs", priority="A")
def listing(w: World) -> None:
    hashes = []
    for number in range(4):
        with w.writing() as run:
            run["i"] = number
            run.track(1.0, name="m")
            hashes.append(run.hash)
            del run
        time.sleep(0.01)
    w.sync()
    repo = w.repo
    w.see(
        "list_all_runs",
        lambda: (type(repo.list_all_runs()), sorted(repo.list_all_runs()) == sorted(hashes)),
    )
    w.see("iter_runs", lambda: {run.hash for run in repo.iter_runs()} == set(hashes))
    w.see("iter_runs by hash", lambda: [run.hash for run in repo.iter_runs()] == sorted(hashes))
    w.see("iter_runs read only", lambda: {run.read_only for run in repo.iter_runs()})
    w.see("iter_runs is lazy", lambda: next(repo.iter_runs())["i"] in range(4))
    w.see(
        "query_runs order",
        lambda: [hashes.index(c.run.hash) for c in w.query("runs", "").iter_runs()],
    )
    w.see("query_metrics order", lambda: [hashes.index(m.run.hash) for m in w.query("metrics", "")])
    w.see("count", lambda: repo.total_runs_count())
    w.see("exists", lambda: (repo.run_exists(hashes[0]), repo.run_exists("x")))
    w.see("get_run", lambda: (repo.get_run(hashes[1]).read_only, repo.get_run(hashes[1])["i"]))


@case("Q03", "active runs", priority="B")
def active_runs(w: World) -> None:
    with w.writing() as run:
        del run
    run = w.run()
    w.see("active", lambda: run.hash in w.repo.list_active_runs())
    run.close()


@case("Q10", "what is in a repository", priority="B")
def contents(w: World) -> None:
    w.see("params of nothing", lambda: w.repo.collect_params_info())
    w.see("sequences of nothing", lambda: plain(w.repo.collect_sequence_info("metric")))
    with w.writing() as run:
        run["hp"] = {"lr": 0.1, "l": [1, {"a": "x"}]}
        run["s"] = "str"
        run["n"] = None
        run["b"] = True
        run.track(1.0, name="m", context={"s": "a"})
        run.track(1.0, name="m", context={"s": "b"})
        run.track(w.aim.Text("x"), name="tx")
        del run
    w.sync()
    repo = w.repo
    w.see("params", lambda: repo.collect_params_info())
    w.see("sequences", lambda: plain(repo.collect_sequence_info(("metric", "texts"))))
    w.see("of one kind", lambda: plain(repo.collect_sequence_info("images")))
    w.see("of a bad kind", lambda: repo.collect_sequence_info("zz"))
    w.see("kinds", lambda: sorted(repo.available_sequence_types()))
