"""What the callbacks for Keras and tf.keras share: what is tracked at the end of an epoch."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import RunAdapter, guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EpochEndMixin"]


class EpochEndMixin(RunAdapter):
    """Tracks what Keras reports of an epoch, in the contexts `{"subset": "train"}` and `val`."""

    model: Any

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Track the epoch's results; `val_loss` is the series `loss` of the subset `val`.

        Where the learning rate follows a schedule, that is the series `lr`.
        """
        self._track_epoch(epoch, logs or {})

    @guarded
    def _track_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        for name, value in logs.items():
            subset = "val" if name.startswith("val_") else "train"
            self._track(value, name.removeprefix("val_"), epoch=epoch, context={"subset": subset})
        rate = self._scheduled_rate() if logs else None
        if rate is not None:
            self._track(rate, "lr", epoch=epoch, context={"subset": "train"})

    def _scheduled_rate(self) -> Any:
        optimizer = getattr(self.model, "optimizer", None)
        # Of Keras 3, where `learning_rate` is a number in any case, and of Keras 2.
        for attribute in ("_learning_rate", "lr"):
            schedule = getattr(optimizer, attribute, None)
            if callable(schedule):
                return schedule(getattr(optimizer, "iterations", 0))
        return None

    def _rank(self) -> int:
        return _rank_in_cluster(os.environ.get("TF_CONFIG", "")) or super()._rank()


def _rank_in_cluster(config: str) -> int:
    """The rank of this process, as the variable that TensorFlow's strategies go by has it.

    The chief is rank zero, or else the first worker; what does not train is not.
    """
    try:
        parsed = json.loads(config)
        task, cluster = parsed["task"], parsed["cluster"]
        kind, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError):
        return 0
    if kind == "worker":
        return index + ("chief" in cluster)
    return 0 if kind in ("chief", "master") else -1
