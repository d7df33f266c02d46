"""`Repo`: listing, querying, aggregating and deleting what several runs wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matyan_client import Repo, Run, Text
from matyan_client.exceptions import InvalidInputError, QueryError, QuerySyntaxError, RepoError

QUIET: dict[str, Any] = {"capture_terminal_logs": False}


@pytest.fixture
def repo(place: Path | str) -> Repo:
    for i in range(5):
        with Run(f"r{i}", repo=place, experiment=f"e{i % 2}", **QUIET) as run:
            run["hparams"] = {"lr": 10.0**-i, "bs": i, "opt": {"name": "adam" if i else "sgd"}}
            run.add_tag("odd" if i % 2 else "even")
            for subset in ("train", "val"):
                for step in range(3):
                    run.track(float(i * step), name="loss", context={"subset": subset})
            if i == 3:
                run.track(Text("t"), name="note")
            run.archived = i == 4
    return Repo(place)


def hashes(found: list[dict[str, Any]]) -> list[str]:
    return [info["hash"] for info in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["r3", "r2", "r1", "r0"]),
        ("run.hparams.lr < 0.05", ["r3", "r2"]),
        ("run.hparams.lr >= 0.1 and run.experiment == 'e0'", ["r0"]),
        ("run.hparams.bs in [1, 3, 9]", ["r3", "r1"]),
        ("run.hparams.opt.name == 'sgd'", ["r0"]),
        ("'odd' in run.tags", ["r3", "r1"]),
        ("run.archived == True", ["r4"]),
        ("run.hash == 'r2'", ["r2"]),
        ("run.active", []),
        ("run.metrics['loss', {'subset': 'val'}].last > 3", ["r3", "r2"]),
        ("run.hparams.nope == 1", []),
    ],
)
def test_run_queries(repo: Repo, query: str, expected: list[str]) -> None:
    assert hashes(repo.query_runs(query)) == expected


def test_pages_hold_everything_once(repo: Repo) -> None:
    pages = list(repo.query_runs("", paginated=True, limit=3))
    assert [hashes(page) for page in pages] == [["r3", "r2", "r1"], ["r0"]]
    (page,) = repo.query_runs("", paginated=True, offset="r2")
    assert hashes(page) == ["r1", "r0"]
    with pytest.raises(InvalidInputError, match="limit"):
        repo.query_runs("", paginated=True, limit=0)


def test_infos_are_whole(repo: Repo) -> None:
    (info,) = repo.query_runs("run.hash == 'r3'")
    assert info["params"] == {"hparams": {"lr": 0.001, "bs": 3, "opt": {"name": "adam"}}}
    assert info["props"]["tags"] == [{"name": "odd"}]
    assert info["props"]["experiment"]["name"] == "e1"
    assert [t["name"] for t in info["traces"]["texts"]] == ["note"]
    assert [t["last_value"] for t in info["traces"]["metric"]] == [6.0, 6.0]


def test_sequence_queries(repo: Repo) -> None:
    found = repo.query_metrics("metric.context.subset == 'val' and run.hparams.bs > 1")
    assert hashes(found) == ["r3", "r2"]
    assert [t["context"] for t in found[0]["traces"]["metric"]] == [{"subset": "val"}]
    assert hashes(repo.query_texts("texts.name == 'note'")) == ["r3"]
    assert repo.query_images("") == []


def test_a_query_that_cannot_run_raises(repo: Repo) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        repo.query_runs("run.hparams.lr ==")
    assert "run.hparams.lr ==" in str(caught.value)
    with pytest.raises(SyntaxError):
        repo.query_metrics("metric.name = 'x'")
    with pytest.raises(QueryError):
        repo.query_runs("run.__class__")


def test_aggregates(repo: Repo) -> None:
    assert set(repo.collect_params_info()) == {f"r{i}" for i in range(5)}
    assert repo.collect_params_info()["r1"]["hparams"]["bs"] == 1
    info = repo.collect_sequence_info(("metric", "texts"))
    assert set(info) == {f"r{i}" for i in range(5)}
    assert [t["name"] for t in info["r3"]["texts"]] == ["note"]
    assert repo.collect_sequence_info("figures") == {}
    with pytest.raises(ValueError, match="zz"):
        repo.collect_sequence_info("zz")


def test_listing_and_deleting(repo: Repo) -> None:
    assert repo.list_all_runs() == [f"r{i}" for i in range(5)]
    assert repo.total_runs_count() == 5
    assert [info["hash"] for info in repo.iter_runs()] == ["r4", "r3", "r2", "r1", "r0"]
    assert repo.delete_run("r0")
    assert not repo.run_exists("r0")
    assert repo.get_run("r0") is None
    assert repo.query_runs("run.hparams.bs == 0") == []
    assert repo.delete_experiment("e1")
    assert not repo.delete_experiment("e1")
    run = repo.get_run("r1")
    assert run is not None
    assert run.experiment is None
    with Run("r0", repo=repo, **QUIET) as again:
        again["new"] = 1
    assert repo.collect_params_info()["r0"] == {"new": 1}


def test_removing_what_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(RepoError, match="no repository"):
        Repo.remove(tmp_path / "nothing")


def test_iteration_is_safe_from_writes_in_between(repo: Repo) -> None:
    seen = []
    for info in repo.iter_runs():
        seen.append(info["hash"])
        Run(repo=repo, **QUIET).close()
    assert seen == ["r4", "r3", "r2", "r1", "r0"]


def test_the_index_and_evaluation_agree_about_odd_params(place: Path | str) -> None:
    with Run("r", repo=place, **QUIET) as run:
        run["t"] = Text("hello")
        run["map"] = {1: "one", "s": "x", "deep": {"v": 5}}
        run["huge"] = 2**5000
        run["long"] = "y" * 5000
        run["flag"] = True
    repo = Repo(place)
    for text in (
        "run.map.s == 'x'",
        "run.map.deep.v >= 5",
        "run.huge > 10",
        f"run.long == '{'y' * 5000}'",
        "run.long < 'z'",
        "run.flag == 1",
        "run.flag == True",
    ):
        assert hashes(repo.query_runs(text)) == hashes(repo.query_runs(f"{text} or False")) == ["r"]
