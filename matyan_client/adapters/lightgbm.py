"""A callback for LightGBM's `train` and `cv`, and `callbacks=` of its estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError

try:
    from lightgbm.callback import CallbackEnv  # noqa: TC002  # says whether LightGBM is there
except ImportError as exc:
    raise MissingFrameworkError(
        "lightgbm", extra="lightgbm", purpose="The adapter for LightGBM"
    ) from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from matyan_client.repo import Repo

__all__ = ["MatyanCallback"]


class MatyanCallback(RunAdapter):
    """Tracks what is evaluated after each boosting round.

    Series are named as the metrics, with `cv` `<metric>-mean` and `<metric>-stdv`; their context
    is `{"data_name": <name of the data set>}`. The run stays open after a training, so that more
    can be tracked; `close()` it. A training that continues another counts on.

    Args:
        repo: see `Run`.
        experiment: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
    """

    order = 25
    """LightGBM calls callbacks in this order; early stopping, which ends a round, is 30."""

    before_iteration = False

    def __init__(
        self,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @guarded
    def setup(self) -> None:
        """Open the run, if it is not."""
        _ = self.experiment

    def before_tracking(self, **kwargs: Any) -> None:
        """For subclasses: called with `env` before results are tracked; may end the training."""

    def after_tracking(self, **kwargs: Any) -> None:
        """For subclasses: called with `env` after results are tracked; may end the training."""

    def __call__(self, env: CallbackEnv) -> None:
        """Track the latest results."""
        if env.iteration == env.begin_iteration:
            self.setup()
        self.before_tracking(env=env)
        self._track_results(env.evaluation_result_list or ())
        self.after_tracking(env=env)

    @guarded
    def _track_results(self, results: Iterable[Any]) -> None:
        for data, metric, value, _, *stdv in results:
            if data == "cv_agg":  # of LightGBM before 4.6, where the metric's name has both
                data, _, metric = metric.partition(" ")
            context = {"data_name": data}
            if not stdv:
                self._track(value, metric, context=context)
            else:
                self._track(value, f"{metric}-mean", context=context)
                self._track(stdv[0], f"{metric}-stdv", context=context)
