"""`aim.prophet`: the logger for Prophet."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.prophet import MatyanLogger

__all__ = ["AimLogger"]


class AimLogger(AimRuns, MatyanLogger):
    """See `matyan_client.adapters.prophet.MatyanLogger`."""
