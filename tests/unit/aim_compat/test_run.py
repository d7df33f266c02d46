"""`Run` as Aim's users know it, end to end on an embedded repository."""

from __future__ import annotations

import datetime as dt
import decimal
import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aim_compat.context import Context
from aim_compat.errors import MissingRunError
from aim_compat.objects import Image, Text
from aim_compat.run import Run
from matyan_client.exceptions import RunNotFoundError

QUIET: dict[str, Any] = {"system_tracking_interval": None, "capture_terminal_logs": False}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(repo=tmp_path, **QUIET)
    yield run
    run.close()


def points(run: Run, name: str, context: Any = None) -> tuple[list[int], list[Any]]:
    metric = run.get_metric(name, Context(context))
    assert metric is not None
    return metric.values.sparse_list()


# -- identity and properties -----------------------------------------------------------------------


def test_a_fresh_run_has_aims_defaults(run: Run):
    assert len(run.hash) == 24
    assert int(run.hash, 16) >= 0
    assert (run.name, run.experiment, run.description) == (f"Run: {run.hash}", "default", None)
    assert (run.tags, run.archived, run.active, run.read_only) == ([], False, True, False)
    assert run.created_at.tzinfo is None
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    assert abs((now - run.created_at).total_seconds()) < 60
    assert (run.end_time, run.finalized_at) == (None, None)
    assert run.duration >= 0
    assert run[...] == {}
    assert repr(run).startswith(f"<Run#{hash(run)} name={run.hash} repo=<Repo#")


def test_properties_can_be_set_also_when_reading(run: Run):
    run.name, run.description, run.experiment, run.archived = "n", "d", "e", True
    reader = Run(run.hash, repo=run.repo, read_only=True)
    assert (reader.name, reader.description, reader.experiment, reader.archived) == (
        "n",
        "d",
        "e",
        True,
    )
    reader.name = "other"
    reader.experiment = None
    assert (run.name, run.experiment) == ("other", None)
    run.name = 5  # type: ignore[assignment]  # Aim writes it as text
    assert reader.name == "5"


def test_tags_keep_their_order_and_warn_when_doubled(run: Run, caplog: pytest.LogCaptureFixture):
    run.add_tag("b")
    run.add_tag("a")
    with caplog.at_level(logging.WARNING):
        run.add_tag("b")
    assert "already present" in caplog.text
    assert run.tags == ["b", "a"]
    assert (run.remove_tag("b"), run.remove_tag("zz")) == (True, False)


def test_an_unknown_hash_raises_missing_run_error(tmp_path: Path):
    for read_only in (False, True):
        with pytest.raises(MissingRunError, match="Cannot find Run dead") as failure:
            Run("dead", repo=tmp_path, read_only=read_only)
        assert isinstance(failure.value, RuntimeError)
        assert isinstance(failure.value, RunNotFoundError)


def test_resuming_continues_steps_and_keeps_properties(tmp_path: Path):
    first = Run(repo=tmp_path, experiment="e1", **QUIET)
    first["p"] = 1
    first.name = "n"
    for value in range(3):
        first.track(value, name="loss", context={"s": "a"})
    first.close()
    again = Run(first.hash, repo=tmp_path, **QUIET)
    again.track(9, name="loss", context={"s": "a"})
    assert (again.experiment, again.name, again["p"]) == ("e1", "n", 1)
    assert again.creation_time == first.creation_time
    assert points(again, "loss", {"s": "a"}) == ([0, 1, 2, 3], [0, 1, 2, 9])
    again.close()


def test_equal_runs_are_one_in_a_set(run: Run, tmp_path: Path):
    reader = Run(run.hash, repo=tmp_path, read_only=True)
    assert len({run, reader}) == 1
    assert run != "a"
    reader.close()


def test_odd_sampling_intervals_warn_and_sample_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    for interval in (0, -1, "x", 1e9):
        with caplog.at_level(logging.WARNING):
            caplog.clear()
            Run(
                repo=tmp_path,
                system_tracking_interval=interval,  # type: ignore[arg-type]  # the point
                capture_terminal_logs=False,
            ).close()
        assert "greater than 0 and less than 1 day" in caplog.text


def test_closing_twice_is_quiet_and_tracking_goes_on(run: Run):
    run.track(1.0, name="m")
    run.close()
    run.close()
    assert run.active is False
    assert run.end_time is not None
    run.track(2.0, name="m")
    run.close()
    assert points(run, "m") == ([0, 1], [1.0, 2.0])


# -- parameters ------------------------------------------------------------------------------------


