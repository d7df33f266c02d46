"""Deleting, copying and moving runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def fill(w: World, runs: int) -> list[str]:
    hashes = []
    for number in range(runs):
        with w.writing(experiment="E") as run:
            run["i"] = number
            run.name = f"n{number}"
            run.add_tag("t")
            for step in range(3):
                run.track(float(step), name="m", step=step)
            run.track(w.aim.Text("x"), name="tx")
            hashes.append(run.hash)
            del run
    w.sync()
    return hashes


@case("U50", "delete", priority="A")
def delete(w: World) -> None:
    hashes = fill(w, 4)
    repo = w.repo
    w.see("one", lambda: repo.delete_run(hashes[0]))
    w.see("unknown", lambda: repo.delete_run("nope"))
    w.see("several", lambda: repo.delete_runs([hashes[1]]))
    w.see("none", lambda: repo.delete_runs([]))
    w.see("known and unknown", lambda: repo.delete_runs([hashes[2], "nope"]))
    fresh = w.aim.Repo(w.location)
    w.see("left", lambda: fresh.list_all_runs() == [hashes[3]])
    w.see("get deleted", lambda: fresh.get_run(hashes[0]))
    w.see("exists", lambda: (fresh.run_exists(hashes[0]), fresh.run_exists(hashes[3])))
    w.see("query", lambda: [c.run["i"] for c in w.query("runs", "").iter_runs()])
    w.see("None", lambda: repo.delete_run(None))


@case("Q09", "copy and move", priority="B")
def copy(w: World) -> None:
    hashes = fill(w, 3)
    source = w.repo
    target = w.aim.Repo.from_path("other", init=True)
    w.see("copy", lambda: source.copy_runs(hashes[:1], target))
    w.see("move", lambda: source.move_runs(hashes[1:2], target))
    w.sync("other")
    moved = w.aim.Repo("other")
    w.see("source", lambda: sorted(hashes.index(h) for h in w.aim.Repo(w.location).list_all_runs()))
    w.see("target", lambda: sorted(hashes.index(h) for h in moved.list_all_runs()))
    copied = moved.get_run(hashes[0])
    w.see("props", lambda: (copied.name, copied.experiment, copied.tags, copied["i"]))
    w.see("metric", lambda: copied.get_metric("m", w.context()).data.items_list()[0])
    w.see("text", lambda: copied.get_text_sequence("tx", w.context()).values.first_value().data)
    w.see("created", lambda: copied.created_at == source.get_run(hashes[0]).created_at)
