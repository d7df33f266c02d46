"""`aim.keras_tuner`: the callback for Keras Tuner."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.keras_tuner import MatyanCallback

__all__ = ["AimCallback"]


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.keras_tuner.MatyanCallback`."""
