"""What a journal is given is what is read from it, whatever was cut off its end."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matyan_client.exceptions import CodecError
from matyan_client.journal import writer as writer_module
from matyan_client.journal.format import POINT_SIZE
from matyan_client.journal.reader import SegmentReader
from matyan_client.journal.writer import JournalWriter
from matyan_client.protocol.messages import add_tag, log_hparams


def read_all(path: Path) -> tuple[list[dict], dict[str, list[tuple]]]:
    reader = SegmentReader(path)
    messages: list[dict] = []
    points: dict[str, list[tuple]] = {}
    while True:
        batch = reader.read()
        if batch.end == batch.start:
            return messages, points
        messages += batch.messages
        for columns in batch.points.values():
            points.setdefault(columns.name, []).extend(
                zip(columns.steps, columns.values, columns.epochs, columns.automatic, strict=True)
            )


def test_round_trip(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, "r/with odd\nname")
    loss = journal.declare("loss", {"subset": "train"}, "float")
    journal.point(loss, 0.5, 0, None, 1.0, automatic=True)
    journal.append(add_tag("t"))
    journal.point(loss, 7, -3, 2.5, 2.0, automatic=False)
    journal.append(log_hparams({"a": {"b": math.inf}}, path=["a"]))
    (segment,) = journal.segments
    messages, points = read_all(segment.path)
    assert [m["type"] for m in messages] == ["add_tag", "log_hparams"]
    assert messages[1]["value"] == {"a": {"b": math.inf}}
    (first, second) = points["loss"]
    assert (first[:2], first[3]) == ((0, 0.5), True)
    assert math.isnan(first[2])
    assert second == (-3, 7, 2.5, False)
    assert type(second[1]) is int
    journal.close()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000))
def test_a_cut_tail_loses_only_what_was_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    directory = tmp_path_factory.mktemp("j")
    journal = JournalWriter(directory, "r")
    sequence = journal.declare("m", {}, "float")
    for i in range(50):
        journal.point(sequence, float(i), i, None, 0.0, automatic=True)
        if i % 7 == 0:
            journal.append(add_tag(f"t{i}"))
    (segment,) = journal.segments
    whole = segment.path.read_bytes()
    journal.release(segment)
    segment.path.write_bytes(whole[: max(0, len(whole) - cut)])
    _, points = read_all(segment.path)
    kept = [p[0] for p in points.get("m", [])]
    assert kept == list(range(len(kept)))
    assert len(kept) >= 50 - cut // POINT_SIZE - 1


def test_segments_rotate_and_stand_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 2000)
    journal = JournalWriter(tmp_path, "r")
    numbers = [journal.declare(f"m{i}", {"i": i}, "float") for i in range(3)]
    for step in range(200):
        for number in numbers:
            journal.point(number, float(step), step, None, 0.0, automatic=True)
    assert len(journal.segments) > 3
    found: dict[str, list[int]] = {}
    for segment in journal.segments:
        for name, points in read_all(segment.path)[1].items():
            found.setdefault(name, []).extend(p[0] for p in points)
    assert found == {f"m{i}": list(range(200)) for i in range(3)}
    journal.close()


def test_reading_on_from_an_offset(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, "r")
    sequence = journal.declare("m", {}, "float")
    for i in range(10):
        journal.point(sequence, float(i), i, None, 0.0, automatic=True)
    (segment,) = journal.segments
    middle = segment.size - 4 * POINT_SIZE
    reader = SegmentReader(segment.path)
    reader.skip_to(middle)
    batch = reader.read()
    assert [c.steps for c in batch.points.values()] == [[6, 7, 8, 9]]
    with pytest.raises(CodecError, match="are recorded as applied"):
        SegmentReader(segment.path).skip_to(segment.size + 1)
    journal.close()


def test_a_record_larger_than_a_batch(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, "r")
    journal.append(log_hparams({"big": "x" * 10_000_000}, path=["big"]))
    journal.append(add_tag("after"))
    messages, _ = read_all(journal.segments[0].path)
    assert len(messages[0]["value"]["big"]) == 10_000_000
    assert messages[1]["tag_name"] == "after"
    journal.close()


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    from matyan_client.journal.format import HEADER, variable_record

    path = tmp_path / "x.journal"
    path.write_bytes(variable_record(HEADER, b'{"version": 99, "run": "r"}'))
    with pytest.raises(CodecError, match="format 99"):
        SegmentReader(path).read()
