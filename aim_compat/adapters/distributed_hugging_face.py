"""`aim.distributed_hugging_face`: the callback for distributed trainings with Transformers."""

from __future__ import annotations

from aim_compat.adapters.hugging_face import AimCallback as PlainCallback
from matyan_client.adapters.distributed_hugging_face import MatyanCallback

__all__ = ["AimCallback"]


class AimCallback(MatyanCallback, PlainCallback):
    """See `matyan_client.adapters.distributed_hugging_face.MatyanCallback`."""
