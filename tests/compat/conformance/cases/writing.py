"""Scripts that write, as they stand in quick starts and integrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U01", "fire and forget", priority="A", fresh=True)
def fire_and_forget(w: World) -> None:
    run = w.aim.Run()
    run["hparams"] = {"lr": 1e-3, "batch": 32}
    for i in range(3):
        run.track(i, name="loss")
    w.see("param", lambda: run["hparams", "batch"])
    w.see("metrics", lambda: [m.name for m in run.metrics() if m.name == "loss"])
    w.see("in the working directory", lambda: w.aim.Repo.exists(w.directory))
    w.see("close", run.close)


@case("U02", "explicit step, epoch and context", priority="A")
def explicit_step(w: World) -> None:
    run = w.run()
    for epoch in range(2):
        for subset in ("train", "val"):
            run.track(
                1.0 / (epoch + 1),
                name="loss",
                step=epoch * 10,
                epoch=epoch,
                context={"subset": subset},
            )
    w.see("contexts", lambda: sorted(m.context["subset"] for m in run.metrics()))
    metric = run.get_metric("loss", w.context({"subset": "val"}))
    steps, (values, epochs, times) = metric.data.items_list()
    w.see("steps", lambda: steps)
    w.see("values", lambda: values)
    w.see("epochs", lambda: epochs)
    w.see("times", lambda: times)
    run.close()


@case("U03", "dict of values in one call", priority="A")
def dict_of_values(w: World) -> None:
    run = w.run()
    w.see(
        "track", lambda: run.track({"acc": 0.5, "loss": 2.0}, step=10, epoch=1, context={"s": "t"})
    )
    for name in ("acc", "loss"):
        data = run.get_metric(name, w.context({"s": "t"})).data
        w.see(name, lambda data=data: (data.items_list()[0], data.items_list()[1][:2]))
    run.track(1.0, name="a")
    run.track(1.0, name="a")
    run.track({"a": 2.0, "b": 3.0})
    for name in ("a", "b"):
        data = run.get_metric(name, w.context()).data
        w.see(f"auto step {name}", lambda data=data: data.items_list()[0])
    run.close()


@case("U04", "arguments by keyword and by position", priority="A")
def argument_order(w: World) -> None:
    run = w.run()
    w.see("keywords", lambda: run.track(name="a", value=1.0, step=4, epoch=2, context={}))
    w.see("positions", lambda: run.track(2.0, "b", 3, 1))
    w.see("positional context", lambda: run.track(2.0, "b", 3, 1, {}))
    w.see("unknown keyword", lambda: run.track(2.0, name="b", foo=1))
    w.see("a", lambda: run.get_metric("a", w.context()).data.items_list()[0])
    w.see("b", lambda: run.get_metric("b", w.context()).data.items_list()[0])
    w.see("b epoch", lambda: run.get_metric("b", w.context()).data.items_list()[1][1])
    w.see("two positional arguments of Run", lambda: w.aim.Run(None, w.location))
    w.see("unknown keyword of Run", lambda: w.aim.Run(repo=w.location, foo=1))
    run.close()


@case("U16", "choosing what is captured", priority="A")
def capture_options(w: World) -> None:
    def resource_metrics(**options: object) -> list[str]:
        run = w.aim.Run(repo=w.location, **options)
        names = [m.name for m in run.metrics() if m.name.startswith("__system__")]
        run.close()
        return names

    w.see("nothing", lambda: resource_metrics(system_tracking_interval=None))
    run = w.aim.Run(
        repo=w.location,
        system_tracking_interval=None,
        log_system_params=False,
        capture_terminal_logs=False,
    )
    w.see("no terminal", run.get_terminal_logs)
    w.see("no system parameters", lambda: run.get("__system_params"))
    run.close()
    w.see("interval 0", lambda: resource_metrics(system_tracking_interval=0))
    w.see("interval -1", lambda: resource_metrics(system_tracking_interval=-1))
    w.see("interval x", lambda: resource_metrics(system_tracking_interval="x"))
    w.see("interval too long", lambda: resource_metrics(system_tracking_interval=1e9))


@case("U12", "images", priority="A")
def images(w: World) -> None:
    import PIL.Image

    pixels = np.arange(8 * 8 * 3, dtype="uint8").reshape(8, 8, 3)
    image = w.aim.Image
    with w.writing() as run:
        w.see("one", lambda: run.track(image(pixels, caption="c"), name="im", step=0))
        batch = [image(pixels), image(pixels, format="jpeg", quality=50, optimize=True)]
        w.see("list", lambda: run.track(batch, name="batch", step=0, context={"ema": True}))
        w.see("pil", lambda: run.track(image(PIL.Image.fromarray(pixels)), name="pil"))
        run_hash = run.hash
        run = batch = None
    w.sync()
    stored = w.repo.get_run(run_hash)
    one = stored.get_image_sequence("im", w.context()).values.first_value()
    w.see("pixels", lambda: np.asarray(one.to_pil_image())[:2].tolist())
    w.see("caption", lambda: one.caption)
    w.see("json", one.json)
    batch = stored.get_image_sequence("batch", w.context({"ema": True}))
    w.see("formats", lambda: [i.format for i in batch.values.first_value()])
    w.see("record length", batch.record_length)
    infos = stored.collect_sequence_info("images", skip_last_value=True)["images"]
    w.see("names", lambda: sorted(info["name"] for info in infos))


@case("U13", "batches with labels")
def image_batches(w: World) -> None:
    convert = w.sub("aim.sdk.objects.image").convert_to_aim_image_list
    pixels = [np.zeros((4, 4), "uint8")] * 2
    w.see(
        "labels with item", lambda: [i.caption for i in convert(pixels, [np.int64(1), np.int64(2)])]
    )
    w.see("labels as text", lambda: [i.caption for i in convert(pixels, ["a", "b"])])
    w.see("too few labels", lambda: len(convert([np.zeros((2, 2), "uint8")] * 3, ["a"])))
    run = w.run()
    run.track(convert(pixels, ["a", "b"]), name="ims")
    stored = run.get_image_sequence("ims", w.context()).values.first_value()
    w.see("tracked", lambda: [i.caption for i in stored])
    run.close()


@case("U14", "text, audio, figure, distribution", priority="A")
def other_objects(w: World) -> None:
    import plotly.graph_objects as go

    aim = w.aim
    context = {"action": "x", "n": 1}
    with w.writing() as run:
        run.track(aim.Text("hello"), name="t")
        run.track([aim.Text("a"), aim.Text("b")], name="ts", context=context)
        run.track(aim.Audio(np.arange(8, dtype="int16"), rate=8000, caption="c"), name="au")
        run.track(aim.Distribution([1, 2, 3, 4], bin_count=4), name="d", step=1)
        run.track(aim.Distribution(hist=[1, 2, 3], bin_range=(0, 3)), name="d2")
        run.track(
            aim.Figure(go.Figure(go.Bar(x=[1, 2], y=[3, 4]))), name="f", context={"type": "T"}
        )
        run_hash = run.hash
        del run
    w.sync()
    stored = w.repo.get_run(run_hash)
    text = stored.get_text_sequence("t", w.context()).values.first_value()
    w.see("text", lambda: text.data)
    w.see(
        "texts",
        lambda: [
            t.data for t in stored.get_text_sequence("ts", w.context(context)).values.first_value()
        ],
    )
    audio = stored.get_audio_sequence("au", w.context()).values.first_value()
    w.see("audio", audio.json)
    w.see("audio bytes", lambda: audio.get().read(4))
    w.see("audio samples", lambda: (audio.to_numpy()[0], audio.to_numpy()[1].tolist()))
    dist = stored.get_distribution_sequence("d", w.context())
    w.see("distribution step", lambda: (dist.first_step(), dist.last_step()))
    w.see("histogram", dist.values.first_value().to_np_histogram)
    w.see(
        "ready-made histogram",
        lambda: (
            stored.get_distribution_sequence("d2", w.context())
            .values.first_value()
            .to_np_histogram()
        ),
    )
    figure = stored.get_figure_sequence("f", w.context({"type": "T"})).values.first_value()
    w.see("figure class", lambda: type(figure.to_plotly_figure()))
    w.see("figure data", lambda: figure.to_plotly_figure().to_dict()["data"][0]["type"])
    w.see("figure values", lambda: list(figure.to_plotly_figure().data[0].x))
    w.see("figure json", figure.json)


@case("U10", "non-strict parameters", priority="A")
def non_strict(w: World) -> None:
    run = w.run()
    w.see("set", lambda: run.set("cfg", {"model": object, "n": 3, "l": [object]}, strict=False))
    w.see("get", lambda: run["cfg"])
    w.see(
        "numpy is text or number", lambda: (run.set("n", np.float64(1.5), strict=False), run["n"])
    )
    w.see("strict by default", lambda: run.set("cfg", object()))
    w.see("tuple key", lambda: (run.set(("h", "lr"), 0.1), run["h"]))
    run.close()


@case("U11", "OmegaConf as parameters")
def omegaconf(w: World) -> None:
    from omegaconf import OmegaConf

    run = w.run()
    w.see("dict", lambda: run.__setitem__("cfg", OmegaConf.create({"a": {"b": 1, "c": "${a.b}"}})))
    w.see("resolved", lambda: run["cfg"])
    w.see("list", lambda: (run.__setitem__("l", OmegaConf.create([1, "x"])), run["l"]))
    w.see("below a dict", lambda: (run.__setitem__("d", {"k": OmegaConf.create([1])}), run["d"]))
    run.close()


@case("P08", "objects as parameters")
def object_params(w: World) -> None:
    run = w.run()
    run["img"] = w.aim.Image(np.zeros((2, 3), "uint8"), caption="c")
    run["o"] = {"t": w.aim.Text("hi")}
    w.see("image", lambda: (type(run["img"]).__name__, run["img"].caption, run["img"].size))
    w.see("nested text", lambda: run["o"]["t"].data)
    run.close()


@case("U22", "own object type", priority="C")
def own_type(w: World) -> None:
    base = w.sub("aim.storage.object").CustomObject

    @base.alias("compat.point")
    class Point(base):
        AIM_NAME = "compat.point"

        def __init__(self, x: object) -> None:
            super().__init__()
            self.storage["x"] = x

    run = w.run()
    w.see("track", lambda: run.track(Point(1), name="p"))
    run["p"] = Point({"a": 2})
    w.see("param", lambda: (type(run["p"]).__name__, run["p"].storage["x"]))
    run.close()


@case("U24", "own storage subtree of a run", priority="A")
def meta_tree(w: World) -> None:
    run = w.run()
    w.see("get missing", lambda: run.meta_run_tree.get("_c") or [])
    run.meta_run_tree["_c"] = ["a"]
    w.see("get", lambda: run.meta_run_tree.get("_c"))
    w.see("item", lambda: run.meta_run_tree["_c"])
    run.close()
