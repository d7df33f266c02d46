"""Aim's tracked objects: what goes in, what comes out, and what is refused how."""

from __future__ import annotations

import copy
import inspect
import io
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from aim_compat.objects import (
    Audio,
    CustomObject,
    Distribution,
    Figure,
    Image,
    Text,
    convert_to_aim_image_list,
    from_wire,
)
from aim_compat.params import wire_object
from matyan_client import objects as matyan
from matyan_client.exceptions import CodecError
from matyan_client.objects import Encoded


def encoded(item: CustomObject) -> Encoded:
    return wire_object(item).encode()


def stored(item: CustomObject) -> Any:
    """What reading gives after the object went over the wire, JSON on the way."""
    value, blob, _ = encoded(item)
    return from_wire(json.loads(json.dumps(value)), lambda: blob or b"")


def picture(**kwargs: Any) -> Image:
    return Image(np.arange(12, dtype="uint8").reshape(3, 4), **kwargs)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    PilImage.new("RGB", (4, 3), "red").save(path)
    return path


# -- all kinds ---------------------------------------------------------------------------------


def one_of_each() -> list[CustomObject]:
    import plotly.graph_objects as go

    return [
        picture(caption="c"),
        Audio(np.arange(9, dtype="int16"), rate=8000, caption="c"),
        Text("words"),
        Distribution([1, 2, 2]),
        Figure(go.Figure(go.Bar(y=[1]))),
    ]


@pytest.mark.parametrize("item", one_of_each(), ids=lambda item: item.AIM_NAME)
def test_every_kind_survives_storing_pickling_and_copying(item: CustomObject) -> None:
    for twin in (stored(item), pickle.loads(pickle.dumps(item)), copy.deepcopy(item)):
        assert type(twin) is type(item)
        assert twin.json() == item.json()
        assert encoded(twin) == encoded(item)


@pytest.mark.parametrize("item", one_of_each(), ids=lambda item: item.AIM_NAME)
def test_the_wire_form_is_what_matyan_client_reads(item: CustomObject) -> None:
    value, blob, _ = encoded(item)
    read = matyan.decode_object(value, lambda: blob or b"")
    assert read.sequence_dtype == wire_object(item).sequence_dtype
    assert read.encode().blob == blob


@pytest.mark.parametrize("item", one_of_each(), ids=lambda item: item.AIM_NAME)
def test_types_have_names(item: CustomObject) -> None:
    assert item.get_typename() == f"aim.{wire_object(item).sequence_dtype}"
    assert CustomObject.by_name(item.get_typename()) is type(item)


def test_what_is_none_of_the_kinds_is_not_read() -> None:
    for value in ({"type": "nobody's"}, {}, {"type": None}):
        with pytest.raises(CodecError, match="known types are audio"):
            from_wire(value, bytes)


def test_signatures_are_those_of_aim() -> None:
    def names(function: Any) -> list[str]:
        return list(inspect.signature(function).parameters)

    assert names(Image) == ["image", "caption", "format", "quality", "optimize"]
    assert names(Audio) == ["data", "format", "caption", "rate"]
    assert names(Text) == ["text"]
    assert names(Figure) == ["obj"]
    assert names(Distribution) == ["samples", "bin_count", "hist", "bin_range"]
    assert inspect.signature(Distribution).parameters["hist"].kind is inspect.Parameter.KEYWORD_ONLY


# -- images ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (np.zeros((3, 4), "uint8"), "L"),
        (np.zeros((3, 4, 1), "uint8"), "L"),
        (np.zeros((3, 4, 2), "uint8"), "LA"),
        (np.zeros((3, 4, 3), "uint8"), "RGB"),
        (np.zeros((3, 4, 4), "uint8"), "RGBA"),
        (np.ones((3, 4), bool), "1"),
        (np.full((3, 4), 40_000, "uint16"), "I;16"),
        (np.full((3, 4, 3), 0.5), "RGB"),  # better than in Aim, as all below
        (np.full((3, 4), 0.5, "float32"), "L"),
        (np.full((3, 4, 3), 7, "int64"), "RGB"),
    ],
)
def test_arrays_become_png(array: Any, mode: str) -> None:
    image = Image(array)
    assert (image.format, image.storage["mode"], image.size) == ("png", mode, (4, 3))


def test_pixels_come_back() -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype="uint8")
    again = stored(Image(array))
    assert isinstance(again, Image)
    np.testing.assert_array_equal(np.asarray(again.to_pil_image()), array)


