"""`aim.pytorch`: distributions of a model's weights and gradients (U15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.objects import Distribution
from matyan_client.adapters.pytorch import get_model_layers, get_pt_tensor, track_layers

if TYPE_CHECKING:
    from aim_compat.run import Run

__all__ = [
    "get_model_layers",
    "get_pt_tensor",
    "track_gradients_dists",
    "track_params_dists",
]


def track_params_dists(model: Any, run: Run) -> None:
    """See `matyan_client.adapters.pytorch.track_params_dists`."""
    track_layers(model, run, "data", "data", Distribution)


def track_gradients_dists(model: Any, run: Run) -> None:
    """See `matyan_client.adapters.pytorch.track_gradients_dists`."""
    track_layers(model, run, "grad", "gradients", Distribution)
