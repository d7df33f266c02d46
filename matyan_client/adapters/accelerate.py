"""Records what is logged with Hugging Face Accelerate (extra `accelerate`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.adapters._values import plain_mapping
from matyan_client.exceptions import MissingFrameworkError
from matyan_client.objects import Image

try:
    from accelerate.state import PartialState
    from accelerate.tracking import GeneralTracker
except ImportError as exc:
    raise MissingFrameworkError(
        "accelerate", extra="accelerate", purpose="The tracker for Accelerate"
    ) from exc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MatyanTracker"]


class MatyanTracker(RunAdapter, GeneralTracker):
    """A tracker for `Accelerator(log_with=MatyanTracker("name of the run"))`.

    `accelerator.init_trackers(..., config=...)` keeps the config as params `hparams`;
    `accelerator.log(values, step=..., log_kwargs={"matyan": {"epoch": 1, "context": {...}}})`
    tracks metrics; `accelerator.end_training()` ends the run. Only the main process records.

    Args:
        run_name: name of the run.
        repo: where runs live; see `Run`.
        experiment: experiment of the run.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
        run_hash: hash of a run to go on with.
    """

    name = "matyan"
    requires_logging_directory = False
    main_process_only = True

    def __init__(
        self,
        run_name: str | None = None,
        *,
        repo: str | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
        run_hash: str | None = None,
    ) -> None:
        super().__init__()
        self._configure(
            repo,
            experiment,
            system_tracking_interval,
            log_system_params,
            capture_terminal_logs,
            run_hash=run_hash,
            run_name=run_name,
        )

    def _rank(self) -> int:
        rank: int = PartialState().process_index
        return rank

    @property
    def tracker(self) -> Any:
        """The run; see `experiment`."""
        return self.experiment

    @guarded
    def start(self) -> None:
        """Open the run."""
        _ = self.experiment

    @guarded
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Keep the config as params `hparams`."""
        self._set_params(plain_mapping(values), "hparams")

    @guarded
    def log(self, values: Mapping[str, Any], step: int | None = None, **kwargs: Any) -> None:
        """Track metrics; `kwargs` may have the epoch and the context."""
        for name, value in values.items():
            self._track(value, name, step=step, **kwargs)

    @guarded
    def log_images(self, values: Mapping[str, Any], step: int | None = None, **kwargs: Any) -> None:
        """Track images, or pairs of an image and its caption; anything `Image` takes."""
        for name, value in values.items():
            picture, caption = value if isinstance(value, tuple) else (value, "")
            self._track(Image(picture, caption=caption), name, step=step, **kwargs)

    @guarded
    def finish(self) -> None:
        """Finish the run."""
        self.close()