def test_floats_are_scaled_to_levels() -> None:
    image = Image(np.array([[0.0, 0.5, 1.0]]))
    assert np.asarray(image.to_pil_image()).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 8, 8), "uint8"),
        np.full((3, 4, 3), 200.0),
        np.full((3, 4), -1, "int64"),
        np.full((3, 4), np.nan),
        np.zeros((3, 4), complex),
    ],
)
def test_arrays_that_are_no_image_are_a_type_error(array: Any) -> None:
    with pytest.raises(TypeError, match=r"Image takes|NaN"):
        Image(array)


@pytest.mark.parametrize("shape", [(3,), (1, 3, 4, 3), (0, 4)])
def test_arrays_of_other_dimensions_are_a_value_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="two or three dimensions"):
        Image(np.zeros(shape, "uint8"))


def test_tensors_become_levels_as_in_aim() -> None:
    """Fractions of levels are cut off; what is beyond 0 to 1 is cut to it instead of wrapped."""
    torch = pytest.importorskip("torch")
    grey = torch.tensor([[0.0, 0.5, 0.999], [1.0, 0.25, 0.003]], requires_grad=True)
    levels = [[0, 127, 254], [255, 63, 0]]
    for dtype in (torch.float32, torch.float64):
        assert np.asarray(Image(grey.to(dtype)).to_pil_image()).tolist() == levels
    assert Image(torch.rand(3, 4, 5)).size == (5, 4)
    assert np.asarray(Image(grey * 2).to_pil_image()).max() == 255


def test_files_keep_format_and_bytes(png: Path) -> None:
    for source in (str(png), png):
        image = Image(source)
        assert (image.format, image.size) == ("PNG", (4, 3))
        assert bytes(image.storage["data"]) == png.read_bytes()
    assert Image(png) == Image(PilImage.open(png))


def test_a_home_directory_is_expanded(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(png.parent))
    monkeypatch.setenv("USERPROFILE", str(png.parent))
    assert Image("~/red.png").size == (4, 3)


@pytest.mark.parametrize("path", ["missing.png", "", "."])
def test_a_path_without_a_file_is_a_value_error(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="Invalid image file path"):
        Image(path)


def test_a_file_that_is_no_image_is_an_os_error(tmp_path: Path, png: Path) -> None:
    other = tmp_path / "notes.png"
    other.write_text("no image")
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(png.read_bytes()[:40])
    for path in (other, damaged):
        with pytest.raises(OSError, match=path.name) as caught:
            Image(path)
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("source", [b"abc", io.BytesIO(b"abc"), None, [[1]], 5, picture()])
def test_other_sources_are_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError, match=r"Cannot convert to aim\.Image\. Unsupported type"):
        Image(source)


def test_figures_are_drawn() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure as MplFigure

    figure = MplFigure(figsize=(2, 1), dpi=50)
    assert (Image(figure).format, Image(figure).size) == ("PNG", (100, 50))


@pytest.mark.parametrize(
    ("asked", "named", "pil"),
    [
        ("jpeg", "jpeg", "JPEG"),
        ("JPEG", "jpeg", "JPEG"),
        ("jpg", "jpeg", "JPEG"),
        ("png", "png", "PNG"),
        ("WebP", "webp", "WEBP"),
        ("gif", "gif", "GIF"),
        ("bmp", "bmp", "BMP"),
        ("tiff", "tiff", "TIFF"),
    ],
)
def test_formats(asked: str, named: str, pil: str) -> None:
    image = picture(format=asked)
    assert (image.format, image.to_pil_image().format) == (named, pil)


def test_an_unknown_format_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="'NOPE' cannot be written"):
        picture(format="nope")


def test_modes_a_format_lacks_are_converted() -> None:
    assert Image(PilImage.new("RGBA", (4, 4)), format="jpeg").storage["mode"] == "RGB"
    assert Image(PilImage.new("CMYK", (4, 4))).storage["mode"] == "RGB"


def test_quality_changes_the_size() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype="uint8")
    small, large = (Image(noise, format="jpeg", quality=quality) for quality in (5, 95))
    assert len(bytes(small.storage["data"])) < len(bytes(large.storage["data"]))


