"""Structured properties of a run: name, description, archived, experiment, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U08", "name, description, tags, archive", priority="A")
def structured(w: World) -> None:
    run = w.run()
    run.name = "baseline"
    run.description = "d"
    run.archived = False
    run.add_tag("v1")
    run.add_tag("v2")
    run.add_tag("v1")
    w.see("set", lambda: (run.name, run.description, run.archived))
    w.see("tags", lambda: run.tags)
    w.see("remove", lambda: run.remove_tag("v1"))
    w.see("remove missing", lambda: run.remove_tag("zz"))
    w.see("tags left", lambda: run.tags)
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    stored = w.repo.get_run(run_hash)
    w.see("stored", lambda: (stored.name, stored.description, stored.archived, stored.tags))
    w.see("experiment", lambda: stored.experiment)


@case("R14", "setters", priority="B")
def setters(w: World) -> None:
    run = w.run()
    run.experiment = "exp"
    w.see("experiment", lambda: run.experiment)
    w.see("description None", lambda: (setattr(run, "description", None), run.description)[1])
    w.see("name number", lambda: (setattr(run, "name", 5), run.name)[1])
    w.see("archived", lambda: (setattr(run, "archived", True), run.archived)[1])
    w.see("not archived", lambda: (setattr(run, "archived", False), run.archived)[1])
    for name in (
        "created_at",
        "creation_time",
        "end_time",
        "finalized_at",
        "duration",
        "active",
        "tags",
    ):
        w.see(f"set {name}", lambda name=name: setattr(run, name, None))
    run.close()


@case("R15", "bad tags", priority="C")
def bad_tags(w: World) -> None:
    run = w.run()
    w.see("None", lambda: run.add_tag(None))
    run.close()
