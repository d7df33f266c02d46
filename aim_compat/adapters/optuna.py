"""`aim.optuna`: the callback for Optuna."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.optuna import MatyanCallback

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AimCallback"]


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.optuna.MatyanCallback`."""

    def track_in_aim(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """See `MatyanCallback.track_in_run`."""
        return self.track_in_run()