def test_parameters_nest_replace_and_come_back_as_plain_values(run: Run):
    run["hp"] = {"bs": 32, "opt": {"name": "adam", "betas": (0.9, 0.999)}}
    run["hp", "bs"] = 64
    run["new", "deep"] = 5
    assert run["hp", "opt", "betas"] == [0.9, 0.999]
    assert run["hp", "opt", "betas", 1] == 0.999
    assert run[("new",)] == {"deep": 5}
    run["hp"] = {"only": 1}
    assert run[...] == {"hp": {"only": 1}, "new": {"deep": 5}}
    run[...] = {"z": 1}
    assert run[()] == {"z": 1}
    del run["z"]
    del run["nope"]
    assert run[...] == {}


def test_missing_parameters_are_key_errors_with_aims_text(run: Run):
    with pytest.raises(KeyError) as failure:
        run["a", "x"]
    assert str(failure.value) == "\"No key ('a', 'x') is present.\""
    assert (run.get("x"), run.get(("a", "b"), "d"), run.get(...)) == (None, "d", {})


def test_int_keys_and_odd_values_survive(run: Run):
    run["d"] = {1: "a", 2: b"x"}
    run["f"] = [float("inf"), 2**70, ""]
    assert run["d"] == {1: "a", 2: b"x"}
    assert run["d", 1] == "a"
    assert run["f"] == [float("inf"), 2**70, ""]


def test_a_refused_value_leaves_the_old_one(run: Run):
    run["d"] = {"a": 1}
    with pytest.raises(TypeError):
        run["d"] = {"a": 2, "b": object()}
    assert run["d"] == {"a": 1}
    run.set("d", {"b": object}, strict=False)
    assert run["d"] == {"b": "<class 'object'>"}


def test_objects_are_parameters_too(run: Run):
    run["t"] = {"inner": Text("hi")}
    assert run["t"]["inner"].data == "hi"
    assert run.get("t", resolve_objects=True)["inner"]["data"].load() == "hi"


def test_what_meta_run_tree_keeps_is_no_parameter(run: Run):
    assert (run.meta_run_tree.get("_c") or []) == []
    run.meta_run_tree["_c"] = ["a"]
    run["p"] = 1
    run[...] = {"q": 2}
    reader = Run(run.hash, repo=run.repo, read_only=True)
    assert reader.meta_run_tree["_c"] == ["a"]
    assert reader[...] == {"q": 2}
    del run.meta_run_tree["_c"]
    with pytest.raises(KeyError):
        run.meta_run_tree["_c"]


# -- tracking --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["1.5", None, b"1", decimal.Decimal("1.5"), 1j, {1}, object()])
def test_what_is_no_number_is_a_value_error(run: Run, value: Any):
    with pytest.raises(ValueError, match="neither python number nor AimObject"):
        run.track(value, name="m")
    assert run.get_metric("m", Context({})) is None


def test_one_element_arrays_and_foreign_tensors_are_numbers(run: Run):
    numpy = pytest.importorskip("numpy")

    class Tensor:
        def item(self) -> float:
            return 4.5

    for value in (numpy.float32(1.5), numpy.array([2.5]), numpy.int8(3), Tensor(), True):
        run.track(value, name="m")
    assert points(run, "m")[1] == [1.5, 2.5, 3, 4.5, 1]
    with pytest.raises(ValueError, match="one number"):
        run.track(numpy.array([1.0, 2.0]), name="m")


def test_plain_lists_are_taken_once_with_a_warning(run: Run):
    run.track([1.0, 2.0], name="m")
    run.track([], name="images")
    run.track({"a": [], "b": 1.0})
    assert [metric.name for metric in run.metrics()] == ["b"]


def test_names(run: Run):
    with pytest.raises(ValueError, match="should not be None"):
        run.track(1.0)
    with pytest.raises(ValueError, match="should be None"):
        run.track({"x": 1.0}, name="z")
    with pytest.raises(ValueError, match="neither"):
        run.track({"ok": 1.0, "bad": "x"})
    run.track({1: 1.0})
    assert [metric.name for metric in run.metrics()] == ["1"]


def test_steps_of_a_dict_follow_its_first_series(run: Run):
    run.track(1.0, name="a")
    run.track(1.0, name="a")
    run.track({"a": 2.0, "b": 3.0})
    assert points(run, "b") == ([2], [3.0])


def test_odd_steps(run: Run):
    numpy = pytest.importorskip("numpy")
    run.track(1.0, name="m", step=1.5)  # type: ignore[arg-type]  # Aim cuts it off
    run.track(2.0, name="m", step=numpy.int64(7))
    run.track(3.0, name="m", step=-5)
    assert points(run, "m") == ([-5, 1, 7], [3.0, 1.0, 2.0])
    with pytest.raises(TypeError):
        run.track(1.0, name="m", step="3")  # type: ignore[arg-type]  # the point


