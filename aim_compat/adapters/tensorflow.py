"""`aim.tensorflow`: the callback for tf.keras."""

from __future__ import annotations

from aim_compat.adapters.keras_mixins import KerasRuns
from matyan_client.adapters.tensorflow import MatyanCallback

__all__ = ["AimCallback", "AimTracker"]


class AimCallback(KerasRuns, MatyanCallback):
    """See `matyan_client.adapters.tensorflow.MatyanCallback`."""


AimTracker = AimCallback
"""Its older name."""
