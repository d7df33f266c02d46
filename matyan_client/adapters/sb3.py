"""Records what Stable-Baselines3's algorithms log (extra `sb3`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError

try:
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Figure, HParam, Image, KVWriter, Video
except ImportError as exc:
    raise MissingFrameworkError(
        "stable_baselines3", extra="sb3", purpose="The callback for Stable-Baselines3"
    ) from exc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MatyanCallback", "MatyanOutputFormat"]

_NOT_METRICS = (str, Figure, HParam, Image, Video)
_SUBSETS = ("train", "valid")


class MatyanOutputFormat(KVWriter):
    """Writes what an algorithm's logger dumps to a callback's run.

    Args:
        callback: whose run.
    """

    name = "matyan"
    """What `logger.record(..., exclude=name)` says to leave a value out."""

    def __init__(self, callback: MatyanCallback) -> None:
        self.callback = callback

    def write(
        self,
        key_values: Mapping[str, Any],
        key_excluded: Mapping[str, str | tuple[str, ...]],
        step: int = 0,
    ) -> None:
        """Track numbers: `rollout/ep_rew_mean` is `ep_rew_mean` with `{"tag": "rollout"}`."""
        for key, value in sorted(key_values.items()):
            if self.name not in (key_excluded.get(key) or ()) and not isinstance(
                value, _NOT_METRICS
            ):
                self.callback.track_key(key, value, step)


class MatyanCallback(RunAdapter, BaseCallback):
    """A callback for `model.learn(callback=...)` that records a training as a run.

    What the algorithm's logger dumps becomes metrics, beside the logger's other outputs; its
    settings become params. The run stays open for the next call of `learn`.

    Args:
        repo: where runs live; see `Run`.
        experiment_name: experiment of the run.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
        verbose: as of any callback.
    """

    output_format: type[MatyanOutputFormat] = MatyanOutputFormat

    def __init__(
        self,
        repo: str | None = None,
        experiment_name: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
        verbose: int = 0,
    ) -> None:
        super().__init__(verbose)
        self._configure(
            repo,
            experiment_name,
            system_tracking_interval,
            log_system_params,
            capture_terminal_logs,
        )

    @guarded
    def _init_callback(self) -> None:
        settings = {"algo": type(self.model).__name__}
        for key, value in self.model.__dict__.items():
            settings[key] = value if type(value) in (float, int, str) else str(value)
        self.setup(settings)
        outputs = self.model.logger.output_formats
        if not any(getattr(output, "callback", None) is self for output in outputs):
            outputs.append(self.output_format(self))

    def _on_step(self) -> bool:
        return True

    @guarded
    def setup(self, args: Mapping[str, Any] | None = None) -> None:
        """Open the run; keep `args` as params."""
        if self.experiment and args:
            self._set_params(args)

    def track_key(self, key: str, value: Any, step: int) -> None:
        """Track one value of the algorithm's logger."""
        tag, slash, name = key.partition("/")
        if not slash:
            tag, name = "", key
        context = {} if not tag else {"subset" if tag in _SUBSETS else "tag": tag}
        self._track(value, name, step=step, context=context)
