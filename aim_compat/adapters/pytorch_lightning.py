"""`aim.pytorch_lightning`: the logger for PyTorch Lightning."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.pytorch_lightning import MatyanLogger

__all__ = ["AimLogger"]


class AimLogger(AimRuns, MatyanLogger):
    """See `matyan_client.adapters.pytorch_lightning.MatyanLogger`."""
