"""`aim.lightgbm`: the callback for LightGBM."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.lightgbm import MatyanCallback

__all__ = ["AimCallback"]


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.lightgbm.MatyanCallback`."""
