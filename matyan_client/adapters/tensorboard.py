"""Follows TensorBoard event files and tracks what they hold, while they are written.

Series are named as the tags are; their context says which directory the file is in. Needs the
package `tensorboard` (extra `tensorboard`), not TensorFlow.
"""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from matyan_client.exceptions import MissingDependencyError
from matyan_client.objects import Audio, Distribution, Image, Text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["EventFollower", "Makers", "TracksValues", "event_file_loader"]

log = logging.getLogger("matyan_client.adapters")

_POLL_S = 1.0


class TracksValues(Protocol):
    """What values are tracked to, such as a `Run`."""

    def track(self, value: Any, name: str, step: int, *, context: dict[str, Any]) -> Any:
        """Track a value at a step of a series."""


def _make_distribution(weights: Any, low: float, high: float) -> Distribution:
    return Distribution(hist=weights, bin_range=(low, high))


class Makers(NamedTuple):
    """What makes objects of what is in event files."""

    image: Callable[[bytes], Any] = Image
    """Of an encoded image."""
    audio: Callable[[bytes], Any] = Audio
    """Of an encoded audio file."""
    text: Callable[[str], Any] = Text
    distribution: Callable[[Any, float, float], Any] = _make_distribution
    """Of an array of weights, and the lowest and highest edge."""


_MAKERS = Makers()


class EventFollower:
    """Tracks scalars, images, histograms, text and audio of all event files below a directory.

    | value | tracked as |
    |---|---|
    | scalar | number, with the precision of a 32-bit float as TensorBoard stores it |
    | image | `Image`, encoded as it is; a batch is a list |
    | histogram | `Distribution` over the same range; one without width is left out |
    | text | `Text`; several at one step are a list |
    | audio | `Audio`, encoded as it is; several at one step are a list |

    A file that appears later is taken in as well, one that is damaged up to there, several writers
    of one directory are fine. What cannot be tracked (graphs, hyperparameters, values of other
    plugins) is said once and left out. The context is `{"entry": <name of the directory>}`.

    Args:
        run: what to track to; held weakly, following ends when it is gone.
        directory: where the files are, or will be.
        poll_s: seconds between looks at the files.
        recursive: take in the directories below, too.
        makers: for objects of other classes than this package's.

    Raises:
        MissingDependencyError: the package tensorboard is not installed.
    """

    def __init__(
        self,
        run: TracksValues,
        directory: str | os.PathLike[str],
        *,
        poll_s: float = _POLL_S,
        recursive: bool = True,
        makers: Makers = _MAKERS,
    ) -> None:
        self._open_file = event_file_loader()
        self._run = weakref.ref(run)
        self._makers = makers
        self._directory = Path(directory)
        self._poll_s = poll_s
        self._pattern = "**/*.tfevents*" if recursive else "*.tfevents*"
        self._files: dict[Path, Any] = {}
        self._plugins: dict[tuple[Path, str], str] = {}
        self._said: set[str] = set()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow, in a thread of its own; once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="matyan-events", daemon=True)
            self._thread.start()
            # Registered after the run's own, hence called before the run is closed.
            atexit.register(self.stop)

    def stop(self) -> None:
        """Track what the files hold by now, and end."""
        if self._thread is not None and not self._ending.is_set():
            atexit.unregister(self.stop)
            self._ending.set()
            self._thread.join()

    # -- reading ---------------------------------------------------------------------------------

    def _follow(self) -> None:
        last = False
        while not last:
            last = self._ending.wait(self._poll_s if self._files else min(self._poll_s, 0.1))
            run = self._run()
            if run is None:
                atexit.unregister(self.stop)
                return
            self._take_in(run)
            del run

    def _take_in(self, run: TracksValues) -> None:
        try:
            paths = sorted(self._directory.glob(self._pattern))
        except OSError as exc:
            self._say_once(f"{self._directory} cannot be searched for event files", exc)
            return
        for path in paths:
            try:
                self._take_in_file(path, run)
            except Exception as exc:  # noqa: BLE001 - of any layer of tensorboard; training goes on
                self._say_once(f"{path} cannot be read on; what came before is tracked", exc)
                self._files[path] = None

    def _take_in_file(self, path: Path, run: TracksValues) -> None:
        if path not in self._files:
            self._files[path] = self._open_file(str(path))
        if self._files[path] is None:  # damaged
            return
        for event in self._files[path].Load():
            for value in event.summary.value:
                self._take_in_value(path, value, event.step, run)

    def _take_in_value(self, path: Path, value: Any, step: int, run: TracksValues) -> None:
        # Writers may leave the plugin out after the first value of a tag.
        plugin = self._plugins.setdefault(
            (path.parent, value.tag), value.metadata.plugin_data.plugin_name or "scalars"
        )
        decode = _DECODERS.get(plugin)
        if decode is None:
            self._say_once(f"TensorBoard values of the plugin {plugin!r} are not tracked")
            return
        try:
            decoded = decode(_array(value), self._makers)
            if decoded is not None:
                run.track(decoded, value.tag, step, context={"entry": path.parent.absolute().name})
        except Exception as exc:  # noqa: BLE001 - what is in the file, or the run; training goes on
            self._say_once(f"{value.tag!r} in {path} is not tracked at every step", exc)

    def _say_once(self, what: str, reason: Exception | None = None) -> None:
        if what not in self._said:
            self._said.add(what)
            log.warning("%s.%s", what, "" if reason is None else f" First reason: {reason!r}")


def event_file_loader() -> Callable[[str], Any]:
    """What opens an event file for reading.

    Raises:
        MissingDependencyError: the package tensorboard is not installed.
    """
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    except ImportError as exc:
        raise MissingDependencyError(
            "tensorboard", extra="tensorboard", purpose="Following TensorBoard event files"
        ) from exc
    loader: Callable[[str], Any] = EventFileLoader
    return loader


# -- values --------------------------------------------------------------------------------------


def _array(value: Any) -> Any:
    from tensorboard.util.tensor_util import make_ndarray

    return make_ndarray(value.tensor)


def _scalar(array: Any, makers: Makers) -> float | int | None:
    del makers
    if array.dtype == object:  # text without a plugin
        return None
    number: float | int = array.item()
    return number


def _image(array: Any, makers: Makers) -> Any:
    _width, _height, *images = array.ravel()
    return _one_or_list([makers.image(image) for image in images])


def _audio(array: Any, makers: Makers) -> Any:
    files = array if array.ndim < 2 else array[:, 0]  # labels are beside
    return _one_or_list([makers.audio(file) for file in files.ravel()])


def _text(array: Any, makers: Makers) -> Any:
    return _one_or_list([makers.text(text.decode("utf-8", "replace")) for text in array.ravel()])


def _one_or_list(objects: list[Any]) -> Any:
    return objects[0] if len(objects) == 1 else objects or None


def _histogram(buckets: Any, makers: Makers) -> Any:
    if not len(buckets):
        return None
    low, high = float(buckets[0, 0]), float(buckets[-1, 1])
    return None if low == high else makers.distribution(buckets[:, 2], low, high)


_DECODERS: dict[str, Callable[[Any, Makers], Any]] = {
    "scalars": _scalar,
    "images": _image,
    "histograms": _histogram,
    "text": _text,
    "audio": _audio,
}
"""By plugin, for arrays."""
