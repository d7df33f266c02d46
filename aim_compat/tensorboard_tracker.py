"""A run that takes in TensorBoard event files while they are written, and the parts it is made of.

What is in the files, and how it is read, is in `matyan_client.adapters.tensorboard`; here it has
Aim's names.
"""

from __future__ import annotations

import io
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

from aim_compat.objects import Audio, Distribution, Image, Text
from aim_compat.run import BasicRun
from aim_compat.run import Run as PlainRun
from matyan_client.adapters.tensorboard import EventFollower, Makers, event_file_loader

if TYPE_CHECKING:
    import os
    import queue
    from collections.abc import Callable

    from aim_compat.repo import Repo

__all__ = [
    "Run",
    "TensorboardEvent",
    "TensorboardEventConsumer",
    "TensorboardFolderTracker",
    "TensorboardTracker",
]


def _image(encoded: bytes) -> Image:
    from PIL import Image as pillow

    return Image(pillow.open(io.BytesIO(encoded)), format="png")


_MAKERS = Makers(
    image=_image,
    audio=lambda encoded: Audio(encoded, format="wav"),
    text=Text,
    distribution=lambda weights, low, high: Distribution(hist=weights, bin_range=(low, high)),
)

log = logging.getLogger("aim_compat.run")


class Run(PlainRun):
    """A run that tracks what TensorBoard event files below a directory hold.

    Nothing else is captured unless asked for. `close()` first takes in what the files hold by then.

    Args:
        run_hash: see `aim_compat.Run`.
        sync_tensorboard_log_dir: where the event files are, or will be; kept as `tb_log_directory`.
        repo: see `aim_compat.Run`.
        experiment: see `aim_compat.Run`.
        force_resume: see `aim_compat.Run`.
        system_tracking_interval: see `aim_compat.Run`.
        log_system_params: see `aim_compat.Run`.
        capture_terminal_logs: see `aim_compat.Run`.

    Raises:
        MissingDependencyError: the package tensorboard is not installed.
    """

    def __init__(
        self,
        run_hash: str | None = None,
        *,
        sync_tensorboard_log_dir: str | os.PathLike[str],
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        force_resume: bool | None = False,
        system_tracking_interval: float | None = None,
        log_system_params: bool | None = False,
        capture_terminal_logs: bool | None = False,
    ) -> None:
        event_file_loader()  # raises before there is a run
        super().__init__(
            run_hash,
            repo=repo,
            experiment=experiment,
            force_resume=bool(force_resume),
            system_tracking_interval=system_tracking_interval,
            log_system_params=log_system_params,
            capture_terminal_logs=capture_terminal_logs,
        )
        self["tb_log_directory"] = sync_tensorboard_log_dir
        self._tensorboard_tracker = TensorboardTracker(self._twin().track, sync_tensorboard_log_dir)
        self._tensorboard_tracker.start()
        # A run that is dropped takes in what the files hold, too.
        weakref.finalize(self, self._tensorboard_tracker.stop)

    def _twin(self) -> BasicRun:
        """The same open run once more, which may outlive this object."""
        twin = BasicRun.__new__(BasicRun)
        twin._attach(self.hash, self.repo)
        twin.read_only = False
        twin._client = self._client
        return twin

    def close(self) -> None:
        """Take in what the files hold, then finish the run."""
        self._tensorboard_tracker.close()
        super().close()


class _Sink:
    """Hands values to a tracker, or into a queue."""

    def __init__(self, take: Callable[..., Any]) -> None:
        self._take = take

    def track(self, value: Any, name: str, step: int, *, context: dict[str, Any]) -> None:
        self._take(value, name, step, context=context)


class TensorboardTracker:
    """Follows all event files below a directory.

    Args:
        tracker: called with value, name, step and `context=`, such as `run.track`.
        sync_tensorboard_log_dir: the directory.
    """

    def __init__(
        self, tracker: Callable[..., Any], sync_tensorboard_log_dir: str | os.PathLike[str]
    ) -> None:
        self.tracker = tracker
        self.sync_tensorboard_log_dir = sync_tensorboard_log_dir
        self._sink = _Sink(tracker)
        self._follower = EventFollower(self._sink, sync_tensorboard_log_dir, makers=_MAKERS)

    def start(self) -> None:
        """Begin."""
        self._follower.start()

    def stop(self) -> None:
        """Take in what the files hold by now, and end."""
        self._follower.stop()

    def close(self) -> None:
        """As `stop()`."""
        self.stop()


class TensorboardEvent:
    """One value of an event file."""

    def __init__(self, value: Any, name: str, step: int, context: dict[str, Any]) -> None:
        self.value = value
        self.name = name
        self.step = step
        self.context = context


class TensorboardFolderTracker:
    """Follows the event files of one directory, not of those below, and queues what they hold.

    Args:
        tensorboard_event_folder: the directory.
        queue: gets a `TensorboardEvent` for each value.
    """

    def __init__(
        self,
        tensorboard_event_folder: str | os.PathLike[str],
        queue: queue.Queue[TensorboardEvent],
    ) -> None:
        self.queue = queue
        self._sink = _Sink(self._enqueue)
        self._follower = EventFollower(
            self._sink, tensorboard_event_folder, recursive=False, makers=_MAKERS
        )

    def _enqueue(self, value: Any, name: str, step: int, *, context: dict[str, Any]) -> None:
        self.queue.put(TensorboardEvent(value, name, step, context))

    def start(self) -> None:
        """Begin."""
        self._follower.start()

    def stop(self) -> None:
        """Queue what the files hold by now, and end."""
        self._follower.stop()


class TensorboardEventConsumer:
    """Tracks what is in a queue.

    Args:
        queue: of `TensorboardEvent`.
        tracker: called with value, name, step and `context=`, such as `run.track`.
    """

    def __init__(
        self, queue: queue.Queue[TensorboardEvent | None], tracker: Callable[..., Any]
    ) -> None:
        self._queue = queue
        self._tracker = tracker
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._consume, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Track what is left in the queue, and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _consume(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._tracker(event.value, event.name, event.step, context=event.context)
            except Exception:
                log.exception("%r cannot be tracked; the others are.", event.name)