def test_image_properties() -> None:
    image = picture(caption="c")
    assert image.json() == {"caption": "c", "format": "png", "width": 4, "height": 3}
    assert (image.caption, image.width, image.height, image.size) == ("c", 4, 3, (4, 3))
    image.caption = "d"
    assert stored(image).json()["caption"] == "d"
    with pytest.raises(AttributeError):
        image.format = "gif"  # type: ignore[misc]  # that it is refused is the point
    fields = {"caption", "data", "format", "height", "mode", "source", "width"}
    assert set(image.storage[...]) == fields


def test_captions_may_be_of_other_types() -> None:
    for caption, text in ((None, None), (5, "5"), ("é", "é"), ([1], "[1]")):
        assert stored(picture(caption=caption)).json()["caption"] == caption
        assert encoded(picture(caption=caption)).value["caption"] == text
    assert stored(picture(caption="\ud800")).json()["caption"] == "\ufffd"
    assert stored(picture(caption=np.float32(0.5))).json()["caption"] == "0.5"


def test_images_are_equal_by_what_they_show() -> None:
    assert picture() == picture(caption="other")
    assert picture() == stored(picture())
    assert picture() != picture(format="bmp")
    assert picture() != Image(np.zeros((3, 4), "uint8"))
    assert picture() != 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(picture())


def test_a_blob_is_read_on_first_need_only() -> None:
    value, blob, _ = encoded(picture())
    reads: list[int] = []

    def read() -> bytes:
        reads.append(1)
        return blob or b""

    image = from_wire(value, read)
    assert image.json()["width"] == 4
    assert not reads
    assert isinstance(image, Image)
    assert image.to_pil_image().size == image.to_pil_image().size
    assert len(reads) == 1


def test_lists_of_images_with_labels() -> None:
    array = np.zeros((2, 2), "uint8")
    made = convert_to_aim_image_list([array] * 4, ["a", np.int64(3), 2.5])
    assert [image.caption for image in made] == ["a", "3", "2.5", ""]
    assert [image.size for image in convert_to_aim_image_list(np.zeros((3, 2, 4), "uint8"))] == [
        (4, 2)
    ] * 3
    assert convert_to_aim_image_list([array], ["a", "b"])[0].caption == "a"


# -- audio -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(6,), (3, 2), (2, 3), (0,)])
def test_arrays_come_back_as_they_were(dtype: str, shape: tuple[int, ...]) -> None:
    samples = (np.arange(np.prod(shape)).reshape(shape) * 3).astype(dtype)
    again = stored(Audio(samples, rate=8000))
    assert isinstance(again, Audio)
    rate, read = again.to_numpy()
    assert rate == 8000
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, samples)


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_other_programs_read_the_wav(dtype: str) -> None:
    import soundfile

    samples = np.array([[0, 1], [100, 2], [3, 4]]).astype(dtype)
    read, rate = soundfile.read(Audio(samples, rate=16_000).get(), dtype=dtype)
    assert rate == 16_000
    np.testing.assert_array_equal(read, samples)


def test_the_default_rate_is_that_of_aim() -> None:
    assert Audio(np.zeros(3, "int16")).to_numpy()[0] == 22500
    assert Audio(np.zeros(3, "int16"), rate=0).to_numpy()[0] == 22500


@pytest.mark.parametrize("array", [np.zeros(3, bool), np.zeros(3, "uint16"), np.zeros((2, 2, 2))])
def test_samples_that_wav_cannot_hold_are_a_value_error(array: Any) -> None:
    with pytest.raises(ValueError, match=r"Unsupported data type|shape"):
        Audio(array)


def test_encoded_audio_is_kept_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(b"fLaC...")
    sources: list[Any] = [path, str(path), b"fLaC...", io.BytesIO(b"fLaC...")]
    for source in sources:
        audio = Audio(source, format="FLAC", caption="c")
        assert audio.json() == {"caption": "c", "format": "flac"}
        assert audio.get().read() == b"fLaC..."
        with pytest.raises(AssertionError):
            audio.to_numpy()


@pytest.mark.parametrize(
    ("data", "format_", "error"),
    [
        (b"xx", "", ValueError),
        (b"xx", "ogg", ValueError),
        ("missing.wav", "wav", ValueError),
        (None, "wav", TypeError),
        ([1, 2], "wav", TypeError),
        (bytearray(b"xx"), "wav", TypeError),
    ],
)
def test_audio_refuses(data: Any, format_: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Audio(data, format=format_)


def test_bytes_that_are_no_wav_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="cannot be decoded as wav"):
        Audio(b"xx", format="wav").to_numpy()


