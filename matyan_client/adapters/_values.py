"""What frameworks hand to loggers, made into what runs take."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import MatyanError
from matyan_client.objects.base import Trackable
from matyan_client.objects.params import MAX_DEPTH, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["flat", "plain_mapping", "storable"]


def flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values of metrics; those of a dict inside are named `outer/inner`."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}/")
        else:
            yield name, value


def plain_mapping(params: Any) -> Mapping[Any, Any]:
    """Params as a mapping: of a Namespace, an OmegaConf config, a mapping, or None for none."""
    if params is None:
        return {}
    if isinstance(params, Namespace):
        return vars(params)
    omegaconf = sys.modules.get("omegaconf")
    if omegaconf is not None and isinstance(params, omegaconf.Container):
        params = omegaconf.OmegaConf.to_container(params, resolve=True)
    return dict(params)


def storable(value: Any) -> Any:
    """A params value in which everything can be stored: keys as text, what has no plain form and
    what is nested without end as its `repr()`."""
    return _storable(value, 0)


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, Trackable):
        return value
    if depth < MAX_DEPTH // 2:
        if isinstance(value, Namespace):
            value = vars(value)
        if isinstance(value, Mapping):
            return {
                key if type(key) in (str, int) else str(key): _storable(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [_storable(item, depth + 1) for item in value]
    try:
        to_json(value)
    except MatyanError:
        return repr(value)
    return value
