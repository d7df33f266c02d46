"""Keys, names, tags and texts at the edges of what a script may pass."""

from __future__ import annotations

import collections
import enum
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


class Key(str, enum.Enum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Word(str):
    pass


@case("P04", "keys of other classes", priority="B")
def key_classes(w: World) -> None:
    run = w.run()

    def kept(value: Any) -> Any:
        run["k"] = value
        return run["k"]

    w.see("text enum", lambda: kept({Key.A: 1}))
    w.see("int enum", lambda: kept({Number.ONE: 1}))
    w.see("subclass", lambda: kept({Word("w"): 1}))
    w.see("numpy text", lambda: kept({np.str_("q"): 1}))
    w.see("plain enum", lambda: kept({enum.Enum("E", "A").A: 1}))
    for name, key in {"subclass": Word("w"), "text enum": Key.A, "int enum": Number.ONE}.items():
        w.see(f"top: {name}", lambda key=key: (run.__setitem__(key, 1), run[key])[1])
    w.see("plain for text enum", lambda: run["a"])
    w.see("plain for int enum", lambda: run[1])
    run.close()


@case("P04", "keys too large", priority="C")
def large_keys(w: World) -> None:
    run = w.run()
    w.see("in a dict", lambda: run.__setitem__("k", {2**70: 1}))
    w.see("first too large", lambda: run.__setitem__("k", {2**63: 1}))
    w.see("at the top", lambda: run.__setitem__(2**70, 1))
    w.see("in a path", lambda: run.__setitem__(("a", -(2**70)), 1))
    w.see("largest", lambda: (run.__setitem__(2**63 - 1, 1), run[2**63 - 1])[1])
    w.see("all", lambda: [str(key) for key in run[...]])
    run.close()


@case("P04", "keys with odd characters", priority="B")
def odd_characters(w: World) -> None:
    run = w.run()
    for key in ("a\x00b", "\xff", "\xfe\xff", "\n", " ", "\x7f", "\u2028", "\U0010ffff"):
        run[key] = {key: 1}
        w.see(ascii(key), lambda key=key: ascii(run[key]))
    w.see("order", lambda: [ascii(key) for key in run[...]])
    run.close()


@case("P04", "the empty key", priority="C")
def empty_key(w: World) -> None:
    run = w.run()
    run["a"] = 1
    w.see("missing", lambda: run[""])
    w.see("get", lambda: run.get("", "default"))
    w.see("delete", lambda: run.__delitem__(""))
    w.see("still there", lambda: run["a"])
    run.close()


@case("P03", "text that is no Unicode", priority="C")
def surrogates(w: World) -> None:
    run = w.run()
    w.see("value", lambda: (run.__setitem__("k", "\ud800"), ascii(run["k"]))[1])
    w.see("key", lambda: run.__setitem__("k", {"\ud800": 1}))
    w.see("name", lambda: run.track(1.0, name="\ud800"))
    run.track(1.0, name="good")
    w.see("goes on", lambda: [m.name for m in run.metrics()])
    run.close()


@case("T13", "names of other classes", priority="B")
def name_classes(w: World) -> None:
    run = w.run()
    w.see("subclass", lambda: run.track(1.0, name=Word("w")))
    w.see("text enum", lambda: run.track(1.0, name=Key.A))
    w.see("numpy text", lambda: run.track(1.0, name=np.str_("n")))
    w.see("NUL", lambda: run.track(1.0, name="a\x00b"))
    w.see("listed", lambda: sorted(m.name for m in run.metrics()))
    w.see("found", lambda: run.get_metric("w", w.context()).name)
    for name, bad in {
        "bytes": b"x",
        "tuple": ("a", "b"),
        "float": 5.5,
        "list": ["a"],
        "object": object(),
    }.items():
        w.see(f"bad: {name}", lambda bad=bad: run.track(1.0, name=bad))
        w.see(f"bad in a dict: {name}", lambda bad=bad: run.track({bad: 1.0}))
    run.close()


@case("T03", "dicts of other classes", priority="B")
def dict_classes(w: World) -> None:
    run = w.run()
    w.see("ordered", lambda: run.track(collections.OrderedDict(a=1.0, b=2.0)))
    w.see("default", lambda: run.track(collections.defaultdict(float, c=1.0)))
    w.see("counter", lambda: run.track(collections.Counter("aab"), context={"n": 1}))
    w.see("user dict", lambda: run.track(collections.UserDict(z=1.0)))
    w.see("pairs", lambda: run.track([("z", 1.0)]))
    w.see("listed", lambda: sorted((m.name, str(m.context.to_dict())) for m in run.metrics()))
    run.close()


@case("R15", "tags that are no text", priority="B")
def odd_tags(w: World) -> None:
    for tag in (7, 1.5, True):
        run = w.run()
        w.see(f"{tag!r}", lambda run=run, tag=tag: (run.add_tag(tag), run.tags)[1])
        w.see(f"remove {tag!r}", lambda run=run, tag=tag: run.remove_tag(str(int(tag))))
        run.close()
    run = w.run()
    w.see("remove None", lambda: run.remove_tag(None))
    w.see("remove a number", lambda: run.remove_tag(7))
    run.close()


@case("R14", "numbers as properties", priority="B")
def number_properties(w: World) -> None:
    run = w.run()
    for name in ("name", "description", "experiment"):
        for value in (5, 1.5):
            w.see(
                f"{name} {value}",
                lambda name=name, value=value: (setattr(run, name, value), getattr(run, name))[1],
            )
    w.see("experiment argument", lambda: w.run(experiment=5).experiment)
    run.close()