def test_equal_contexts_are_one_series(run: Run):
    for context in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": True, "b": 2.0}, Context({"a": 1})):
        run.track(1.0, name="m", context=context)
    found = {str(metric.context.to_dict()): len(metric.values) for metric in run.metrics()}
    assert found == {"{'a': 1, 'b': 2}": 3, "{'a': 1}": 1}


def test_contexts_need_not_be_dicts(run: Run):
    for context in ("train", ["x"], 5, {1: "x"}, {"a": {"b": [1, 2]}}):
        run.track(1.0, name="m", context=context)
        metric = run.get_metric("m", Context(context))
        assert metric is not None
        assert metric.context.to_dict() == context
    with pytest.raises(NotImplementedError):
        run.track(1.0, name="m", context={"a": object()})


def test_a_series_does_not_mix_numbers_and_objects(run: Run):
    run.track(1.0, name="m", context={"a": 1})
    with pytest.raises(ValueError, match="metric"):
        run.track(Text("a"), name="m", context={"a": 1})
    run.track(Text("a"), name="m", context={"a": 2})


def test_a_series_does_not_mix_objects_and_lists_of_them(run: Run):
    run.track([Text("a")], name="m")
    run.track(Text("a"), name="m", context={"a": 1})
    for value in (Text("b"), {"m": Text("b")}):
        with pytest.raises(ValueError, match="Incompatible data types"):
            run.track(value, name=None if isinstance(value, dict) else "m")
    run.track([], name="m")
    run.track([Text("c"), Text("d")], name="m")
    texts = run.get_text_sequence("m", Context({}))
    assert texts is not None
    assert texts.record_length() == 2


def test_a_reader_cannot_write(run: Run):
    reader = Run(run.hash, repo=run.repo, read_only=True)
    for write in (
        lambda: reader.track(1.0, name="m"),
        lambda: reader.__setitem__("a", 1),
        lambda: reader.log_info("x"),
    ):
        with pytest.raises(RuntimeError, match="read_only"):
            write()
    with pytest.raises(ValueError, match="not enabled"):
        reader.report_progress()


# -- series ----------------------------------------------------------------------------------------


def test_metric_views_have_real_steps_in_order(run: Run):
    for step in (3, 0, 7, 1):
        run.track(float(step * step), name="loss", step=step, epoch=step)
    metric = run.get_metric("loss", {})  # type: ignore[arg-type]  # dicts are accepted too
    assert metric is not None
    assert metric.values.sparse_list() == ([0, 1, 3, 7], [0.0, 1.0, 9.0, 49.0])
    assert metric.values.last() == (7, 49.0)
    assert metric.values[3] == 9.0
    assert metric.values.tolist() == [0.0, 1.0, None, 9.0, None, None, None, 49.0]
    assert metric.epochs.values_list() == [0, 1, 3, 7]
    assert (metric.first_step(), metric.last_step(), len(metric)) == (3, 7, 8)
    steps, (values, epochs, times) = metric.data.items_list()
    assert (steps, values, epochs) == ([0, 1, 3, 7], [0.0, 1.0, 9.0, 49.0], [0.0, 1.0, 3.0, 7.0])
    assert times[0] > 1e9
    assert metric.data.range(1, 7).sample(2).view("val").items_list() == ([1, 3], [[1.0, 9.0]])


def test_ints_stay_ints_in_values_and_are_floats_in_data(run: Run):
    for value in (3, 4.5, True, float("nan")):
        run.track(value, name="m")
    metric = run.get_metric("m", Context({}))
    assert metric is not None
    assert [type(value) for value in metric.values.values_list()] == [int, float, int, float]
    assert [type(value) for value in metric.data.values_list()[0]] == [float] * 4
    assert all(map(math.isnan, metric.data.values_list()[1]))
    assert metric.epochs.values_list() == [None] * 4


def test_object_sequences_are_found_by_kind(run: Run):
    numpy = pytest.importorskip("numpy")
    image = Image(numpy.zeros((2, 3), dtype="uint8"), caption="c")
    run.track([image, image], name="im", context={"k": 1})
    for step in (0, 2, 5, 1):
        run.track(Text(f"t{step}"), name="tx", step=step)
    images = run.get_image_sequence("im", Context({"k": 1}))
    texts = run.get_text_sequence("tx", Context({}))
    assert images is not None
    assert texts is not None
    assert images.record_length() == 2
    assert images.values.first_value()[0].caption == "c"
    assert [text and text.data for text in texts.values.tolist()] == [
        "t0",
        "t1",
        "t2",
        None,
        None,
        "t5",
    ]
    assert texts.record_length() is None
    assert run.get_metric("tx", Context({})) is None
    assert run.get_text_sequence("tx", Context({"k": 1})) is None
    assert [name for name, _, _ in run.iter_sequence_info_by_type("aim.text")] == ["tx"]


