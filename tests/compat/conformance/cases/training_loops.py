"""Whole training scripts, as in tutorials: one run, written and read back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World

TRAIN, VAL = {"subset": "train"}, {"subset": "val"}


def steps_and_values(run: Any, name: str, context: Any) -> Any:
    """Steps and values of a metric, in order."""
    steps, columns = run.get_metric(name, context).data.items_list()
    return steps, columns[0]


@case("U02", "a loop over epochs and batches", priority="A")
def epochs_and_batches(w: World) -> None:
    with w.writing(experiment="mnist") as run:
        run["hparams"] = {"lr": 0.01, "batch_size": 4, "epochs": 2}
        step = 0
        for epoch in range(2):
            for batch in range(3):
                loss = 1.0 / (1 + step)
                run.track(loss, name="loss", step=step, epoch=epoch, context=TRAIN)
                if batch % 2 == 0:
                    run.track(batch / 10, name="acc", step=step, epoch=epoch, context=TRAIN)
                step += 1
            run.track(0.5 + epoch / 10, name="acc", epoch=epoch, context=VAL)
        run_hash = run.hash
        del run
    w.sync()
    run = w.repo.get_run(run_hash)
    w.see("loss", lambda: steps_and_values(run, "loss", w.context(TRAIN)))
    w.see("acc", lambda: steps_and_values(run, "acc", w.context(TRAIN)))
    w.see("val", lambda: steps_and_values(run, "acc", w.context(VAL)))
    w.see("epochs", lambda: run.get_metric("loss", w.context(TRAIN)).data.items_list()[1][1])
    w.see("experiment", lambda: run.experiment)


@case("U01", "a regression by hand", priority="A")
def regression(w: World) -> None:
    x = np.linspace(0, 1, 8)
    y = 3 * x + 1
    slope, bias = 0.0, 0.0
    run = w.run()
    for _ in range(5):
        error = slope * x + bias - y
        run.track(np.mean(error**2), name="mse")
        run.track({"slope": slope, "bias": bias})
        slope -= float(np.mean(error * x))
        bias -= float(np.mean(error))
    run["result"] = {"slope": round(slope, 6), "bias": round(bias, 6)}
    w.see("mse", lambda: steps_and_values(run, "mse", w.context()))
    w.see("slope", lambda: steps_and_values(run, "slope", w.context()))
    w.see("result", lambda: run["result"])
    w.see("names", lambda: [m.name for m in run.metrics()])
    run.close()


@case("U02", "early stopping on a validation loss")
def early_stopping(w: World) -> None:
    losses = [1.0, 0.7, 0.5, 0.55, 0.6, 0.4]
    run = w.run()
    best, patience = math.inf, 0
    for epoch, loss in enumerate(losses):
        run.track(loss, name="loss", epoch=epoch, context=VAL)
        if loss < best:
            best, patience = loss, 0
            run["best"] = {"epoch": epoch, "loss": loss}
        else:
            patience += 1
        if patience == 2:
            run["stopped_early"] = True
            break
    w.see("best", lambda: run["best"])
    w.see("stopped", lambda: run.get("stopped_early", False))
    w.see("steps", lambda: steps_and_values(run, "loss", w.context(VAL)))
    w.see("last step", run.get_metric("loss", w.context(VAL)).last_step)
    run.close()


@case("U02", "a learning rate schedule beside the loss")
def schedule(w: World) -> None:
    run = w.run()
    for step in range(6):
        run.track(0.1 * 0.5 ** (step // 2), name="lr", step=step, context={"group": 0})
        run.track(0.01, name="lr", step=step, context={"group": 1})
    w.see(
        "groups",
        lambda: {
            m.context["group"]: m.data.items_list()[1][0] for m in run.metrics() if m.name == "lr"
        },
    )
    run.close()


@case("U02", "evaluation every few steps")
def evaluation_every_few(w: World) -> None:
    with w.writing() as run:
        for step in range(12):
            run.track(float(step), name="loss", step=step, context=TRAIN)
            if step % 5 == 0:
                run.track(float(-step), name="loss", step=step, context=VAL)
        run_hash = run.hash
        del run
    w.sync()
    run = w.repo.get_run(run_hash)
    w.see("val", lambda: steps_and_values(run, "loss", w.context(VAL)))
    frame = run.get_metric("loss", w.context(VAL)).dataframe()
    w.see("frame", lambda: frame[["step", "value"]].to_dict("records"))


@case("U03", "metrics of a report in one dict", priority="A")
def report_in_a_dict(w: World) -> None:
    run = w.run()
    for epoch in range(3):
        report = {"precision": 0.5 + epoch / 10, "recall": 0.6, "f1": 0.55, "support": 10 * epoch}
        run.track(report, epoch=epoch, context=VAL)
    for name in ("precision", "recall", "f1", "support"):
        w.see(name, lambda name=name: steps_and_values(run, name, w.context(VAL)))
    info = run.collect_sequence_info("metric")["metric"]
    w.see("types", lambda: {i["name"]: i["values"]["dtype"] for i in info})
    run.close()


@case("U07", "a crash, and going on from the checkpoint", priority="A")
def resume_after_crash(w: World) -> None:
    checkpoint: dict[str, Any] = {}

    def train(run_hash: str | None, start: int, crash_at: int | None) -> None:
        run = w.run(run_hash)
        checkpoint["hash"] = run.hash
        try:
            for step in range(start, 8):
                if step == crash_at:
                    raise KeyboardInterrupt
                run.track(float(step), name="loss", step=step)
                run.track(float(step), name="auto")
                checkpoint["step"] = step
        finally:
            run.close()

    w.see("interrupted", lambda: str(type(interrupted(lambda: train(None, 0, 5))).__name__))
    w.sync()
    first = w.repo.get_run(checkpoint["hash"])
    w.see("before", lambda: steps_and_values(first, "loss", w.context()))
    first = None
    train(checkpoint["hash"], checkpoint["step"] + 1, None)
    w.sync()
    again = w.repo.get_run(checkpoint["hash"])
    w.see("after", lambda: steps_and_values(again, "loss", w.context()))
    w.see("automatic", lambda: steps_and_values(again, "auto", w.context()))
    w.see("runs", lambda: len(w.repo.list_all_runs()))


def interrupted(action: Any) -> BaseException | None:
    """What a call raises."""
    try:
        action()
    except BaseException as error:  # noqa: BLE001  # an interrupt is the point
        return error.with_traceback(None)
    return None


@case("U07", "steps that are done again after a restart")
def overlapping_resume(w: World) -> None:
    run = w.run()
    for step in range(6):
        run.track(float(step), name="loss", step=step, epoch=0)
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    run = w.run(run_hash)
    for step in range(4, 8):
        run.track(float(step * 10), name="loss", step=step, epoch=1)
    w.see("merged", lambda: steps_and_values(run, "loss", w.context()))
    w.see("epochs", lambda: run.get_metric("loss", w.context()).data.items_list()[1][1])
    run.close()


@case("U07", "params and tags survive a resume")
def resume_keeps(w: World) -> None:
    with w.writing(experiment="first") as run:
        run["hparams"] = {"lr": 0.1, "layers": [1, 2]}
        run.name, run.description = "night run", "left on its own"
        run.add_tag("keep")
        run_hash = run.hash
        del run
    w.sync()
    run = w.run(run_hash)
    w.see("kept", lambda: (run.name, run.description, run.experiment, run.tags, run[...]))
    run["hparams", "lr"] = 0.01
    run["resumed"] = True
    w.see("changed", lambda: run[...])
    run.close()


@case("U18", "a long job that tells how it gets on")
def long_job(w: World) -> None:
    run = w.run()
    for part in range(3):
        w.see(f"progress {part}", lambda: run.report_progress(expect_next_in=60))
        run.track(part / 3, name="progress")
        run.log_info("part done", part=part)
    w.see("finish", lambda: run.report_successful_finish())
    messages = run.get_log_records()
    w.see("messages", lambda: [(r.message, r.json()["args"]) for r in messages.values.values()])
    w.see("progress", lambda: steps_and_values(run, "progress", w.context()))
    run.close()


@case("U17", "warnings of a training loop")
def training_warnings(w: World) -> None:
    with w.writing() as run:
        for step, loss in enumerate([1.0, float("nan"), 3.0]):
            run.track(loss, name="loss", step=step)
            if math.isnan(loss):
                run.log_warning("loss is nan", step=step, lr=0.1)
        run.log_error("gave up")
        run_hash = run.hash
        del run
    w.sync()
    run = w.repo.get_run(run_hash)
    records = list(run.get_log_records().values.values())
    w.see("messages", lambda: [(r.message, r.level) for r in records])
    w.see("arguments", lambda: records[0].json()["args"])
    w.see("loss", lambda: steps_and_values(run, "loss", w.context()))


@case("U23", "two networks trained against each other")
def two_runs_at_once(w: World) -> None:
    generator, critic = w.run(experiment="gan"), w.run(experiment="gan")
    for step in range(3):
        generator.track(1.0 / (step + 1), name="loss", step=step)
        critic.track(float(step), name="loss", step=step)
        critic.track(step % 2, name="fooled", step=step)
    generator["opponent"], critic["opponent"] = "critic", "generator"
    w.see("generator", lambda: steps_and_values(generator, "loss", w.context()))
    w.see("critic", lambda: steps_and_values(critic, "loss", w.context()))
    w.see("names", lambda: [[m.name for m in r.metrics()] for r in (generator, critic)])
    w.see("params", lambda: (generator[...], critic[...]))
    generator.close()
    critic.close()


@case("U02", "several workers, told apart by context")
def workers(w: World) -> None:
    with w.writing() as run:
        for rank in range(3):
            for step in range(2):
                run.track(rank + step / 10, name="loss", step=step, context={"rank": rank})
        run_hash = run.hash
        del run
    w.sync()
    found = w.query("metrics", "metric.context.rank > 0")
    w.see("by query", lambda: sorted(m.context["rank"] for m in found))
    run = w.repo.get_run(run_hash)
    means = {
        m.context["rank"]: round(float(np.mean(m.data.numpy()[1][0])), 6) for m in run.metrics()
    }
    w.see("means", lambda: dict(sorted(means.items())))


@case("U02", "contexts with several keys")
def rich_contexts(w: World) -> None:
    with w.writing() as run:
        for fold in range(2):
            for head in ("cls", "box"):
                context = {"fold": fold, "head": head, "ema": fold == 1}
                run.track(fold + len(head), name="loss", context=context)
        del run
    w.sync()
    for query in (
        "metric.context.fold == 1",
        "metric.context.head == 'cls'",
        "metric.context.ema",
        "metric.context.ema == False and metric.context.head == 'box'",
        "metric.context == {'fold': 0, 'head': 'cls', 'ema': False}",
    ):
        w.see(query, lambda query=query: w.count("metrics", query))


@case("U02", "gradient norms per layer")
def gradient_norms(w: World) -> None:
    layers = ["embed", "block.0.attn", "block.0.mlp", "head"]
    run = w.run()
    for step in range(2):
        for number, layer in enumerate(layers):
            run.track(number + step / 2, name=f"grad_norm/{layer}", step=step)
    w.see("names", lambda: [m.name for m in run.metrics()])
    w.see(
        "last",
        lambda: {
            i["name"]: i["values"]["last"] for i in run.collect_sequence_info("metric")["metric"]
        },
    )
    run.close()


@case("U10", "parsed arguments as parameters", priority="A")
def parsed_arguments(w: World) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--layers", type=int, nargs="*", default=[64, 32])
    parser.add_argument("--name")
    parser.add_argument("--fast", action="store_true")
    arguments = parser.parse_args(["--fast", "--lr", "1e-3"])
    run = w.run()
    run["hparams"] = vars(arguments)
    w.see("stored", lambda: run["hparams"])
    w.see("one", lambda: run["hparams", "lr"])
    for key, value in vars(arguments).items():
        run[key] = value
    w.see("flat", lambda: run[...])
    run.close()


@case("U10", "a dataclass as parameters", priority="A")
def dataclass_params(w: World) -> None:
    import dataclasses

    @dataclasses.dataclass
    class Optimizer:
        name: str = "adam"
        betas: tuple[float, float] = (0.9, 0.999)

    @dataclasses.dataclass
    class Config:
        lr: float = 0.1
        optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)

    run = w.run()
    run["config"] = dataclasses.asdict(Config())
    w.see("stored", lambda: run["config"])
    w.see("deep", lambda: run["config", "optimizer", "betas", 0])
    w.see("strict", lambda: run.__setitem__("raw", Config()))
    run.close()


@case("R19", "how progress may be reported")
def reporting(w: World) -> None:
    run = w.run()
    w.see("bare", run.report_progress)
    w.see("blocking", lambda: run.report_progress(expect_next_in=5, block=True))
    w.see("position", lambda: run.report_progress(5))
    w.see("finish", run.report_successful_finish)
    w.see("finish again", lambda: run.report_successful_finish(block=True))
    w.see("old name", lambda: run.report_expected_in)
    run.close()
    w.see("after close", run.report_progress)
