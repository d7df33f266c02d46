"""`repo.structured_db` and `run.props`: looking up and editing experiments, tags and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def fill(w: World) -> list[str]:
    hashes = []
    for number in range(3):
        with w.writing(experiment=f"E{number % 2}") as run:
            run["i"] = number
            run.name = f"n{number}"
            run.add_tag(f"t{number % 2}")
            hashes.append(run.hash)
            del run
    w.sync()
    return hashes


def named(entries: Any, name: str) -> Any:
    return next(entry for entry in entries if entry.name == name)


@case("Q11", "looking up experiments", priority="B")
def experiments(w: World) -> None:
    fill(w)
    db = w.repo.structured_db
    one = named(db.experiments(), "E0")
    w.see("names", lambda: sorted(e.name for e in db.experiments() if e.name != "default"))
    w.see("one", lambda: (one.name, one.description, one.archived, len(one.uuid)))
    w.see("times", lambda: (one.created_at, type(one.creation_time).__name__))
    w.see("runs", lambda: sorted(run.name for run in one.runs))
    w.see("get_runs", lambda: sorted(run.name for run in one.get_runs()))
    w.see("by id", lambda: db.find_experiment(one.uuid).name)
    w.see("unknown id", lambda: bool(db.find_experiment("zz")))
    w.see("search", lambda: [e.name for e in db.search_experiments("e1")])
    w.see("search for nothing", lambda: list(db.search_experiments("zzz")))


@case("Q11", "editing experiments", priority="C")
def edit_experiments(w: World) -> None:
    hashes = fill(w)
    db = w.repo.structured_db
    one = named(db.experiments(), "E0")
    w.see("describe", lambda: setattr(one, "description", "why"))
    w.see("archive", lambda: setattr(one, "archived", True))
    w.see("rename", lambda: setattr(one, "name", "EE"))
    again = db.find_experiment(one.uuid)
    w.see("again", lambda: (again.name, again.description, again.archived))
    w.see("of a run", lambda: w.repo.get_run(hashes[0]).experiment)
    w.see("query", lambda: w.count("runs", "run.experiment == 'EE'"))
    w.see("create", lambda: db.create_experiment("new").name)
    w.see("create one that is there", lambda: db.create_experiment("E1"))
    w.see("names", lambda: sorted(e.name for e in db.experiments() if e.name != "default"))


@case("Q11", "looking up and editing tags", priority="C")
def tags(w: World) -> None:
    hashes = fill(w)
    db = w.repo.structured_db
    one = named(db.tags(), "t0")
    w.see("names", lambda: sorted(tag.name for tag in db.tags()))
    w.see("one", lambda: (one.name, one.color, one.description, one.archived, len(one.uuid)))
    w.see("runs", lambda: sorted(run.name for run in one.runs))
    w.see("color", lambda: setattr(one, "color", "#ff0000"))
    w.see("describe", lambda: setattr(one, "description", "why"))
    w.see("rename", lambda: setattr(one, "name", "tt"))
    again = db.find_tag(one.uuid)
    w.see("again", lambda: (again.name, again.color, again.description))
    w.see("of a run", lambda: w.repo.get_run(hashes[0]).tags)
    w.see("query", lambda: w.count("runs", "'tt' in run.tags"))
    w.see("unknown", lambda: bool(db.find_tag("zz")))
    w.see("search", lambda: [tag.name for tag in db.search_tags("t1")])
    w.see("create", lambda: db.create_tag("fresh").name)
    w.see("create one that is there", lambda: db.create_tag("t1"))


@case("Q11", "looking up runs", priority="B")
def runs(w: World) -> None:
    hashes = fill(w)
    db = w.repo.structured_db
    one = db.find_run(hashes[1])
    w.see("names", lambda: sorted(run.name for run in db.runs()))
    w.see("one", lambda: (one.hash == hashes[1], one.name, one.experiment, one.archived))
    w.see("tags", lambda: (one.tags, [tag.name for tag in one.tags_obj]))
    w.see("experiment", lambda: one.experiment_obj.name)
    w.see("unknown", lambda: bool(db.find_run("zz")))
    w.see("several", lambda: sorted(run.name for run in db.find_runs(hashes[:2])))
    w.see("search", lambda: [run.name for run in db.search_runs("N1")])
    w.see("rename", lambda: setattr(one, "name", "renamed"))
    w.see("tag", lambda: one.add_tag("more"))
    w.see("archive", lambda: setattr(one, "archived", True))
    run = w.repo.get_run(hashes[1])
    w.see("the run", lambda: (run.name, sorted(run.tags), run.archived))
    props = w.repo.get_run(hashes[2]).props
    w.see("props", lambda: (props.name, props.experiment, props.tags, props.archived))


@case("Q11", "a database in a with statement", priority="C")
def in_with(w: World) -> None:
    fill(w)
    with w.repo.structured_db as db:
        w.see("experiments", lambda: len([e for e in db.experiments() if e.name != "default"]))
