"""Data frames of runs, metrics and queries."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def records(frame: Any, *columns: str) -> Any:
    """Rows of a frame as plain dicts, in the columns' order."""
    chosen = frame[list(columns)] if columns else frame
    return [{str(k): v for k, v in row.items()} for row in chosen.astype(object).to_dict("records")]


def fill(w: World) -> None:
    for lr in (0.1, 0.2):
        with w.writing(experiment="e") as run:
            run["hp"] = {"lr": lr, "layers": [1, 2]}
            run.name = f"lr {lr}"
            for step in range(3):
                run.track(
                    step * lr, name="loss", step=step, epoch=step, context={"subset": "train"}
                )
            run.track(lr, name="acc")
            del run
    w.sync()


@case("U36", "frames of runs", priority="A")
def frame_of_runs(w: World) -> None:
    fill(w)
    frame = w.query("runs", "run.hp.lr > 0").dataframe()
    w.see("columns", lambda: list(frame.columns))
    w.see("shape", lambda: frame.shape)
    w.see(
        "rows",
        lambda: records(frame.sort_values("hp.lr"), "name", "experiment", "hp.lr", "hp.layers"),
    )
    w.see("props only", lambda: list(w.query("runs", "").dataframe(include_params=False).columns))
    w.see("params only", lambda: list(w.query("runs", "").dataframe(include_props=False).columns))


@case("U36", "frames of metrics", priority="A")
def frame_of_metrics(w: World) -> None:
    fill(w)
    frame = w.query("metrics", 'metric.name == "loss"').dataframe()
    w.see("columns", lambda: list(frame.columns))
    w.see("shape", lambda: frame.shape)
    ordered = frame.sort_values(["run.hp.lr", "step"])
    w.see("rows", lambda: records(ordered, "step", "value", "run.hp.lr", "metric.name"))
    bare = w.query("metrics", 'metric.name == "loss"').dataframe(
        include_run=False, include_name=False, include_context=False
    )
    w.see("bare columns", lambda: list(bare.columns))


@case("S06", "frame of one metric", priority="A")
def frame_of_metric(w: World) -> None:
    run = w.run()
    run["hp"] = {"lr": 0.1, "l": [1, 2]}
    for step in range(3):
        run.track(
            float(step), name="loss", step=step * 2, epoch=1, context={"s": {"x": 1}, "l": [1]}
        )
    run.track(5.0, name="no epoch")
    metric = run.get_metric("loss", w.context({"s": {"x": 1}, "l": [1]}))
    frame = metric.dataframe()
    w.see("columns", lambda: list(frame.columns))
    w.see("rows", lambda: records(frame, "idx", "step", "value", "epoch"))
    w.see("types", lambda: {name: frame[name].dtype.kind for name in frame.columns})
    tracked = metric.data.items_list()[1][2][0]
    local = datetime.datetime.fromtimestamp(tracked)  # noqa: DTZ006  # naive is what is observed
    w.see("time is local", lambda: abs((frame["time"][0] - local).total_seconds()) < 1)
    full = metric.dataframe(include_name=True, include_context=True, include_run=True)
    w.see("all columns", lambda: list(full.columns))
    w.see(
        "constants",
        lambda: records(
            full, "run.hp.lr", "run.hp.l", "metric.name", "metric.context.s.x", "metric.context.l"
        )[0],
    )
    plain = run.get_metric("no epoch", w.context()).dataframe()
    w.see("no epoch", lambda: records(plain, "idx", "step", "value", "epoch"))
    run.close()


@case("S07", "only the last row", priority="B")
def only_last(w: World) -> None:
    run = w.run()
    for step in range(50):
        run.track(float(step), name="loss", step=step)
    metric = run.get_metric("loss", w.context())
    w.see("row", lambda: records(metric.dataframe(only_last=True), "step", "value"))
    w.see("columns", lambda: list(metric.dataframe(only_last=True).columns))
    run.close()


@case("P09", "frame of one run", priority="B")
def frame_of_run(w: World) -> None:
    run = w.run()
    run["hp"] = {"lr": 0.1, "layers": [1, 2], "deep": {"a": {"b": {"c": 1}}}}
    run["flag"] = True
    run["none"] = None
    run.add_tag("t")
    frame = run.dataframe()
    w.see("columns", lambda: list(frame.columns))
    w.see(
        "row",
        lambda: records(
            frame,
            "archived",
            "active",
            "experiment",
            "tags",
            "flag",
            "hp.deep.a",
            "hp.layers",
            "hp.lr",
        ),
    )
    w.see("shape", lambda: frame.shape)
    w.see("params only", lambda: list(run.dataframe(include_props=False).columns))
    w.see("props only", lambda: list(run.dataframe(include_params=False).columns))
    run.close()


@case("Q12", "frame of nothing", priority="B")
def frame_of_nothing(w: World) -> None:
    fill(w)
    w.see("runs", lambda: w.query("runs", "run.hp.lr == 9").dataframe())
    w.see("metrics", lambda: w.query("metrics", 'metric.name == "zz"').dataframe())
