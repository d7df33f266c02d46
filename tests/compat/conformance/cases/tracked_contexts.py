"""Contexts in `Run.track`: which are one, which are apart, how they come back."""

from __future__ import annotations

import collections
import enum
import gc
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


class Subset(str, enum.Enum):
    TRAIN = "train"


def listed(run: Any) -> Any:
    """Every metric: its context as text, so that key order and types show, and its values."""
    return sorted((str(m.context.to_dict()), m.data.items_list()[1][0]) for m in run.metrics())


def stored(w: World) -> Any:
    """The only run there is, closed, as a reader sees it."""
    gc.collect()
    w.sync()
    return next(iter(w.repo.iter_runs()))


@case("T07", "equal contexts share a sequence", priority="A")
def equal(w: World) -> None:
    run = w.run()
    for value, context in enumerate(
        [
            {"a": 1, "b": 2},
            {"b": 2, "a": 1},
            {"a": 1.0, "b": 2.0},
            {"a": True, "b": 2},
            {"a": "1", "b": 2},
            {"a": 1},
            {"a": [1, 2]},
            {"a": (1, 2)},
            {"a": {"x": 1, "y": 2}},
            {"a": {"y": 2, "x": 1}},
        ]
    ):
        run.track(float(value), name="m", context=context)
    w.see("as ints", lambda: run.get_metric("m", w.context({"a": 1, "b": 2})).last_step())
    w.see("as floats", lambda: run.get_metric("m", w.context({"b": 2.0, "a": 1.0})).last_step())
    run.close()
    run = None
    w.see("stored", lambda: listed(stored(w)))


@case("T07", "no context in its spellings", priority="A")
def no_context(w: World) -> None:
    run = w.run()
    run.track(0.0, name="m")
    run.track(1.0, name="m", context=None)
    run.track(2.0, name="m", context={})
    w.see("listed", lambda: listed(run))
    w.see("found", lambda: run.get_metric("m", w.context()).last_step())
    run.close()


@case("T07", "falsy values in contexts", priority="B")
def falsy(w: World) -> None:
    run = w.run()
    for value, context in enumerate(
        [{"a": None}, {"a": 0}, {"a": False}, {"a": ""}, {"a": []}, {"a": {}}, {"a": 0.0}, {"": 1}]
    ):
        w.see(
            f"track {context}", lambda v=value, c=context: run.track(float(v), name="m", context=c)
        )
    w.see("listed", lambda: listed(run))
    run.close()


@case("T07", "text in contexts", priority="B")
def texts(w: World) -> None:
    run = w.run()
    for value, context in enumerate(
        [
            {"subset": "train"},
            {"subset": "Train"},
            {"subset": " train"},
            {"подвыборка": "обучение"},
            {"s": "日本語"},
            {"s": "a\nb"},
            {"a.b": 1},
            {"a b": 1},
            {"x" * 500: "y" * 500},
        ]
    ):
        w.see(f"track {value}", lambda v=value, c=context: run.track(float(v), name="m", context=c))
    w.see("count", lambda: len(list(run.metrics())))
    w.see("contexts", lambda: sorted(str(m.context.to_dict())[:60] for m in run.metrics()))
    run.close()


@case("T07", "nested contexts", priority="B")
def nested(w: World) -> None:
    run = w.run()
    context = {"data": {"name": "x", "split": {"k": 1, "of": [1, 2, {"q": None}]}}, "n": 1.5}
    run.track(1.0, name="m", context=context)
    run.track(2.0, name="m", context=context)
    w.see("to_dict", lambda: next(iter(run.metrics())).context.to_dict())
    w.see("item", lambda: next(iter(run.metrics())).context["data"]["split"]["k"])
    w.see("found", lambda: run.get_metric("m", w.context(context)).last_step())
    w.see("frame", lambda: list(next(iter(run.metrics())).dataframe(include_context=True).columns))
    run.close()


@case("T07", "a context changed after the call", priority="A")
def changed_later(w: World) -> None:
    run = w.run()
    context: dict[str, Any] = {"subset": "train", "more": [1]}
    run.track(1.0, name="m", context=context)
    context["subset"] = "val"
    run.track(2.0, name="m", context=context)
    context["more"].append(2)
    run.track(3.0, name="m", context=context)
    w.see("listed", lambda: listed(run))
    found = next(iter(run.metrics())).context.to_dict()
    found["added"] = 1
    w.see("changing what was read", lambda: listed(run))
    run.close()


