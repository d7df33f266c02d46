"""`Run` end to end on every backend: what is written comes back, bad input loses nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import logging
import math
import threading
from pathlib import Path
from typing import Any

import pytest

from matyan_client import Repo, Run, Text
from matyan_client.exceptions import (
    EmptyListError,
    InvalidInputError,
    InvalidTypeError,
    ReadOnlyRunError,
    RepoAccessError,
    RunNotFoundError,
)

QUIET: dict[str, Any] = {"capture_terminal_logs": False}


@pytest.fixture
def run(place: Path | str):
    with Run(repo=place, **QUIET) as run:
        yield run


def points(run: Run, name: str, context: dict[str, Any] | None = None) -> list[tuple[int, float]]:
    series = run.read_series(name, context)
    assert series is not None
    return list(zip(list(series.steps), list(series.values), strict=True))


def test_a_new_run_has_the_documented_defaults(run: Run) -> None:
    assert len(run.hash) == 32
    assert run.active
    assert not run.archived
    assert run.end_time is None
    assert run.finalized_at is None
    assert run.duration is None
    assert run.experiment is None
    assert run.description is None
    assert run.tags == []
    assert run.created_at.tzinfo is dt.timezone.utc
    assert run.name == f"Run: {run.hash}"


def test_steps_count_on_from_the_highest(run: Run) -> None:
    for value, step in [(1.0, 5), (2.0, None), (3.0, 2), (4.0, None)]:
        run.track(value, name="loss", step=step)
    assert points(run, "loss") == [(2, 3.0), (5, 1.0), (6, 2.0), (7, 4.0)]


def test_a_step_tracked_again_is_replaced(run: Run) -> None:
    for value in (1.0, 9.0, 5.0):
        run.track(value, name="loss", step=3)
    assert points(run, "loss") == [(3, 5.0)]
    summary = run.sequences()[0]
    assert (summary.count, summary.last, summary.min, summary.max) == (1, 5.0, 1.0, 9.0)


def test_late_steps_are_merged_across_flushes(run: Run) -> None:
    expected = {}
    for step in [*range(0, 6000, 3), *range(0, 6000, 2), *range(5999, 0, -7)]:
        run.track(step / 2, name="loss", step=step)
        expected[step] = step / 2
        if step % 1000 == 0:
            run.flush()
    assert points(run, "loss") == sorted(expected.items())
    assert run.sequences()[0].count == len(expected)


def test_contexts_are_told_apart(run: Run) -> None:
    contexts: list[dict[str, Any] | None] = [
        None,
        {"subset": "train"},
        {"subset": "val"},
        {"k": 1},
        {"k": True},
        {"k": 1.0},
        {"k": [1, {"n": None}]},
    ]
    for number, context in enumerate(contexts):
        run.track(float(number), name="loss", context=context)
    for number, context in enumerate(contexts):
        assert points(run, "loss", context) == [(0, float(number))]
    run.track(1.0, name="order", context={"z": 1, "a": 2})
    assert list(run.sequences()[-1].context) == ["z", "a"]
    run.track(7.0, name="loss", context={})
    assert points(run, "loss") == [(0, 0.0), (1, 7.0)]


def test_values_of_every_kind_come_back(run: Run) -> None:
    import numpy as np

    values = [
        1,
        2.5,
        True,
        float("inf"),
        np.float32(0.5),
        np.int8(3),
        np.array([7.0]),
        2**70,
        -0.0,
    ]
    for value in values:
        run.track(value, name="m")
    run.track(math.nan, name="nan")
    back = [value for _, value in points(run, "m")]
    assert back == [1, 2.5, 1, math.inf, 0.5, 3, 7.0, float(2**70), 0.0]
    assert math.isnan(points(run, "nan")[0][1])
    nan = next(s for s in run.sequences() if s.name == "nan")
    assert nan.last is not None
    assert math.isnan(nan.last)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"value": "1.5", "name": "a"}, InvalidTypeError),
        ({"value": None, "name": "a"}, InvalidTypeError),
        ({"value": object(), "name": "a"}, InvalidTypeError),
        ({"value": [1.0, 2.0], "name": "a"}, InvalidTypeError),
        ({"value": [], "name": "a"}, InvalidTypeError),
        ({"value": 10**400, "name": "a"}, InvalidInputError),
        ({"value": 1.0}, ValueError),
        ({"value": 1.0, "name": ""}, ValueError),
        ({"value": 1.0, "name": 5}, TypeError),
        ({"value": 1.0, "name": "a", "step": math.nan}, ValueError),
        ({"value": 1.0, "name": "a", "step": 1.5}, ValueError),
        ({"value": 1.0, "name": "a", "step": "3"}, TypeError),
        ({"value": 1.0, "name": "a", "step": 2**63}, ValueError),
        ({"value": 1.0, "name": "a", "step": -(2**64)}, ValueError),
        ({"value": 1.0, "name": "a", "epoch": "x"}, TypeError),
        ({"value": 1.0, "name": "a", "context": "train"}, ValueError),
        ({"value": 1.0, "name": "a", "context": {"k": object()}}, ValueError),
        ({"value": 1.0, "name": "a", "context": {1: "k"}}, ValueError),
        ({"value": {"a": 1.0, "b": "x"}}, ValueError),
        ({"value": {"a": 1.0}, "name": "a"}, ValueError),
    ],
)
def test_bad_input_raises_at_once_and_loses_nothing(
    run: Run, arguments: dict[str, Any], error: type[Exception]
) -> None:
    run.track(1.0, name="before")
    with pytest.raises(error):
        run.track(**arguments)
    run.track(2.0, name="before")
    assert points(run, "before") == [(0, 1.0), (1, 2.0)]
    assert [s.name for s in run.sequences()] == ["before"]


def test_one_sequence_holds_one_kind(run: Run) -> None:
    run.track(1.0, name="m")
    with pytest.raises(ValueError, match="holds metric"):
        run.track(Text("x"), name="m")
    run.track(Text("x"), name="m", context={"other": 1})
    assert points(run, "m") == [(0, 1.0)]


def test_an_empty_list_needs_to_know_what_it_is_a_list_of(run: Run) -> None:
    with pytest.raises(EmptyListError, match="'t'"):
        run.track([], name="t")
    run.track([Text("a")], name="t")
    run.track([], name="t")
    run.track([], name="t", step=7, context={})
    assert [(o.step, len(o.value)) for o in run.read_objects("t")] == [(0, 1), (1, 0), (7, 0)]
    run.track(1.0, name="m")
    with pytest.raises(EmptyListError, match="'m'"):
        run.track([], name="m")


def test_a_dict_shares_one_step(run: Run) -> None:
    run.track(0.0, name="a")
    run.track({"a": 1.0, "b": 2, "t": Text("hi")}, epoch=3, context=None)
    assert points(run, "a") == [(0, 0.0), (1, 1.0)]
    assert points(run, "b") == [(1, 2)]
    (tracked,) = run.read_objects("t")
    assert (tracked.step, tracked.epoch, tracked.value.data) == (1, 3.0, "hi")  # type: ignore[union-attr]
    run.track({})


def test_epochs_and_times_come_back(run: Run) -> None:
    for epoch in (None, 1, 2.5):
        run.track(1.0, name="m", epoch=epoch)
    series = run.read_series("m")
    assert series is not None
    assert math.isnan(series.epochs[0])
    assert list(series.epochs[1:]) == [1.0, 2.5]
    assert all(abs(t - run.creation_time) < 3600 for t in series.times)


@dataclasses.dataclass
class Config:
    lr: float = 0.1
    name: str = "x"


class Mode(enum.Enum):
    FAST = "fast"


def test_params_of_every_kind_come_back(run: Run) -> None:
    import numpy as np

    given = {
        "plain": [1, "a", None, True, {"b": []}],
        "nan": math.nan,
        "inf": [math.inf, -math.inf],
        "huge": 2**200,
        "unicode": "naïve 数据 \ud800",
        "empty": {},
        "bytes": b"\x00\xff",
        "int_keys": {1: "a", 2: {3: "b"}},
        "numpy": np.arange(3),
        "scalar": np.float32(0.5),
        "config": Config(),
        "mode": Mode.FAST,
        "path": Path("a") / "b",
        "date": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc),
        "set": {3, 1, 2},
        "tuple": (1, 2),
    }
    run["given"] = given
    back = run["given"]
    assert math.isnan(back.pop("nan"))
    assert back == {
        "plain": [1, "a", None, True, {"b": []}],
        "inf": [math.inf, -math.inf],
        "huge": 2**200,
        "unicode": "naïve 数据 \ud800",
        "empty": {},
        "bytes": b"\x00\xff",
        "int_keys": {1: "a", 2: {3: "b"}},
        "numpy": [0, 1, 2],
        "scalar": 0.5,
        "config": {"lr": 0.1, "name": "x"},
        "mode": "fast",
        "path": str(Path("a") / "b"),
        "date": "2026-01-02T00:00:00+00:00",
        "set": [1, 2, 3],
        "tuple": [1, 2],
    }
    assert list(back) == [key for key in given if key != "nan"]


@pytest.mark.parametrize("place", ["embedded"], indirect=True)
def test_ten_megabytes_in_one_param(run: Run) -> None:
    text = "x" * 10_000_000
    run["big"] = {"text": text, "list": list(range(100_000))}
    assert run["big.text"] == text
    assert run["big"]["list"][-1] == 99_999


def test_long_texts_in_params(run: Run) -> None:
    """Longer than one value of a real server may be, and than one of its index keys."""
    long = "é" * 100_000 + "\\\n" * 20_000
    run["hparams"] = {"long": long, "config": "x" * 20_000}
    run["bytes"] = {"b": b"\xff" * 200_000}
    run["list"] = ["short", long]
    assert run["hparams"] == {"long": long, "config": "x" * 20_000}
    assert run["bytes.b"] == b"\xff" * 200_000
    assert run["list"] == ["short", long]


def test_dotted_keys_nest_and_assignment_replaces(run: Run) -> None:
    run["hparams.lr"] = 0.1
    run["hparams.opt.name"] = "adam"
    assert run["hparams"] == {"lr": 0.1, "opt": {"name": "adam"}}
    run["hparams.lr"] = {"now": "a dict"}
    run["hparams.opt"] = 5
    run["hparams.opt.name"] = "sgd"  # below a scalar: the scalar goes
    assert run["hparams"] == {"lr": {"now": "a dict"}, "opt": {"name": "sgd"}}
    run["hparams"] = {"only": 1}
    assert run["hparams"] == {"only": 1}
    assert run.get("hparams.lr", 7) == 7
    with pytest.raises(KeyError, match="lr"):
        run["hparams.lr"]
    del run["hparams"]
    del run["hparams"]
    assert run.get("hparams") is None


def test_paths_of_keys(run: Run) -> None:
    run.set_param(("a.b", "c", 1), "x")
    assert run.get_param(("a.b", "c", 1)) == "x"
    assert run["a.b"] == {"c": {1: "x"}}
    run.set_param((), {"z": 1})
    assert run.get_param() == {"z": 1}
    assert run.delete_param(("z",))
    assert not run.delete_param(("z",))
    assert run.get_param() == {}


@pytest.mark.parametrize("key", ["", ".", "a..b", ".a", "a."])
def test_keys_that_name_nothing_are_refused(run: Run, key: str) -> None:
    with pytest.raises(InvalidInputError, match="parameter"):
        run[key] = 1


def test_values_that_cannot_be_stored_are_refused_whole(run: Run) -> None:
    run["p"] = {"a": 1}
    with pytest.raises(TypeError, match=r"p\.b"):
        run["p"] = {"a": 2, "b": object()}
    assert run["p"] == {"a": 1}


def test_properties_and_tags(run: Run, place: Path | str) -> None:
    run.name, run.description, run.experiment, run.archived = "n", "d", "e", True
    run.add_tag("b")
    run.add_tag("a")
    run.add_tag("b")
    assert (run.name, run.description, run.experiment, run.archived) == (
        "n",
        "d",
        "e",
        True,
    )
    assert run.tags == ["b", "a"]
    assert run.remove_tag("b")
    assert not run.remove_tag("zz")
    run.experiment = None
    run.description = None
    other = Repo(place).get_run(run.hash)
    assert other is not None
    assert (other.tags, other.experiment, other.description) == (["a"], None, None)
    other.name = "renamed"
    assert run.name == "renamed"
    for bad in (None, 5, ""):
        with pytest.raises(InvalidInputError):
            run.add_tag(bad)  # type: ignore[arg-type]


def test_resuming_goes_on_and_resets_nothing(place: Path | str) -> None:
    with Run(repo=place, experiment="e", **QUIET) as run:
        run["p"] = 1
        run.name = "n"
        for _ in range(3):
            run.track(1.0, name="loss", context={"s": "a"})
        run.track(Text("x"), name="t")
    created = run.creation_time
    assert run.end_time is not None
    with Run(run.hash, repo=place, **QUIET) as again:
        assert again.active
        assert again.end_time is None
        again.track(2.0, name="loss", context={"s": "a"})
        again.track(Text("y"), name="t")
        assert points(again, "loss", {"s": "a"})[-1] == (3, 2.0)
        assert [o.step for o in again.read_objects("t")] == [0, 1]
        assert (again.name, again.experiment, again["p"]) == ("n", "e", 1)
        assert again.creation_time == created


def test_close_is_quiet_and_tracking_goes_on(
    place: Path | str, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(repo=place, **QUIET)
    run.track(1.0, name="m")
    run.close()
    run.close()
    ended = run.end_time
    with caplog.at_level(logging.WARNING):
        run.track(2.0, name="m")
        run.track(3.0, name="m")
        run["p"] = 1
    assert len(caplog.records) == 1
    run.close()
    assert points(run, "m") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert run.end_time == ended
    assert run["p"] == 1


def test_a_read_only_run_reads(place: Path | str) -> None:
    with Run(repo=place, **QUIET) as run:
        run.track(1.0, name="m")
    reader = Run(run.hash, repo=place, read_only=True)
    assert points(reader, "m") == [(0, 1.0)]
    for write in (
        lambda: reader.track(1.0, name="m"),
        lambda: reader.track(Text("t"), name="t"),
        lambda: reader.set("a", 1),
        lambda: reader.log_info("x"),
    ):
        with pytest.raises(ReadOnlyRunError):
            write()
    reader.close()
    with pytest.raises(RunNotFoundError):
        Run("nope", repo=place, read_only=True)
    with pytest.raises(InvalidInputError):
        Run(repo=place, read_only=True)


@pytest.mark.parametrize("run_hash", ["", "a/b", "\x00", "x" * 1000])
def test_hashes_that_cannot_be_are_refused(place: Path | str, run_hash: str) -> None:
    with pytest.raises(InvalidInputError):
        Run(run_hash, repo=place)


def test_a_hash_never_becomes_a_path(tmp_path: Path) -> None:
    for run_hash in ("..", "..\\x", "con", "a:b"):
        with Run(run_hash, repo=tmp_path / "r", **QUIET) as run:
            run.track(1.0, name="m")
        assert Repo(tmp_path / "r").run_exists(run_hash)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r"]


def test_log_records(run: Run) -> None:
    run.log_info("start %s", lr=0.1, opt={"a": [1]})
    run.log_warning("w")
    run.log_error("e")
    run.log_debug("d")
    records = list(run.read_log_records())
    assert [(r.step, r.message, r.level) for r in records] == [
        (0, "start %s", 20),
        (1, "w", 30),
        (2, "e", 40),
        (3, "d", 10),
    ]
    assert records[0].args == {"lr": 0.1, "opt": {"a": [1]}}
    assert records[0].logger_info is not None
    assert records[0].logger_info[0] == __file__


def test_terminal_lines_are_captured_and_go_on(place: Path | str) -> None:
    run = Run(repo=place)
    print("first")  # noqa: T201
    print("second")  # noqa: T201
    run.close()
    again = Run(run.hash, repo=place)
    print("third")  # noqa: T201
    again.close()
    assert list(again.read_log_lines()) == [(0, "first"), (1, "second"), (2, "third")]


def test_artifacts_come_back(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "src"
    (source / "sub").mkdir(parents=True)
    (source / "a.txt").write_text("A")
    (source / "sub" / "b.bin").write_bytes(bytes(range(256)) * 1000)
    run.log_artifact(source / "a.txt")
    run.log_artifact(source / "a.txt", name="x/y.txt", block=True)
    run.log_artifacts(source, name="d")
    run.flush()
    assert list(run.artifacts) == ["a.txt", "d/a.txt", "d/sub/b.bin", "x/y.txt"]
    assert run.get_artifact("d/sub/b.bin").size_bytes == 256_000
    target = tmp_path / "out"
    assert Path(run.download_artifact("x/y.txt", target / "f")).read_text() == "A"
    assert len(run.download_artifacts(target / "all")) == 4
    assert (target / "all" / "d" / "sub" / "b.bin").read_bytes() == bytes(range(256)) * 1000
    with pytest.raises(KeyError, match="nope"):
        run.get_artifact("nope")
    with pytest.raises(FileNotFoundError):
        run.log_artifact(tmp_path / "nope")
    with pytest.raises(IsADirectoryError):
        run.log_artifact(source)


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a\\b", "C:x", "seq/a", "a\nb", "a/"])
def test_artifact_names_are_checked(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(InvalidInputError, match="artifact"):
        run.log_artifact(tmp_path / "f", name=name)


def test_a_repository_path_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RepoAccessError, match="is a file"):
        Run(repo=tmp_path / "file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".matyan").write_text("x")
    with pytest.raises(RepoAccessError, match="is a file"):
        Run(repo=tmp_path / "other")


def test_threads_track_on_one_run(run: Run) -> None:
    def work(name: str) -> None:
        for _ in range(500):
            run.track(1.0, name=name)
            run.track(1.0, name="shared")

    threads = [threading.Thread(target=work, args=(f"m{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(points(run, f"m{i}")) for i in range(4)] == [500] * 4
    assert points(run, "shared") == [(step, 1.0) for step in range(2000)]


def test_objects_as_params(run: Run) -> None:
    run["note"] = {"text": Text("hello"), "plain": 1}
    back = run["note"]
    assert back["text"].data == "hello"
    assert back["plain"] == 1


def test_an_uncollected_run_closes_itself(place: Path | str) -> None:
    import gc

    run = Run(repo=place, system_tracking_interval=None)
    run_hash = run.hash
    del run
    gc.collect()
    assert Repo(place).list_active_runs() == []
    assert Repo(place).run_exists(run_hash)


@pytest.mark.parametrize("place", ["embedded"], indirect=True)
def test_a_run_collected_while_its_thread_writes_is_finished_soon_after(
    place: Path | str, caplog: pytest.LogCaptureFixture
) -> None:
    """The garbage collector may run anywhere: here, in the middle of a write transaction."""
    run = Run("r", repo=place, capture_terminal_logs=False)
    run.track(1.0, name="m")
    with run.backend._store.database.writing():  # type: ignore[attr-defined]  # embedded
        run.close()
    assert not caplog.records
    stored = Repo(place).get_run("r")
    assert stored is not None
    assert not stored.active
    series = stored.read_series("m")
    assert series is not None
    assert list(series.values) == [1.0]
