"""Tracks the distributions of a PyTorch model's weights and gradients.

Needs no torch by itself: it is the model that brings it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from matyan_client.objects import Distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "TracksDistributions",
    "get_model_layers",
    "get_pt_tensor",
    "track_gradients_dists",
    "track_layers",
    "track_params_dists",
]

_KINDS = {"weight": "weights", "bias": "biases"}


class TracksDistributions(Protocol):
    """What distributions are tracked to, such as a `Run`."""

    def track(self, value: Any, name: str, *, context: Mapping[str, Any]) -> Any:
        """Track a value at the next step of a series."""


def track_params_dists(model: Any, run: TracksDistributions) -> None:
    """Track the distributions of a model's weights and biases, a series a layer.

    Series are named after the layers, `first__of.Linear`, with the context
    `{"type": "data", "params": "weights"}` or `"biases"`; each call is the next step.

    Args:
        model: a `torch.nn.Module`, on any device.
        run: a `Run`.
    """
    track_layers(model, run, "data", "data", Distribution)


def track_gradients_dists(model: Any, run: TracksDistributions) -> None:
    """Track the distributions of a model's gradients, with `{"type": "gradients", ...}`.

    Layers that have none yet are left out; see `track_params_dists`.
    """
    track_layers(model, run, "grad", "gradients", Distribution)


def track_layers(
    model: Any, run: TracksDistributions, field: str, kind: str, make: Callable[[Any], Any]
) -> None:
    """Track `make(values)` of each layer's weights and biases.

    Args:
        model: a `torch.nn.Module`.
        run: a `Run`.
        field: attribute of parameters: `data` or `grad`.
        kind: what that is called in the context.
        make: makes a distribution of an array.
    """
    for name, parameters in get_model_layers(model, field).items():
        for parameter, values in parameters.items():
            run.track(make(values), name, context={"type": kind, "params": _KINDS[parameter]})


def get_model_layers(
    model: Any, dt: str, parent_name: str | None = None
) -> dict[str, dict[str, Any]]:
    """Arrays of the weights and biases of all layers that have no layers inside.

    Args:
        model: a `torch.nn.Module`.
        dt: which tensor of a parameter: `data` or `grad`.
        parent_name: the name of the layer that the model is.

    Returns:
        By name of the layer, `weight` and `bias` as far as there are such, as numpy arrays.
    """
    layers: dict[str, dict[str, Any]] = {}
    for child, module in model.named_children():
        name = f"{parent_name}__{child}" if parent_name else child
        name += f".{type(module).__name__}"
        if any(True for _ in module.named_children()):
            layers.update(get_model_layers(module, dt, name))
            continue
        layers[name] = {}
        for parameter in _KINDS:
            values = getattr(getattr(module, parameter, None), dt, None)
            if values is not None:
                layers[name][parameter] = get_pt_tensor(values).numpy()
    return layers


def get_pt_tensor(t: Any) -> Any:
    """A tensor that numpy can take: on the CPU, dense, in a type numpy has, without gradients."""
    tensor = t.detach().cpu()
    if getattr(tensor, "is_sparse", False):
        tensor = tensor.to_dense()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor
