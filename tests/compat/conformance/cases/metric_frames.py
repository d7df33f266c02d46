"""Data frames of metrics and runs in detail: columns, types, order, missing values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def kinds(frame: Any) -> dict[str, str]:
    """What each column is made of; the exact types are pandas'."""
    return {str(name): frame[name].dtype.kind for name in frame.columns}


def rows(frame: Any, *columns: str) -> Any:
    chosen = frame[list(columns)].astype(object)
    return [list(row.values()) for row in chosen.to_dict("records")]


@case("S06", "types of the columns of a metric", priority="A")
def types_of_columns(w: World) -> None:
    run = w.run()
    for step in range(3):
        run.track(float(step), name="floats", step=step, epoch=step)
        run.track(step, name="ints", step=step, epoch=step / 2)
        run.track(step if step else 0.5, name="mixed", step=step)
    for name in ("floats", "ints", "mixed"):
        frame = run.get_metric(name, w.context()).dataframe()
        w.see(f"{name}: types", lambda frame=frame: kinds(frame))
        w.see(f"{name}: rows", lambda frame=frame: rows(frame, "idx", "step", "value", "epoch"))
        w.see(f"{name}: index", lambda frame=frame: list(frame.index))
        w.see(f"{name}: time zone", lambda frame=frame: str(frame["time"].dt.tz))
    run.close()


@case("S06", "order of the rows of a metric", priority="A")
def order_of_rows(w: World) -> None:
    run = w.run()
    for step in (9, 3, 100, 0, 4):
        run.track(step * 2.0, name="m", step=step)
    frame = run.get_metric("m", w.context()).dataframe()
    w.see("rows", lambda: rows(frame, "idx", "step", "value"))
    w.see("plain idiom", lambda: frame.set_index("step")["value"].to_dict())
    w.see("best", lambda: int(frame.loc[frame["value"].idxmax(), "step"]))
    run.close()


@case("S06", "options of a metric's frame", priority="A")
def options(w: World) -> None:
    run = w.run()
    run["hp"] = {"lr": 0.1, "net": {"depth": 2, "units": [8, 4]}}
    run["seed"] = 1
    run.track(1.0, name="m", context={"subset": "train", "fold": 1})
    metric = run.get_metric("m", w.context({"subset": "train", "fold": 1}))
    w.see("bare", lambda: list(metric.dataframe().columns))
    w.see("name", lambda: list(metric.dataframe(include_name=True).columns))
    w.see("context", lambda: list(metric.dataframe(include_context=True).columns))
    w.see("run", lambda: list(metric.dataframe(include_run=True).columns))
    w.see("all", lambda: list(metric.dataframe(True, True, True).columns))
    frame = metric.dataframe(include_name=True, include_context=True, include_run=True)
    w.see("values", lambda: rows(frame, *[c for c in frame.columns if c not in ("time",)]))
    w.see("types", lambda: {k: v for k, v in kinds(frame).items() if v != "O"})
    w.see("last", lambda: len(metric.dataframe(only_last=True)))
    run.close()


@case("S06", "parameters in a metric's frame", priority="B")
def parameters_in_frames(w: World) -> None:
    run = w.run()
    run["none"] = None
    run["empty"] = {}
    run["list"] = []
    run["flag"] = True
    run["text"] = "x"
    run["deep"] = {"a": {"b": {"c": {"d": 1}}}}
    run["tuple"] = (1, "a", None)
    run["ints"] = {1: "a", 2: {"b": 3}}
    run["nan"] = float("nan")
    run.track(1.0, name="m")
    frame = run.get_metric("m", w.context()).dataframe(include_run=True)
    names = [name for name in frame.columns if name.startswith("run.") and name != "run.hash"]
    w.see("columns", lambda: names)
    for name in names:
        w.see(name, lambda name=name: frame[name].astype(object).iloc[0])
    run.close()


@case("P09", "parameters in a run's frame", priority="A")
def run_frame(w: World) -> None:
    run = w.run()
    run["none"] = None
    run["empty"] = {}
    run["list"] = [1, {"a": 2}]
    run["flag"] = True
    run["text"] = "x"
    run["deep"] = {"a": {"b": {"c": {"d": 1}}}, "one": 1}
    run["a.b"] = "dotted"
    run["ints"] = {1: "a", 2: {"b": 3}}
    run["unicode"] = {"ключ": "é"}
    run["nan"] = float("nan")
    frame = run.dataframe()
    w.see("columns", lambda: list(frame.columns))
    w.see("shape", lambda: frame.shape)
    w.see("index", lambda: list(frame.index))
    for name in run.dataframe(include_props=False).columns:
        if name != "hash":
            w.see(name, lambda name=name: frame[name].astype(object).iloc[0])
    run.close()


@case("P09", "properties in a run's frame", priority="B")
def run_properties_frame(w: World) -> None:
    run = w.run(experiment="e")
    run.name, run.description = "n", "d"
    run.add_tag("x")
    run.add_tag("y")
    frame = run.dataframe(include_params=False)
    for name in frame.columns:
        w.see(name, lambda name=name: frame[name].astype(object).iloc[0])
    w.see("neither", lambda: list(run.dataframe(False, False).columns))
    w.see("types", lambda: kinds(frame[["creation_time", "active", "archived"]]))
    run.close()
    w.see("closed", lambda: rows(run.dataframe(include_params=False), "active", "end_time"))


@case("P09", "objects in a run's frame", priority="C")
def objects_in_frames(w: World) -> None:
    run = w.run()
    run["t"] = w.aim.Text("x")
    run["d"] = {"t": w.aim.Text("y"), "n": 1}
    frame = run.dataframe(include_props=False)
    w.see("columns", lambda: list(frame.columns))
    run.close()


@case("S09", "frames of nothing and of one", priority="C")
def small_frames(w: World) -> None:
    run = w.run()
    run["a"] = 1
    empty = w.aim.Metric("zz", w.context({"c": 1}), run)
    w.see("empty", lambda: list(empty.dataframe().columns))
    w.see("empty, all", lambda: list(empty.dataframe(True, True, True).columns))
    w.see("empty, last", lambda: len(empty.dataframe(only_last=True)))
    run.track(1, name="m", step=7, epoch=2)
    one = run.get_metric("m", w.context())
    w.see("one", lambda: rows(one.dataframe(), "idx", "step", "value", "epoch"))
    w.see("one, last", lambda: rows(one.dataframe(only_last=True), "idx", "step", "value", "epoch"))
    w.see("types, last", lambda: kinds(one.dataframe(only_last=True)))
    run.close()