@case("T07", "mappings as contexts", priority="B")
def mappings(w: World) -> None:
    run = w.run()
    for name, context in {
        "ordered": collections.OrderedDict(a=1),
        "default": collections.defaultdict(int, a=1),
    }.items():
        w.see(name, lambda c=context: run.track(1.0, name="m", context=c))
    w.see("found", lambda: run.get_metric("m", w.context({"a": 1})).last_step())
    for name, context in {
        "enum value": {"s": Subset.TRAIN},
        "text subclass": {"s": type("Word", (str,), {})("w")},
        "proxy": types.MappingProxyType({"a": 1}),
        "user dict": collections.UserDict(a=1),
        "object value": {"a": object()},
        "set value": {"a": {1}},
        "function": {"a": len},
        "complex": {"a": 1j},
    }.items():
        w.see(name, lambda c=context: run.track(1.0, name="odd", context=c))
    run.close()


@case("T07", "contexts that are no dicts", priority="C")
def no_dicts(w: World) -> None:
    run = w.run()
    for value, context in enumerate(["train", 5, 1.5, True, [1, 2], (1, 2), b"x", [], ""]):
        w.see(
            f"track {context!r}",
            lambda v=value, c=context: run.track(float(v), name="m", context=c),
        )
    run.close()
    run = None
    w.see("stored", lambda: listed(stored(w)))


@case("T07", "numbers in contexts", priority="B")
def numbers(w: World) -> None:
    run = w.run()
    for value, context in enumerate(
        [{"a": 2**40}, {"a": -1}, {"a": -2}, {"a": 0.1}, {"a": 1e300}, {"a": float("inf")}]
    ):
        run.track(float(value), name="m", context=context)
    w.see("listed", lambda: listed(run))
    w.see("float64", lambda: run.track(9.0, name="m", context={"a": np.float64(0.1)}))
    w.see("found", lambda: run.get_metric("m", w.context({"a": 0.1})).last_step())
    w.see("int64", lambda: run.track(9.0, name="i", context={"a": np.int64(1)}))
    w.see("bool", lambda: run.track(9.0, name="b", context={"a": np.bool_(True)}))
    w.see("array", lambda: run.track(9.0, name="a", context={"a": np.array([1])}))
    run.close()


@case("T07", "many contexts", priority="B")
def many(w: World) -> None:
    run = w.run()
    for step in range(2):
        for fold in range(30):
            run.track(float(step), name="loss", context={"fold": fold})
    w.see("count", lambda: len(list(run.metrics())))
    w.see("steps", lambda: {len(m.data.items_list()[0]) for m in run.metrics()})
    w.see("one", lambda: run.get_metric("loss", w.context({"fold": 17})).data.items_list()[1][0])
    run.close()


@case("S11", "Context objects", priority="B")
def context_objects(w: World) -> None:
    for name, given in {
        "empty": {},
        "train": {"subset": "train"},
        "nested": {"a": {"b": [1, None, "x"]}},
        "numbers": {"i": 1, "f": 1.5, "b": True},
        "list": [1, 2],
        "text": "train",
        "unicode": {"ключ": "значение"},
        "negative": {"a": -1},
        "inf": {"a": float("inf")},
        "bytes": {"a": b"x"},
        "large": {"a": 2**60 + 1},
    }.items():
        w.see(f"{name} id", lambda given=given: str(w.context(given).idx))
        w.see(f"{name} hash", lambda given=given: hash(w.context(given)) == hash(w.context(given)))
        w.see(f"{name} as dict", lambda given=given: w.context(given).to_dict())
    context = w.context({"a": 1})
    w.see("missing item", lambda: context["zz"])
    w.see("contains", lambda: "a" in context)
    w.see("iterated", lambda: list(context))
    w.see("set", lambda: len({w.context({"a": 1}), w.context({"a": 1.0}), w.context({"a": 2})}))
    w.see("repr", lambda: repr(context))
    w.see("attribute", lambda: context.a)
    w.see("get", lambda: context.get("a"))
    w.see("equal to None", lambda: context == None)  # noqa: E711  # what is observed
    w.see("unhashable", lambda: w.context({"a": object()}).idx)
