from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Image

if TYPE_CHECKING:
    import pathlib

pil = pytest.importorskip("PIL.Image")


def encoded(format_: str, mode: str = "RGB", size: tuple[int, int] = (4, 3)) -> bytes:
    stream = io.BytesIO()
    pil.new(mode, size, "red" if mode == "RGB" else 1).save(stream, format=format_)
    return stream.getvalue()


class Tensor:
    """A stand-in with the parts of a torch tensor that are used; torch is too big for a test."""

    __module__ = "torch"

    def __init__(self, array: Any) -> None:
        self._array = array

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        return self._array


@pytest.mark.parametrize(
    ("array", "mode", "pixels"),
    [
        (np.array([[0, 255]], "uint8"), "L", [[0, 255]]),
        (np.array([[[7], [9]]], "uint8"), "L", [[7, 9]]),
        (np.array([[[1, 2]]], "uint8"), "LA", [[[1, 2]]]),
        (np.array([[[1, 2, 3]]], "uint8"), "RGB", [[[1, 2, 3]]]),
        (np.array([[[1, 2, 3, 4]]], "uint8"), "RGBA", [[[1, 2, 3, 4]]]),
        (np.array([[0.0, 0.5, 1.0]]), "L", [[0, 128, 255]]),
        (np.array([[[0.0, 0.2, 1.0]]], "float32"), "RGB", [[[0, 51, 255]]]),
        (np.array([[-1e-9, 1.0000001]]), "L", [[0, 255]]),
        (np.array([[0.25]], "float16"), "L", [[64]]),
        (np.array([[True, False]]), "1", [[True, False]]),
        (np.array([[[True, False, True]]]), "RGB", [[[255, 0, 255]]]),
        (np.array([[1, 200]], "int64"), "L", [[1, 200]]),
        (np.array([[1, 40000]], "int64"), "I;16", [[1, 40000]]),
        (np.array([[1, 40000]], "uint16"), "I;16", [[1, 40000]]),
        (np.array([[[1, 2, 250]]], "int32"), "RGB", [[[1, 2, 250]]]),
        (np.zeros((8, 6, 3), "uint8")[::2, ::-1], "RGB", np.zeros((4, 6, 3)).tolist()),
    ],
    ids=lambda value: f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else "",
)
def test_arrays(array: Any, mode: str, pixels: Any) -> None:
    image = Image(array)
    assert image.format == "PNG"
    assert (image.height, image.width) == array.shape[:2]
    assert image.to_pil_image().mode == mode
    assert image.to_numpy().tolist() == pixels


def test_8_bit_levels_survive_the_way_through_floats() -> None:
    levels = np.arange(256, dtype="uint8").reshape(16, 16)
    for dtype in ("float32", "float64"):
        assert (Image(levels.astype(dtype) / 255).to_numpy() == levels).all()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([[0.0, 1.5]]), r"0\.0 to 1\.5.*uint8"),
        (np.array([[-1.0, 1.0]]), r"-1\.0 to 1\.0.*Scale"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.array([[-1, 3]]), "-1 to 3"),
        (np.array([[0, 70000]]), "70000"),
        (np.array([[[0, 0, 300]]]), "300"),
        (np.zeros(3, "uint8"), r"\(3,\)"),
        (np.zeros((1, 3, 4, 3), "uint8"), "batch"),
        (np.zeros((0, 4), "uint8"), r"\(0, 4\)"),
        (np.zeros((3, 8, 8), "uint8"), "moveaxis"),
        (np.zeros((8, 8, 7), "uint8"), r"\(8, 8, 7\)"),
    ],
    ids=str,
)
def test_arrays_that_are_no_images(array: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        Image(array)


def test_torch_tensors_have_their_channels_first(caplog: pytest.LogCaptureFixture) -> None:
    array = np.zeros((3, 2, 5), "float32")
    array[0] = 1
    image = Image(Tensor(array))
    assert (image.width, image.height) == (5, 2)
    assert image.to_numpy()[0, 0].tolist() == [255, 0, 0]
    assert Image(Tensor(array[:1])).to_pil_image().mode == "L"
    assert Image(Tensor(array[0])).to_pil_image().mode == "L"
    assert Image(Tensor(np.zeros((3, 2, 5), "uint8"))).width == 5
    assert not caplog.records
    assert Image(Tensor(array * 2 - 0.5)).to_numpy()[0, 0].tolist() == [255, 0, 0]
    assert "-0.5 to 1.5" in caplog.text


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_encoded_images_keep_their_bytes(tmp_path: pathlib.Path, format_: str) -> None:
    content = encoded(format_)
    path = tmp_path / "é without suffix"
    path.write_bytes(content)
    for source in (path, str(path), content, bytearray(content), io.BytesIO(content)):
        for image in (Image(source), Image(source, format_=format_.lower())):
            assert image.to_bytes() == content
            assert (image.format, image.width, image.height) == (format_, 4, 3)
            assert (image.size, image.encode().extension) == (len(content), format_.lower())


def test_conversion_of_encoded_images() -> None:
    content = encoded("PNG", size=(64, 64))
    for name in ("jpg", "JPEG", ".jpg"):
        image = Image(content, format_=name)
        assert (image.format, image.to_pil_image().format) == ("JPEG", "JPEG")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), "uint8")
    big = Image(noise, format_="jpeg", quality=95)
    small = Image(big.to_bytes(), format_="jpeg", quality=5)
    assert small.size < big.size
    assert Image(big.to_bytes(), quality=5).to_bytes() == big.to_bytes()


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "header", "flipped"])
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_damaged_files_are_refused_by_name(
    tmp_path: pathlib.Path, damage: str, format_: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), "uint8")
    good = Image(noise, format_=format_).to_bytes()
    bad = {
        "text": b"hello, this is not an image",
        "empty": b"",
        "cut": good[: len(good) // 2],
        "header": good[:10],
        "flipped": b"\x00" * 20 + good[20:],
    }[damage]
    path = tmp_path / "bad.png"
    path.write_bytes(bad)
    with pytest.raises(InvalidInputError, match=r"bad\.png") as caught:
        Image(path)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(InvalidInputError, match="bytes"):
        Image(bad)


def test_paths_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    for path, words in [
        (tmp_path / "no.png", r"no\.png.* does not exist"),
        (tmp_path, "cannot be read"),
        ("a\0b", "cannot be read"),
        ("hello", "'hello' does not exist"),
    ]:
        with pytest.raises(InvalidInputError, match=words):
            Image(path)


def test_pil_images_keep_the_format_of_their_file() -> None:
    assert Image(pil.new("RGB", (4, 3))).format == "PNG"
    assert Image(pil.open(io.BytesIO(encoded("JPEG")))).format == "JPEG"
    assert Image(pil.open(io.BytesIO(encoded("JPEG"))), format_="png").format == "PNG"
    assert Image(pil.open(io.BytesIO(encoded("PPM")))).format == "PNG"


def test_animations_stay_animations() -> None:
    stream = io.BytesIO()
    frames = [pil.new("L", (4, 3), level) for level in (0, 90, 200)]
    frames[0].save(stream, format="GIF", save_all=True, append_images=frames[1:])
    assert Image(pil.open(stream)).to_pil_image().n_frames == 3
    assert Image(pil.open(stream), format_="jpeg").format == "JPEG"


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "I;16", "F", "RGBX"],
)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_mode_can_be_written_in_every_format(mode: str, format_: str) -> None:
    image = Image(pil.new(mode, (4, 3)), format_=format_)
    assert image.to_pil_image().format == format_
    assert image.to_pil_image().size == (4, 3)


