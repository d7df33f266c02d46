"""`aim.fastai`: the callback for fastai's Learner."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.fastai import MatyanCallback

__all__ = ["AimCallback"]


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.fastai.MatyanCallback`."""

    def before_epoch(self) -> None:
        """Reset the metrics, as Aim's does; fastai does so, too."""
        for metric in self.metrics:
            metric.reset()