def test_metrics_are_listed_as_in_aim(run: Run):
    for name in ("z", "a", "m"):
        for subset in ("train", "val", None):
            run.track(1.0, name=name, context={"subset": subset} if subset else None)
    listed = [(metric.name, metric.context.to_dict().get("subset")) for metric in run.metrics()]
    # Observed with Aim 3.29.1 (S12): by context id, then name.
    assert listed == [(n, s) for s in ("val", "train", None) for n in ("a", "m", "z")]


def test_sequence_info(run: Run):
    run.track(3, name="m", step=2)
    run.track(1.5, name="m", step=5)
    run.track([Text("a")], name="t")
    info = run.collect_sequence_info(("metric", "texts", "images"))
    assert info["metric"][0]["values"] == {
        "dtype": "number",
        "first_step": 2,
        "first": 3,
        "last_step": 5,
        "last": 1.5,
        "max": 3,
        "min": 1.5,
        "version": 2,
    }
    assert info["texts"][0]["values"]["dtype"] == "list(aim.text)"
    assert info["images"] == []
    with pytest.raises(ValueError, match="not a valid Sequence"):
        run.collect_sequence_info("nope")


# -- logs, artifacts, frames -----------------------------------------------------------------------


def test_log_records(run: Run):
    assert run.get_log_records() is None
    run.log_info("i %s", a=1)
    run.log_warning("w")
    records = run.get_log_records()
    assert records is not None
    assert [(r.message, r.level) for r in records.values.values()] == [("i %s", 20), ("w", 30)]
    assert [record.json()["args"] for record in records.values] == [{"a": 1}, None]
    assert records.last_step() == 1


def test_artifacts_go_to_the_uri(run: Run, tmp_path: Path):
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "a.txt").write_text("A")
    (tmp_path / "dir" / "sub" / "b.txt").write_text("B")
    file = str(tmp_path / "dir" / "a.txt")
    with pytest.raises(ValueError, match="artifacts_uri is None"):
        run.log_artifact(file)
    with pytest.warns(UserWarning, match="scheme"):
        run.set_artifacts_uri("/plain/path")
    run.set_artifacts_uri((tmp_path / "store").as_uri())
    assert run.artifacts_uri == f"{(tmp_path / 'store').as_uri()}/{run.hash}"
    run.log_artifact(file)
    run.log_artifact(file, name="x/y.txt")
    run.log_artifacts(str(tmp_path / "dir"), name="d")
    run.log_artifacts(str(tmp_path / "dir" / "sub"))
    assert sorted(run.artifacts) == ["a.txt", "d/a.txt", "d/sub/b.txt", "sub/b.txt", "x/y.txt"]
    assert (tmp_path / "store" / run.hash / "x" / "y.txt").read_text() == "A"
    reader = Run(run.hash, repo=run.repo, read_only=True)
    downloaded = reader.artifacts["d/sub/b.txt"].download(str(tmp_path / "out"))
    assert Path(downloaded) == tmp_path / "out" / "b.txt"
    assert Path(downloaded).read_text() == "B"
    with pytest.raises(FileNotFoundError):
        run.log_artifact(str(tmp_path / "nope"))
    for name in ("../x", "/x"):
        with pytest.raises(ValueError, match="artifact"):
            run.log_artifact(file, name=name)
    run.set_artifacts_uri("http://x/y")
    with pytest.raises(ValueError, match="not supported artifact storage scheme"):
        run.log_artifact(file)


def test_frames(run: Run):
    pytest.importorskip("pandas")
    run["hp"] = {"lr": 0.1, "l": [1, 2]}
    for step in range(50):
        run.track(float(step), name="loss", step=step, context={"s": {"x": 1}})
    metric = run.get_metric("loss", Context({"s": {"x": 1}}))
    assert metric is not None
    frame = metric.dataframe(include_name=True, include_context=True, include_run=True)
    assert list(frame.columns) == [
        "idx",
        "step",
        "value",
        "epoch",
        "time",
        "run.hash",
        "run.hp.lr",
        "run.hp.l",
        "metric.name",
        "metric.context.s.x",
    ]
    last = metric.dataframe(only_last=True)
    assert last[["idx", "step", "value"]].to_dict("records") == [
        {"idx": 0, "step": 49, "value": 49.0}
    ]
    assert list(run.dataframe(include_props=False).columns) == ["hash", "hp.lr", "hp.l"]
    assert run.dataframe().loc[0, "experiment"] == "default"


def test_terminal_lines(tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Run(repo=tmp_path, system_tracking_interval=None)
        print("line 1")  # noqa: T201 - this is what is captured
        logs = run.get_terminal_logs()
        run.close()
    assert logs is not None
    assert logs.values[0].data == "line 1"
