"""`Repo` as Aim's users know it: places, lists, queries, deletion, copies."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from aim_compat.objects import Text
from aim_compat.repo import Repo, get_repo
from aim_compat.run import Run
from aim_compat.types import QueryReportMode, RepoStatus

QUIET: dict[str, Any] = {"system_tracking_interval": None, "capture_terminal_logs": False}
OFF = QueryReportMode.DISABLED


@pytest.fixture
def three(tmp_path: Path) -> list[Run]:
    made = []
    for number in range(3):
        run = Run(repo=tmp_path, experiment="E", **QUIET)
        run["i"] = number
        run.name = f"n{number}"
        for name in ("a", "b"):
            run.track(float(number), name=name, step=5)
        run.close()
        made.append(run)
    return made


def numbers(collections: Any) -> list[int]:
    return [collection.run["i"] for collection in collections]


def test_a_repository_is_made_and_removed(tmp_path: Path):
    assert not Repo.exists(tmp_path)
    assert Repo.check_repo_status(tmp_path) is RepoStatus.MISSING
    for opening in (Repo, Repo.from_path):
        with pytest.raises(RuntimeError, match="Cannot find repository"):
            opening(str(tmp_path))
    repo = Repo.from_path(str(tmp_path), init=True)
    assert Repo.exists(str(tmp_path / ".aim"))
    assert (repo.path, repo.root_path) == (str(tmp_path / ".matyan"), str(tmp_path))
    assert Repo.from_path(str(tmp_path / ".aim")) is repo
    assert Repo(str(tmp_path)) is not repo
    assert Repo(str(tmp_path)) == repo
    assert hash(repo) == hash(repo.path)
    assert (Repo.get_version(tmp_path), repo.is_remote_repo) == ((1, 3), False)
    with pytest.raises(NotImplementedError):
        Repo.from_path(str(tmp_path / "q"), read_only=True)
    Repo.rm(str(tmp_path))
    assert not Repo.exists(tmp_path)
    with pytest.raises(FileNotFoundError):
        Repo.rm(str(tmp_path))


def test_the_pool_lets_go(tmp_path: Path):
    Repo.from_path(tmp_path, init=True)
    gc.collect()
    assert str(tmp_path / ".matyan") not in Repo._pool


def test_default_repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Repo.default_repo_path() == str(tmp_path)
    with pytest.raises(RuntimeError):
        Repo.default_repo()
    assert Repo.default_repo(init=True).root_path == str(tmp_path)
    assert get_repo(None).root_path == str(tmp_path)
    with pytest.raises(TypeError, match="a path or a Repo"):
        get_repo(3)


def test_lists_and_their_order(three: list[Run], tmp_path: Path):
    repo = Repo(tmp_path)
    hashes = [run.hash for run in three]
    assert sorted(repo.list_all_runs()) == sorted(hashes)
    assert [run.hash for run in repo.iter_runs()] == sorted(hashes)
    assert all(run.read_only for run in repo.iter_runs())
    assert [run["i"] for run in repo.iter_runs_from_cache()] == [2, 1, 0]
    assert repo.total_runs_count() == 3
    assert (repo.run_exists(hashes[0]), repo.run_exists("x")) == (True, False)
    found = repo.get_run(hashes[0])
    assert found is not None
    assert found["i"] == 0
    assert (repo.get_run("x"), repo.get_run(None), repo.get_run(hashes[0][:8])) == (None,) * 3
    assert (repo.list_active_runs(), repo.list_corrupted_runs()) == ([], [])


def test_queries_of_runs(three: list[Run], tmp_path: Path):
    repo = Repo(tmp_path)
    query = repo.query_runs("run.i >= 1", report_mode=OFF)
    assert numbers(query.iter_runs()) == [2, 1]
    assert numbers(query.iter_runs()) == [2, 1]
    assert [sequence.name for sequence in query] == ["a", "b", "a", "b"]
    after = repo.query_runs("", paginated=True, offset=three[2].hash, report_mode=OFF)
    assert numbers(after.iter_runs()) == [1, 0]
    three[0].archived = True
    assert numbers(repo.query_runs("", report_mode=OFF).iter_runs()) == [2, 1]
    assert len(list(repo.iter_runs())) == 3
    with pytest.raises(SyntaxError):
        repo.query_runs("run.i =")


def test_queries_of_metrics(three: list[Run], tmp_path: Path):
    repo = Repo(tmp_path)
    query = repo.query_metrics('metric.name == "a" and run.i != 1', report_mode=OFF)
    assert [(metric.name, metric.run["i"]) for metric in query] == [("a", 2), ("a", 0)]
    assert [(c.run["i"], [m.name for m in c]) for c in query.iter_runs()] == [
        (2, ["a"]),
        (0, ["a"]),
    ]
    nothing = repo.query_metrics('metric.name == "zz"', report_mode=OFF)
    assert [list(collection) for collection in nothing.iter_runs()] == [[], [], []]
    broken = repo.query_metrics("metric.name =", report_mode=OFF)
    with pytest.raises(SyntaxError):
        list(broken)


def test_progress(three: list[Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    repo = Repo(tmp_path)
    pairs = repo.query_runs("run.i == 1", report_mode=QueryReportMode.PROGRESS_TUPLE).iter_runs()
    found = list(pairs)
    assert found[-1][1] == (3, 3)
    assert [done for _, (done, _) in found] == sorted({done for _, (done, _) in found})
    assert [c.run["i"] for c, _ in found if c is not None] == [1]
    none = repo.query_runs("run.i == 9", report_mode=QueryReportMode.PROGRESS_TUPLE).iter_runs()
    assert list(none) == [(None, (1, 3)), (None, (2, 3)), (None, (3, 3))]
    pytest.importorskip("tqdm")
    list(repo.query_metrics("").iter_runs())
    assert "3/3" in capsys.readouterr().err


def test_a_run_from_a_query_sees_later_writes_of_this_process(three: list[Run], tmp_path: Path):
    found = Repo(tmp_path).get_run(three[0].hash)
    assert found is not None
    assert (found["i"], found.name) == (0, "n0")
    again = Run(three[0].hash, repo=tmp_path, **QUIET)
    again["i"] = 7
    again.name = "new"
    again.track(1.0, name="c")
    assert (found["i"], found.name) == (7, "new")
    assert [metric.name for metric in found.metrics()] == ["a", "b", "c"]
    again.close()


def test_overviews(tmp_path: Path):
    repo = Repo.from_path(tmp_path, init=True)
    assert repo.collect_params_info() == {}
    run = Run(repo=repo, **QUIET)
    run["hp"] = {"lr": 0.1, "l": [1]}
    run.track(1.0, name="m", context={"s": "a"})
    run.track(1.0, name="m", context={"s": "b"})
    run.track(Text("x"), name="t")
    run.close()
    assert repo.collect_params_info() == {
        "hp": {
            "lr": {"__example_type__": "<class 'float'>"},
            "l": {
                "__example_type__": "<class 'list'>",
                0: {"__example_type__": "<class 'int'>"},
            },
        }
    }
    info = repo.collect_sequence_info(("metric", "texts", "images"))
    assert sorted(context["s"] for context in info["metric"]["m"]) == ["a", "b"]
    assert (info["texts"], info["images"]) == ({"t": [{}]}, {})
    with pytest.raises(ValueError, match="not a valid Sequence"):
        repo.collect_sequence_info("zz")
    assert "log_records" in repo.available_sequence_types()


def test_deletion_reports_success_as_aim_does(three: list[Run], tmp_path: Path):
    repo = Repo(tmp_path)
    assert repo.delete_run(three[0].hash) is True
    assert repo.delete_run("nope") is True
    assert repo.delete_run(None) is False  # type: ignore[arg-type]  # as in Aim
    assert repo.delete_runs([three[1].hash, "nope"]) == (True, [])
    assert repo.list_all_runs() == [three[2].hash]
    experiment = repo.structured_db.experiments()[0]
    assert [entry.hash for entry in experiment.runs] == [three[2].hash]
    assert repo.delete_experiment("nope") is True
    assert repo.delete_experiment(experiment.uuid) is True
    assert repo.list_all_runs() == []


def test_copies_hold_everything(tmp_path: Path):
    numpy = pytest.importorskip("numpy")
    from aim_compat.objects import Image

    source = Repo.from_path(tmp_path / "from", init=True)
    target = Repo.from_path(tmp_path / "to", init=True)
    run = Run(repo=source, experiment="E", **QUIET)
    run.name = "n"
    run.add_tag("t")
    run["p"] = {"a": [1, {2: b"x"}], "text": Text("inside")}
    for step in range(3):
        run.track(step, name="m", step=step, epoch=step, context={"s": 1})
    run.track([Image(numpy.full((2, 3), 7, "uint8"), caption="c")], name="im")
    run.log_info("hello", a=1)
    run.close()
    assert source.copy_runs([run.hash, "nope"], target) == (False, ["nope"])
    copy = target.get_run(run.hash)
    assert copy is not None
    assert (copy.name, copy.experiment, copy.tags) == ("n", "E", ["t"])
    assert (copy.created_at, copy.finalized_at) == (run.created_at, run.finalized_at)
    assert copy["p", "a"] == [1, {2: b"x"}]
    assert copy["p", "text"].data == "inside"
    metrics = [(r.get_metric("m", {"s": 1})) for r in (run, copy)]  # type: ignore[arg-type]  # dicts are accepted too
    assert metrics[0] is not None
    assert metrics[1] is not None
    assert metrics[0].data.items_list() == metrics[1].data.items_list()
    images = copy.get_image_sequence("im", {})  # type: ignore[arg-type]  # as above
    assert images is not None
    Repo.rm(tmp_path / "from")
    assert images.values.first_value()[0].to_pil_image().size == (3, 2)
    records = copy.get_log_records()
    assert records is not None
    assert records.values[0].json()["args"] == {"a": 1}


def test_moves_leave_nothing_behind(three: list[Run], tmp_path: Path):
    source, target = Repo(tmp_path), Repo.from_path(tmp_path / "to", init=True)
    assert source.move_runs([three[0].hash], target) == (True, [])
    assert source.move_runs([three[1].hash], source) == (True, [])
    assert target.list_all_runs() == [three[0].hash]
    assert sorted(source.list_all_runs()) == sorted([three[1].hash, three[2].hash])


def test_frames_of_queries(three: list[Run], tmp_path: Path):
    pytest.importorskip("pandas")
    repo = Repo(tmp_path)
    runs = repo.query_runs("", report_mode=OFF).dataframe()
    assert runs is not None
    assert runs["name"].tolist() == ["n2", "n1", "n0"]
    assert runs["i"].tolist() == [2, 1, 0]
    metrics = repo.query_metrics('metric.name == "a"', report_mode=OFF).dataframe(only_last=True)
    assert metrics is not None
    assert metrics["value"].tolist() == [2.0, 1.0, 0.0]
    assert metrics.index.tolist() == [0, 0, 0]
    assert repo.query_runs("run.i == 9", report_mode=OFF).dataframe() is None
