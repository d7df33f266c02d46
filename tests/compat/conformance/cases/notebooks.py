"""Reading again and again, as in notebooks; pictures, texts and sounds of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U34", "looking at a run again after more training", priority="A")
def look_again(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="loss")
        run_hash = run.hash
        del run
    w.sync()
    seen = w.repo.get_run(run_hash).get_metric("loss", w.context()).data.items_list()[1][0]
    w.see("first", lambda: seen)
    with w.writing(run_hash) as run:
        run.track(0.5, name="loss")
        run.track(0.9, name="acc")
        run["done"] = True
        del run
    w.sync()
    again = w.repo.get_run(run_hash)
    w.see("again", lambda: again.get_metric("loss", w.context()).data.items_list()[1][0])
    w.see("new", lambda: ([m.name for m in again.metrics()], again["done"]))


@case("U31", "plotting a metric with matplotlib", priority="A")
def plot(w: World) -> None:
    with w.writing() as run:
        for step in range(4):
            run.track(float(step**2), name="loss", step=step * 10)
        run_hash = run.hash
        del run
    w.sync()
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    steps, (values, *_) = w.repo.get_run(run_hash).get_metric("loss", w.context()).data.numpy()
    figure, axes = plt.subplots()
    (line,) = axes.plot(steps, values)
    w.see("x", lambda: line.get_xdata().tolist())
    w.see("y", lambda: line.get_ydata().tolist())
    plt.close(figure)


@case("U31", "a running mean of a metric")
def running_mean(w: World) -> None:
    with w.writing() as run:
        for step in range(6):
            run.track(float(step % 3), name="noise", step=step)
        del run
    w.sync()
    frame = next(iter(w.query("metrics", "metric.name == 'noise'"))).dataframe()
    w.see("mean", lambda: frame["value"].rolling(3).mean().dropna().tolist())
    w.see("by step", lambda: frame.set_index("step")["value"].loc[4])
    w.see("largest", lambda: int(frame["value"].idxmax()))


@case("U36", "grouping a frame of metrics", priority="B")
def grouped(w: World) -> None:
    with w.writing() as run:
        for subset in ("train", "val"):
            for step in range(3):
                run.track(step + len(subset), name="loss", step=step, context={"subset": subset})
        del run
    w.sync()
    frame = w.query("metrics", "metric.name == 'loss'").dataframe(
        include_name=True, include_context=True
    )
    means = frame.groupby("metric.context.subset")["value"].mean()
    w.see("means", lambda: means.to_dict())
    w.see("rows", lambda: len(frame))


@case("U12", "a grid of samples at every epoch", priority="A")
def image_grid(w: World) -> None:
    with w.writing() as run:
        for epoch in range(2):
            images = [
                w.aim.Image(np.full((2, 2), 10 * epoch + n, "uint8"), caption=f"{epoch}/{n}")
                for n in range(3)
            ]
            run.track(images, name="samples", step=epoch, epoch=epoch)
        del run
    w.sync()
    (series,) = list(w.query("images", "images.name == 'samples'"))
    w.see("length", series.record_length)
    w.see("steps", lambda: series.data.items_list()[0])
    grid = [[i.caption for i in row] for row in series.values.values_list()]
    w.see("captions", lambda: grid)
    w.see(
        "pixels",
        lambda: [
            [int(np.asarray(i.to_pil_image())[0, 0]) for i in row]
            for row in series.values.values_list()
        ],
    )


@case("U33", "the pictures of the last step")
def last_pictures(w: World) -> None:
    with w.writing() as run:
        for step in (0, 5):
            run.track(w.aim.Image(np.full((1, 2), step, "uint8")), name="im", step=step)
        run_hash = run.hash
        del run
    w.sync()
    series = w.repo.get_run(run_hash).get_image_sequence("im", w.context())
    step, image = series.values.last()
    w.see("step", lambda: step)
    w.see("pixels", lambda: np.asarray(image.to_pil_image()).tolist())
    w.see("first and last", lambda: (series.first_step(), series.last_step()))
    w.see("size", lambda: (image.width, image.height, image.format))


@case("U12", "a confusion matrix drawn with matplotlib")
def drawn_figure(w: World) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(1, 1), dpi=50)
    axes.imshow([[3, 1], [0, 4]])
    run = w.run()
    w.see("track", lambda: run.track(w.aim.Image(figure, caption="confusion"), name="confusion"))
    stored = run.get_image_sequence("confusion", w.context()).values.first_value()
    w.see("caption", lambda: stored.caption)
    w.see("size", lambda: stored.to_pil_image().size)
    plt.close(figure)
    run.close()


@case("U14", "translations of a language model", priority="A")
def translations(w: World) -> None:
    with w.writing() as run:
        for step, text in enumerate(["bonjour", "salut à tous", ""]):
            run.track(w.aim.Text(text), name="out", step=step, context={"lang": "fr"})
        run.track([w.aim.Text("ein"), w.aim.Text("zwei")], name="out", context={"lang": "de"})
        run_hash = run.hash
        del run
    w.sync()
    run = w.repo.get_run(run_hash)
    french = run.get_text_sequence("out", w.context({"lang": "fr"}))
    w.see("french", lambda: [t.data for t in french.values.values_list()])
    w.see("steps", lambda: french.data.items_list()[0])
    german = run.get_text_sequence("out", w.context({"lang": "de"}))
    w.see("german", lambda: [t.data for t in german.values.first_value()])
    w.see("by query", lambda: w.count("texts", "texts.context.lang == 'de'"))


@case("U14", "generated sounds", priority="B")
def sounds(w: World) -> None:
    rate = 8000
    wave = (np.sin(np.arange(16)) * 1000).astype("int16")
    with w.writing() as run:
        for step in range(2):
            run.track(
                w.aim.Audio(wave * (step + 1), rate=rate, format="wav"), name="tone", step=step
            )
        run_hash = run.hash
        del run
    w.sync()
    series = w.repo.get_run(run_hash).get_audio_sequence("tone", w.context())
    w.see("steps", lambda: series.data.items_list()[0])
    sound = series.values.last_value()
    w.see("header", lambda: sound.get().read(4))
    samples, found_rate = sound.to_numpy()[:2]
    w.see("rate and samples", lambda: sorted([np.size(samples), np.size(found_rate)]))


@case("U14", "weights as distributions", priority="B")
def weights(w: World) -> None:
    run = w.run()
    for step in range(2):
        run.track(w.aim.Distribution(np.arange(8) * (step + 1), bin_count=4), name="w", step=step)
    series = run.get_distribution_sequence("w", w.context())
    w.see("steps", lambda: series.data.items_list()[0])
    w.see("counts", lambda: [d.to_np_histogram()[0].tolist() for d in series.values.values_list()])
    w.see("range", lambda: [d.range for d in series.values.values_list()])
    run.close()


@case("U14", "an interactive figure at every epoch")
def figures(w: World) -> None:
    import plotly.graph_objects as go

    with w.writing() as run:
        for epoch in range(2):
            figure = go.Figure(go.Scatter(x=[0, 1], y=[epoch, epoch + 1]))
            figure.update_layout(title=f"epoch {epoch}")
            run.track(w.aim.Figure(figure), name="curve", step=epoch)
        del run
    w.sync()
    (series,) = list(w.query("figure_objects", "figures.name == 'curve'"))
    drawn = [f.to_plotly_figure() for f in series.values.values_list()]
    w.see("titles", lambda: [f.layout.title.text for f in drawn])
    w.see("y", lambda: [list(f.data[0].y) for f in drawn])


@case("U33", "all objects of a run by kind")
def kinds(w: World) -> None:
    with w.writing() as run:
        run.track(w.aim.Text("t"), name="text")
        run.track(w.aim.Image(np.zeros((1, 1), "uint8")), name="image")
        run.track(w.aim.Distribution([1, 2]), name="dist")
        run.track(1.0, name="metric")
        run_hash = run.hash
        del run
    w.sync()
    run = w.repo.get_run(run_hash)
    info = run.collect_sequence_info(
        ("metric", "images", "texts", "distributions", "audios", "figures"), skip_last_value=True
    )
    w.see("kinds", lambda: {kind: [i["name"] for i in found] for kind, found in info.items()})
    w.see("metrics only", lambda: [m.name for m in run.metrics()])
    for kind in ("metrics", "images", "texts", "distributions", "audios"):
        w.see(kind, lambda kind=kind: w.count(kind, ""))


@case("U38", "progress of a slow query")
def progress(w: World) -> None:
    modes = w.sub("aim.sdk.types").QueryReportMode
    for number in range(3):
        with w.writing() as run:
            run["number"] = number
            run.track(number, name="n")
            del run
    w.sync()
    reports: list[Any] = []
    found = []
    query = w.repo.query_metrics("run.number != 1", report_mode=modes.PROGRESS_TUPLE)
    for collection, report in query.iter_runs():
        reports.append(report)
        if collection is not None:
            found.append(collection.run["number"])
    w.see("reports", lambda: reports)
    w.see("found", lambda: found)
    for number in (0, 2, 9):
        query = w.repo.query_metrics(f"run.number == {number}", report_mode=modes.PROGRESS_TUPLE)
        w.see(f"only {number}", lambda query=query: [report for _, report in query.iter_runs()])


@case("Q05", "the ways to report progress")
def report_modes(w: World) -> None:
    modes = w.sub("aim.sdk.types").QueryReportMode
    with w.writing() as run:
        run.track(1.0, name="a")
        del run
    w.sync()
    repo = w.repo
    w.see("modes", lambda: [mode.name for mode in modes])
    w.see("default", lambda: len(list(repo.query_metrics("").iter_runs())))
    w.see("number", lambda: len(list(repo.query_runs("", report_mode=2).iter_runs())))
    tuples = modes.PROGRESS_TUPLE
    found = repo.query_runs("", report_mode=tuples)
    w.see("runs", lambda: [(c.run is not None, done) for c, done in found.iter_runs()])
    none = repo.query_runs("run.x == 1", report_mode=tuples)
    w.see("no runs", lambda: list(none.iter_runs()))
    w.see("series", lambda: [m.name for m in repo.query_metrics("", report_mode=tuples)])
