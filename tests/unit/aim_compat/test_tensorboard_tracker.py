"""Aim's names for following event files; how files are read is tested with the adapter."""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aim_compat import Image, Repo, Run

pytest.importorskip("tensorboard")

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from aim_compat import tensorboard_tracker as tracker

ROOT = Path(__file__).resolve().parents[3]


def write(directory: Path, tag: str, *values: float) -> None:
    file = EventFileWriter(str(directory))
    for step, value in enumerate(values):
        content = Summary.Value(tag=tag, simple_value=value)
        file.add_event(Event(step=step, summary=Summary(value=[content])))
    file.close()


def write_image(directory: Path) -> None:
    import io

    from PIL import Image as pillow

    encoded = io.BytesIO()
    pillow.new("RGB", (3, 2), (1, 2, 3)).save(encoded, "JPEG")
    image = Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=encoded.getvalue())
    file = EventFileWriter(str(directory))
    content = Summary.Value(tag="image", image=image)
    file.add_event(Event(step=5, summary=Summary(value=[content])))
    file.close()


def tracked(repo: Path) -> dict[str, list[float]]:
    (run,) = Repo(repo).iter_runs()
    return {
        f"{metric.name} {metric.context.to_dict()['entry']}": list(metric.values.values_list())
        for metric in run.metrics()
    }


def test_a_run_takes_in_event_files(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write(logs / "train", "loss", 1, 0.5)
    run = tracker.Run(sync_tensorboard_log_dir=str(logs), repo=tmp_path)
    assert isinstance(run, Run)
    assert run["tb_log_directory"] == str(logs)
    write(logs / "val", "loss", 2)
    write_image(logs / "val")
    run.track(7, name="own")
    run.close()
    run.close()
    (stored,) = Repo(tmp_path).iter_runs()
    assert stored.active is False
    assert {metric.name for metric in stored.metrics()} == {"loss", "own"}
    (images,) = Repo(tmp_path).query_images("images.name == 'image'", report_mode=None)
    image = images.values.first_value()
    assert isinstance(image, Image)
    assert (images.context.to_dict(), images.first_step()) == ({"entry": "val"}, 5)
    assert (image.format, image.size) == ("png", (3, 2))


def test_a_run_that_is_dropped_takes_them_in_too(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    run = tracker.Run(sync_tensorboard_log_dir=logs, repo=tmp_path)
    write(logs / "train", "loss", 1, 0.5)
    del run
    assert tracked(tmp_path) == {"loss train": [1.0, 0.5]}
    (stored,) = Repo(tmp_path).iter_runs()
    assert stored.active is False


def test_a_script_that_just_ends(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    write(logs / "train", "loss", *range(200))
    script = """
import sys
from aim.ext.tensorboard_tracker import Run
run = Run(sync_tensorboard_log_dir=sys.argv[1], repo=sys.argv[2])
"""
    command = [sys.executable, "-m", "aim_compat", "run", "-c", script, str(logs), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert tracked(tmp_path) == {"loss train": list(map(float, range(200)))}


def test_a_tracker_for_a_run_of_another_kind(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "a", "loss", 3)
    run = Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    with_tracker = tracker.TensorboardTracker(run._tracker, str(tmp_path / "logs"))
    with_tracker.start()
    with_tracker.close()
    run.close()
    assert tracked(tmp_path) == {"loss a": [3.0]}


def test_a_queue_between_folders_and_runs(tmp_path: Path) -> None:
    write(tmp_path / "logs", "loss", 1, 2)
    write(tmp_path / "logs" / "below", "loss", 3)
    events: queue.Queue[tracker.TensorboardEvent | None] = queue.Queue()
    folder = tracker.TensorboardFolderTracker(str(tmp_path / "logs"), events)
    folder.start()
    folder.stop()
    assert events.qsize() == 2
    events.put(tracker.TensorboardEvent("no number", "bad", 0, {}))
    events.put(tracker.TensorboardEvent(3.0, "loss", 2, {"entry": "logs"}))
    run = Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    consumer = tracker.TensorboardEventConsumer(events, run.track)
    consumer.start()
    consumer.stop()
    run.close()
    assert tracked(tmp_path) == {"loss logs": [1.0, 2.0, 3.0]}


def test_a_tracker_does_not_keep_its_run(tmp_path: Path) -> None:
    run = Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    track = run._tracker
    track(1.0, "loss", 3, context={"a": 1})
    assert [metric.last_step() for metric in run.metrics()] == [3]
    del run
    track(2.0, "loss", 4)  # nobody is there; quiet
    (stored,) = Repo(tmp_path).iter_runs()
    deadline = time.monotonic() + 30
    while stored.active and time.monotonic() < deadline:
        (stored,) = Repo(tmp_path).iter_runs()
    assert stored.active is False
    assert [metric.last_step() for metric in stored.metrics()] == [3]
