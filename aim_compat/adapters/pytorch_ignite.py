"""`aim.pytorch_ignite`: the logger for PyTorch Ignite, and its handlers."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.pytorch_ignite import (
    MatyanLogger,
    OptimizerParamsHandler,
    OutputHandler,
)

__all__ = ["AimLogger", "OptimizerParamsHandler", "OutputHandler"]


class AimLogger(AimRuns, MatyanLogger):
    """See `matyan_client.adapters.pytorch_ignite.MatyanLogger`."""