def test_the_formats_are_attributes() -> None:
    assert Audio.audio_formats == (Audio.MP3, Audio.WAV, Audio.FLAC) == ("mp3", "wav", "flac")


# -- text --------------------------------------------------------------------------------------


def test_text() -> None:
    text = Text("hi")
    assert (text.data, repr(text), str(text), text.json()) == ("hi", "hi", "hi", {})
    assert Text("") != Text("")
    assert Text(text="x").data == "x"


@pytest.mark.parametrize("value", [5, b"a", None])
def test_text_takes_nothing_but_text(value: Any) -> None:
    with pytest.raises(TypeError, match="`text` must be a string"):
        Text(value)


# -- distributions -----------------------------------------------------------------------------


@pytest.mark.parametrize("bins", [1, 5, 64, 512, 513, 1000, "auto", [0, 1, 5, 9.5]])
def test_samples_are_binned_as_numpy_bins_them(bins: Any) -> None:
    samples = np.random.default_rng(0).normal(size=300) + 3
    made = Distribution(samples, bins)
    weights, edges = np.histogram(samples, bins=bins)
    for distribution in (made, stored(made)):
        assert isinstance(distribution, Distribution)
        np.testing.assert_array_equal(distribution.weights, weights)
        assert distribution.weights.dtype == weights.dtype
        assert distribution.range == [edges[0], edges[-1]]
        assert distribution.json() == {"bin_count": len(weights), "range": distribution.range}
        np.testing.assert_allclose(
            distribution.ranges, np.linspace(edges[0], edges[-1], len(weights) + 1)
        )


def test_a_histogram_is_taken_as_it_is() -> None:
    weights, edges = Distribution(hist=[1, 2, 3], bin_range=(0, 3)).to_np_histogram()
    assert (weights.tolist(), edges.tolist()) == ([1, 2, 3], [0.0, 1.0, 2.0, 3.0])
    assert Distribution.from_histogram([1.0, 2.0], (0, 1)).weights.dtype == "float64"
    assert Distribution.from_histogram(np.ones(3, "float32"), (0, 1)).weights.dtype == "float32"
    assert Distribution.from_samples(np.arange(10), bin_count=5).weights.tolist() == [2] * 5
    assert Distribution(hist=[], bin_range=(0, 1)).weights.dtype == "float64"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"samples": [1], "hist": [1]}, "hist should not be specified if samples is specified"),
        ({"hist": [1]}, "Please specify bin_range"),
        ({}, "Please specify either samples or hist"),
        ({"samples": [1.0], "bin_count": 0}, "must be positive"),
        ({"samples": [float("nan")]}, "is not finite"),
    ],
)
def test_distribution_refuses(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Distribution(**kwargs)


@pytest.mark.parametrize("kwargs", [{"samples": ["a"]}, {"samples": [1.0], "bin_count": 2.5}])
def test_distribution_refuses_types(kwargs: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Distribution(**kwargs)


def test_distributions_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Distribution([1]).bin_count = 3  # type: ignore[misc]  # that it is refused is the point


# -- figures -----------------------------------------------------------------------------------


def test_a_figure_is_json_text() -> None:
    import plotly.graph_objects as go

    figure = Figure(go.Figure(go.Bar(x=[1], y=[2])))
    assert figure.data.startswith('{"data":[{"x":[1],"y":[2],"type":"bar"}]')
    assert figure.json() == {"source": "plotly", "format": "raw_json", "version": "unknown"}
    again = stored(figure)
    assert isinstance(again, Figure)
    assert again.data == figure.data
    assert again.to_plotly_figure() == go.Figure(go.Bar(x=[1], y=[2]))


def test_a_matplotlib_figure_is_converted_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    from matplotlib.figure import Figure as MplFigure

    figure = MplFigure()
    figure.subplots().plot([1, 2])
    with caplog.at_level(logging.WARNING):
        made = Figure(figure)
    assert "might not behave as expected" in caplog.text
    assert made.to_plotly_figure().data[0].y == (1, 2)


@pytest.mark.parametrize("value", [{"data": []}, "x", None, 5, np])
def test_figure_takes_nothing_but_figures(value: Any) -> None:
    with pytest.raises(TypeError, match="Object is not a Plotly Figure instance"):
        Figure(value)
