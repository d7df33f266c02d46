from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Figure

go = pytest.importorskip("plotly.graph_objects")


@pytest.fixture
def pyplot() -> Any:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot
    pyplot.close("all")


def test_plotly_figures_come_back() -> None:
    source = go.Figure(go.Bar(x=np.arange(3), y=[1.0, float("nan"), 3.0]), layout={"title": "t"})
    figure = Figure(source)
    assert figure.data["data"] == [{"type": "bar", "x": [0, 1, 2], "y": [1.0, None, 3.0]}]
    assert figure.data["layout"] == json.loads(source.to_json())["layout"]
    assert figure.json() == {"type": "figure", "data": figure.data}
    assert repr(figure) == "Figure(keys=['data', 'layout'])"
    json.dumps(figure.data, allow_nan=False)
    back = Figure.decode(figure.encode().value, lambda: b"").to_plotly_figure()
    assert back.layout.title.text == "t"
    assert (list(back.data[0].x), list(back.data[0].y)) == ([0, 1, 2], [1.0, None, 3.0])


def test_a_stored_json_text_is_read() -> None:
    value = {"type": "figure", "data": '{"data": [{"type": "bar", "x": [1]}]}'}
    figure = Figure.decode(value, lambda: b"")
    assert figure.data == {"data": [{"type": "bar", "x": [1]}]}
    assert figure.to_plotly_figure().data[0].type == "bar"


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int32", "float32", "f8"])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (0,)])
def test_packed_arrays_become_lists(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    figure = Figure(go.Figure(go.Heatmap(z=array)))
    assert figure.data["data"][0].get("z", []) == array.tolist()


def test_packed_arrays_of_another_writer_are_read() -> None:
    packed = {"dtype": "i1", "bdata": "AAEC"}
    value = {"type": "figure", "data": {"data": [{"type": "bar", "x": packed}]}}
    figure = Figure.decode(value, lambda: b"")
    assert list(figure.to_plotly_figure().data[0].x) == [0, 1, 2]
    broken = {"dtype": "i2", "bdata": "AAEC"}
    assert Figure({"x": broken}).data == {"x": broken}


def test_matplotlib_figures_are_converted(pyplot: Any) -> None:
    source, axes = pyplot.subplots()
    axes.plot([1.0, 2.0], [3.0, 5.0])
    trace = Figure(source).data["data"][0]
    assert (trace["type"], trace["x"], trace["y"]) == ("scatter", [1.0, 2.0], [3.0, 5.0])


def test_a_conversion_that_fails_points_to_images(
    pyplot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(figure: Any) -> None:
        raise AttributeError("gone")

    monkeypatch.setattr("plotly.tools.mpl_to_plotly", fail)
    with pytest.raises(InvalidInputError, match=r"gone.*Image\(figure\)"):
        Figure(pyplot.figure())


def test_dicts_are_copied_and_made_json() -> None:
    source: dict[str, Any] = {"data": [{"x": np.arange(2), "y": (1.0, float("inf"))}]}
    figure = Figure(source)
    source["data"].append(1)
    assert figure.data == {"data": [{"x": [0, 1], "y": [1.0, None]}]}


@pytest.mark.parametrize("value", ["x", None, 5, [1], go.Bar()], ids=repr)
def test_other_objects_are_type_errors(value: Any) -> None:
    with pytest.raises(InvalidTypeError, match="Figure takes") as caught:
        Figure(value)
    assert isinstance(caught.value, TypeError)


def test_what_this_plotly_does_not_know_is_left_out() -> None:
    figure = Figure({"data": [{"type": "bar", "no_such_thing": 1}], "layout": {"nor_this": 2}})
    assert figure.to_plotly_figure().data[0].type == "bar"
