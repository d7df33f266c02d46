"""`aim.sb3`: the callback for Stable-Baselines3."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.sb3 import MatyanCallback, MatyanOutputFormat

__all__ = ["AimCallback", "AimOutputFormat"]


class AimOutputFormat(MatyanOutputFormat):
    """See `matyan_client.adapters.sb3.MatyanOutputFormat`."""

    name = "aim"

    def __init__(self, aim_callback: AimCallback) -> None:
        super().__init__(aim_callback)


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.sb3.MatyanCallback`."""

    output_format = AimOutputFormat
