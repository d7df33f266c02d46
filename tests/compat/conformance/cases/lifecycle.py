"""A run from its making to its end: identity, repositories, resuming, closing."""

from __future__ import annotations

import datetime
import gc
import os
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from conformance.case import case
from conformance.world import QUIET

if TYPE_CHECKING:
    from conformance.world import World


def values_of(w: World, run: Any, name: str) -> Any:
    data = run.get_metric(name, w.context()).data
    return data.items_list()[0], data.items_list()[1][0]


@case("R01", "defaults of a fresh run", priority="A")
def defaults(w: World) -> None:
    run = w.run()
    w.see("hash length", lambda: len(run.hash))
    w.see("hash letters", lambda: set(run.hash) <= set("0123456789abcdef"))
    for name in (
        "name",
        "experiment",
        "description",
        "archived",
        "tags",
        "end_time",
        "finalized_at",
    ):
        w.see(name, lambda name=name: getattr(run, name))
    w.see("creation_time", lambda: run.creation_time)
    w.see("created_at", lambda: run.created_at)
    utc = datetime.datetime.fromtimestamp(run.creation_time, datetime.timezone.utc)
    away_s = (run.created_at - utc.replace(tzinfo=None)).total_seconds()
    w.see("created_at is UTC", lambda: abs(away_s) < 1)
    w.see("active", lambda: run.active)
    w.see("read_only", lambda: run.read_only)
    w.see("artifacts_uri", lambda: run.artifacts_uri)
    w.see("artifacts", lambda: run.artifacts)
    w.see("params", lambda: run[...])
    w.see("duration", lambda: isinstance(run.duration, float) and run.duration >= 0)
    run.close()


@case("R05", "what repo may be", priority="A")
def repo_argument(w: World) -> None:
    root = w.directory

    def path_of(repo: Any) -> str:
        run = w.run(repo=repo)
        path = run.repo.path
        run.close()
        return path

    w.see("str", lambda: path_of(root))
    w.see("Path", lambda: path_of(pathlib.Path(root)))
    w.see("Repo", lambda: path_of(w.aim.Repo.from_path(root)))
    w.see("trailing slash", lambda: path_of(root + "/"))
    w.see("dot", lambda: path_of("."))
    w.see("relative", lambda: path_of("sub/dir"))
    w.see("relative exists", lambda: w.aim.Repo.exists("sub/dir"))
    w.see("missing directory", lambda: path_of(os.path.join(root, "x", "y")))
    w.see("ends in .aim", lambda: path_of(os.path.join(root, ".aim")))
    w.see("int", lambda: path_of(3))


@case("U05", "repo and experiment", priority="A", fresh=True)
def repo_and_experiment(w: World) -> None:
    run = w.aim.Run(repo="sub/dir", experiment="fraud", **QUIET)
    w.see("experiment", lambda: run.experiment)
    w.see("exists", lambda: w.aim.Repo.exists("sub/dir"))
    w.see("not here", lambda: w.aim.Repo.exists(w.directory))
    other = w.aim.Run(repo=w.aim.Repo.from_path("sub/dir"), experiment="fraud", **QUIET)
    w.see("same repo", lambda: run.repo == other.repo)
    w.see("runs", lambda: len(w.aim.Repo("sub/dir").list_all_runs()))
    run.close()
    other.close()


@case("R04", "nearest repository upwards", priority="B", fresh=True)
def nearest_repo(w: World) -> None:
    w.aim.Repo.from_path(w.directory, init=True)
    os.makedirs("c/d")
    os.chdir("c/d")
    run = w.aim.Run(**QUIET)
    w.see("path", lambda: run.repo.path)
    run.close()
    w.see("default repo path", w.aim.Repo.default_repo_path)


