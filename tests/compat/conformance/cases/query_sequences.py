"""AimQL: properties of runs, metrics of runs, and sequences with their contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import case
from conformance.mixture import see_found

if TYPE_CHECKING:
    from conformance.world import World


@case("A01", "names, experiments and tags", priority="A")
def labels(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.name == 'My Run'",
        "run.name in ['second', 'x']",
        "run.name.startswith('My')",
        "run.name[:2] == 'se'",
        "'Run' in run.name",
        "run.name > 1",
        "len(run.name) == 6",
        "run.experiment == 'default'",
        "run.experiment != 'exp-1'",
        "run.experiment.split('-')[0] == 'exp'",
        "run.description == 'words here'",
        "run.description == None",
        "not run.description",
        "'words' in run.description",
        "'prod' in run.tags",
        "'prod' not in run.tags",
        "run.tags == ['prod', 'v2']",
        "run.tags == []",
        "not run.tags",
        "run.tags[0] == 'dev'",
        "run.tags[-1] == 'v2'",
        "len(run.tags) == 2",
        "any(t.startswith('v') for t in run.tags)",
        "set(run.tags) & {'dev', 'prod'}",
        "sorted(run.tags) == ['prod', 'v2']",
        "run.tags[9] == 1",
        "run.tags.nope == None",
        "run.active",
        "run.active == False",
        "run.hash == None",
        "len(run.hash) == 24",
        "run.hash in ['x']",
    )


@case("Q07", "archived runs, wherever the words stand", priority="A")
def archived(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.archived",
        "not run.archived",
        "run.archived == True",
        "run.archived == False",
        "run.archived is True",
        "run.archived in [True, False]",
        "run.i >= 0 and run.archived",
        "run.i == 0 or run.archived",
        "'run.archived' != ''",
        "run['archived'] == None",
        "run .archived == True",
        "run.i >= 0",
    )


@case("A03", "summaries of metrics", priority="A")
def summaries(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.metrics['loss', {'subset': 'train'}].last == 2",
        "run.metrics['loss', {'subset': 'train'}].last < 1",
        "run.metrics['loss', {'subset': 'train'}].first == 3",
        "run.metrics['loss', {'subset': 'train'}].min == 1",
        "run.metrics['loss', {'subset': 'train'}].max == 3",
        "run.metrics['loss', {'subset': 'train'}].last_step == 6",
        "run.metrics['loss', {'subset': 'train'}].first_step == 5",
        "run.metrics['loss', {'fold': 1, 'subset': 'val'}].last == 2",
        "run.metrics['loss', {'subset': 'val'}].last == 2",
        "run.metrics['loss'].last == 2",
        "run.metrics['loss', {}].last == 2",
        "run.metrics['acc'].last == 7",
        "run.metrics['acc'].last_step == 20",
        "run.metrics['acc'].dtype == 'int'",
        "run.metrics['loss'].dtype == 'float'",
        "run.metrics['acc'].version == 2",
        "run.metrics['acc'].nope == None",
        "run.metrics['acc'].last.nope == None",
        "run.metrics['acc']['last'] == 7",
        "run.metrics['acc'].get('last') == 7",
        "run.metrics['acc'].last + 1 == 8",
        "run.metrics['acc'].last > 'a'",
        "run.metrics['loss'].last < run.metrics['loss'].first",
        "run.metrics['zz'].last > 1",
        "run.metrics['zz'].last != 1",
        "run.metrics['zz'] == None",
        "not run.metrics['zz'].last",
        "run.metrics['loss', {'subset': 'val', 'fold': 1}].last == 2",
        "run.metrics['loss', {'fold': 1.0, 'subset': 'val'}].last == 2",
        "run.metrics['loss', 'train'].last == 2",
        "run.metrics['loss', None].last == 2",
        "run.metrics.loss.last == 2",
    )


@case("A03", "objects among the metrics of a run", priority="C")
def object_summaries(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.metrics['tx'].first_step == 0",
        "run.metrics['tx'].last_step == 0",
        "run.metrics['tx'].version == 1",
        "run.metrics['tx'].dtype == 'aim.text'",
        "run.metrics['tx'].min == None",
        "run.metrics['tx'].last != None",
        "run.metrics['im', {'s': 1}].dtype == 'aim.image'",
    )


@case("A04", "names and contexts of metrics", priority="A")
def contexts(w: World) -> None:
    see_found(
        w,
        "metrics",
        "metric.name == 'loss' and metric.context.subset == 'train'",
        "metric.name == 'loss' and metric.context.subset != 'train'",
        "metric.context.subset in ['train', 'val']",
        "metric.context['subset'] == 'val'",
        "metric.context.fold == 1",
        "metric.context.fold > 'a'",
        "metric.context.fold + 1 == 2",
        "metric.context.nested.a == 1",
        "metric.context['nested']['a'] == 1",
        "metric.context.nested == {'a': 1}",
        "metric.context.b == True",
        "metric.context.l == [1, 2]",
        "2 in metric.context.l",
        "metric.context == {'subset': 'train'}",
        "metric.context == {'fold': 1, 'subset': 'val'}",
        "metric.context != {'subset': 'train'}",
        "metric.context == {}",
        "metric.context == None",
        "not metric.context",
        "len(metric.context) == 2",
        "'subset' in metric.context",
        "'subset' not in metric.context",
        "list(metric.context) == ['subset']",
        "str(metric.context) == \"{'subset': 'train'}\"",
        "metric.context.nope",
        "metric.context.subset.nope == None",
        "metric.context < 1",
    )


@case("A04", "values of metrics", priority="A")
def values(w: World) -> None:
    see_found(
        w,
        "metrics",
        "metric.last == 2",
        "metric.last < 1",
        "metric.first > metric.last",
        "metric.min == metric.max",
        "metric.max >= 9",
        "metric.last_step == 20",
        "metric.first_step == 5",
        "metric.last_step - metric.first_step == 2",
        "metric.dtype == 'int'",
        "metric.dtype == 'float'",
        "metric.version == 2",
        "metric.last > 'a'",
        "metric.last + 1 == 8",
        "metric.nope == None",
        "metric.nope > 1",
        "metric.nope.x == None",
        "metric.values",
        "metric.name.startswith('ac')",
        "metric.name.upper() == 'ACC'",
        "metric.name[0] == 'd'",
        "metric.name in 'acc deep'",
        "len(metric.name) == 3",
        "metric.name > 1",
        "metric.name.nope == None",
    )


@case("A04", "metrics and their runs together", priority="A")
def together(w: World) -> None:
    see_found(
        w,
        "metrics",
        "run.i == 1",
        "metric.run.i == 1",
        "run.i == 0 and metric.name == 'acc'",
        "metric.name == 'acc' and run.i == 0",
        "run.i == 1 or metric.name == 'acc'",
        "(run.i == 0 or run.i == 3) and metric.name == 'loss'",
        "run.hparams.lr == 0.1 and metric.context.subset == 'val'",
        "run.hparams.lr == metric.context.fold / 10",
        "run.experiment == 'exp-2' and metric.last < 1",
        "'dev' in run.tags and metric.name == 'loss'",
        "run.metrics['acc'].last == 7 and metric.name == 'acc'",
        "run.archived and metric.name == 'loss'",
        "run.archived in [True, False] and metric.context.subset in ['test', 'train']",
        "not metric.name == 'loss'",
        "not run.i == 0",
        "metric.name == 'loss' and metric.context.subset == 'train' and run.a == -4",
        "run.nope == None and metric.name == 'acc'",
        "run.nope.x == None and metric.name == 'acc'",
        "foo or metric.name == 'acc'",
        "metric.name == 'acc' or foo",
        "1 / 0 or metric.name == 'acc'",
        "metric.run.hparams.lr == 0.01",
        "metric.run['hparams', 'lr'] == 0.01",
    )


@case("A04", "images and texts", priority="B")
def objects(w: World) -> None:
    see_found(
        w,
        "texts",
        "",
        "texts.name == 'tx'",
        "texts.context.subset == 'train'",
        "texts.context == {}",
        "texts.version == 1",
        "texts.dtype == 'aim.text'",
        "texts.first_step == 0",
        "texts.nope == None",
        "texts.min == None",
        "texts.last",
        "texts.run.i == 0",
        "run.a == 3 and texts.name == 'tx2'",
        "text.name == 'tx'",
        "metric.name == 'tx'",
        "run.i == 1",
    )


@case("Q06", "when a malformed query is noticed", priority="B")
def noticed(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="m")
        del run
    w.sync()
    repo = w.repo
    off = w.sub("aim.sdk.types").QueryReportMode.DISABLED
    for text in ("run.a =", "run.__class__", "exec('1')"):
        w.see(f"runs, built: {text}", lambda t=text: repo.query_runs(t, report_mode=off) and None)
        w.see(
            f"metrics, built: {text}",
            lambda t=text: type(repo.query_metrics(t, report_mode=off)).__name__,
        )
        w.see(
            f"metrics, iterated: {text}",
            lambda t=text: list(repo.query_metrics(t, report_mode=off)),
        )
        w.see(
            f"metrics, by runs: {text}",
            lambda t=text: list(repo.query_metrics(t, report_mode=off).iter_runs()),
        )
