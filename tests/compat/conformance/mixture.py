"""Four runs that differ in what they have: full, sparse, archived with other kinds, almost empty.

What queries are asked about; `run.i` tells the runs apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from conformance.world import World

__all__ = ["fill", "found", "see_found"]

QUIET: dict[str, Any] = {"system_tracking_interval": None, "capture_terminal_logs": False}


def fill(aim: Any, location: str) -> None:
    """A few runs that differ in what they have, one of them archived, one almost empty."""
    run = aim.Run(repo=location, experiment="exp-1", **QUIET)
    run.name, run.description = "My Run", "words here"
    run.add_tag("prod")
    run.add_tag("v2")
    run["i"], run["a"], run["f"], run["z"], run["t"], run["n"] = 0, 3, 1.5, 2.0, True, None
    run["s"], run["u"], run["when"], run["name"] = (
        "Hello World",
        "naïve ü 日本",
        "2024-05-01",
        "par",
    )
    run["dotted.key"], run["format"], run["l"] = 5, "png", ["x", "y", "zz"]
    run["nested"] = {"a": {"b": {"c": 7}}}
    run["hparams"] = {
        "lr": 0.1,
        "layers": [1, 2, 3],
        "flag": True,
        "none": None,
        "z": 0,
        "e": {},
        "le": [],
        "s": "",
        1: "one",
        "neg": -2.5,
        "nan": float("nan"),
        "big": 2**60,
        "ls": [{"a": 1}, {"a": "q"}],
        "opt": {"name": "Adam", "b": [0.9, 0.99]},
    }
    for context in ({"subset": "train"}, {"subset": "val", "fold": 1}, {}):
        for step, value in enumerate([3.0, 1.0, 2.0]):
            run.track(value, name="loss", step=step, context=context)
    for step, count in enumerate([5, 9, 7]):
        run.track(count, name="acc", step=step * 10, epoch=step)
    run.track(2.5, name="deep", context={"nested": {"a": 1}, "b": True, "l": [1, 2]})
    run.track(aim.Text("t"), name="tx")
    run.track(aim.Text("t"), name="tx2", context={"subset": "train"})
    run.track(aim.Image(np.zeros((2, 2), "uint8"), caption="c"), name="im", context={"s": 1})
    run.close()

    run = aim.Run(repo=location, experiment="exp-2", **QUIET)
    run.name = "second"
    run.add_tag("dev")
    run["i"], run["a"], run["f"], run["t"], run["s"], run["when"] = 1, -4, 0.0, False, "abc", "2023"
    run["l"], run["nested"] = [], {"a": 5}
    run["hparams"] = {"lr": 0.01, "layers": [4], "opt": {"name": "SGD"}, "flag": False, "z": 7}
    for step, value in enumerate([0.5, 0.25]):
        run.track(value, name="loss", step=step + 5, context={"subset": "train"})
    run.close()

    run = aim.Run(repo=location, **QUIET)
    run["i"], run["a"], run["hparams"], run["l"], run["n"] = 2, "3", "text", [1, 2.5, None, "x"], 0
    run.archived = True
    run.track(1.0, name="loss", context={"subset": "test"})
    run.close()

    run = aim.Run(repo=location, **QUIET)
    run["i"] = 3
    run.track(float("nan"), name="loss")
    run.track(1.0, name="loss", step=5)
    run.close()


def found(w: World, kind: str, expression: str) -> list[Any]:
    """What an expression finds: the runs' `i`, for sequences with their names."""
    matches = w.query(kind, expression)
    if kind == "runs":
        return sorted(one.run["i"] for one in matches.iter_runs())
    rows = ([one.run["i"], one.name, one.context.to_dict()] for one in matches)
    return sorted(rows, key=repr)


def see_found(w: World, kind: str, *expressions: str) -> None:
    """Fill the repository of a case and note what expressions find there."""
    fill(w.aim, w.location)
    w.sync()
    for expression in expressions:
        w.see(expression, lambda e=expression: found(w, kind, e))
