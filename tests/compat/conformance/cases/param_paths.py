"""Paths of parameters: reading, writing, replacing and deleting parts of the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def tree() -> dict[str, Any]:
    return {"a": {"b": {"c": 1, "d": [10, 20]}, "e": "x"}, "l": [{"m": 1}, 2]}


@case("P01", "reading by path", priority="A")
def reading(w: World) -> None:
    run = w.run()
    run[...] = tree()
    for path in [
        ("a",),
        ("a", "b"),
        ("a", "b", "c"),
        ("a", "b", "d"),
        ("a", "b", "d", 1),
        ("l", 0),
        ("l", 0, "m"),
        ("l", 1),
        (),
    ]:
        w.see(f"tuple {path}", lambda path=path: run[path])
        w.see(f"list {path}", lambda path=path: run[list(path)])
        w.see(f"get {path}", lambda path=path: run.get(path, "default"))
    run.close()


@case("P05", "paths that lead nowhere", priority="A")
def nowhere(w: World) -> None:
    run = w.run()
    run[...] = tree()
    for path in [
        ("zz",),
        ("a", "zz"),
        ("a", "e", "zz"),
        ("a", "b", "c", "zz"),
        ("l", 5),
        ("l", -1),
        ("l", "0"),
        ("l", 1, "m"),
        ("a", 0),
        ("A",),
        ("a ",),
    ]:
        w.see(f"item {path}", lambda path=path: run[path])
        w.see(f"get {path}", lambda path=path: run.get(path, "default"))
    w.see("dotted", lambda: run["a.b"])
    w.see("get dotted", lambda: run.get("a.b.c", 0))
    run.close()


@case("P05", "defaults of get", priority="A")
def defaults(w: World) -> None:
    run = w.run()
    run["none"] = None
    run["false"] = False
    run["empty"] = {}
    w.see("missing", lambda: run.get("zz"))
    w.see("missing with default", lambda: run.get("zz", 5))
    w.see("missing by keyword", lambda: run.get("zz", default=[1]))
    w.see("None", lambda: run.get("none", 5))
    w.see("False", lambda: run.get("false", 5))
    w.see("empty", lambda: run.get("empty", 5))
    w.see("everything", lambda: run.get(...))
    w.see("empty path", lambda: run.get(()))
    w.see("the default itself", lambda: (lambda given: run.get("zz", given) is given)([]))
    w.see("strict", lambda: run.get("zz", 5, True))
    w.see("resolve objects", lambda: run.get("zz", 5, True, True))
    w.see("float key", lambda: run.get(1.5, "default"))
    w.see("None key", lambda: run.get(None, "default"))
    run.close()


@case("P01", "values replaced by others", priority="A")
def replacing(w: World) -> None:
    run = w.run()

    def then(value: Any) -> Any:
        run["k"] = value
        return run[...]

    w.see("scalar", lambda: then(1))
    w.see("dict", lambda: then({"x": {"y": 1}}))
    w.see("other dict", lambda: then({"z": 2}))
    w.see("scalar again", lambda: then("s"))
    w.see("list", lambda: then([1, 2, 3]))
    w.see("shorter list", lambda: then([9]))
    w.see("dict after list", lambda: then({"0": "zero"}))
    w.see("empty dict", lambda: then({}))
    w.see("empty list", lambda: then([]))
    w.see("None", lambda: then(None))
    run.close()


@case("P01", "writing by path", priority="A")
def writing(w: World) -> None:
    run = w.run()

    def then(path: Any, value: Any) -> Any:
        run[path] = value
        return run[...]

    w.see("new parents", lambda: then(("a", "b", "c"), 1))
    w.see("beside", lambda: then(("a", "b", "d"), 2))
    w.see("replaces a branch", lambda: then(("a", "b"), {"e": 3}))
    w.see("list as path", lambda: then(["a", "f"], 4))
    w.see("set with a tuple", lambda: (run.set(("a", "g"), 5), run[...])[1])
    w.see("int in path", lambda: then(("i", 0), "zero"))
    w.see("next int in path", lambda: then(("i", 1), "one"))
    w.see("one element", lambda: then(("only",), 6))
    run.close()


@case("P01", "writing below a scalar", priority="B")
def below_a_scalar(w: World) -> None:
    run = w.run()
    run["a"] = 1
    w.see("set", lambda: run.__setitem__(("a", "b"), 2))
    w.see("read", lambda: run["a"])
    w.see("read below", lambda: run["a", "b"])
    run.close()


@case("P01", "writing into a list", priority="B")
def into_a_list(w: World) -> None:
    run = w.run()
    run["l"] = [1, 2, 3]
    w.see("replace an item", lambda: (run.__setitem__(("l", 1), "two"), run["l"])[1])
    w.see("append", lambda: (run.__setitem__(("l", 3), "four"), run["l"])[1])
    w.see("inside an item", lambda: (run.__setitem__(("l", 0), {"a": 1}), run["l", 0, "a"])[1])
    run.close()


@case("P02", "ellipsis and other keys for everything", priority="B")
def everything(w: World) -> None:
    run = w.run()
    run[...] = {"a": 1}
    w.see("ellipsis", lambda: run[...])
    run.set(..., {"b": {"c": 2}})
    w.see("set", lambda: run[...])
    run[()] = {"d": 3}
    w.see("empty tuple", lambda: run[...])
    w.see("list of nothing", lambda: run[[]])
    w.see("ellipsis in a path", lambda: run["d", ...])
    w.see("nested tuples", lambda: run[("a", ("b",))])
    w.see("text", lambda: (run.__setitem__(..., "text"), "taken")[1])
    run.close()


@case("P05", "deleting", priority="A")
def deleting(w: World) -> None:
    run = w.run()

    def without(path: Any) -> Any:
        del run[path]
        return run[...]

    run[...] = tree()
    w.see("leaf", lambda: without(("a", "b", "c")))
    w.see("leaf again", lambda: without(("a", "b", "c")))
    w.see("branch", lambda: without(("a", "b")))
    w.see("missing", lambda: without("nope"))
    w.see("top", lambda: without("a"))
    w.see("returns nothing", lambda: run.__delitem__("l"))
    w.see("nothing left", lambda: run[...])
    run["a"] = 2
    w.see("set again", lambda: run[...])
    run.close()


@case("P05", "deleting the last key of a dict", priority="B")
def deleting_the_last(w: World) -> None:
    run = w.run()
    run["a"] = {"b": 1}
    run["z"] = 1
    del run["a", "b"]
    w.see("parent", lambda: run["a"])
    w.see("everything", lambda: run[...])
    run.close()


@case("P05", "deleting items of a list", priority="C")
def deleting_items(w: World) -> None:
    run = w.run()
    run["l"] = [1, 2, 3]
    w.see("last", lambda: run.__delitem__(("l", 2)))
    w.see("left", lambda: run["l"])
    run.close()


@case("P04", "keys of dicts", priority="B")
def keys_of_dicts(w: World) -> None:
    run = w.run()

    def kept(value: Any) -> Any:
        run["k"] = value
        return run["k"]

    for name, value in {
        "ints": {3: "c", 1: "a", 2: "b"},
        "negative": {-1: "a", 0: "b", 1: "c"},
        "text and ints": {"b": 1, 2: "x", "a": 3},
        "digits": {"10": 1, "9": 2},
        "bools": {True: "t", False: "f"},
        "unicode": {"ä": 1, "z": 2, "ключ": 3, "日": 4, "a": 5},
        "case": {"B": 1, "a": 2, "A": 3, "b": 4},
        "prefixes": {"ab": 1, "a": 2, "abc": 3, "a b": 4, "a.b": 5, "a/b": 6},
        "punctuation": {"-": 1, "_": 2, ".": 3, "/": 4, "[0]": 5, "'": 6, '"': 7},
        "whitespace": {" ": 1, "\t": 2, "\n": 3, " a": 4},
        "big int": {2**40: 1},
        "nested ints": {"layers": {0: {"n": 1}, 1: {"n": 2}}},
    }.items():
        w.see(name, lambda value=value: kept(value))
        w.see(f"{name}, order", lambda value=value: [str(key) for key in kept(value)])
    for name, bad in {
        "float": {1.5: 1},
        "None": {None: 1},
        "tuple": {(1, 2): 1},
        "bytes": {b"x": 1},
        "int64": {np.int64(1): 1},
        "frozen set": {frozenset({1}): 1},
    }.items():
        w.see(f"bad: {name}", lambda bad=bad: kept(bad))
    run.close()


@case("P04", "order of parameters", priority="B")
def order(w: World) -> None:
    run = w.run()
    for key in ("z", "b", "a", "B", "_", "a1", "a10", "a2"):
        run[key] = {"y": 1, "x": {"n": 1, "m": 2}}
    w.see("top", lambda: list(run[...]))
    w.see("below", lambda: (list(run["z"]), list(run["z"]["x"])))
    del run["b"]
    run["b"] = 1
    w.see("after deleting and setting again", lambda: list(run[...]))
    run.close()


@case("P01", "item assignment on what was read is lost", priority="A")
def lost_assignment(w: World) -> None:
    run = w.run()
    run["hparams"] = {"lr": 0.1, "opt": {"name": "sgd"}}
    run["hparams"]["lr"] = 0.5
    run["hparams"]["opt"]["name"] = "adam"
    run["hparams"].update(new=1)
    run[...]["top"] = 1
    w.see("unchanged", lambda: run[...])
    w.see("missing parent", lambda: run["zz"].__setitem__("a", 1))
    run.close()


@case("P01", "parameters in a loop", priority="A")
def loop(w: World) -> None:
    run = w.run()
    for epoch in range(50):
        run["progress"] = {"epoch": epoch, "best": epoch // 2}
        run["history", f"epoch_{epoch:02}"] = epoch * 0.5
    w.see("last", lambda: run["progress"])
    w.see("all", lambda: len(run["history"]))
    w.see("first", lambda: run["history", "epoch_00"])
    run.close()


@case("P01", "a value of a path is the one last set", priority="B")
def last_set(w: World) -> None:
    with w.writing() as run:
        run["a"] = {"b": 1}
        run["a", "b"] = 2
        run["a"] = {"c": 3}
        run["a", "d"] = 4
        del run["a", "c"]
        run[...] = {**run[...], "e": 5}
        run_hash = run.hash
        del run
    w.sync()
    w.see("stored", lambda: w.repo.get_run(run_hash)[...])