def test_transparency_is_white_in_jpeg() -> None:
    clear = np.zeros((16, 16, 4), "uint8")
    solid = np.full((16, 16, 4), (200, 0, 0, 255), "uint8")
    assert Image(clear, format_="jpg").to_numpy()[8, 8].tolist() == [255, 255, 255]
    assert Image(solid, format_="jpg").to_numpy()[8, 8] == pytest.approx([200, 0, 0], abs=3)


def test_cmyk_keeps_its_colours_in_png() -> None:
    image = Image(pil.new("RGB", (4, 4), (0, 255, 0)).convert("CMYK"), format_="png")
    assert image.to_numpy()[0, 0].tolist() == [0, 255, 0]


def test_float_and_deep_pil_images_are_scaled() -> None:
    assert Image(pil.new("F", (2, 2), 0.5)).to_numpy().tolist() == [[128, 128]] * 2
    assert Image(pil.new("F", (2, 2), 99.7)).to_numpy().tolist() == [[100, 100]] * 2
    deep = Image(pil.fromarray(np.full((16, 16), 65535, "uint16")), format_="jpeg")
    assert deep.to_numpy()[0, 0] >= 253
    with pytest.raises(InvalidInputError, match=r"mode F.*-3"):
        Image(pil.new("F", (2, 2), -3.0))


def test_matplotlib_figures_are_drawn() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([1, 2])
    image = Image(figure)
    assert (image.format, image.width, image.height) == ("PNG", 100, 50)
    assert Image(figure, format_="jpg").to_pil_image().format == "JPEG"


def test_json_and_repr() -> None:
    image = Image(np.zeros((2, 3), "uint8"), "cap", "png", 80, True)
    assert image.json() == {
        "type": "image",
        "data": base64.b64encode(image.to_bytes()).decode(),
        "format": "PNG",
        "caption": "cap",
        "width": 3,
        "height": 2,
    }
    assert repr(image) == f"Image(format='PNG', size={image.size}, caption='cap')"


def test_palette_colours_are_looked_up() -> None:
    source = pil.new("RGB", (2, 2), (10, 200, 30)).convert("P", palette=pil.Palette.ADAPTIVE)
    assert Image(source).to_pil_image().mode == "P"
    assert Image(source).to_numpy()[0, 0].tolist() == [10, 200, 30]


def test_unknown_formats_and_odd_qualities() -> None:
    with pytest.raises(InvalidInputError, match="'NOPE'"):
        Image(np.zeros((2, 2), "uint8"), format_="nope")
    for quality in (0, 101, -1):
        assert Image(np.zeros((8, 8), "uint8"), format_="jpg", quality=quality).size
    with pytest.raises(InvalidTypeError, match="quality"):
        Image(np.zeros((2, 2), "uint8"), quality="web_low")  # type: ignore[arg-type]  # the point
    with pytest.raises(InvalidTypeError, match="format_"):
        Image(np.zeros((2, 2), "uint8"), format_=5)  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize(
    "value",
    [None, [[1]], 5, object(), np.array([["a"]]), np.array([[1j]]), io.StringIO("x")],
    ids=lambda value: type(value).__name__,
)
def test_other_types_are_type_errors(value: Any) -> None:
    with pytest.raises(InvalidTypeError):
        Image(value)


def test_later_changes_of_the_source_do_not_matter(tmp_path: pathlib.Path) -> None:
    array = np.zeros((2, 2), "uint8")
    image = Image(array)
    array[:] = 9
    path = tmp_path / "x.png"
    path.write_bytes(encoded("PNG"))
    kept = Image(path)
    path.unlink()
    assert image.to_numpy().max() == 0
    assert kept.to_bytes() == encoded("PNG")
