"""What a run object is to Python: equality, hash, text, attributes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("R13", "equality and hashes of runs", priority="B")
def equality(w: World) -> None:
    run, other = w.run(), w.run()
    run["a"] = 1
    run_hash = run.hash
    reader = w.aim.Run(run_hash, repo=w.location, read_only=True)
    w.see("same", lambda: run == run)  # what is observed
    w.see("reader", lambda: run == reader)
    w.see("other", lambda: run == other)
    w.see("not equal", lambda: run != other)
    w.see("hashes", lambda: (hash(run) == hash(reader), hash(run) == hash(other)))
    w.see("set", lambda: len({run, reader, other}))
    w.see("in a list", lambda: other in [run, other])
    w.see("as key", lambda: {run: 1}[reader])
    w.see("repr", lambda: repr(run))
    w.see("str", lambda: str(run) == repr(run))
    w.see("bool", lambda: bool(run))
    w.see("repo", lambda: run.repo == other.repo)
    w.see("same repo object", lambda: run.repo is other.repo)
    for one in (run, other):
        one.close()


@case("R13", "what a run is not", priority="B")
def not_so(w: World) -> None:
    run = w.run()
    w.see("length", lambda: len(run))
    w.see("with", lambda: run.__enter__())
    w.see("keys", lambda: run.keys())
    w.see("items", lambda: run.items())
    w.see("update", lambda: run.update({"a": 1}))
    w.see("unknown attribute", lambda: run.no_such_thing)
    w.see("call", lambda: run())
    w.see("finalize", lambda: run.finalize())
    w.see("old progress call", lambda: run.report_expected_in)
    run.close()


@case("R02", "arguments of Run", priority="A")
def arguments(w: World) -> None:
    names = list(inspect.signature(w.aim.Run.__init__).parameters)
    w.see("names", lambda: names)
    w.see(
        "defaults",
        lambda: {
            name: parameter.default
            for name, parameter in inspect.signature(w.aim.Run.__init__).parameters.items()
            if parameter.default is not inspect.Parameter.empty
        },
    )
    w.see("two by position", lambda: w.aim.Run(None, w.location))
    w.see("unknown", lambda: w.run(foo=1))
    w.see("hash by keyword", lambda: w.run(run_hash=None).active)
    w.see("None for experiment", lambda: w.run(experiment=None).experiment)
    w.see("empty experiment", lambda: w.run(experiment="").experiment)
    w.see("force_resume", lambda: w.run(force_resume=True).active)


@case("R09", "options when resuming", priority="B")
def resuming(w: World) -> None:
    run = w.run(experiment="first")
    run.name = "n"
    run.description = "d"
    run.archived = True
    run["a"] = {"b": 1}
    run.add_tag("t")
    run_hash, created = run.hash, run.creation_time
    run.close()
    run = None
    w.sync()

    def look(**options: Any) -> Any:
        again = w.run(run_hash, **options)
        seen = (again.experiment, again.name, again.description, again.archived, again.tags)
        same = again.creation_time == created
        whole = again[...]
        again.close()
        return seen, same, whole

    w.see("plain", lambda: look())
    w.see("forced", lambda: look(force_resume=True))
    w.see("other experiment", lambda: look(experiment="second"))
    w.see("kept", lambda: look()[0][0])
    w.see("how many", lambda: len(w.repo.list_all_runs()))


@case("R06", "hashes of other kinds", priority="B")
def other_hashes(w: World) -> None:
    w.run().close()
    w.see("empty", lambda: len(w.run("").hash))
    w.see("int", lambda: w.run(5))
    w.see("with a slash", lambda: w.run("a/b"))
    w.see("upper case", lambda: w.run("ABCDEF0123456789ABCDEF01"))


@case("R14", "odd values of properties", priority="B")
def odd_properties(w: World) -> None:
    run = w.run()

    def then(name: str, value: Any) -> Any:
        setattr(run, name, value)
        return getattr(run, name)

    for value in ("", "x" * 300, "ünï\n🎉", "  padded  ", "a'b\"c"):
        w.see(f"name {value[:9]!r}", lambda value=value: then("name", value))
        w.see(f"description {value[:9]!r}", lambda value=value: then("description", value))
    w.see("experiment", lambda: then("experiment", "a b/c"))
    w.see("unicode experiment", lambda: then("experiment", "опыт"))
    w.see("same experiment", lambda: then("experiment", "опыт"))
    w.see("name None", lambda: then("name", None))
    w.see("archived 1", lambda: then("archived", 1))
    w.see("archived 0", lambda: then("archived", 0))
    w.see("name float", lambda: then("name", 1.5))
    run.close()


@case("R15", "tags", priority="A")
def tags(w: World) -> None:
    run = w.run()
    for tag in ("b", "a", "b", "C", " ", "ü 🎉", "x" * 200):
        w.see(f"add {tag[:5]!r} {len(run.tags)}", lambda tag=tag: run.add_tag(tag))
    w.see("tags", lambda: run.tags)
    w.see("type", lambda: type(run.tags))
    run.tags.append("not kept")
    w.see("a copy", lambda: "not kept" in run.tags)
    w.see("remove", lambda: run.remove_tag("a"))
    w.see("again", lambda: run.remove_tag("a"))
    w.see("other case", lambda: run.remove_tag("c"))
    w.see("left", lambda: len(run.tags))
    other = w.run()
    other.add_tag("b")
    w.see("shared", lambda: other.tags)
    w.see("tags of the repository", lambda: sorted(t.name for t in w.repo.structured_db.tags()))
    run.close()
    other.close()


@case("R14", "properties by way of props", priority="C")
def props(w: World) -> None:
    run = w.run(experiment="e")
    run.name = "n"
    run.add_tag("t")
    w.see("name", lambda: run.props.name)
    w.see("description", lambda: run.props.description)
    w.see("archived", lambda: run.props.archived)
    w.see("experiment", lambda: run.props.experiment)
    w.see("tags", lambda: run.props.tags)
    w.see("hash", lambda: run.props.hash == run.hash)
    w.see("created", lambda: run.props.created_at)
    w.see("creation time", lambda: run.props.creation_time == run.creation_time)
    run.close()


@case("R16", "editing a run opened for reading", priority="B")
def editing_a_reader(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        run.track(1.0, name="m")
        run_hash = run.hash
        run = None
    w.sync()
    reader = w.repo.get_run(run_hash)

    def then(name: str, value: Any) -> Any:
        setattr(reader, name, value)
        return getattr(w.repo.get_run(run_hash), name)

    w.see("name", lambda: then("name", "renamed"))
    w.see("description", lambda: then("description", "described"))
    w.see("experiment", lambda: then("experiment", "moved"))
    w.see("archived", lambda: then("archived", True))
    w.see("tag", lambda: (reader.add_tag("t"), w.repo.get_run(run_hash).tags)[1])
    w.see("untag", lambda: (reader.remove_tag("t"), w.repo.get_run(run_hash).tags))
    w.see("set", lambda: reader.set("b", 1))
    w.see("delete", lambda: reader.__delitem__("a"))
    w.see("everything", lambda: reader.__setitem__(..., {}))
    w.see("dict of values", lambda: reader.track({"a": 1}))
    w.see("progress", lambda: reader.report_progress())
    w.see("params stay", lambda: reader[...])
    w.see("active", lambda: reader.active)
    w.see("end", lambda: reader.end_time is not None)
