"""Run parameters: the dictionary interface of a run."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@dataclasses.dataclass
class Settings:
    x: int = 1


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Measure(float):
    pass


@case("U09", "scalars, nested dicts, tuple paths, whole tree", priority="A")
def tree(w: World) -> None:
    run = w.run()
    w.see("fresh", lambda: run[...])
    run["lr"] = 0.1
    run["hparams"] = {"bs": 32, "opt": {"name": "adam", "betas": (0.9, 0.999)}, "tags": ["a", "b"]}
    w.see("whole", lambda: run[...])
    w.see("tuple path", lambda: run["hparams", "opt", "name"])
    w.see("chained", lambda: run["hparams"]["opt"])
    w.see("list index", lambda: run["hparams", "tags", 0])
    run["hparams", "bs"] = 64
    w.see("set by path", lambda: run["hparams", "bs"])
    run["hparams"]["bs"] = 1
    w.see("copies are copies", lambda: run["hparams", "bs"])
    run["new", "deep", "path"] = 5
    w.see("parents appear", lambda: run["new"])
    run["hparams"] = {"only": 1}
    w.see("replaced", lambda: run["hparams"])
    run[...] = {"a": {"b": 1}}
    w.see("all replaced", lambda: run[...])
    run["a", "c"] = [1, 2]
    w.see("added", lambda: run[...])
    w.see("empty tuple", lambda: run[()])
    w.see("get", lambda: (run.get("zz", 0), run.get(("a", "b")), run.get("zz")))
    run.close()


@case("P02", "ellipsis assignment", priority="A")
def ellipsis_assignment(w: World) -> None:
    run = w.run()
    run["a"] = 1
    run[...] = {"b": 2}
    w.see("replaces", lambda: run[...])
    run[...] = {}
    w.see("empties", lambda: run[...])
    run.close()


@case("P05", "missing keys, get and deletion", priority="A")
def missing(w: World) -> None:
    run = w.run()
    run["a"] = {"b": 1, "c": {"d": 2}}
    w.see("[x]", lambda: run["x"])
    w.see("[a, x]", lambda: run["a", "x"])
    w.see("[a][x]", lambda: run["a"]["x"])
    w.see("[a, b, c]", lambda: run["a", "b", "c"])
    w.see("get", lambda: run.get("x"))
    w.see("get default", lambda: run.get("x", 3))
    w.see("get path", lambda: run.get(("a", "c", "d")))
    w.see("get path default", lambda: run.get(("a", "zz"), "d"))
    w.see("get everything", lambda: run.get(...))
    w.see("len", lambda: len(run))
    w.see("keys", lambda: run.keys())
    w.see("items", lambda: run.items())
    w.see("update", lambda: run.update({}))
    del run["a", "b"]
    w.see("deleted path", lambda: run[...])
    w.see("delete missing", lambda: run.__delitem__("nope"))
    del run["a"]
    w.see("deleted", lambda: run[...])
    run.close()


@case("P03", "value types", priority="A")
def value_types(w: World) -> None:
    storable: dict[str, Any] = {
        "int": 1,
        "big": 2**40,
        "neg": -3,
        "float": 1.5,
        "tiny": 5e-324,
        "nan": float("nan"),
        "inf": float("inf"),
        "bool": True,
        "none": None,
        "str": "é",
        "empty": "",
        "bytes": b"ab",
        "list": [1, "a", None],
        "tuple": (1, 2),
        "empty list": [],
        "empty dict": {},
        "nested": [{"a": [1, {"b": 2}]}],
        "float64": np.float64(0.5),
        "int enum": Level.LOW,
        "ordered": collections.OrderedDict(a=1),
        "default dict": collections.defaultdict(int, a=1),
        "float subclass": Measure(2.5),
    }
    run = w.run()

    def kept(key: str, value: Any) -> tuple[Any, str]:
        run[key] = value
        return run[key], type(run[key]).__name__

    for name, value in storable.items():
        w.see(name, lambda name=name, value=value: kept(name, value))
    run.close()


@case("P03", "values Aim refuses", priority="A")
def refused_types(w: World) -> None:
    refused: dict[str, Any] = {
        "set": {1},
        "int64": np.int64(3),
        "float32": np.float32(0.5),
        "numpy bool": np.bool_(True),
        "array": np.arange(3),
        "datetime": datetime.datetime(2024, 1, 2),  # noqa: DTZ001  # naive is the common input
        "path": pathlib.PurePosixPath("/x"),
        "dataclass": Settings(),
        "enum": Color.RED,
        "decimal": decimal.Decimal("1.5"),
        "namespace": argparse.Namespace(a=1),
        "function": len,
        "class": int,
        "object": object(),
        "complex": 1j,
        "huge int": 2**70,
    }
    run = w.run()

    def kept(key: str, value: Any) -> Any:
        run[key] = value
        return run[key]

    for name, value in refused.items():
        w.see(name, lambda name=name, value=value: kept(name, value))
    run.close()


@case("P03", "non-strict values", priority="B")
def non_strict_values(w: World) -> None:
    run = w.run()

    def kept(key: str, value: Any) -> Any:
        run.set(key, value, strict=False)
        return run[key]

    w.see("set", lambda: kept("set", {1}))
    w.see("path", lambda: kept("path", pathlib.PurePosixPath("/x")))
    w.see("dataclass", lambda: kept("dataclass", Settings()))
    w.see("decimal", lambda: kept("decimal", decimal.Decimal("1.5")))
    w.see("class", lambda: kept("class", int))
    w.see("int64", lambda: kept("int64", np.int64(3)))
    w.see("plain", lambda: kept("plain", {"a": [1, None]}))
    run.close()


@case("P04", "key types and order", priority="B")
def keys(w: World) -> None:
    run = w.run()

    def kept(key: Any) -> Any:
        run[key] = 7
        return run[key]

    for key in (1, -1, "a.b", "a b", "__x", ("a", 1), ("a", "b", "c"), "ключ"):
        w.see(f"{key!r}", lambda key=key: kept(key))
    for key in (1.5, None, b"x", ("a", None)):
        w.see(f"bad {key!r}", lambda key=key: kept(key))
    run[...] = {}
    w.see("dots do not split", lambda: (kept("p.q"), run[...])[1])
    w.see("int dict keys", lambda: (run.__setitem__("d", {1: "a", 2: "b"}), run["d"])[1])
    w.see("float dict key", lambda: run.__setitem__("d", {1.5: "a"}))
    w.see("None dict key", lambda: run.__setitem__("d", {None: "a"}))
    w.see("tuple dict key", lambda: run.__setitem__("d", {(1, 2): "a"}))
    w.see("nothing half written", lambda: run["d"])
    w.see("order", lambda: (run.__setitem__("o", {"z": 1, "a": 2, "m": 3}), list(run["o"]))[1])
    run.close()


@case("P06", "set and its strictness", priority="B")
def set_method(w: World) -> None:
    run = w.run()
    w.see("positional", lambda: run.set("a", {"x": 1}, True))
    w.see("stored", lambda: run["a"])
    w.see("bad value", lambda: run.set("a", {"x": object()}))
    w.see("old value kept", lambda: run["a"])
    run.close()


@case("P01", "stored parameters are read back", priority="A")
def read_back(w: World) -> None:
    with w.writing() as run:
        run["hp"] = {
            "lr": 0.1,
            "layers": [1, 2, 3],
            "flag": True,
            "none": None,
            "deep": {"a": {"b": 1}},
        }
        run_hash = run.hash
        del run
    w.sync()
    stored = w.repo.get_run(run_hash)
    w.see("whole", lambda: stored[...])
    w.see("path", lambda: stored["hp", "deep", "a", "b"])
    w.see("get", lambda: stored.get(("hp", "nope"), "d"))
    w.see("missing", lambda: stored["nope"])
    w.see("write", lambda: stored.__setitem__("x", 1))


@case("P05", "membership and iteration", priority="C")
def membership(w: World) -> None:
    run = w.run()
    run["a"] = 1
    w.see("in", lambda: "a" in run)
    w.see("iter", lambda: list(run))
    del run[...]
    w.see("after deleting everything", lambda: run[...])
    run.close()
