"""Numbers of all libraries in `Run.track`, and what a metric then holds."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


class Loss(float):
    pass


class Count(int):
    pass


class Level(enum.IntEnum):
    HIGH = 3


def tensor(value: Any, module: str, name: str = "Tensor", **methods: Any) -> Any:
    """What looks like a tensor of a library that is not installed."""
    kind = type(name, (), {"__module__": module, **methods})
    made = kind()
    made.value = value
    return made


def exact(w: World, run: Any, name: str = "m") -> Any:
    """Values and their types, as they were tracked."""
    values = run.get_metric(name, w.context()).values.values_list()
    return [(value, type(value).__name__) for value in values]


@case("T01", "numpy numbers of every type", priority="A")
def numpy_types(w: World) -> None:
    run = w.run()
    for name in (
        "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble bool"
    ).split():
        value = np.dtype(name).type(1)
        w.see(f"track {name}", lambda name=name, value=value: run.track(value, name=name))
        w.see(name, lambda name=name: exact(w, run, name))
        array = np.array([[1]], dtype=name)
        w.see(f"track array of {name}", lambda a=array, name=name: run.track(a, name=f"a {name}"))
    run.close()


@case("T01", "arrays that are no number", priority="A")
def arrays_refused(w: World) -> None:
    run = w.run()
    for name, value in {
        "two": np.array([1.0, 2.0]),
        "none": np.array([]),
        "matrix": np.zeros((2, 2)),
        "structured": np.zeros(1, dtype=[("a", "f4")]),
    }.items():
        w.see(name, lambda name=name, value=value: run.track(value, name=name))
    w.see("as large as a float gets", lambda: run.track(np.float64(1.7e308), name="large"))
    w.see("large", lambda: exact(w, run, "large"))
    run.close()


@case("T01", "subclasses of numbers", priority="B")
def subclasses(w: World) -> None:
    run = w.run()
    for name, value in {"float": Loss(2.5), "int": Count(2), "enum": Level.HIGH}.items():
        w.see(f"track {name}", lambda name=name, value=value: run.track(value, name=name))
        w.see(name, lambda name=name: exact(w, run, name))
    run.close()


@case("T01", "limits of numbers", priority="B")
def limits(w: World) -> None:
    run = w.run()
    for value in (
        2**53 + 1,
        2**62,
        2**63 - 1,
        -(2**63),
        -(2**62),
        1e308,
        5e-324,
        -0.0,
        0.1 + 0.2,
        1 / 3,
    ):
        w.see(f"track {value!r}", lambda value=value: run.track(value, name=f"{value!r}"))
        w.see(
            f"{value!r}",
            lambda value=value: repr(
                run.get_metric(f"{value!r}", w.context()).values.values_list()[0]
            ),
        )
    for value in (2**63, -(2**63) - 1, 10**400):
        label = f"beyond: {value:.3g}" if value < 10**300 else "far beyond"
        w.see(label, lambda value=value: run.track(value, name="b"))
    run.close()


@case("T02", "tensors of torch", priority="A")
def torch_tensors(w: World) -> None:
    run = w.run()

    def refuse(self: Any) -> Any:
        raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")

    for name, value in {
        "float": tensor(4.5, "torch", item=lambda self: self.value),
        "int": tensor(4, "torch", item=lambda self: self.value),
        "bool": tensor(True, "torch", item=lambda self: self.value),
        "parameter": tensor(1.5, "torch.nn.parameter", "Parameter", item=lambda self: self.value),
        "on a device": tensor(2.5, "torch", item=lambda self: self.value, device="cuda:0"),
    }.items():
        w.see(f"track {name}", lambda name=name, value=value: run.track(value, name=name))
        w.see(name, lambda name=name: exact(w, run, name))
    several = tensor(0, "torch", item=refuse)
    w.see("several elements", lambda: run.track(several, name="s"))
    w.see("in a dict", lambda: run.track({"d": tensor(1.0, "torch", item=lambda s: s.value)}))
    w.see("d", lambda: exact(w, run, "d"))
    run.close()


@case("T02", "tensors of TensorFlow and JAX", priority="B")
def other_tensors(w: World) -> None:
    run = w.run()
    for name, value in {
        "eager": tensor(
            4.5,
            "tensorflow.python.framework.ops",
            "EagerTensor",
            numpy=lambda self: np.float32(self.value),
        ),
        "variable": tensor(
            2.5,
            "tensorflow.python.ops.resource_variable_ops",
            "ResourceVariable",
            numpy=lambda self: np.float32(self.value),
        ),
        "jax": tensor(3.5, "jaxlib.xla_extension", "ArrayImpl", item=lambda self: self.value),
        "old jax": tensor(3.5, "jaxlib.xla_extension", "DeviceArray", item=lambda self: self.value),
    }.items():
        w.see(f"track {name}", lambda name=name, value=value: run.track(value, name=name))
        w.see(name, lambda name=name: exact(w, run, name))
    run.close()


@case("T01", "things that are no number", priority="B")
def no_numbers(w: World) -> None:
    run = w.run()
    for name, value in {
        "bytearray": bytearray(b"1"),
        "numpy text": np.str_("1"),
        "numpy date": np.datetime64("2024-01-01"),
        "numpy complex": np.complex128(1),
        "function": len,
        "class": float,
        "generator": (x for x in ()),
        "range": range(1),
        "ellipsis": ...,
        "named item": tensor(1, "my.module", "Reading"),
    }.items():
        w.see(name, lambda value=value: run.track(value, name="m"))
    run.track(1.0, name="good")
    w.see("goes on", lambda: exact(w, run, "good"))
    run.close()


@case("T03", "dicts of values", priority="A")
def dicts(w: World) -> None:
    run = w.run()

    def all_points() -> Any:
        return sorted(
            (m.name, m.context.to_dict(), m.data.items_list()[0], m.values.values_list())
            for m in run.metrics()
        )

    w.see("mixed numbers", lambda: run.track({"i": 1, "f": 1.5, "b": True, "n": np.float32(2)}))
    w.see("step, epoch, context", lambda: run.track({"i": 2}, step=7, epoch=1, context={"s": "t"}))
    w.see("again without step", lambda: run.track({"i": 3, "f": 4}))
    w.see("slashes", lambda: run.track({"train/loss": 0.5, "val/loss": 0.6}))
    w.see("one bad", lambda: run.track({"ok": 1.0, "bad": object()}))
    w.see("None among them", lambda: run.track({"ok": 1.0, "bad": None}))
    w.see("text among them", lambda: run.track({"ok": 1.0, "bad": "x"}))
    w.see("array of two", lambda: run.track({"ok": 1.0, "bad": np.array([1, 2])}))
    w.see("name by position", lambda: run.track({"x": 1.0}, "name"))
    w.see("all", all_points)
    run.close()


@case("T03", "dicts with objects", priority="B")
def dicts_of_objects(w: World) -> None:
    run = w.run()
    w.see("track", lambda: run.track({"loss": 0.5, "text": w.aim.Text("a")}, step=3))
    w.see("metric", lambda: run.get_metric("loss", w.context()).data.items_list()[0])
    texts = run.get_text_sequence("text", w.context())
    w.see("text", lambda: (texts.values.sparse_list()[0], texts.values.last_value().data))
    w.see("list", lambda: run.track({"texts": [w.aim.Text("a"), w.aim.Text("b")]}, step=4))
    w.see(
        "texts",
        lambda: [t.data for t in run.get_text_sequence("texts", w.context()).values.last_value()],
    )
    run.close()


@case("T05", "counting in dicts", priority="B")
def counting_in_dicts(w: World) -> None:
    run = w.run()
    run.track(1.0, name="b")
    run.track(1.0, name="b")
    run.track({"a": 1.0, "b": 2.0})
    run.track({"b": 3.0, "a": 4.0})
    run.track({"c": 5.0, "a": 6.0}, step=10)
    run.track({"a": 7.0, "c": 8.0})
    for name in "abc":
        data = run.get_metric(name, w.context()).data
        w.see(name, lambda data=data: (data.items_list()[0], data.items_list()[1][0]))
    run.close()


@case("T01", "ints stay ints and floats floats", priority="A")
def exact_types(w: World) -> None:
    run = w.run()
    for value in (1, 2, 3):
        run.track(value, name="ints")
    for value in (1.0, 2.0):
        run.track(value, name="floats")
    for value in (1, 2.5, 3):
        run.track(value, name="both")
    for value in (True, False):
        run.track(value, name="bools")
    for name in ("ints", "floats", "both", "bools"):
        w.see(name, lambda name=name: exact(w, run, name))
        w.see(
            f"{name} as array",
            lambda name=name: run.get_metric(name, w.context()).values.values_numpy().dtype.name,
        )
        w.see(
            f"{name} in data",
            lambda name=name: run.get_metric(name, w.context()).data.items_list()[1][0],
        )
    infos = run.collect_sequence_info("metric")["metric"]
    w.see("dtypes", lambda: {i["name"]: i["values"]["dtype"] for i in infos})
    run.close()