@case("U07", "resume by hash", priority="A")
def resume(w: World) -> None:
    run = w.run(experiment="e1")
    run["p"] = 1
    run.name = "n"
    run.add_tag("t")
    for i in range(3):
        run.track(float(i), name="m")
    run_hash, created = run.hash, run.creation_time
    run.close()
    del run
    gc.collect()
    run = w.run(run_hash)
    w.see("hash", lambda: run.hash == run_hash)
    w.see("created", lambda: run.creation_time == created)
    w.see("kept", lambda: (run.experiment, run.name, run["p"], run.tags))
    w.see("open again", lambda: (run.end_time, run.active))
    run.track(9.0, name="m")
    w.see("steps continue", lambda: values_of(w, run, "m"))
    run["p"] = 2
    w.see("params can change", lambda: run["p"])
    run.close()
    del run
    gc.collect()
    run = w.run(run_hash=run_hash, experiment="e2")
    w.see("experiment by argument", lambda: run.experiment)
    run.close()
    w.see("runs", lambda: len(w.repo.list_all_runs()))


@case("R06", "a hash that does not exist", priority="A")
def missing_run(w: World) -> None:
    w.run().close()
    w.see("to write", lambda: w.run("deadbeef"))
    w.see("full length", lambda: w.run("0123456789abcdef01234567"))
    w.see("to read without hash", lambda: w.aim.Run(repo=w.location, read_only=True))
    w.see("none was made", lambda: len(w.repo.list_all_runs()))


@case("R06", "a missing run opened to read", priority="C")
def missing_run_read_only(w: World) -> None:
    w.run().close()
    w.sync()

    def read(name: str) -> Any:
        return getattr(w.aim.Run("deadbeef", repo=w.location, read_only=True), name)

    w.see("name", lambda: read("name"))
    w.see("params", lambda: read("__getitem__")(...))
    w.see("end time", lambda: read("end_time"))


@case("R11", "use after close", priority="B")
def after_close(w: World) -> None:
    run = w.run()
    run["a"] = 1
    run.track(1.0, name="m", step=0)
    w.see("close", run.close)
    w.see("close again", run.close)
    w.see("hash", lambda: run.hash)
    w.see("name", lambda: run.name)
    w.see("tag", lambda: (run.add_tag("t"), run.tags)[1])
    w.see("track", lambda: run.track(2.0, name="m", step=1))
    w.see("finalize", lambda: run.finalize())


@case("R11", "counting goes on after close", priority="C")
def counting_after_close(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="m")
        run_hash = run.hash
    run.track(2.0, name="m")
    del run
    w.sync()
    w.see("stored", lambda: values_of(w, w.repo.get_run(run_hash), "m"))


@case("R11", "reading through a closed run", priority="C")
def reading_closed(w: World) -> None:
    run = w.run()
    run["a"] = 1
    run.track(1.0, name="m")
    run.close()
    w.see("param", lambda: run["a"])
    w.see("get", lambda: run.get("a"))
    w.see("active", lambda: run.active)
    w.see("metrics", lambda: [m.name for m in run.metrics()])
    w.see("set", lambda: (run.__setitem__("b", 2), run["b"])[1])


