"""AimQL: expressions with the number of matches that Aim 3.29.1 was observed to give."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from aim_compat.objects import Text
from aim_compat.repo import Repo
from aim_compat.run import Run
from aim_compat.types import QueryReportMode

QUIET: dict[str, Any] = {"system_tracking_interval": None, "capture_terminal_logs": False}
OFF = QueryReportMode.DISABLED


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    path: Path = tmp_path_factory.mktemp("aimql")
    run = Run(repo=path, experiment="exp-1", **QUIET)
    run["hparams"] = {
        "lr": 0.1,
        "layers": [1, 2, 3],
        "opt": {"name": "Adam"},
        "flag": True,
        "none": None,
        "z": 0,
        "e": {},
        "ls": [{"a": 1}],
    }
    run["dotted.key"] = 5
    run["name"] = "param-name"
    run["s"] = "Hello World"
    run["a"] = 3
    run.name = "My Run"
    run.description = "words here"
    run.add_tag("prod")
    run.add_tag("v2")
    for step, value in enumerate([3, 1, 2]):
        run.track(float(value), name="loss", step=step, context={"subset": "train"})
        run.track(float(value), name="loss", step=step, context={"subset": "val", "fold": 1})
        run.track(float(-value), name="loss", step=step)
    run.track(5.0, name="acc", context={"nested": {"a": 1}})
    run.track(Text("t"), name="tx")
    run.close()
    return Repo.from_path(path)


def matching_runs(repo: Repo, query: str) -> int:
    return len(list(repo.query_runs(query, report_mode=OFF).iter_runs()))


@pytest.mark.parametrize(
    "query",
    """
    run.hparams.lr == 0.1
    run["hparams", "lr"] == 0.1
    run["hparams"]["lr"] == 0.1
    run.hparams["opt"].name == "Adam"
    run["dotted.key"] == 5
    run.hparams.layers == [1, 2, 3]
    run.hparams.layers[1] == 2
    2 in run.hparams.layers
    run.hparams.ls[0].a == 1
    "lr" in run.hparams
    run.hparams.flag
    run.hparams.none == None
    run.hparams.e == {}
    run.hparams.get("lr") == 0.1
    run.get("hparams") != None
    run.nope == None
    run.nope != 1
    not run.nope
    run.nope or True
    run.nope > 3 or True
    run.nope in [None]
    run.hparams.nope != 1
    not run.hparams.nope
    run["nope"] == None
    run["a", "b"] == None
    run["hparams", "nope"] == None
    run.hparams.lr > "a" or True
    run.name == "My Run"
    run.name.startswith("My")
    run["name"] == "param-name"
    run.experiment == "exp-1"
    run.description == "words here"
    run.tags == ["prod", "v2"]
    "prod" in run.tags
    any(t == "v2" for t in run.tags)
    run.active == False
    run.duration < 100
    run.archived == False
    run.finalized_at != None
    run.is_archived == None
    run.created_at >= datetime(2020, 1, 1)
    run.created_at > datetime.now() - timedelta(days=2)
    run.finalized_at - run.created_at < timedelta(hours=1)
    run.updated_at != None
    run.metrics["loss"].last == -2
    run.metrics["loss", {"subset": "train"}].min < 1.5
    run.metrics["acc"] == None
    run.metrics["acc", {"nested": {"a": 1}}].version == 2
    run.metrics["loss"].first_step == 0
    1 < run.a < 5
    isinstance(run.a, int)
    "%s" % run.a == "3"
    len(run.s) == 11
    run.s.lower() == "hello world"
    run.s[0:5] == "Hello"
    SELECT run IF run.a == 3
    """.strip().splitlines(),
)
def test_true_of_the_run(repo: Repo, query: str):
    assert matching_runs(repo, query.strip()) == 1


@pytest.mark.parametrize(
    "query",
    """
    run["hparams.lr"] == 0.1
    run.hparams.z
    run.nope == 1
    run.nope > 1
    run.nope < 1
    run.nope.deep == None
    run.nope is None
    run.hparams.nope == None
    run.hparams.nope == 1
    run.hparams.nope > 1
    "x" in run.hparams.nope
    run.hparams.lr == "0.1"
    1 in run.nope
    len(run.nope) == 0
    run.nope + 1 == 2
    run.active
    run.created_at > "2020"
    run.metrics["acc"].last == 5
    run.metrics["zz"].last == None
    run.metrics["zz"].last > 1
    run.metrics["loss"]
    run.metrics.loss.last == 2
    run.archived
    metric.name == "loss"
    1/0
    """.strip().splitlines(),
)
def test_not_true_of_the_run(repo: Repo, query: str):
    assert matching_runs(repo, query.strip()) == 0


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ('metric.name in ("loss", "acc")', 4),
        ('metric.context.subset == "train"', 1),
        ('metric.context == {"subset": "train"}', 1),
        ("metric.context == {}", 1),
        ("metric.context.subset == None", 0),
        ('metric.context.subset != "train"', 1),
        ("metric.context.nested.a == 1", 1),
        ('metric.context.get("subset") == "val"', 0),
        ('"subset" in metric.context', 2),
        ("metric.last == 2", 2),
        ("metric.last_step == 2", 3),
        ("metric.first == 3", 2),
        ("metric.nope == None", 4),
        ("metric.run.a == 3", 4),
        ('run.a == 3 and metric.name == "acc"', 1),
        ('run.a == 9 or metric.name == "acc"', 1),
        ('not metric.name == "loss"', 1),
        ("metric", 4),
        ("metric.values", 0),
        ('images.name == "x"', 0),
        ('metric.name == "loss" if run.a == 3 else False', 3),
    ],
)
def test_metrics(repo: Repo, query: str, count: int):
    assert len(list(repo.query_metrics(query, report_mode=OFF))) == count


def test_other_sequences_go_by_the_name_of_their_kind(repo: Repo):
    def names(query: str) -> list[str]:
        return [sequence.name for sequence in repo.query_texts(query, report_mode=OFF)]

    assert names('texts.name == "tx"') == ["tx"]
    assert names('texts.dtype == "aim.text" and texts.last != None') == ["tx"]
    assert names('text.name == "tx"') == []


def test_runs_that_fail_their_part_are_not_listed(repo: Repo):
    def listed(query: str) -> int:
        return len(list(repo.query_metrics(query, report_mode=OFF).iter_runs()))

    assert listed('run.a == 3 and metric.name == "zz"') == 1
    assert listed('run.a == 9 and metric.name == "loss"') == 0


@pytest.mark.parametrize("query", ["run.a =", "import os", "run._model", 'exec("1")', "("])
def test_what_is_malformed_or_refused_is_a_syntax_error(repo: Repo, query: str):
    with pytest.raises(SyntaxError):
        repo.query_runs(query)
    with pytest.raises(SyntaxError):
        list(repo.query_metrics(query, report_mode=OFF))


def test_errors_of_evaluation_are_logged(repo: Repo, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, logger="aim.storage.query"):
        matching_runs(repo, "foo == 1")
    assert caplog.messages == ["query failed, name 'foo' is not defined"]


def test_archived_runs_are_found_by_mention(tmp_path: Path):
    for number in range(2):
        run = Run(repo=tmp_path, **QUIET)
        run["i"] = number
        run.archived = bool(number)
        run.close()
    repo = Repo(tmp_path)
    for query, wanted in {
        "": [0],
        "run.i >= 0": [0],
        "run.archived": [1],
        "run.archived in [True, False]": [1, 0],
        "run.i >= 0 or run.archived": [1, 0],
        "not run.archived": [0],
        '"run.archived" != ""': [1, 0],
    }.items():
        found = repo.query_runs(query, report_mode=OFF).iter_runs()
        assert [collection.run["i"] for collection in found] == wanted


def test_objects_among_params_are_found_through_the_index(tmp_path: Path) -> None:
    run = Run(repo=str(tmp_path), system_tracking_interval=None, capture_terminal_logs=False)
    run["t"] = Text("hello")
    run.close()
    repo = Repo.from_path(str(tmp_path))
    for text in ("run.t.data == 'hello'", "run.t.data == 'hello' or False"):
        assert (
            len(list(repo.query_runs(text, report_mode=QueryReportMode.DISABLED).iter_runs())) == 1
        ), text
