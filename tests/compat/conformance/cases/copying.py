"""Copying and moving runs: all of what they hold arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def copied(w: World, how: str, *, archived: bool = False) -> Any:
    """A run with everything, in another repository."""
    with w.writing(experiment="E") as run:
        run.name, run.description, run.archived = "name", "words", archived
        run.add_tag("a")
        run.add_tag("b")
        run["i"] = 1
        run["deep"] = {"a": [1, {"b": None}], "x": (1, 2)}
        run["t"] = w.aim.Text("among parameters")
        for step in range(3):
            run.track(float(step), name="m", step=step * 2, epoch=step, context={"s": "a"})
            run.track(float(-step), name="m", step=step)
        run.track(7, name="count")
        run.track(w.aim.Text("x"), name="tx", step=3, context={"q": 1})
        run.track(w.aim.Image(np.full((2, 3), 7, "uint8"), caption="c"), name="im", step=1)
        run.track([w.aim.Image(np.zeros((1, 1), "uint8"))] * 2, name="ims")
        run.track(w.aim.Distribution([1, 2, 2]), name="di")
        run.track(w.aim.Audio(np.zeros(9, dtype="int16"), rate=8000, caption="au"), name="au")
        run.log_info("hello")
        run_hash = run.hash
        del run
    w.sync()
    target = w.aim.Repo.from_path("other", init=True)
    w.see(how, lambda: getattr(w.repo, f"{how}_runs")([run_hash], target))
    w.sync("other")
    return w.aim.Repo("other").get_run(run_hash)


@case("Q09", "a copy has the properties and parameters", priority="B")
def properties(w: World) -> None:
    run = copied(w, "copy")
    w.see("labels", lambda: (run.name, run.description, run.experiment, sorted(run.tags)))
    w.see("state", lambda: (run.archived, run.active))
    original = w.repo.get_run(run.hash)
    w.see(
        "times", lambda: (run.created_at == original.created_at, run.end_time == original.end_time)
    )
    w.see("parameters", lambda: (run["i"], run["deep"]))
    w.see("object", lambda: run["t"].data)


@case("Q09", "a copy has the metrics", priority="B")
def metrics(w: World) -> None:
    run = copied(w, "copy")
    w.see("names", lambda: sorted((m.name, str(m.context.to_dict())) for m in run.metrics()))
    for context in ({}, {"s": "a"}):
        metric = run.get_metric("m", w.context(context))
        w.see(f"steps {context}", lambda m=metric: list(m.data.items_list()[0]))
        w.see(
            f"rows {context}",
            lambda m=metric: m.dataframe()[["step", "value", "epoch"]].to_dict("list"),
        )
    w.see("count", lambda: run.get_metric("count", w.context()).values.first_value())


@case("Q09", "a moved run has its objects, and is gone", priority="B")
def objects(w: World) -> None:
    run = copied(w, "move")
    w.see(
        "text", lambda: run.get_text_sequence("tx", w.context({"q": 1})).values.first_value().data
    )
    image = run.get_image_sequence("im", w.context()).values.first_value()
    w.see("image", lambda: (image.caption, np.array(image.to_pil_image()).tolist()))
    w.see("images", lambda: len(run.get_image_sequence("ims", w.context()).values.first_value()))
    values = run.get_distribution_sequence("di", w.context()).values
    w.see("distribution", lambda: values.first_value().weights.tolist()[:2])
    audio = run.get_audio_sequence("au", w.context()).values.first_value()
    w.see("audio", lambda: (audio.caption, audio.format))
    w.see("logs", lambda: [record.message for record in run.get_log_records().values.tolist()])
    w.see("gone", lambda: w.aim.Repo(w.location).list_all_runs())


@case("Q09", "an archived run stays archived in a copy", priority="C")
def archived(w: World) -> None:
    run = copied(w, "copy", archived=True)
    w.see("archived", lambda: run.archived)
    w.see("nothing to copy", lambda: w.repo.copy_runs([], w.aim.Repo("other")))
    w.see("nothing to move", lambda: w.repo.move_runs([], w.aim.Repo("other")))
