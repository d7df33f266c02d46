"""Callbacks and the training flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U20", "callbacks of a training flow", priority="B")
def training_flow(w: World) -> None:
    on = w.sub("aim.sdk.callbacks").events.on
    heard: list[Any] = []

    class Callbacks:
        @on.init
        def started(self, **_: Any) -> None:
            heard.append("init")

        @on.training_metrics_collected
        def seen(self, metrics: Any, step: int, run: Any, **_: Any) -> None:
            heard.append(("metrics", metrics, step))
            run.track(metrics["l"], name="cb", step=step)

        @on.custom_event
        def custom(self, x: int, **_: Any) -> None:
            heard.append(("custom", x))

        @on.validation_metrics_collected
        def boom(self, **_: Any) -> None:
            raise ValueError("boom")

    run = w.run()
    flow = w.aim.TrainingFlow(run=run, callbacks=[Callbacks()])
    w.see("event", lambda: flow.training_metrics_collected(metrics={"l": 1.0}, step=2, epoch=0))
    w.see("custom event", lambda: flow.trigger("custom_event", x=5))
    w.see("failing handler", lambda: flow.validation_metrics_collected(metrics={}, step=1))
    w.see("positional", lambda: flow.training_started({"a": 1}))
    w.see("unknown event", lambda: flow.trigger("unknown"))
    w.see("heard", lambda: heard)
    w.see("tracked", lambda: [m.name for m in run.metrics()])
    run.close()


@case("M06", "names and version of the package", priority="A")
def package(w: World) -> None:
    names = (
        "Audio",
        "Distribution",
        "Figure",
        "Image",
        "Metric",
        "Repo",
        "Run",
        "Text",
        "TrainingFlow",
    )
    more = ("Audios", "Distributions", "Figures", "Images", "Texts")
    w.see(
        "names",
        lambda: [n for n in (*names, *more) if not isinstance(getattr(w.aim, n, None), type)],
    )
    w.see(
        "sdk",
        lambda: all(getattr(w.sub("aim.sdk"), n) is getattr(w.aim, n) for n in (*names, *more)),
    )
    w.see("version", lambda: w.sub("aim.__version__").__version__)
    w.see("Session", lambda: w.aim.Session)


@case("M07", "errors", priority="A")
def errors(w: World) -> None:
    module = w.sub("aim.sdk.errors")
    for name in ("MissingRunError", "RepoIntegrityError", "RunLockingError"):
        w.see(name, lambda name=name: issubclass(getattr(module, name), RuntimeError))
