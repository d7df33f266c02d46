"""Event files as TensorBoard's own writer makes them, followed while they are written."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from matyan_client import Repo, Run
from matyan_client.objects import Image

pytest.importorskip("tensorboard")

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from matyan_client.adapters.tensorboard import EventFollower

ROOT = Path(__file__).resolve().parents[3]


class Writer:
    """Writes values to an event file of its own."""

    def __init__(self, directory: Path) -> None:
        self._file = EventFileWriter(str(directory))

    def add(self, tag: str, step: int, plugin: str = "", **value: Any) -> None:
        metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin))
        content = Summary.Value(tag=tag, metadata=metadata, **value)
        self._file.add_event(Event(step=step, summary=Summary(value=[content])))
        self._file.flush()

    def scalar(self, tag: str, step: int, value: float) -> None:
        self.add(tag, step, simple_value=value)

    def close(self) -> None:
        self._file.close()


class Heard:
    """Notes what it is told to track."""

    def __init__(self) -> None:
        self.values: list[tuple[str, int, Any, dict[str, Any]]] = []

    def track(self, value: Any, name: str, step: int, *, context: dict[str, Any]) -> None:
        if name == "refused":
            raise ValueError("not this one")
        self.values.append((name, step, value, context))

    @property
    def steps(self) -> list[tuple[str, int]]:
        return [(name, step) for name, step, _, _ in self.values]


@contextmanager
def following(run: Any, directory: Path, **options: Any) -> Iterator[EventFollower]:
    follower = EventFollower(run, directory, poll_s=0.01, **options)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def png(color: int) -> bytes:
    from PIL import Image as pillow

    file = io.BytesIO()
    pillow.new("L", (3, 2), color).save(file, "PNG")
    return file.getvalue()


def wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 4, "NONE", ""))
        sound.writeframes(b"\0\1" * 4)
    return file.getvalue()


def test_values_are_tracked_while_the_file_grows(tmp_path: Path) -> None:
    heard = Heard()
    with following(heard, tmp_path / "logs"):  # which is not there yet
        writer = Writer(tmp_path / "logs" / "train")
        writer.scalar("loss", 0, 1.5)
        until(lambda: heard.steps == [("loss", 0)])
        writer.scalar("loss", 1, 0.25)
        until(lambda: heard.steps == [("loss", 0), ("loss", 1)])
        writer.scalar("loss", 2, 0.125)  # and what is there when it ends
    writer.close()
    assert heard.values == [
        ("loss", step, value, {"entry": "train"}) for step, value in enumerate((1.5, 0.25, 0.125))
    ]


def test_kinds_of_values_are_read_back(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    writer = Writer(logs)
    encoded = Summary.Image(height=2, width=3, colorspace=1, encoded_image_string=png(7))
    sizes = [b"3", b"2"]
    histogram = HistogramProto(
        min=-1, max=3, num=6, sum=6, bucket_limit=[0, 1, 2, 9], bucket=[1, 0, 2, 3]
    )
    empty = HistogramProto(min=2, max=2, num=1, sum=2, bucket_limit=[2, 3], bucket=[1, 0])
    writer.scalar("scalar", -1, 0.5)
    writer.add("image", 1, image=encoded)
    batch = make_tensor_proto([*sizes, png(1), png(2)])
    writer.add("images", 1, "images", tensor=batch)
    writer.add("histogram", 2, histo=histogram)
    writer.add("no width", 2, histo=empty)
    writer.add("text", 3, "text", tensor=make_tensor_proto([b"gr\xc3\xbcn"]))
    writer.add("texts", 3, "text", tensor=make_tensor_proto([b"a", b"b"]))
    sound = Summary.Audio(sample_rate=8000, encoded_audio_string=wav(), content_type="audio/wav")
    writer.add("audio", 4, audio=sound)
    writer.close()

    run = Run(repo=tmp_path / "repo", system_tracking_interval=None, capture_terminal_logs=False)
    with following(run, logs):
        pass
    run_hash = run.hash
    run.close()
    stored = Repo(tmp_path / "repo").get_run(run_hash)
    assert stored is not None
    assert {(one.name, one.kind, one.last_step) for one in stored.sequences()} == {
        ("scalar", "metric", -1),
        ("image", "images", 1),
        ("images", "images", 1),
        ("histogram", "distributions", 2),
        ("text", "texts", 3),
        ("texts", "texts", 3),
        ("audio", "audios", 4),
    }
    assert all(one.context == {"entry": "logs"} for one in stored.sequences())


def test_objects_are_what_the_files_hold(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    encoded = Summary.Image(height=2, width=3, colorspace=1, encoded_image_string=png(7))
    writer.add("image", 0, image=encoded)
    writer.add("images", 0, "images", tensor=make_tensor_proto([b"3", b"2", png(1), png(2)]))
    writer.add("text", 0, "text", tensor=make_tensor_proto(b"one"))
    histogram = HistogramProto(
        min=-1, max=3, num=6, sum=6, bucket_limit=[0, 1, 2, 9], bucket=[1, 0, 2, 3]
    )
    writer.add("histogram", 0, histo=histogram)
    writer.close()
    heard = Heard()
    with following(heard, tmp_path):
        pass
    found = {name: value for name, _, value, _ in heard.values}
    assert found["image"].to_bytes() == png(7)
    assert [each.to_bytes() for each in found["images"]] == [png(1), png(2)]
    assert isinstance(found["image"], Image)
    assert found["text"].data == "one"
    assert list(found["histogram"].weights) == [1, 0, 2, 3]
    assert found["histogram"].range == (-1, 3)


def test_several_writers_and_directories_below_a_directory(tmp_path: Path) -> None:
    heard = Heard()
    with following(heard, tmp_path):
        writers = [Writer(tmp_path), Writer(tmp_path), Writer(tmp_path / "a" / "b")]
        for step in range(3):
            for number, writer in enumerate(writers):
                writer.scalar(f"from {number}", step, 0)
    for writer in writers:
        writer.close()
    assert sorted(heard.steps) == [(f"from {n}", step) for n in range(3) for step in range(3)]
    only_here = Heard()
    with following(only_here, tmp_path, recursive=False):
        pass
    assert {name for name, _ in only_here.steps} == {"from 0", "from 1"}


def test_what_cannot_be_tracked_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(tmp_path)
    for step in range(3):
        writer.add("pr", step, "pr_curves", tensor=make_tensor_proto([1.0]))
        writer.add("vector", step, "scalars", tensor=make_tensor_proto([1.0, 2.0]))
        writer.add("broken", step, "images", tensor=make_tensor_proto([b"1", b"1", b"no image"]))
        writer.scalar("refused", step, 1)
        writer.scalar("good", step, 1)
    writer.close()
    heard = Heard()
    with caplog.at_level(logging.WARNING), following(heard, tmp_path):
        pass
    assert heard.steps == [("good", step) for step in range(3)]
    told = [record.getMessage() for record in caplog.records]
    assert [
        sum(word in text for text in told) for word in ("pr_curves", "vector", "broken", "refused")
    ] == [1, 1, 1, 1]
    assert len(told) == 4


def test_a_damaged_file_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a")
    writer.scalar("before", 0, 1)
    writer.close()
    (damaged,) = (tmp_path / "a").iterdir()
    damaged.write_bytes(damaged.read_bytes() + b"\xff" * 100)
    (tmp_path / "a" / "z.tfevents.directory").mkdir()
    other = Writer(tmp_path / "b")
    other.scalar("other", 0, 1)
    other.close()
    heard = Heard()
    with following(heard, tmp_path):
        pass
    assert sorted(heard.steps) == [("before", 0), ("other", 0)]


def test_following_ends_with_the_run(tmp_path: Path) -> None:
    heard = Heard()
    follower = EventFollower(heard, tmp_path, poll_s=0.01)
    follower.start()
    thread = follower._thread
    assert thread is not None
    del heard
    thread.join(timeout=30)
    assert not thread.is_alive()
    follower.stop()
    follower.stop()  # quiet


def test_a_process_that_just_ends_has_tracked_everything(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "logs")
    for step in range(500):
        writer.scalar("loss", step, step)
    writer.close()
    script = """
import sys
from matyan_client import Run
from matyan_client.adapters.tensorboard import EventFollower
run = Run(repo=sys.argv[1], system_tracking_interval=None, capture_terminal_logs=False)
EventFollower(run, sys.argv[2], poll_s=1000).start()
"""
    repo, logs = tmp_path / "repo", tmp_path / "logs"
    subprocess.run([sys.executable, "-c", script, str(repo), str(logs)], check=True, cwd=ROOT)
    (run_hash,) = Repo(repo).list_all_runs()
    run = Repo(repo).get_run(run_hash)
    assert run is not None
    (sequence,) = run.sequences()
    assert (sequence.name, sequence.last_step) == ("loss", 499)


def test_without_the_package_the_extra_is_named(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["tensorboard"] = None
from matyan_client.adapters.tensorboard import EventFollower
try:
    EventFollower(object, ".")
except ImportError as error:
    print(type(error).__name__, error.extra, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.startswith("MissingDependencyError tensorboard ")
    assert "matyan-client[tensorboard]" in done.stdout
