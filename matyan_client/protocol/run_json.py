"""A run as JSON that loses nothing: what our server answers to a reader that sent `EXACT`.

Parameters are pairs of key and stored JSON value, in order, as a store keeps them; who makes or
reads them decides how they are decoded. NaN travels as Python's JSON writes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import CodecError
from matyan_client.protocol.records import ArtifactRecord, RunRecord, SequenceRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["run_from_json", "run_to_json"]

_FACTS = (
    "hash",
    "name",
    "description",
    "experiment",
    "experiment_id",
    "tags",
    "created_at",
    "end_time",
    "active",
    "archived",
)
_SEQUENCE = (
    "name",
    "context",
    "dtype",
    "count",
    "first",
    "first_step",
    "last",
    "last_step",
    "min",
    "max",
)
_ARTIFACT = ("path", "key", "content_type", "size_bytes")


def run_to_json(record: RunRecord, params: Mapping[Any, Any] | None) -> str:
    """A run as JSON text.

    Args:
        record: the run; its own `params` are not looked at.
        params: stored JSON values by key, None if they were not asked for.
    """
    tree: dict[str, Any] = {name: getattr(record, name) for name in _FACTS}
    tree["params"] = None if params is None else [[key, value] for key, value in params.items()]
    tree["sequences"] = _rows(record.sequences, _SEQUENCE)
    tree["artifacts"] = _rows(record.artifacts, _ARTIFACT)
    return json.dumps(tree, separators=(",", ":"))


def _rows(items: list[Any] | None, names: tuple[str, ...]) -> list[list[Any]] | None:
    if items is None:
        return None
    return [[getattr(item, name) for name in names] for item in items]


def run_from_json(text: str | bytes, decode_param: Callable[[Any], Any]) -> RunRecord:
    """The run of a JSON text.

    Args:
        text: what `run_to_json` made.
        decode_param: makes a parameter value of a stored JSON value.

    Raises:
        CodecError: it is not one.
    """
    try:
        tree = json.loads(text)
        params, sequences, artifacts = tree["params"], tree["sequences"], tree["artifacts"]
        return RunRecord(
            **{name: tree[name] for name in _FACTS},
            params=None if params is None else {key: decode_param(value) for key, value in params},
            sequences=None if sequences is None else [SequenceRecord(*row) for row in sequences],
            artifacts=None if artifacts is None else [ArtifactRecord(*row) for row in artifacts],
        )
    except (ValueError, TypeError, KeyError) as exc:
        raise CodecError(f"{text!r:.100} is not a run: {exc}.") from exc
