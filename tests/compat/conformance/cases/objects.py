"""Trackable objects: what their constructors take, keep and refuse."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def looks(image: Any) -> tuple[str, Any, str]:
    return image.format, image.size, image.to_pil_image().mode


@case("O01", "image from numpy", priority="A")
def image_from_numpy(w: World) -> None:
    arrays = {
        "grey": np.zeros((3, 4), "uint8"),
        "grey, one channel": np.zeros((3, 4, 1), "uint8"),
        "rgb": np.zeros((3, 4, 3), "uint8"),
        "rgba": np.zeros((3, 4, 4), "uint8"),
        "grey with alpha": np.zeros((3, 4, 2), "uint8"),
        "bool": np.ones((3, 4), bool),
        "one-dimensional": np.zeros(3, "uint8"),
        "four-dimensional": np.zeros((1, 3, 4, 3), "uint8"),
    }
    for name, array in arrays.items():
        w.see(name, lambda array=array: looks(w.aim.Image(array)))


@case("O01", "float images", priority="B")
def float_images(w: World) -> None:
    grey = np.array([[0.0, 0.5], [0.25, 1.0]])
    w.see("grey float64", lambda: looks(w.aim.Image(grey)))
    w.see("grey float32", lambda: looks(w.aim.Image(grey.astype("float32"))))
    w.see("rgb", lambda: looks(w.aim.Image(np.ones((2, 2, 3)))))
    w.see(
        "pixels",
        lambda: np.asarray(w.aim.Image(np.ones((1, 2, 3))).to_pil_image().convert("RGB")).tolist(),
    )


@case("O02", "image from other inputs", priority="A")
def image_from_others(w: World) -> None:
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.new("RGB", (4, 3), "red").save(buffer, "PNG")
    path = w.file("x.png", buffer.getvalue())
    Pillow.new("RGB", (4, 3), "red").save("x.jpg")
    broken = w.file("broken.png", b"this is no image")
    inputs: dict[str, Any] = {
        "png path": path,
        "jpeg path": "x.jpg",
        "missing path": "nope.png",
        "broken file": broken,
        "pil": Pillow.new("RGB", (4, 3)),
        "pil from jpeg": Pillow.open("x.jpg"),
        "pil grey": Pillow.new("L", (4, 3)),
        "pil one bit": Pillow.new("1", (4, 3)),
        "bytes": b"abc",
        "None": None,
        "list": [[1]],
    }
    for name, value in inputs.items():
        w.see(name, lambda value=value: looks(w.aim.Image(value)))
    inputs["pil from jpeg"].close()


@case("O02", "image from a pathlib path", priority="B")
def image_from_path(w: World) -> None:
    from pathlib import Path

    from PIL import Image as Pillow

    Pillow.new("RGB", (4, 3), "red").save("x.png")
    w.see("path", lambda: w.aim.Image(Path("x.png")).size)


@case("O02", "image from matplotlib", priority="A")
def image_from_matplotlib(w: World) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(2, 1), dpi=50)
    axes.plot([1, 2])
    w.see("figure", lambda: looks(w.aim.Image(figure)))
    w.see("axes", lambda: looks(w.aim.Image(axes)))
    plt.close(figure)


@case("O03", "image options and properties", priority="A")
def image_options(w: World) -> None:
    from PIL import Image as Pillow

    black, red = Pillow.new("RGB", (4, 3)), Pillow.new("RGB", (4, 3), "red")
    image = w.aim.Image(black, caption="c")
    w.see("json", image.json)
    w.see(
        "properties", lambda: (image.caption, image.format, image.width, image.height, image.size)
    )
    w.see("caption can change", lambda: (setattr(image, "caption", "d"), image.caption)[1])
    w.see("format cannot", lambda: setattr(image, "format", "x"))
    w.see("equal", lambda: image == w.aim.Image(black, caption="other"))
    w.see("unequal", lambda: image == w.aim.Image(red))
    w.see("unlike", lambda: image == 1)
    w.see("unhashable", lambda: hash(image))
    for name in ("jpeg", "JPEG", "png", "webp", "gif", "bmp", "nope"):
        w.see(f"format {name}", lambda name=name: looks(w.aim.Image(black, format=name))[0])
    w.see("positional", lambda: w.aim.Image(Pillow.new("L", (2, 2)), "cap", "png", 80, True).json())
    w.see("no caption", lambda: w.aim.Image(black).caption)
    w.see("alpha to jpeg", lambda: looks(w.aim.Image(Pillow.new("RGBA", (4, 4)), format="jpeg"))[2])


@case("O03", "jpg as a format", priority="B")
def image_jpg(w: World) -> None:
    from PIL import Image as Pillow

    w.see("jpg", lambda: w.aim.Image(Pillow.new("RGB", (4, 3)), format="jpg").to_pil_image().format)


@case("O04", "text", priority="A")
def text(w: World) -> None:
    make = w.aim.Text
    w.see("data", lambda: make("hi").data)
    w.see("keyword", lambda: make(text="x").data)
    w.see("empty", lambda: make("").data)
    w.see("json", lambda: make("hi").json())
    w.see("str", lambda: str(make("hi")))
    w.see("repr", lambda: repr(make("hi")))
    w.see("int", lambda: make(5))
    w.see("bytes", lambda: make(b"a"))
    w.see("None", lambda: make(None))
    w.see("caption", lambda: make("a", caption="c"))


@case("O05", "distribution", priority="A")
def distribution(w: World) -> None:
    make = w.aim.Distribution
    dist = make([1, 2, 3, 4])
    w.see("properties", lambda: (dist.bin_count, dist.range, int(dist.weights.sum())))
    w.see("json", dist.json)
    w.see("histogram", lambda: make([1, 2, 3, 4], bin_count=3).to_np_histogram())
    w.see("ready-made", lambda: make(hist=[1, 2, 3], bin_range=(0, 3)).to_np_histogram())
    w.see("from histogram", lambda: make.from_histogram([1.0, 2.0], (0, 1)).to_np_histogram())
    w.see("from samples", lambda: make.from_samples(np.arange(10), bin_count=5).weights)
    w.see("bins by position", lambda: make([1, 2], 3).bin_count)
    w.see("two-dimensional", lambda: make(np.zeros((3, 3))).bin_count)
    w.see("constant", lambda: make([5, 5]).range)
    w.see("both", lambda: make([1], hist=[1]))
    w.see("no range", lambda: make(hist=[1]))
    w.see("nothing", lambda: make())
    w.see("nan", lambda: make([float("nan")]))
    w.see("no bins", lambda: make([1.0, 2.0], bin_count=0))
    w.see("negative bins", lambda: make([1.0, 2.0], bin_count=-1))
    w.see("many bins", lambda: make([1.0, 2.0], bin_count=513).bin_count)
    w.see("unknown keyword", lambda: make(distribution=[1]))
    w.see("set", lambda: setattr(dist, "bin_count", 3))


@case("O06", "figure", priority="A")
def figure(w: World) -> None:
    import plotly.graph_objects as go

    make = w.aim.Figure
    one = make(go.Figure(data=[go.Bar(x=[1], y=[2])]))
    w.see("back", lambda: type(one.to_plotly_figure()))
    w.see("data is text", lambda: type(one.data))
    w.see("json", one.json)
    w.see("dict", lambda: make({"data": []}))
    w.see("str", lambda: make("x"))
    w.see("None", lambda: make(None))
    w.see("trace", lambda: make(go.Bar()))
    run = w.run()
    w.see("raw plotly figure", lambda: run.track(go.Figure(), name="f"))
    run.close()


@case("O06", "figure from matplotlib", priority="B")
def figure_from_matplotlib(w: World) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    drawn, axes = plt.subplots()
    axes.plot([1, 2])
    w.see("figure", lambda: type(w.aim.Figure(drawn).to_plotly_figure()))
    w.see("axes", lambda: w.aim.Figure(axes))
    plt.close(drawn)


@case("O07", "audio", priority="A")
def audio(w: World) -> None:
    make = w.aim.Audio
    samples = np.arange(100, dtype="int16")
    one = make(samples, rate=8000, caption="c")
    wav = one.get().read()
    path = w.file("a.wav", wav)
    w.see("json", one.json)
    w.see("head", lambda: wav[:4])
    w.see("samples", lambda: (one.to_numpy()[0], one.to_numpy()[1][:5]))
    for kind in ("int16", "float32", "float64", "int64"):
        w.see(kind, lambda kind=kind: make(np.zeros(9, kind)).json())
    w.see("stereo", lambda: make(np.zeros((9, 2), "int16")).json())
    w.see("path", lambda: make(path, format="wav").json())
    w.see("path, upper case", lambda: make(path, format="WAV").json())
    w.see("path without format", lambda: make(path))
    w.see("unknown format", lambda: make(path, format="ogg"))
    w.see("missing path", lambda: make("nope.wav", format="wav"))
    w.see("bytes", lambda: make(b"xx", format="mp3").json())
    w.see("stream", lambda: make(io.BytesIO(b"xx"), format="flac").json())
    w.see("bytes without format", lambda: make(b"xx"))
    w.see("None", lambda: make(None, format="wav"))
    w.see("list", lambda: make([1, 2], format="wav"))


@case("O09", "records of several images", priority="A")
def image_records(w: World) -> None:
    run = w.run()
    for step in range(2):
        run.track(
            [w.aim.Image(np.full((2, 2), i, "uint8"), caption=f"{step}-{i}") for i in range(3)],
            name="ims",
            step=step,
        )
    run.track(w.aim.Image(np.zeros((2, 2), "uint8")), name="one")
    images = run.get_image_sequence("ims", w.context())
    w.see("captions", lambda: [[i.caption for i in record] for record in images.values.tolist()])
    w.see("record length", images.record_length)
    w.see("pixels", lambda: np.asarray(images.values[1][2].to_pil_image()).tolist())
    one = run.get_image_sequence("one", w.context())
    w.see("single", lambda: type(one.values.tolist()[0]).__name__)
    w.see("length of a single", one.record_length)
    run.close()


@case("O03", "float pixels as TIFF and pixels no format holds", priority="C")
def deep_images(w: World) -> None:
    from PIL import Image as Pillow

    for mode in ("F", "I"):
        picture = Pillow.new(mode, (2, 1), 1000)
        w.see(f"{mode} as tiff", lambda picture=picture: looks(w.aim.Image(picture, format="tiff")))
        image = w.aim.Image(picture, format="tiff")
        w.see(f"{mode} pixels", lambda image=image: np.asarray(image.to_pil_image()).tolist())
    w.see("negative", lambda: w.aim.Image(np.full((2, 2), -5, "int8")))
    w.see("empty", lambda: w.aim.Image(np.zeros((0, 3), "float32")))
    w.see("premultiplied", lambda: w.aim.Image(Pillow.new("La", (2, 2))))
