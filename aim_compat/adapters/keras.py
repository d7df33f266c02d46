"""`aim.keras`: the callback for Keras."""

from __future__ import annotations

from aim_compat.adapters.keras_mixins import KerasRuns
from matyan_client.adapters.keras import MatyanCallback

__all__ = ["AimCallback", "AimTracker"]


class AimCallback(KerasRuns, MatyanCallback):
    """See `matyan_client.adapters.keras.MatyanCallback`."""


AimTracker = AimCallback
"""Its older name."""
