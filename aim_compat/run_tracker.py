"""`RunTracker`: a run's `track` as an object that does not keep the run alive."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from aim_compat._absent_members import with_absent_members

if TYPE_CHECKING:
    from aim_compat.run import BasicRun

__all__ = ["RunTracker"]


@with_absent_members("aim.sdk.tracker.RunTracker")
class RunTracker:
    """Called as `run.track(...)`; nothing is tracked when the run is gone.

    Args:
        run: the run.
    """

    def __init__(self, run: BasicRun) -> None:
        self.hash = run.hash
        self.repo = run.repo
        self.read_only = run.read_only
        self._run = weakref.ref(run)

    def __call__(
        self,
        value: Any,
        name: str | None = None,
        step: int | None = None,
        epoch: float | None = None,
        *,
        context: Any = None,
    ) -> None:
        """See `Run.track`."""
        run = self._run()
        if run is not None:
            run.track(value, name, step, epoch, context=context)
