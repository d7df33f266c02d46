"""`aim.sdk.adapters.keras_mixins`: what the callbacks for Keras and tf.keras share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters._keras import EpochEndMixin

if TYPE_CHECKING:
    import os

    from typing_extensions import Self

    from aim_compat.repo import Repo
    from aim_compat.run import Run

__all__ = ["KerasRuns", "TrackerKerasCallbackMetricsEpochEndMixin"]


class TrackerKerasCallbackMetricsEpochEndMixin(EpochEndMixin):
    """See `matyan_client.adapters._keras.EpochEndMixin`."""


class KerasRuns(AimRuns, TrackerKerasCallbackMetricsEpochEndMixin):
    """What both callbacks have beside the framework's own class."""

    @classmethod
    def metrics(
        cls,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        run: Run | None = None,
    ) -> Self:
        """The callback by its old name.

        Args:
            repo: see `Run`.
            experiment: see `Run`.
            run: a run to record in, in place of a new one.
        """
        callback = cls.__new__(cls)
        callback._run = run  # before a new one would be opened
        callback.__init__(repo, experiment)  # type: ignore[misc]  # what `cls(...)` does
        if run is not None:
            callback._run_hash = run.hash
            callback._repo_path = run.repo
        return callback
