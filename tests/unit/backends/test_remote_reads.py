"""What is read over HTTP is what is read from the directory itself: exactly from our server, and
but for what a published server does not tell from one of those."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from remote_servers import Asked, reading

from matyan_client import Distribution, Figure, Image, Run, Text
from matyan_client.backends import select
from matyan_client.backends.base import SequenceRef
from matyan_client.backends.embedded import EmbeddedBackend
from matyan_client.backends.remote import RemoteBackend
from matyan_client.backends.remote_runs import plain_run
from matyan_client.cli.main import main
from matyan_client.exceptions import (
    BlobNotFoundError,
    InvalidInputError,
    RunNotFoundError,
    UnexpectedAnswerError,
)
from matyan_client.protocol import messages
from matyan_client.protocol.records import RunRecord, SequenceRecord, Series
from matyan_client.protocol.wire import to_wire
from matyan_client.query import parse

EVERYTHING = parse("run.archived in [True, False]")


@dataclasses.dataclass
class World:
    """A directory, and the same over HTTP."""

    here: EmbeddedBackend
    there: RemoteBackend
    asked: Asked
    plain: bool


@pytest.fixture(params=["exact", "plain"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    directory = tmp_path / ".matyan"
    plain = request.param == "plain"
    here = EmbeddedBackend(directory)
    here.create()
    with reading(directory, plain=plain) as (there, asked):
        yield World(here, there, asked, plain)
    here.close()


def write_some(root: Path) -> list[str]:
    """Runs with something of everything that either kind of server tells."""
    hashes = []
    for number in range(3):
        with Run(
            repo=root, experiment=f"e{number % 2}" if number else None, capture_terminal_logs=False
        ) as run:
            hashes.append(run.hash)
            run["hparams"] = {"lr": 0.1 * number, "name": "x" * number, "deep": {"a": [1, {}]}}
            run["n"] = number
            run.name = f"run {number}"
            run.description = "d"
            run.add_tag("t")
            run.track(float(number), name="loss", step=5, context={"subset": "train"})
            for step in range(0, 300, 3):
                run.track(step / 7, name="loss", step=step, context={"subset": "val"})
            run.track(Text("hello"), name="text", step=1)
            run.track(Image(np.full((2, 3, 3), number, "uint8"), caption="c"), name="image", step=2)
            run.track(Distribution([1.0, 2.0]), name="dist", step=3)
            run.track(Figure({"data": [], "layout": {"title": {"text": "f"}}}), name="fig", step=4)
            run.log_info("said", what=number)
            run.log_warning("warned")
    archived = Run(hashes[1], repo=root, capture_terminal_logs=False)
    archived.archived = True
    archived.close()
    return hashes


def comparable(record: RunRecord, *, plain: bool) -> dict[str, Any]:
    found = dataclasses.asdict(record)
    if plain:
        for sequence in found["sequences"] or ():
            for untold in ("count", "first", "first_step", "min", "max", "dtype"):
                sequence.pop(untold)
        for artifact in found["artifacts"] or ():
            artifact.pop("size_bytes")
            artifact.pop("content_type")
    for artifact in found["artifacts"] or ():
        artifact.pop("uri")
    return found


def test_runs(world: World, tmp_path: Path) -> None:
    hashes = write_some(tmp_path)
    for run_hash in hashes:
        for wanted in (
            {"params": True, "sequences": True, "artifacts": True},
            {"params": False, "sequences": False},
        ):
            ours, theirs = (
                backend.get_run(run_hash, **wanted) for backend in (world.here, world.there)
            )
            assert ours is not None
            assert theirs is not None
            assert comparable(theirs, plain=world.plain) == comparable(ours, plain=world.plain)
    for unknown in ("nobody", "", ".", "..", "a/b", "?", "#", "%2F"):
        assert world.there.get_run(unknown) is None
    assert world.there.list_runs() == world.here.list_runs() == hashes
    assert world.there.list_runs(active=True) == []
    assert world.there.list_runs(active=False) == hashes
    assert world.there.count_runs() == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "run.archived in [True, False]",
        "run.archived == True",
        "run.hparams.lr > 0.05",
        "run.hparams.lr > 0.05 and run.archived in [True, False]",
        "run.hparams['name'] == 'xx'",
        "run.n in [0, 2]",
        "run.nothing.at.all == 1",
        "run.nothing == None",
        "'t' in run.tags",
        "'other' in run.tags",
        "run.experiment == 'e0'",
        "run.experiment == None",
        "run.name == 'run 2' or run.n == 0",
        "run.created_at > 1000 and run.active == False",
        "run.metrics['loss', {'subset': 'train'}].last == 2",
        "run.hparams.deep.a[0] == 1",
    ],
)
def test_searches(world: World, tmp_path: Path, text: str) -> None:
    write_some(tmp_path)
    query = parse(text)
    ours, theirs = (
        [comparable(record, plain=world.plain) for record in backend.search_runs(query)]
        for backend in (world.here, world.there)
    )
    assert theirs == ours


@pytest.mark.parametrize("kind", ["metric", "images", "texts", "distributions", "figures"])
def test_searches_for_sequences(world: World, tmp_path: Path, kind: Any) -> None:
    write_some(tmp_path)
    texts = ["", "run.n > 0", f"{kind}.name == 'loss'", f"{kind}.context.subset == 'val'"]
    if kind == "metric":
        texts += ["metric.min == 0", "metric.max > 2 and metric.first < 2", "metric.min > 1000"]
    for text in texts:
        query = parse(text, kind=kind)
        ours, theirs = (
            [
                (record.hash, [(s.name, s.context, s.last, s.last_step) for s in found])
                for record, found in backend.search_sequences(kind, query)
            ]
            for backend in (world.here, world.there)
        )
        assert theirs == ours


def test_pages(world: World, tmp_path: Path) -> None:
    hashes = write_some(tmp_path)
    newest = hashes[::-1]
    for after in (None, *newest):
        found = [r.hash for r in world.there.search_runs(EVERYTHING, after=after)]
        assert found == newest[0 if after is None else newest.index(after) + 1 :]
    visible = parse("")  # what one starts behind need not match
    assert [r.hash for r in world.there.search_runs(visible, after=hashes[1])] == [hashes[0]]
    assert list(world.there.search_runs(EVERYTHING, after="nobody")) == []
    assert [r.hash for r in world.there.search_runs(EVERYTHING, limit=2)] == newest[:2]
    assert list(world.there.search_runs(EVERYTHING, limit=0)) == []


def columns(series: Series | None) -> Any:
    if series is None:
        return None
    found = [list(map(repr, column)) for column in (series.steps, series.values, series.epochs)]
    return (series.name, series.context, *found)


def test_series(world: World, tmp_path: Path) -> None:
    run_hash = write_some(tmp_path)[2]
    refs = [
        SequenceRef("loss", {"subset": "train"}),
        SequenceRef("loss", {"subset": "val"}),
        SequenceRef("loss", {}),
        SequenceRef("text", {}),
        SequenceRef("loss", {"subset": "val"}),
    ]
    for asked in (
        {},
        {"start": 5},
        {"stop": 100},
        {"start": -3, "stop": 0},
        {"density": 7},
        {"start": 20, "stop": 200, "density": 3},
        {"density": 10_000},
    ):
        ours, theirs = (
            backend.read_series(run_hash, refs, **asked) for backend in (world.here, world.there)
        )
        assert list(map(columns, theirs)) == list(map(columns, ours)), asked
        if not world.plain:
            assert [None if s is None else list(s.times) for s in theirs] == [
                None if s is None else list(s.times) for s in ours
            ]
    assert world.there.read_series("nobody", refs) == [None] * 5
    assert world.there.read_series(run_hash, []) == []


def test_objects(world: World, tmp_path: Path) -> None:
    run_hash = write_some(tmp_path)[2]
    for name in ("text", "image", "dist", "fig"):
        ref = SequenceRef(name, {})
        ours, theirs = (
            list(backend.read_objects(run_hash, ref)) for backend in (world.here, world.there)
        )
        assert [(r.step, r.epoch, r.time) for r in theirs] == [
            (r.step, r.epoch, r.time) for r in ours
        ]
        assert list(world.there.read_objects(run_hash, ref, stop=ours[0].step)) == []
        assert len(list(world.there.read_objects(run_hash, ref, start=ours[0].step))) == 1
        if name != "image" or not world.plain:
            assert [shown(r.value) for r in theirs] == [shown(r.value) for r in ours]
            continue
        keys = [(r.value["s3_key"], s.value["s3_key"]) for r, s in zip(ours, theirs, strict=True)]  # type: ignore[call-overload]  # single images
        for own, other in keys:
            with world.here.open_blob(own) as one, world.there.open_blob(other) as two:
                assert one.read() == two.read()
    assert list(world.there.read_objects(run_hash, SequenceRef("loss", {"subset": "val"}))) == []
    assert list(world.there.read_objects("nobody", SequenceRef("text", {}))) == []


def shown(value: Any) -> Any:
    """An object as it is decoded, whatever form its parts have."""
    import json

    if value.get("type") == "figure" and isinstance(value["data"], str):
        return {**value, "data": json.loads(value["data"])}
    if value.get("type") == "distribution":
        return Distribution.decode(value, bytes).json()
    return value


def test_many_objects_come_in_pages(world: World, tmp_path: Path) -> None:
    with Run(repo=tmp_path, capture_terminal_logs=False) as run:
        for step in [*range(350), 10_000, 1_000_000]:
            run.track(Text(str(step)), name="text", step=step)
    ref = SequenceRef("text", {})
    found = [(r.step, r.value["data"]) for r in world.there.read_objects(run.hash, ref)]  # type: ignore[call-overload]  # single texts
    assert found == [(step, str(step)) for step in [*range(350), 10_000, 1_000_000]]


def test_long_series_come_in_pages(world: World, tmp_path: Path) -> None:
    steps = [*range(120_000), *range(10**9, 10**9 + 5), 10**15]
    with Run(repo=tmp_path, capture_terminal_logs=False) as run:
        for step in steps:
            run.track(step / 2, name="m", step=step)
    world.asked.paths.clear()
    series = world.there.read_series(run.hash, [SequenceRef("m", {})])[0]
    assert series is not None
    assert list(series.steps) == steps
    assert list(series.values) == [step / 2 for step in steps]
    assert len(world.asked.paths) < 30


def test_logs(world: World, tmp_path: Path) -> None:
    writer = world.here.open_writer("run")
    writer.append(messages.create_run(time=1.0))
    numbers = [*range(12_000), 500_000]
    for number in numbers:
        writer.append(messages.log_terminal_line(f"line {number}", number))
    for number in range(500):
        writer.append(messages.log_record(f"m{number}", 20, number, extra_args={"n": number}))
    writer.append(messages.log_record("odd", 17, 1.5, logger_info=["f.py", 3]))
    writer.close()
    there = world.there
    assert [n for n, _ in there.read_log_lines("run")] == numbers
    assert list(there.read_log_lines("run", start=11_998)) == [
        (n, f"line {n}") for n in (11_998, 11_999, 500_000)
    ]
    assert [n for n, _ in there.read_log_lines("run", start=5, stop=7)] == [5, 6]
    ours, theirs = (list(b.read_log_records("run")) for b in (world.here, there))
    if world.plain:
        ours[-1].level = 20  # a name stands for it there
    assert theirs == ours
    assert list(there.read_log_lines("nobody")) == []
    assert list(there.read_log_records("nobody")) == []


def test_artifacts(world: World, tmp_path: Path) -> None:
    names = ["a.txt", "sub/b c.bin", "sub/日本 ä.txt", "100% #1&x=2.txt"]
    with Run(repo=tmp_path, capture_terminal_logs=False) as run:
        for number, name in enumerate(names):
            file = tmp_path / str(number)
            file.write_text(name, encoding="utf-8")
            run.log_artifact(file, name=name)
    found = world.there.list_artifacts(run.hash)
    assert [artifact.path for artifact in found] == sorted(names)
    for artifact in found:
        with world.there.open_blob(artifact.key) as opened:
            assert opened.read().decode() == artifact.path
    for missing in (f"{run.hash}/none", "nobody/none"):
        with pytest.raises(BlobNotFoundError):
            world.there.open_blob(missing)
    assert world.there.list_artifacts("nobody") == []


def test_edits(world: World, tmp_path: Path) -> None:
    run_hash = write_some(tmp_path)[0]
    there = world.there

    def record() -> RunRecord:
        found = there.get_run(run_hash)
        assert found is not None
        return found

    there.submit(run_hash, [messages.set_run_property(name="new", experiment="made for it")])
    there.submit(run_hash, [messages.add_tag("x"), messages.add_tag("x"), messages.add_tag("y")])
    there.submit(run_hash, [messages.remove_tag("x"), messages.remove_tag("never had")])
    found = record()
    assert (found.name, found.experiment, found.description) == ("new", "made for it", "d")
    assert sorted(found.tags) == ["t", "y"]
    assert [tag.run_count for tag in there.list_tags() if tag.name == "y"] == [1]
    there.submit(run_hash, [messages.set_run_property(clear=["experiment", "description"])])
    there.submit(run_hash, [messages.set_run_property(archived=True)])
    found = record()
    assert (found.experiment, found.description or None, found.archived) == (None, None, True)
    with pytest.raises(RunNotFoundError):
        there.submit("nobody", [messages.add_tag("x")])
    with pytest.raises(RunNotFoundError):
        there.submit("nobody", [messages.set_run_property(name="x")])


def test_it_is_there(world: World) -> None:
    world.there.check()
    status = world.there.status()
    assert status["services"]["backend"]["trouble"] is None
    assert status["services"]["backend"]["version"]


def test_deletion(world: World, tmp_path: Path) -> None:
    hashes = write_some(tmp_path)
    assert world.there.delete_run(hashes[0])
    assert not world.there.delete_run(hashes[0])
    assert world.there.get_run(hashes[0]) is None
    assert world.there.list_runs() == hashes[1:]


@pytest.mark.parametrize("what", ["experiment", "tag"])
def test_labels(world: World, what: str) -> None:
    there: Any = world.there

    def do(verb: str, *args: Any) -> Any:
        return getattr(there, f"{verb}_{what}")(*args)

    def listed() -> list[Any]:
        found: list[Any] = getattr(there, f"list_{what}s")()
        return found

    made = do("create", "b")
    other = do("create", "a")
    assert [record.name for record in listed()] == ["a", "b"]
    assert made == listed()[1]
    with pytest.raises(InvalidInputError, match="'b'"):
        do("create", "b")
    made.name, made.description, made.archived = "c", "why", True
    assert do("update", made)
    assert listed() == [other, made]
    made.name = "a"
    with pytest.raises(InvalidInputError, match="'a'"):
        do("update", made)
    assert do("delete", "c")
    assert do("delete", other.id)
    assert not do("delete", "c")
    made.name = "d"
    assert not do("update", made)


# -- how much is asked ----------------------------------------------------------------------------


def test_a_thousand_runs_take_a_handful_of_requests(world: World) -> None:
    for number in range(1_000):
        world.here.submit(
            f"run{number}",
            [
                messages.create_run(time=1.7e9 + number),
                messages.log_hparams({"n": number}),
                messages.log_metric(
                    "m", 1.0, step=0, epoch=None, context=None, dtype="float", time=1.7e9
                ),
            ],
        )
    world.asked.paths.clear()
    found = list(world.there.search_runs(EVERYTHING))
    assert [record.hash for record in found] == [f"run{n}" for n in reversed(range(1_000))]
    assert all(record.params and record.sequences for record in found)
    assert len(world.asked.paths) <= (15 if world.plain else 5), world.asked.paths
    # A real server that finds more than a limit lets it tell hangs for ever.
    limits = {query.partition(b"&limit=")[2].partition(b"&")[0] for query in world.asked.queries}
    assert not world.plain or limits <= {b"", b"0"}
    for once in (world.there.count_runs, world.there.list_runs):
        world.asked.paths.clear()
        once()
        assert len(world.asked.paths) == 1


def test_what_is_not_asked_for_is_not_waited_for(world: World) -> None:
    """The first results of a search need only the first page."""
    for number in range(120):
        world.here.submit(f"run{number}", [messages.create_run(time=1.7e9 + number)])
    world.asked.paths.clear()
    search = world.there.search_runs(EVERYTHING, sequences=False)
    assert next(search).hash == "run119"
    assert [path for path in world.asked.paths if "/search/" in path] == world.asked.paths[1:2]
    assert len(list(search)) == 119


def test_a_run_that_goes_while_it_is_stood_on(world: World) -> None:
    """What comes behind a page is found although the last run of the page was deleted."""
    for number in range(120):
        world.here.submit(f"run{number}", [messages.create_run(time=1.7e9 + number)])
    found = []
    for record in world.there.search_runs(EVERYTHING, sequences=False):
        found.append(record.hash)
        if len(found) == 50:
            world.here.delete_run(record.hash)
    assert found == [f"run{n}" for n in reversed(range(120))]


def test_what_is_asked_for_fits_into_a_request(world: World) -> None:
    """Proxies take no long request lines."""
    name, many = "a rather long name for a metric of which there are many ", range(400)
    for number in range(60):
        world.here.submit(f"{number:0>200}", [messages.create_run(time=1.7e9 + number)])
    points = [
        messages.log_metric(
            f"{name}{i}", i, step=0, epoch=None, context=None, dtype="float", time=1.0
        )
        for i in many
    ]
    world.here.submit("run", [messages.create_run(time=1.8e9), *points])
    refs = [SequenceRef(f"{name}{i}", {}) for i in many]
    series = world.there.read_series("run", refs)
    assert [list(s.values) for s in series if s is not None] == [[i] for i in many]
    hashes = [f"{number:0>200}" for number in range(60)]
    found = world.there.search_runs(parse(f"run.hash in {hashes} and run.archived == False"))
    assert len(list(found)) == 60
    lengths = [len(query) for query in world.asked.queries]
    assert max(lengths) < 8_000


# -- what real servers keep instead of what they cannot -------------------------------------------


def metric(value: float, step: int, **more: Any) -> dict[str, Any]:
    made = messages.log_metric(
        "m", value, step=step, epoch=None, context={"a": 1}, dtype="float", time=1.7e9 + step
    )
    return {**made, **more}


def as_a_real_server_keeps(world: World, run_hash: str, *sent: Any) -> None:
    """Write what `sent` becomes on the wire, without what a real server does not look at."""
    kept = [
        {key: value for key, value in wire.items() if key not in ("exact", "epoch_exact")}
        for message in sent
        for wire in to_wire(message)
    ]
    world.here.submit(run_hash, [messages.create_run(time=1.7e9), *kept])  # type: ignore[list-item]  # messages


@pytest.fixture
def real(tmp_path: Path) -> Iterator[World]:
    directory = tmp_path / ".matyan"
    here = EmbeddedBackend(directory)
    here.create()
    with reading(directory, plain=True) as (there, asked):
        yield World(here, there, asked, True)
    here.close()


def test_companions_of_points(real: World) -> None:
    ref = SequenceRef("m", {"a": 1})
    as_a_real_server_keeps(
        real,
        "run",
        metric(1.0, 0),
        metric(math.nan, 1, epoch=1.5),
        metric(2.0, 2),
        metric(-math.inf, 3),
    )
    as_a_real_server_keeps(real, "odd", metric(math.inf, 7))
    series = real.there.read_series("run", [ref])[0]
    assert series is not None
    assert list(series.steps) == [0, 1, 2, 3]
    assert list(map(str, series.values)) == ["1.0", "nan", "2.0", "-inf"]
    assert series.epochs[1] == 1.5
    assert series.times[1] == 1.7e9 + 1
    part = real.there.read_series("run", [ref], start=1, stop=3)[0]
    assert part is not None
    assert list(part.steps) == [1, 2]
    thin = real.there.read_series("run", [ref], density=2)[0]
    assert thin is not None
    assert list(thin.steps) == [0, 3]
    only = real.there.read_series("odd", [ref])[0]
    assert only is not None
    assert list(only.values) == [math.inf]
    for record in (real.there.get_run("run"), *real.there.search_runs(parse("run.hash == 'run'"))):
        assert record is not None
        assert [(s.name, s.kind, s.last, s.last_step) for s in record.sequences or ()] == [
            ("m", "metric", -math.inf, 3)
        ]
    found = list(real.there.search_sequences("metric", parse("metric.last > 5", kind="metric")))
    assert [(run.hash, [s.name for s in matching]) for run, matching in found if matching] == [
        ("odd", ["m"])
    ]


def test_companions_of_objects(real: World) -> None:
    def log(value: dict[str, Any], step: int, dtype: str, **more: Any) -> Any:
        return messages.log_custom_object(
            "o", value, step=step, epoch=0.5, context=None, dtype=dtype, time=1.6e9
        )

    text = {"type": "text", "data": "a"}
    items = [text, {"type": "text", "data": "b"}]
    as_a_real_server_keeps(
        real,
        "run",
        log(text, 0, "text"),
        log({"type": "list", "items": items}, 1, "text"),
        log({"type": "list", "items": []}, 2, "text"),
    )
    found = list(real.there.read_objects("run", SequenceRef("o", {})))
    assert [(r.step, r.value) for r in found] == [(0, text), (1, items), (2, [])]
    assert (found[1].epoch, found[1].time) == (0.5, 1.6e9)
    own = {"type": "custom", "custom": "Mine", "fields": {"x": 1}}
    as_a_real_server_keeps(real, "own", log(own, 4, "custom:Mine"))
    (mine,) = real.there.read_objects("own", SequenceRef("o", {}))
    assert (mine.step, mine.value) == (4, own)
    for run_hash, kind, dtype in (("run", "texts", "text"), ("own", "objects", "custom:Mine")):
        record = real.there.get_run(run_hash)
        assert record is not None
        assert record.sequences is not None
        (sequence,) = record.sequences
        assert (sequence.name, sequence.kind, sequence.dtype) == ("o", kind, dtype)
        query = parse("", kind=kind)  # type: ignore[arg-type]  # two of the kinds
        hits = [run.hash for run, some in real.there.search_sequences(kind, query) if some]  # type: ignore[arg-type]  # two of the kinds
        assert hits == [run_hash]


def test_an_object_written_again_without_a_companion(real: World) -> None:
    """What was last written counts, though a companion of what was there before is still there."""
    text = {"type": "text", "data": "a"}
    both = {"type": "list", "items": [text, text]}
    for time, value in ((1.6e9, both), (1.7e9, text)):
        as_a_real_server_keeps(
            real,
            "run",
            messages.log_custom_object(
                "o", value, step=0, epoch=None, context=None, dtype="text", time=time
            ),
        )
    (found,) = real.there.read_objects("run", SequenceRef("o", {}))
    assert found.value == text


def test_foreign_texts_that_look_like_companions(real: World) -> None:
    odd = messages.log_custom_object(
        "__matyan__:float:m",
        {"type": "text", "data": "no JSON"},
        step=0,
        epoch=None,
        context={"a": 1},
        dtype="text",
        time=1.0,
    )
    real.here.submit("run", [messages.create_run(time=1.0), odd, metric(1.0, 0)])  # type: ignore[list-item]  # a message
    series = real.there.read_series("run", [SequenceRef("m", {"a": 1})])[0]
    assert series is not None
    assert list(series.values) == [1.0]
    assert real.there.get_run("run") is not None


def test_marked_parameters() -> None:
    tree = {
        "props": {"name": "", "creation_time": 1},
        "params": {
            "hparams": {"lr": 1, "__matyan__": "dict"},
            "gone": {"__matyan__": "deleted", "was": None},
            "map": {"__matyan__": "map", "items": [[1, {"a": 2}]]},
            "foreign": {"__matyan__": 5},
        },
    }
    record = plain_run("run", tree, "http://host", params=True)
    assert record.name is None
    assert record.params == {
        "hparams": {"lr": 1},
        "map": {1: {"a": 2}},
        "foreign": {"__matyan__": 5},
    }


@pytest.mark.parametrize(
    "tree", [{}, [], None, {"props": None}, {"props": {"tags": [{}]}}, {"props": {"tags": 3}}]
)
def test_what_is_no_run(tree: Any) -> None:
    with pytest.raises(UnexpectedAnswerError, match="http://host is not a run"):
        plain_run("run", tree, "http://host", params=True)


def test_sequence_records_say_what_is_not_known(real: World) -> None:
    as_a_real_server_keeps(real, "run", metric(3.0, 4))
    (found,) = real.there.search_runs(EVERYTHING)
    assert found.sequences == [
        SequenceRecord("m", {"a": 1}, "float", count=None, last=3.0, last_step=4)
    ]


def test_another_server_at_the_same_place(world: World, tmp_path: Path) -> None:
    """What was learnt of a server before is not taken for what it is."""
    run_hash = write_some(tmp_path)[2]
    expected = [record.hash for record in world.there.search_runs(EVERYTHING)]
    for learnt in (True, False):
        world.there._is_exact = learnt
        assert [record.hash for record in world.there.search_runs(EVERYTHING)] == expected
        world.there._is_exact = learnt
        series = world.there.read_series(run_hash, [SequenceRef("loss", {"subset": "val"})])[0]
        assert series is not None
        assert len(series) == 100
        world.there._is_exact = learnt
        assert len(list(world.there.read_objects(run_hash, SequenceRef("text", {})))) == 1


def test_commands(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hashes = write_some(tmp_path)
    url = world.there.url
    try:
        assert main(["status", url]) == 0
        said = capsys.readouterr().out
        assert f"{url} version " in said
        assert "3 (0 active)" in said
        assert main(["runs", "ls", "--repo", url, "-q", "run.n == 2"]) == 0
        assert hashes[2] in capsys.readouterr().out
        assert main(["runs", "show", "--repo", url, hashes[2][:12]]) == 0
        assert "run 2" in capsys.readouterr().out
        assert main(["runs", "rm", "--yes", "--repo", url, hashes[0]]) == 0
        assert world.there.list_runs() == hashes[1:]
    finally:
        select.open_backend(url).close()