@case("R12", "a run that is never closed", priority="A")
def never_closed(w: World) -> None:
    code = (
        f"import {w.aim.__name__} as aim\n"
        f"r = aim.Run(repo={w.location!r}, system_tracking_interval=None)\n"
        "r['a'] = 1\n"
        "r.track(1.0, name='x')\n"
        "print('said', r.hash)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    run_hash = done.stdout.split()[1]
    w.sync()
    stored = w.repo.get_run(run_hash)
    w.see("points", lambda: values_of(w, stored, "x"))
    w.see("params", lambda: stored[...])
    w.see("ended", lambda: stored.end_time is not None)
    w.see("active", lambda: stored.active)
    w.see("terminal", lambda: [t.data for t in stored.get_terminal_logs().values.values()][:1])


@case("R12", "a run that is dropped", priority="B")
def dropped(w: World) -> None:
    run = w.run()
    run_hash = run.hash
    run = None
    gc.collect()
    w.sync()
    w.see("ended", lambda: w.repo.get_run(run_hash).end_time is not None)


@case("R12", "with statement", priority="C")
def with_statement(w: World) -> None:
    run = w.run()
    w.see("enter", lambda: run.__enter__() is run)
    run.close()


@case("R13", "equality and hash", priority="B")
def equality(w: World) -> None:
    with w.writing() as run:
        run_hash = run.hash
        del run
    with w.writing():
        pass
    w.sync()
    first, second = w.repo.get_run(run_hash), w.repo.get_run(run_hash)
    other = next(x for x in w.repo.iter_runs() if x.hash != run_hash)
    w.see("equal", lambda: first == second)
    w.see("same hash", lambda: hash(first) == hash(second))
    w.see("in a set", lambda: len({first, second}))
    w.see("other run", lambda: first == other)
    w.see("repr", lambda: repr(first))
    w.see("repo equal", lambda: first.repo == w.repo)


@case("R16", "a read-only run", priority="A")
def read_only(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        run.track(1.0, name="m")
        run_hash = run.hash
        del run
    w.sync()
    stored = w.repo.get_run(run_hash)
    w.see("read_only", lambda: stored.read_only)
    w.see("set item", lambda: stored.__setitem__("b", 2))
    w.see("set", lambda: stored.set("b", 2))
    w.see("delete", lambda: stored.__delitem__("a"))
    w.see("track", lambda: stored.track(1.0, name="m"))
    w.see("log", lambda: stored.log_info("m"))
    w.see("params", lambda: stored[...])
    w.see("rename", lambda: (setattr(stored, "name", "zz"), stored.name)[1])
    w.see("tag", lambda: (stored.add_tag("t"), stored.tags)[1])
    w.see("times", lambda: (type(stored.finalized_at), type(stored.end_time)))
    w.see("active", lambda: stored.active)
    w.see("duration", lambda: stored.duration >= 0)


@case("R16", "closing a read-only run", priority="B")
def close_read_only(w: World) -> None:
    with w.writing() as run:
        run_hash = run.hash
        del run
    w.sync()
    stored = w.aim.Run(run_hash, repo=w.location, read_only=True)
    w.see("close", stored.close)
    w.see("close again", stored.close)


@case("R18", "nothing is swallowed unless asked to", priority="B")
def safe_mode(w: World) -> None:
    resistant = w.sub("aim.ext.exception_resistant")
    run = w.run()
    w.see("default", lambda: run.track("x", name="a"))
    resistant.enable_safe_mode()
    try:
        w.see("track", lambda: run.track("x", name="a"))
        w.see("set item", lambda: run.__setitem__(1.5, 1))
        w.see("set", lambda: run.set(1.5, 1))
        w.see("log_artifact", lambda: run.log_artifact("nofile"))
        w.see("reading still raises", lambda: run["nope"])
    finally:
        resistant.disable_safe_mode()
    w.see("disabled", lambda: run.track("x", name="a"))
    heard: list[tuple[bool, str]] = []
    resistant.set_exception_callback(
        lambda error, where: heard.append((isinstance(error, ValueError), where.__name__))
    )
    try:
        w.see("callback", lambda: run.track("x", name="a"))
    finally:
        resistant.disable_safe_mode()
    w.see("heard", lambda: heard)
    run.close()


@case("U18", "progress reports", priority="B")
def progress(w: World) -> None:
    run = w.run()
    w.see("progress", lambda: run.report_progress(expect_next_in=3))
    w.see("positional", lambda: run.report_progress(5))
    w.see("finish", lambda: run.report_successful_finish())
    run.close()


@case("R07", "a reader sees what was written", priority="A")
def visible(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        run.track(1.0, name="loss")
        run_hash = run.hash
        del run
    gc.collect()
    repo = w.aim.Repo(w.location)
    w.see("listed", lambda: repo.list_all_runs() == [run_hash])
    w.see("exists", lambda: repo.run_exists(run_hash))
    w.see("get_run", lambda: repo.get_run(run_hash) is not None)
    w.see("iter_runs", lambda: len(list(repo.iter_runs())))
    w.see("query_runs", lambda: w.count("runs", "run.a == 1"))
    w.see("query_metrics", lambda: w.count("metrics", "metric.name == 'loss'"))


@case("P07", "a reader sees what changes", priority="B")
def changes_visible(w: World) -> None:
    run = w.run()
    run["a"] = 1
    w.sync()
    run["a"] = 2
    w.see("changed param", lambda: w.aim.Repo(w.location).get_run(run.hash)["a"])
    run.close()
