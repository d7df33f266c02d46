"""`aim.catboost`: the stream for CatBoost's log."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.catboost import MatyanLogger

__all__ = ["AimLogger"]


class AimLogger(AimRuns, MatyanLogger):
    """See `matyan_client.adapters.catboost.MatyanLogger`."""
