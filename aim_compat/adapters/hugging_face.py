"""`aim.hugging_face`: the callback for Hugging Face's Trainer."""

from __future__ import annotations

from aim_compat.adapters._runs import AimRuns
from matyan_client.adapters.hugging_face import MatyanCallback

__all__ = ["AimCallback"]


class AimCallback(AimRuns, MatyanCallback):
    """See `matyan_client.adapters.hugging_face.MatyanCallback`."""
