"""Scripts that look after a repository: tags, names, archives, deleting, exporting."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def some_runs(w: World, count: int = 3) -> list[str]:
    """Runs with a number and a metric; their hashes, oldest first."""
    hashes = []
    for number in range(count):
        with w.writing(experiment=f"e{number % 2}") as run:
            run["number"] = number
            run.name = f"run {number}"
            for step in range(number + 1):
                run.track(float(step), name="loss", step=step)
            hashes.append(run.hash)
            del run
    w.sync()
    return hashes


def numbers(w: World, query: str = "") -> list[Any]:
    """The numbers of the runs that a query finds."""
    return [c.run["number"] for c in w.query("runs", query).iter_runs()]


@case("U08", "tagging what a query found", priority="A")
def tag_by_query(w: World) -> None:
    some_runs(w)
    for collection in w.query("runs", "run.number > 0").iter_runs():
        collection.run.add_tag("late")
    w.see("late", lambda: numbers(w, "'late' in run.tags"))
    w.see("others", lambda: numbers(w, "'late' not in run.tags"))
    for collection in w.query("runs", "run.number == 2").iter_runs():
        collection.run.remove_tag("late")
    w.see("fewer", lambda: numbers(w, "'late' in run.tags"))


@case("U08", "the tags in use")
def tags_in_use(w: World) -> None:
    for tags in (["a"], ["a", "b"], []):
        with w.writing() as run:
            for tag in tags:
                run.add_tag(tag)
            del run
    w.sync()
    used = [tag for run in w.repo.iter_runs() for tag in run.tags]
    w.see("counts", lambda: {tag: used.count(tag) for tag in sorted(set(used))})
    w.see("without", lambda: w.count("runs", "len(run.tags) == 0"))
    w.see("exactly", lambda: w.count("runs", "run.tags == ['a']"))


@case("U08", "archiving failures", priority="A")
def archive(w: World) -> None:
    some_runs(w)
    for collection in w.query("runs", "run.metrics['loss'].last < 1").iter_runs():
        collection.run.archived = True
    w.see("shown", lambda: numbers(w))
    w.see("archived", lambda: numbers(w, "run.archived == True"))
    w.see("all", lambda: numbers(w, "run.archived in [True, False]"))
    w.see("metrics shown", lambda: w.count("metrics", "metric.name == 'loss'"))
    for collection in w.query("runs", "run.archived").iter_runs():
        collection.run.archived = False
    w.see("back", lambda: numbers(w))


@case("U08", "renaming runs by what they hold", priority="A")
def rename(w: World) -> None:
    hashes = some_runs(w)
    for run in w.repo.iter_runs():
        run.name = f"{run.experiment}-{run['number']:03d}"
        run.description = f"was run {run['number']}"
    w.see("names", lambda: [w.repo.get_run(h).name for h in hashes])
    w.see("found", lambda: numbers(w, "run.name == 'e1-001'"))
    w.see("by description", lambda: numbers(w, "'run 2' in run.description"))


@case("U08", "moving runs to another experiment")
def to_experiment(w: World) -> None:
    some_runs(w)
    for collection in w.query("runs", "run.experiment == 'e0'").iter_runs():
        collection.run.experiment = "kept"
    w.see("kept", lambda: numbers(w, "run.experiment == 'kept'"))
    w.see("e0", lambda: numbers(w, "run.experiment == 'e0'"))
    w.see("experiments", lambda: sorted({run.experiment for run in w.repo.iter_runs()}))


@case("U50", "deleting short runs", priority="A")
def delete_short(w: World) -> None:
    hashes = some_runs(w)
    short = [c.run.hash for c in w.query("runs", "run.metrics['loss'].last_step < 1").iter_runs()]
    w.see("short", lambda: [hashes.index(h) for h in short])
    w.see("deleted", lambda: w.repo.delete_runs(short))
    w.sync()
    w.see("left", lambda: sorted(hashes.index(h) for h in w.repo.list_all_runs()))
    w.see("found", lambda: numbers(w))
    w.see("gone", lambda: w.repo.get_run(short[0]))


@case("U50", "keeping the newest runs only")
def keep_newest(w: World) -> None:
    some_runs(w, 4)
    newest = [c.run.hash for c in w.query("runs", "").iter_runs()][:2]
    for run_hash in [h for h in w.repo.list_all_runs() if h not in newest]:
        w.repo.delete_run(run_hash)
    w.sync()
    w.see("left", lambda: numbers(w))


@case("U50", "moving the best run to a repository of its own", priority="B")
def move_best(w: World) -> None:
    hashes = some_runs(w)
    there_path = w.other_repository("best")
    there = w.aim.Repo.from_path(there_path)
    w.see("moved", lambda: w.repo.move_runs([hashes[2]], there))
    w.sync()
    w.sync(there_path)
    w.see("here", lambda: numbers(w))
    moved = w.aim.Repo.from_path(there_path).get_run(hashes[2])
    w.see("there", lambda: (moved.name, moved.experiment, moved["number"]))
    w.see("loss", lambda: moved.get_metric("loss", w.context()).data.items_list()[0])


@case("U50", "a copy that goes its own way")
def copy_apart(w: World) -> None:
    hashes = some_runs(w, 1)
    there_path = w.other_repository("copy")
    there = w.aim.Repo.from_path(there_path)
    w.see("copied", lambda: w.repo.copy_runs(hashes, there))
    w.sync(there_path)
    copy = w.aim.Repo.from_path(there_path).get_run(hashes[0])
    copy.name = "the copy"
    w.see("names", lambda: (copy.name, w.repo.get_run(hashes[0]).name))
    w.see("created", lambda: copy.created_at == w.repo.get_run(hashes[0]).created_at)


@case("U51", "a repository for one test", fresh=True)
def throw_away(w: World) -> None:
    path = os.path.join(w.directory, "scratch")
    w.see("before", lambda: w.aim.Repo.exists(path))
    repo = w.aim.Repo.from_path(path, init=True)
    w.see("empty", lambda: (repo.list_all_runs(), repo.collect_params_info()))
    w.see("no runs", lambda: [c.run for c in repo.query_runs("").iter_runs()])
    w.see("no frame", lambda: repo.query_runs("").dataframe())
    repo = None
    w.aim.Repo.rm(path)
    w.see("after", lambda: w.aim.Repo.exists(path))


@case("U35", "everything as JSON lines", priority="B")
def export_json(w: World) -> None:
    hashes = some_runs(w, 2)
    lines = []
    for run_hash in hashes:
        run = w.repo.get_run(run_hash)
        record = {
            "name": run.name,
            "experiment": run.experiment,
            "params": run[...],
            "metrics": [
                {"name": m.name, "context": m.context.to_dict(), "points": m.data.items_list()[:1]}
                for m in run.metrics()
            ],
        }
        lines.append(json.dumps(record, sort_keys=True))
    w.see("lines", lambda: lines)


@case("U35", "metrics as CSV, row by row")
def export_csv(w: World) -> None:
    some_runs(w, 2)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["run", "metric", "step", "value"])
    for metric in w.query("metrics", ""):
        for step, (value, _epoch, _time) in metric.data.items():
            writer.writerow([metric.run.name, metric.name, step, value])
    w.see("csv", lambda: out.getvalue().splitlines())


@case("U35", "what a repository holds, counted")
def inventory(w: World) -> None:
    some_runs(w)
    repo = w.repo
    w.see("runs", lambda: len(repo.list_all_runs()))
    info = repo.collect_sequence_info(("metric", "images", "texts"))
    w.see("series", lambda: {kind: sorted(names) for kind, names in info.items()})
    w.see("parameters", lambda: sorted(repo.collect_params_info()))
    w.see("points", lambda: sum(len(m.data.items_list()[0]) for m in w.query("metrics", "")))


@case("U32", "correcting a parameter afterwards", priority="A")
def correct(w: World) -> None:
    hashes = some_runs(w, 2)
    run = w.run(hashes[0])
    run["number"] = 10
    run["note"] = {"by": "hand"}
    del run["missing"]
    run.close()
    run = None
    w.sync()
    w.see("numbers", lambda: numbers(w))
    w.see("changed", lambda: numbers(w, "run.note.by == 'hand'"))


@case("U34", "waiting for runs to end")
def ended(w: World) -> None:
    some_runs(w, 2)
    runs = [c.run for c in w.query("runs", "run.active == False").iter_runs()]
    w.see("ended", lambda: [run.end_time is not None for run in runs])
    w.see("order", lambda: runs[0].creation_time >= runs[1].creation_time)
    w.see("durations", lambda: [run.duration < 600 for run in runs])
    w.see("running", lambda: numbers(w, "run.active"))


@case("U19", "checkpoints as artifacts", priority="B")
def checkpoints(w: World) -> None:
    run = w.run()
    run.set_artifacts_uri("file://" + os.path.join(w.directory, "store"))
    for epoch in range(2):
        path = w.file(f"ckpt-{epoch}.bin", bytes([epoch]) * 4)
        run.log_artifact(path, name=f"checkpoints/{epoch}.bin")
        run["last_checkpoint"] = f"checkpoints/{epoch}.bin"
    w.see("names", lambda: sorted(run.artifacts))
    last = run.artifacts[run["last_checkpoint"]]
    target = os.path.join(w.directory, "back")
    os.makedirs(target)
    with open(last.download(target), "rb") as file:
        content = file.read()
    w.see("content", lambda: content)
    run.close()


@case("Q08", "deleting what is not there", priority="B")
def delete_unknown(w: World) -> None:
    hashes = some_runs(w, 2)
    repo = w.repo
    w.see("unknown", lambda: repo.delete_run("nope"))
    w.see("some unknown", lambda: repo.delete_runs([hashes[0], "nope"]))
    w.see("none", lambda: repo.delete_runs([]))
    w.see("again", lambda: repo.delete_run(hashes[0]))
    w.sync()
    w.see("left", lambda: [hashes.index(h) for h in w.repo.list_all_runs()])


@case("Q11", "tidying a repository up", priority="C")
def tidy(w: World) -> None:
    hashes = {}
    for name in ("gone", "kept"):
        with w.writing(experiment=name) as run:
            run[name] = 1
            hashes[name] = run.hash
            del run
    w.sync()
    repo = w.repo
    repo.delete_run(hashes["gone"])
    w.see("prune", repo.prune)
    w.sync()
    w.see("parameters", lambda: sorted(w.repo.collect_params_info()))
    w.see("experiments", lambda: sorted(e.name for e in repo.structured_db.experiments()))
    w.see("close", lambda: (repo.close(), repo.close()))
    w.see("usable", lambda: len(w.repo.list_all_runs()))
    w.see("same hash", lambda: hash(repo) == hash(repo.path))


@case("U19", "all parameters replaced beside artifacts", priority="B")
def params_beside_artifacts(w: World) -> None:
    run = w.run()
    run["lr"] = 0.1
    run.set_artifacts_uri("file://" + os.path.join(w.directory, "store"))
    run.log_artifact(w.file("a.txt", b"a"), name="a")
    run.meta_run_tree["own"] = [1]
    w.see("replace", lambda: run.__setitem__(..., {"lr": 0.2}))
    w.see("params", lambda: run[...])
    w.see("artifacts", lambda: sorted(run.artifacts))
    run.log_artifact(w.file("b.txt", b"b"), name="b")
    w.see("more", lambda: sorted(run.artifacts))
    w.see("delete", lambda: run.__delitem__("lr"))
    w.see("still", lambda: (sorted(run.artifacts), run.meta_run_tree.get("own")))
    run.close()
