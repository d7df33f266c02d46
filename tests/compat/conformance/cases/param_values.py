"""What parameter values come back as: type for type, or how they are refused."""

from __future__ import annotations

import argparse
import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import sys
import types
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.world import World

Point = collections.namedtuple("Point", "x y")  # what scripts have


class Mode(str, enum.Enum):
    TRAIN = "train"


class Flag(enum.IntFlag):
    A = 1
    B = 2


class Word(str):
    pass


class Row(list):
    pass


class Config(dict):
    """A dict whose items are attributes, as configuration libraries have it."""

    __getattr__ = dict.__getitem__


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    layers: tuple[int, ...] = (1, 2)


def keeper(run: Any, *, strict: bool = True) -> Callable[[Any], Any]:
    """Sets a value and reads it back."""

    def kept(value: Any) -> Any:
        run.set("k", value, strict=strict)
        return run["k"]

    return kept


@case("P03", "numbers come back type for type", priority="A")
def numbers(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    for value in (0, 1, -1, 0.0, 1.0, -0.0, True, False, 1e-300, 1e300, 5e-324, 0.1 + 0.2):
        w.see(repr(value), lambda value=value: (kept(value), type(kept(value)).__name__))
    w.see("minus zero keeps its sign", lambda: str(kept(-0.0)))
    w.see("all digits", lambda: kept(0.1 + 0.2) == 0.1 + 0.2)
    for value in (2**31, 2**53 + 1, 2**63 - 1, -(2**63)):
        w.see(f"int {value}", lambda value=value: str(kept(value)))
    for value in (2**63, -(2**63) - 1):
        w.see(f"int {value}", lambda value=value: str(kept(value)))
    run.close()


@case("P03", "special floats in containers", priority="B")
def special_floats(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    values = [float("nan"), float("inf"), float("-inf")]
    w.see("list", lambda: kept(values))
    w.see("dict", lambda: kept({"a": float("nan"), "b": {"c": float("inf")}}))
    w.see("tuple", lambda: kept((float("-inf"),)))
    w.see("type", lambda: type(kept(float("nan"))))
    run.close()


@case("P03", "text", priority="A")
def text(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    for value in (
        "",
        " ",
        "a\nb\tc",
        "ключ",
        "日本語",
        "🎉",
        "\x00a",
        "a\x00b",
        "e\u0301",
        "\u00e9",
    ):
        w.see(ascii(value), lambda value=value: ascii(kept(value)))
    w.see("long", lambda: len(kept("x" * 1_000_000)))
    w.see("looks like a number", lambda: kept("1"))
    w.see("looks like null", lambda: kept("null"))
    w.see("subclass", lambda: (kept(Word("w")), type(kept(Word("w")))))
    w.see("text enum", lambda: (kept(Mode.TRAIN), type(kept(Mode.TRAIN))))
    w.see("numpy text", lambda: (kept(np.str_("n")), type(kept(np.str_("n")))))
    run.close()


@case("P03", "bytes", priority="C")
def raw_bytes(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    for value in (b"", b"a", bytes(range(256)), b"\x00"):
        w.see(repr(value[:4]), lambda value=value: kept(value) == value)
    w.see("in a list", lambda: kept([b"a", "a"]))
    w.see("in a dict", lambda: kept({"b": b"a"}))
    w.see("long", lambda: len(kept(b"x" * 100_000)))
    w.see("memoryview", lambda: kept(memoryview(b"a")))
    run.close()


@case("P03", "lists and tuples", priority="A")
def lists(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    given: dict[str, Any] = {
        "mixed": [1, 1.0, True, None, "a"],
        "tuple": (1, 2),
        "nested tuples": ((1, 2), (3, (4,))),
        "empty": [],
        "empty tuple": (),
        "lists of lists": [[1], [], [[2]]],
        "list of dicts": [{"a": 1}, {"a": 2}, {}],
        "named tuple": Point(1, 2),
        "subclass": Row([1, 2]),
        "dict of lists": {"a": [1], "b": []},
        "repeated": [0] * 5,
    }
    for name, value in given.items():
        w.see(name, lambda value=value: kept(value))
    w.see("type of a tuple", lambda: type(kept((1,))))
    w.see("long", lambda: kept(list(range(2000))) == list(range(2000)))
    w.see("order past ten", lambda: kept(list("abcdefghijklmnop")))
    w.see("array", lambda: kept(array.array("i", [1, 2])))
    w.see("range", lambda: kept(range(3)))
    w.see("deque", lambda: kept(collections.deque([1])))
    w.see("generator", lambda: kept(x for x in (1, 2)))
    run.close()


@case("P03", "dicts and their relatives", priority="A")
def dicts(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    given: dict[str, Any] = {
        "ordered": collections.OrderedDict([("z", 1), ("a", 2)]),
        "default": collections.defaultdict(list, a=[1]),
        "counter": collections.Counter("aab"),
        "subclass": Config(a=1, b=Config(c=2)),
        "empty": {},
        "empty in dict": {"a": {}},
        "user dict": collections.UserDict(a=1),
        "proxy": types.MappingProxyType({"a": 1}),
        "chain": collections.ChainMap({"a": 1}, {"b": 2}),
        "keys": {"a": 1}.keys(),
        "namespace": argparse.Namespace(a=1),
        "vars of a namespace": vars(argparse.Namespace(lr=0.1, name=None, flag=True)),
        "simple namespace": types.SimpleNamespace(a=1),
    }
    for name, value in given.items():
        w.see(name, lambda value=value: kept(value))
        w.see(f"{name} type", lambda value=value: type(kept(value)).__name__)
    run.close()


@case("P03", "dataclasses and what scripts make of them", priority="A")
def data_classes(w: World) -> None:
    run = w.run()
    kept, loosely = keeper(run), keeper(run, strict=False)
    w.see("as dict", lambda: kept(dataclasses.asdict(Options())))
    w.see("vars", lambda: kept(vars(Options())))
    w.see("strict", lambda: kept(Options()))
    w.see("not strict", lambda: loosely(Options()))
    w.see("inside, strict", lambda: kept({"o": Options()}))
    w.see("inside, not strict", lambda: loosely({"o": Options(), "n": 1}))
    run.close()


@case("P03", "pydantic models", priority="B")
def pydantic_models(w: World) -> None:
    import pydantic

    class Optimizer(pydantic.BaseModel):
        name: str = "adam"
        lr: float = 0.1

    class Settings(pydantic.BaseModel):
        optimizer: Optimizer = Optimizer()
        out: pathlib.PurePosixPath = pathlib.PurePosixPath("/out")
        tags: list[str] = ["a"]

    run = w.run()
    kept, loosely = keeper(run), keeper(run, strict=False)
    w.see("dumped as JSON", lambda: kept(Settings().model_dump(mode="json")))
    w.see("model", lambda: kept(Optimizer()))
    w.see("model, not strict", lambda: loosely(Optimizer()))
    w.see("dumped, not strict", lambda: loosely(Settings().model_dump()))
    run.close()


@case("U10", "configurations of OmegaConf", priority="A")
def omega_configurations(w: World) -> None:
    from omegaconf import OmegaConf

    run = w.run()
    kept = keeper(run)
    nested = OmegaConf.create(
        {"opt": {"lr": 0.1, "betas": [0.9, 0.999]}, "name": "${opt.lr}-x", "none": None}
    )
    w.see("interpolated", lambda: kept(nested))
    w.see("part of one", lambda: kept(nested.opt))
    w.see("list", lambda: kept(OmegaConf.create([1, {"a": 2}])))
    w.see("empty", lambda: kept(OmegaConf.create({})))
    w.see("from dots", lambda: kept(OmegaConf.from_dotlist(["a.b=1", "a.c=x", "d=true"])))
    w.see("structured", lambda: kept(OmegaConf.structured(Options)))
    w.see("inside a dict", lambda: kept({"cfg": nested.opt, "n": 1}))
    w.see("inside a list", lambda: kept([nested.opt]))
    w.see("to container", lambda: kept(OmegaConf.to_container(nested, resolve=True)))
    w.see("unresolved container", lambda: kept(OmegaConf.to_container(nested)))
    w.see("missing value", lambda: kept(OmegaConf.create({"a": "???", "b": 1})))
    w.see("int keys", lambda: kept(OmegaConf.create({1: "a", "b": 2})))
    w.see("bad interpolation", lambda: kept(OmegaConf.create({"a": "${nope}"})))
    run.close()


@case("U10", "all parameters at once from a configuration", priority="B")
def configuration_as_a_whole(w: World) -> None:
    from omegaconf import OmegaConf

    run = w.run()
    run["old"] = 1
    config = OmegaConf.create({"lr": 0.1, "model": {"depth": 2}})
    w.see("set", lambda: run.__setitem__(..., config))
    w.see("whole", lambda: run[...])
    for key, value in config.items():
        w.see(
            f"item {key}", lambda key=key, value=value: (run.__setitem__(key, value), run[key])[1]
        )
    run.close()


@case("P03", "values refused inside containers", priority="B")
def refused_inside(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    run["k"] = "old"
    for name, value in {
        "object in dict": {"ok": 1, "bad": object()},
        "object in list": [1, object()],
        "function deep down": {"a": {"b": [{"c": len}]}},
        "array": {"a": np.arange(3)},
        "class": [int],
        "decimal": {"d": decimal.Decimal("1.5")},
        "fraction": [fractions.Fraction(1, 2)],
        "module": {"m": sys},
        "exception": {"e": ValueError("x")},
        "not implemented": [NotImplemented],
        "ellipsis": {"e": ...},
    }.items():
        w.see(name, lambda value=value: kept(value))
        w.see(f"{name}: old value", lambda: run["k"])
    run.close()


@case("P03", "values that are text when not strict", priority="B")
def loose_values(w: World) -> None:
    run = w.run()
    kept = keeper(run, strict=False)
    for name, value in {
        "object in dict": {"ok": 1, "bad": NotImplemented},
        "list": [1, len, None],
        "nested": {"a": {"b": [{"c": int}]}},
        "array": np.arange(3),
        "float32": np.float32(0.5),
        "int64 inside": [np.int64(3)],
        "datetime": datetime.datetime(2024, 1, 2),  # noqa: DTZ001  # only stored
        "timedelta": datetime.timedelta(seconds=1),
        "uuid": uuid.UUID(int=1),
        "fraction": fractions.Fraction(1, 2),
        "frozen set": frozenset({1}),
        "complex": 1j,
        "range": range(3),
        "bytearray": bytearray(b"a"),
        "exception": ValueError("x"),
        "enum": datetime.timezone.utc,
        "flag": Flag.A | Flag.B,
        "text enum": Mode.TRAIN,
        "ellipsis": ...,
    }.items():
        w.see(name, lambda value=value: kept(value))
    run.close()


@case("P03", "deep and wide values", priority="B")
def deep_and_wide(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    deep: Any = "bottom"
    for _ in range(30):
        deep = {"d": deep}
    w.see("deep", lambda: kept(deep))
    w.see("deep path", lambda: run[("k", *["d"] * 30)])
    wide = {f"key{i:04}": i for i in range(1500)}
    w.see("wide", lambda: kept(wide) == wide)
    w.see("wide order", lambda: list(kept(wide)) == sorted(wide))
    long_key = "k" * 2000
    w.see("long key", lambda: kept({long_key: 1}) == {long_key: 1})
    run.close()


@case("P08", "objects among parameters", priority="B")
def objects(w: World) -> None:
    run = w.run()
    kept = keeper(run)
    w.see("text", lambda: kept(w.aim.Text("hello")).data)
    w.see("in a dict", lambda: kept({"t": w.aim.Text("a"), "n": 1})["t"].data)
    w.see("in a list", lambda: [t.data for t in kept([w.aim.Text("a"), w.aim.Text("b")])])
    image = w.aim.Image(np.zeros((2, 3), "uint8"), caption="c")
    w.see("image", lambda: (kept(image).size, kept(image).caption, kept(image).format))
    w.see("field by path", lambda: run["k", "caption"])
    w.see("fields", lambda: sorted(run.get("k", resolve_objects=True)))
    w.see("order of fields", lambda: list(run.get("k", resolve_objects=True)))
    w.see(
        "fields inside",
        lambda: (run.set("o", {"t": w.aim.Text("x")}), run.get("o", resolve_objects=True))[1],
    )
    run.close()


@case("P03", "copies of what was set", priority="B")
def copies(w: World) -> None:
    run = w.run()
    given = {"a": [1, 2], "b": {"c": 1}}
    run["k"] = given
    given["a"].append(3)  # type: ignore[attr-defined]  # a list
    given["b"]["c"] = 9  # type: ignore[index]  # a dict
    w.see("later changes do not count", lambda: run["k"])
    found = run["k"]
    found["a"].append(9)
    w.see("nor do changes of what was read", lambda: run["k"])
    w.see("fresh each time", lambda: run["k"] is run["k"])
    run.close()
