"""Libraries and classes around `Run`, with the calls that published integrations make."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case
from conformance.world import QUIET

if TYPE_CHECKING:
    from conformance.world import World


@case("U05", "a tracker class in the style of accelerate", priority="A")
def accelerate_style(w: World) -> None:
    class Tracker:
        def __init__(self, name: str, logging_dir: str, **kwargs: Any) -> None:
            self.writer = w.aim.Run(repo=logging_dir, **kwargs)
            self.writer.name = name

        def store_init_configuration(self, values: dict[str, Any]) -> None:
            self.writer["hparams"] = values

        def log(self, values: dict[str, Any], step: int | None, **kwargs: Any) -> None:
            for key, value in values.items():
                self.writer.track(value, name=key, step=step, **kwargs)

        def log_images(self, values: dict[str, Any], step: int | None = None) -> None:
            for key, value in values.items():
                image = w.aim.Image(value[0], caption=value[1])
                self.writer.track(image, name=key, step=step)

        def finish(self) -> None:
            self.writer.close()

    tracker = Tracker("my project", w.location, **QUIET)
    tracker.store_init_configuration({"lr": 0.1, "seed": 42})
    tracker.log({"loss": 1.0, "acc": 0.5}, step=0)
    tracker.log({"loss": 0.5}, step=None)
    tracker.log({"loss": 0.25}, step=5, context={"subset": "val"}, epoch=1)
    tracker.log_images({"sample": (np.zeros((2, 2, 3), "uint8"), "black")}, step=0)
    run_hash = tracker.writer.hash
    tracker.finish()
    tracker = None
    w.sync()
    run = w.repo.get_run(run_hash)
    w.see("run", lambda: (run.name, run["hparams"]))
    w.see("loss", lambda: run.get_metric("loss", w.context()).data.items_list()[0])
    w.see("val", lambda: run.get_metric("loss", w.context({"subset": "val"})).data.items_list()[0])
    images = run.get_image_sequence("sample", w.context())
    w.see("image", lambda: images.values.first_value().caption)


@case("U14", "a callback handler in the style of langchain", priority="A")
def langchain_style(w: World) -> None:
    run = w.run(experiment="chat", log_system_params=False)
    run.set("callback", {"kind": str, "verbose": True}, strict=False)
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    run = w.aim.Run(run_hash, repo=w.location, system_tracking_interval=None)
    counters = {"step": 0, "starts": 0, "ends": 0}
    for prompts in (["a", "b"], ["c"]):
        counters["step"] += 1
        counters["starts"] += 1
        texts = [w.aim.Text(prompt) for prompt in prompts]
        run.track(texts, name="on_llm_start", context={"action": "on_llm_start", **counters})
    counters["ends"] += 1
    run.track(w.aim.Text("done"), name="on_llm_end", context={"action": "end", **counters})
    contexts = [
        info["context"]
        for info in run.collect_sequence_info("texts", skip_last_value=True)["texts"]
    ]
    w.see("contexts", lambda: sorted(contexts, key=lambda c: c["step"] * 10 + c["ends"]))
    first = {"action": "on_llm_start", "step": 1, "starts": 1, "ends": 0}
    w.see(
        "texts",
        lambda: [
            t.data
            for t in run.get_text_sequence("on_llm_start", w.context(first)).values.first_value()
        ],
    )
    w.see("params", lambda: run["callback"])
    run.close()


@case("U32", "a callback in the style of ludwig", priority="A", fresh=True)
def ludwig_style(w: World) -> None:
    repo = w.aim.Repo.default_repo(init=True)
    run = w.aim.Run(repo=repo, experiment="exp", **QUIET)
    run.name = "model 1"
    run["base_config"] = {"input": [{"name": "x", "type": "number"}], "trainer": {"epochs": 2}}
    for epoch in range(2):
        run.track(
            0.5 - epoch / 10,
            name="combined_loss",
            context={"set": "train"},
            epoch=epoch,
            step=epoch,
        )
    run.close()
    run = None
    w.sync()
    again = w.aim.Repo.from_path(w.location)
    found = next(again.query_runs('run.name == "model 1"').iter_runs()).run.hash
    run = w.aim.Run(run_hash=found, repo=again, experiment="exp", **QUIET)
    import plotly.graph_objects as go

    run.track(
        w.aim.Figure(go.Figure(go.Bar(y=[1, 2]))),
        name="learning curves",
        context={"type": "Evaluation"},
    )
    run["result"] = {"loss": 0.4}
    w.see("params", lambda: run[...])
    figures = run.get_figure_sequence("learning curves", w.context({"type": "Evaluation"}))
    w.see("figure", lambda: list(figures.values.first_value().to_plotly_figure().data[0].y))
    w.see(
        "loss",
        lambda: run.get_metric("combined_loss", w.context({"set": "train"})).data.items_list()[0],
    )
    run.close()


@case("U04", "a visualiser in the style of mmengine", priority="A")
def mmengine_style(w: World) -> None:
    class Backend:
        def __init__(self, init_kwargs: dict[str, Any]) -> None:
            self._init_kwargs = init_kwargs
            self._run: Any = None

        @property
        def experiment(self) -> Any:
            if self._run is None:
                self._run = w.aim.Run(**self._init_kwargs)
            return self._run

        def add_config(self, config: dict[str, Any]) -> None:
            self.experiment["hparams"] = config

        def add_scalar(self, name: str, value: Any, step: int = 0) -> None:
            self.experiment.track(name=name, value=value, step=step)

        def add_image(self, name: str, image: Any, step: int = 0) -> None:
            self.experiment.track(name=name, value=w.aim.Image(image), step=step)

        def close(self) -> None:
            if self._run is not None:
                self._run.close()

    backend = Backend({"repo": w.location, "experiment": "det", **QUIET})
    backend.add_config({"model": {"type": "RetinaNet"}, "optim": {"lr": 0.02}})
    for step in (10, 20):
        backend.add_scalar("loss_cls", np.float32(0.5), step)
        backend.add_scalar("data_time", 0.25, step)
    backend.add_image("pred", np.full((4, 4, 3), 7, "uint8"), step=20)
    run = backend.experiment
    w.see("params", lambda: run["hparams", "model", "type"])
    w.see("loss", lambda: run.get_metric("loss_cls", w.context()).data.items_list()[:1])
    w.see("image step", lambda: run.get_image_sequence("pred", w.context()).first_step())
    w.see("experiment", lambda: run.experiment)
    backend.close()


@case("U12", "entities of documents in the style of aim-spacy")
def spacy_style(w: World) -> None:
    import PIL.Image

    run = w.aim.Run(repo=".", experiment="ner", run_hash=None, **QUIET)
    run["config"] = {"nlp": {"lang": "en", "pipeline": ["tok2vec", "ner"]}, "training": {"seed": 0}}
    for step in range(2):
        run.track(1.0 / (step + 1), name="ner_loss", context={"type": "loss"}, epoch=0, step=step)
    picture = PIL.Image.new("RGB", (4, 2), (255, 0, 0))
    drawn = [
        w.aim.Image(picture, caption=f"doc {n}", format="png", quality=75, optimize=True)
        for n in range(2)
    ]
    run.track(drawn, name="docs", context={"type": "displacy"})
    w.see("pipeline", lambda: run["config", "nlp", "pipeline"])
    stored = run.get_image_sequence("docs", w.context({"type": "displacy"})).values.first_value()
    w.see("captions", lambda: [i.caption for i in stored])
    w.see("pixel", lambda: stored[0].to_pil_image().getpixel((0, 0)))
    w.see(
        "loss",
        lambda: run.get_metric("ner_loss", w.context({"type": "loss"})).data.items_list()[1][0],
    )
    run.close()


@case("U24", "a synchroniser in the style of aim-mlflow", priority="A")
def mlflow_style(w: World) -> None:
    clean = w.sub("aim.sdk.utils").clean_repo_path
    repo_path = clean(w.location) or w.aim.Repo.default_repo_path()
    repo = w.aim.Repo.from_path(repo_path)
    w.see("writable directory", lambda: os.path.isdir(repo.path))
    cache = os.path.join(repo.path, "mlflow_cache.txt")
    with open(cache, "w", encoding="utf-8") as file:
        file.write("1")
    w.see("cache", lambda: os.path.exists(cache))
    run = w.aim.Run(run_hash=None, repo=repo, experiment="imported", **QUIET)
    run.name, run.description = "mlflow run", None
    run["mlflow_run_id"] = "0123"
    for key, value in {"alpha": "0.5", "l1": 0.1}.items():
        run[key] = value
    for step, value in ((3, 0.5), (1, 0.25)):
        run.track(value, step=step, name="rmse")
    picture = w.file("p.png", png())
    run.track(w.aim.Image(image=picture, caption="p"), name="p.png")
    run.track(w.aim.Text(text="note"), name="note.txt")
    known = run.meta_run_tree.get("_mlflow_artifacts") or []
    run.meta_run_tree["_mlflow_artifacts"] = [*known, "p.png"]
    w.see("known", lambda: run.meta_run_tree.get("_mlflow_artifacts"))
    w.see("params", lambda: run[...])
    w.see("description", lambda: run.description)
    w.see("rmse", lambda: run.get_metric("rmse", w.context()).data.items_list()[0])
    w.see("text", lambda: run.get_text_sequence("note.txt", w.context()).values.first_value().data)
    run.close()


def png() -> bytes:
    """A picture of one pixel."""
    import io

    import PIL.Image

    buffer = io.BytesIO()
    PIL.Image.new("L", (1, 1)).save(buffer, "PNG")
    return buffer.getvalue()


@case("U23", "a logger class with a lazy run")
def lazy_logger(w: World) -> None:
    class Logger:
        def __init__(self) -> None:
            self._run: Any = None

        @property
        def run(self) -> Any:
            if self._run is None:
                self._run = w.run()
            return self._run

        def __getattr__(self, name: str) -> Any:
            return getattr(self.run, name)

    logger = Logger()
    w.see("nothing yet", lambda: w.repo.list_all_runs())
    logger.track(1.0, name="loss")
    logger.set("lr", 0.1)
    w.see("delegated", lambda: (logger.run["lr"], logger.name == logger.run.name))
    w.see("one run", lambda: len([1 for _ in logger.metrics()]))
    logger.close()


@case("U23", "a context manager around a run")
def managed(w: World) -> None:
    @contextlib.contextmanager
    def tracking(**params: Any) -> Iterator[Any]:
        run = w.run()
        run["hparams"] = params
        try:
            yield run
        except Exception as error:
            run["error"] = repr(error)
            raise
        finally:
            run.close()

    hashes = []
    with tracking(lr=0.1) as run:
        run.track(1, name="n")
        hashes.append(run.hash)

    def failing() -> None:
        with tracking(lr=0.2) as run:
            hashes.append(run.hash)
            raise ValueError("diverged")

    w.see("raises", failing)
    run = None
    w.sync()
    w.see("good", lambda: w.repo.get_run(hashes[0])[...])
    w.see("bad", lambda: w.repo.get_run(hashes[1])[...])


@case("U23", "a subclass of Run with methods of its own", priority="A")
def subclassed(w: World) -> None:
    class MyRun(w.aim.Run):
        def log_epoch(self, epoch: int, **metrics: float) -> None:
            for name, value in metrics.items():
                self.track(value, name=name, epoch=epoch, step=epoch)

    run = MyRun(repo=w.location, experiment="mine", **QUIET)
    run.log_epoch(0, loss=1.0, acc=0.1)
    run.log_epoch(1, loss=0.5, acc=0.4)
    w.see("is a run", lambda: isinstance(run, w.aim.Run))
    w.see("loss", lambda: run.get_metric("loss", w.context()).data.items_list()[1][:2])
    w.see("names", lambda: [m.name for m in run.metrics()])
    run.close()


@case("U04", "a decorator that tracks what a function returns")
def decorator(w: World) -> None:
    run = w.run()

    def tracked(name: str) -> Any:
        def wrap(function: Any) -> Any:
            def call(*args: Any) -> Any:
                result = function(*args)
                run.track(result, name=name, context={"function": function.__name__})
                return result

            return call

        return wrap

    @tracked("output")
    def square(x: int) -> int:
        return x * x

    w.see("results", lambda: [square(n) for n in range(4)])
    metric = run.get_metric("output", w.context({"function": "square"}))
    w.see("tracked", lambda: metric.data.items_list()[:1])
    w.see("values", lambda: metric.data.items_list()[1][0])
    run.close()


@case("U05", "runs in two repositories by turns", priority="A")
def two_repositories(w: World) -> None:
    places = [w.other_repository(name) for name in ("a", "b")]
    runs = [w.aim.Run(repo=place, **QUIET) for place in places]
    for step in range(4):
        runs[step % 2].track(float(step), name="loss")
    hashes = [run.hash for run in runs]
    for run in runs:
        run.close()
    runs = run = None
    for place in places:
        w.sync(place)
    for place, run_hash in zip(places, hashes, strict=True):
        repo = w.aim.Repo.from_path(place)
        name = os.path.basename(place)
        w.see(f"{name} has", lambda r=repo, h=run_hash: r.list_all_runs() == [h])
        w.see(
            f"{name} values",
            lambda r=repo, h=run_hash: (
                r.get_run(h).get_metric("loss", w.context()).data.items_list()[1][0]
            ),
        )
    w.see("the other's run", lambda: w.aim.Repo.from_path(places[0]).get_run(hashes[1]))


@case("U05", "a repository named by a variable of the script's own", fresh=True)
def from_environment(w: World) -> None:
    os.environ["TRACKING_DIR"] = os.path.join(w.directory, "logs")
    try:
        run = w.aim.Run(repo=os.environ.get("TRACKING_DIR", "."), **QUIET)
        run["where"] = os.path.basename(os.environ["TRACKING_DIR"])
        run.close()
        run = None
        w.see("there", lambda: w.aim.Repo.exists(os.environ["TRACKING_DIR"]))
        w.see("not here", lambda: w.aim.Repo.exists(w.directory))
    finally:
        del os.environ["TRACKING_DIR"]


@case("U05", "moving between working directories", fresh=True)
def changing_directory(w: World) -> None:
    names = []
    for name in ("first", "second"):
        w.other_repository(name)
        os.chdir(os.path.join(w.directory, name))
        run = w.aim.Run(**QUIET)
        names.append(os.path.basename(os.path.dirname(run.repo.path)))
        run.close()
        run = None
    os.chdir(w.directory)
    w.see("repositories", lambda: names)
