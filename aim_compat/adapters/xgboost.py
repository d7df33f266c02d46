"""`aim.xgboost`: the callback for XGBoost."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.xgboost import MatyanCallback

__all__ = ["AimCallback"]


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.xgboost.MatyanCallback`."""
