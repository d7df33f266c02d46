"""AimQL: how many runs or metrics an expression finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def count_all(w: World, kind: str, *expressions: str) -> None:
    for expression in expressions:
        w.see(expression or "(empty)", lambda e=expression: w.count(kind, e))


def one_run(w: World) -> None:
    with w.writing(experiment="exp-1") as run:
        run["hparams"] = {
            "lr": 0.1,
            "layers": [1, 2, 3],
            "opt": {"name": "Adam"},
            "flag": True,
            "none": None,
            "z": 0,
        }
        run["dotted.key"] = 5
        run["name"] = "param-name"
        run["date"] = "2024-01-01"
        run["batch"] = 64
        run.name = "My Run"
        run.description = "words here"
        run.add_tag("prod")
        run.add_tag("v2")
        for step, value in enumerate([3.0, 1.0, 2.0]):
            run.track(value, name="loss", step=step, context={"subset": "train"})
        for step, value in enumerate([5.0, 9.0, 7.0]):
            run.track(value, name="acc", step=step)
        run.track(w.aim.Text("t"), name="tx")
        del run
    w.sync()


@case("U37", "shapes seen in documentation", priority="A")
def documented(w: World) -> None:
    one_run(w)
    count_all(
        w,
        "runs",
        "run.hparams.lr > 1e-4 and run.batch > 32",
        "run.hparams.lr in [0.1, 0.2]",
        "run.metrics['acc'].last > 2.5",
        "run.metrics['acc', {}].last > 2.5",
        "run.metrics['loss', {'subset': 'train'}].last == 2",
        "run.metrics['loss', {'subset': 'val'}].last == 2",
        "run.duration < 1000",
        "run.finalized_at > datetime(2022, 2, 2)",
        "run.created_at >= datetime(2020, 1, 1)",
        "run.created_at < datetime(2020, 1, 1)",
        "datetime(2020, 1, 1) < run.created_at < datetime(2200, 1, 1)",
        "run.created_at.year >= 2020 and run.created_at.month in range(1, 13)",
        "run.created_at > datetime.now() - timedelta(days=2)",
        'run.created_at.strftime("%Y") > "2019"',
        "run.finalized_at - run.created_at < timedelta(hours=1)",
        'run["__system_params", "git_info", "branch"] == "main"',
        "SELECT run IF run.batch == 64",
        "select run if run.batch == 1",
        "run.archived in [True, False]",
        '"prod" in run.tags',
        '"zz" in run.tags',
        'any(t == "v2" for t in run.tags)',
        'run.experiment == "exp-1" and run.name == "My Run"',
        "run.active",
        "not run.active",
    )


@case("A01", "parameters", priority="A")
def parameters(w: World) -> None:
    one_run(w)
    count_all(
        w,
        "runs",
        "run.hparams.lr == 0.1",
        'run["hparams", "lr"] == 0.1',
        'run["hparams"]["lr"] == 0.1',
        'run["hparams.lr"] == 0.1',
        'run.hparams["opt"].name == "Adam"',
        'run["dotted.key"] == 5',
        "run.hparams.layers == [1, 2, 3]",
        "run.hparams.layers[1] == 2",
        "2 in run.hparams.layers",
        "len(run.hparams.layers) == 3",
        '"lr" in run.hparams',
        "run.hparams.flag",
        "run.hparams.flag == True",
        "run.hparams.none == None",
        "run.hparams.z == 0",
        "run.hparams.z",
        'run.hparams.get("lr") == 0.1',
        'run.get("hparams") != None',
        "run.hparams.flag is True",
        "run.hparams.none is None",
    )


@case("A01", "missing parameters", priority="A")
def missing_parameters(w: World) -> None:
    one_run(w)
    count_all(
        w,
        "runs",
        "run.nope == 1",
        "run.nope == None",
        "run.nope is None",
        "run.nope != 1",
        "run.nope > 1",
        "run.nope < 1",
        "run.nope.deep.er == None",
        "run.nope.deep == 1",
        "not run.nope",
        "run.nope or True",
        "run.hparams.nope == None",
        "run.hparams.nope == 1",
        "run.hparams.nope != 1",
        "run.hparams.nope > 1",
        "run.hparams.nope is None",
        "not run.hparams.nope",
        '"x" in run.hparams.nope',
        "run.hparams.nope.x == None",
        'run["nope"] == None',
        'run["a", "b"] == None',
        "run.hparams.lr.x == None",
        "1 in run.nope",
        "len(run.nope) == 0",
        "run.nope + 1 == 2",
        'run.hparams.lr > "a"',
        'run.hparams.lr == "0.1"',
    )


@case("A01", "properties of runs", priority="A")
def run_properties(w: World) -> None:
    one_run(w)
    count_all(
        w,
        "runs",
        'run.name == "My Run"',
        'run.name.startswith("My")',
        '"Run" in run.name',
        'run.name.lower() == "my run"',
        'run["name"] == "param-name"',
        'run.experiment == "exp-1"',
        'run.experiment.startswith("exp")',
        'run.description == "words here"',
        'run.tags == ["prod", "v2"]',
        '[t for t in run.tags if t == "v2"]',
        'run.tags[0] == "prod"',
        "run.active == False",
        "run.archived == False",
        "run.end_time > 0",
        "run.finalized_at != None",
        "run.creation_time > 1600000000",
        "run.is_archived == None",
        "run.id == None",
        'run.date > "2023-01"',
        "len(run.hash) > 20",
    )


@case("A03", "metrics of runs", priority="A")
def metrics_of_runs(w: World) -> None:
    one_run(w)
    count_all(
        w,
        "runs",
        'run.metrics["acc"].last == 7',
        'run.metrics["acc"].min == 5',
        'run.metrics["acc"].max == 9',
        'run.metrics["acc"].first == 5',
        'run.metrics["acc"].last_step == 2',
        'run.metrics["acc"].first_step == 0',
        'run.metrics["loss", {"subset": "train"}].min < 1.5',
        'run.metrics["loss"].last == 2',
        'run.metrics["loss"].last == None',
        'run.metrics["loss"] == None',
        'run.metrics["acc"].nope == None',
        'run.metrics["zz"].last > 1',
        'run.metrics["zz"].last == None',
        'run.metrics["zz"]',
    )


@case("A04", "metrics", priority="A")
def metrics(w: World) -> None:
    with w.writing(experiment="e") as run:
        run["lr"] = 0.1
        for context in ({"subset": "train"}, {"subset": "val", "fold": 1}, {}):
            for step, value in enumerate([3.0, 1.0, 2.0]):
                run.track(value, name="loss", step=step, context=context)
        run.track(5, name="acc", context={"nested": {"a": 1}})
        del run
    w.sync()
    count_all(
        w,
        "metrics",
        "",
        'metric.name == "loss"',
        'metric.name in ("loss", "acc")',
        'metric.name.startswith("lo")',
        'metric.context.subset == "train"',
        'metric.context["subset"] == "train"',
        'metric.context == {"subset": "train"}',
        "metric.context == {}",
        "metric.context.subset == None",
        'metric.context.subset != "train"',
        "metric.context.fold > 0",
        "metric.context.nested.a == 1",
        '"subset" in metric.context',
        "metric.last == 2",
        'metric.last < 3 and metric.name == "loss"',
        "metric.last >= 15",
        "metric.last_step == 2",
        "metric.min == 1",
        "metric.max == 3",
        "metric.first == 3",
        "metric.nope == None",
        "metric.run.lr == 0.1",
        'run.lr == 0.1 and metric.name == "acc"',
        'run.lr == 0.1 or metric.name == "zz"',
        'run.lr == 9 or metric.name == "acc"',
        'not metric.name == "loss"',
        "metric.name",
        'images.name == "x"',
        'metric.name == "loss" if run.lr == 0.1 else False',
        "metric.context.is_training == True",
        'SELECT metric IF metric.name == "acc"',
    )


@case("A05", "the language", priority="B")
def language(w: World) -> None:
    with w.writing() as run:
        run["a"] = 3
        run["s"] = "Hello World"
        run["l"] = ["x", "y"]
        del run
    w.sync()
    count_all(
        w,
        "runs",
        "1 < run.a < 5",
        "run.a in [1, 2, 3]",
        "run.a not in (1, 2)",
        "run.a in {3}",
        "run.a ** 2 == 9",
        "run.a % 2 == 1",
        "run.a // 2 == 1",
        "-run.a == -3",
        "run.a / 2 == 1.5",
        "(run.a if run.a > 1 else 0) == 3",
        'any([x == "x" for x in run.l])',
        "all(len(x) == 1 for x in run.l)",
        '{x for x in run.l} == {"x", "y"}',
        'sorted(run.l)[0] == "x"',
        "sum([run.a, 1]) == 4",
        "min(run.a, 9) == 3",
        "max([1, run.a]) == 3",
        "abs(run.a) == 3",
        "round(2.6) == run.a",
        'int("3") == run.a',
        "float(run.a) == 3.0",
        'str(run.a) == "3"',
        "len(run.s) == 11",
        "isinstance(run.a, int)",
        '"World" in run.s',
        'f"{run.a}" == "3"',
        'run.a == 3 and run.s == "Hello World" or False',
        "not (run.a == 3)",
        "set([1]) == {1}",
        "list(range(3)) == [0, 1, 2]",
        "1/0",
        "foo",
        "0",
        "None",
        '"x"',
        "True",
    )


@case("A05", "string methods of parameters", priority="C")
def string_methods(w: World) -> None:
    with w.writing() as run:
        run["s"] = "Hello World"
        del run
    w.sync()
    count_all(
        w,
        "runs",
        'run.s.lower() == "hello world"',
        'run.s.endswith("d")',
        'run.s[0] == "H"',
        'run.s[0:5] == "Hello"',
        'run.s.startswith("Hello")',
    )


@case("A06", "falsy parameters", priority="B")
def falsy(w: World) -> None:
    with w.writing() as run:
        run["a"] = 0
        run["f"] = False
        run["e"] = {}
        run["el"] = []
        run["es"] = ""
        del run
    w.sync()
    count_all(
        w,
        "runs",
        "run.a == 0",
        "run.f == False",
        "not run.f",
        "run.e == {}",
        "not run.e",
        "run.el == []",
        'run.es == ""',
        "run.a != None",
        "run.a is False",
        "run.a <= 0",
        "run.a >= None",
        "run.el != [1]",
    )


@case("A07", "runs a query of metrics yields", priority="B")
def yielded_runs(w: World) -> None:
    for lr in (0.1, 0.2):
        with w.writing() as run:
            run["lr"] = lr
            run.track(1.0, name="m")
            del run
    w.sync()
    for expression in (
        'run.lr == 0.1 and metric.name == "m"',
        "run.lr == 0.1",
        'metric.name == "m"',
        'run.lr == 0.1 or metric.name == "zz"',
        'metric.name == "zz"',
        "run.lr == 9",
    ):
        w.see(
            f"runs {expression}", lambda e=expression: len(list(w.query("metrics", e).iter_runs()))
        )
        w.see(f"metrics {expression}", lambda e=expression: len(list(w.query("metrics", e))))


@case("Q06", "malformed queries", priority="A")
def malformed(w: World) -> None:
    one_run(w)
    for expression in (
        "run.a =",
        "run.a = 1",
        "import os",
        "run.a == 1;",
        "(",
        "run._model",
        "__import__('os')",
    ):
        w.see(f"runs {expression}", lambda e=expression: w.count("runs", e))
        w.see(f"metrics {expression}", lambda e=expression: w.count("metrics", e))
    w.see("runs None", lambda: w.count("runs", None))
    w.see("runs blank", lambda: w.count("runs", "   "))
    for expression in ("exec('1')", "eval('1')", "run.__class__", "().__class__.__bases__"):
        w.see(f"runs {expression}", lambda e=expression: w.count("runs", e))


@case("Q06", "queries Aim trips over", priority="C")
def tripped(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        run.track(1.0, name="m")
        del run
    w.sync()
    w.see("runs comment", lambda: w.count("runs", "run.a == 1 # c"))
    w.see("metrics blank", lambda: w.count("metrics", "   "))
    w.see(
        "metrics SELECT in lower case", lambda: w.count("metrics", "select metrics if run.a == 2")
    )


@case("Q07", "archived runs", priority="A")
def archived(w: World) -> None:
    for number in range(2):
        with w.writing() as run:
            run["i"] = number
            run.track(1.0, name="m")
            run.archived = bool(number)
            del run
    w.sync()
    for expression in (
        "",
        "run.i >= 0",
        "run.archived == True",
        "run.archived",
        "not run.archived",
        "run.archived in [True, False]",
        "run.i >= 0 or run.archived",
        '"run.archived" != ""',
    ):
        w.see(
            f"runs {expression}",
            lambda e=expression: [c.run["i"] for c in w.query("runs", e).iter_runs()],
        )
        w.see(
            f"metrics {expression}",
            lambda e=expression: [m.run["i"] for m in w.query("metrics", e)],
        )
    w.see("iter_runs", lambda: len(list(w.repo.iter_runs())))


@case("A04", "objects in queries", priority="B")
def objects(w: World) -> None:
    for number in range(3):
        with w.writing() as run:
            run["i"] = number
            run.track(
                w.aim.Image(np.zeros((2, 2), "uint8")), name=f"im{number}", context={"s": number}
            )
            run.track(w.aim.Text("x"), name="tx")
            del run
    w.sync()
    count_all(
        w,
        "images",
        'images.name == "im1"',
        "images.context.s >= 1",
        'run.i == 2 and images.name == "im2"',
        'run.i == 2 and images.name == "im1"',
        "run.i < 2",
        'metric.name == "im1"',
    )
    w.see("texts", lambda: w.count("texts", 'texts.name == "tx" and run.i > 0'))
