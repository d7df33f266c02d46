"""Our records in the shapes that published clients and the web UI read (protocol section 7)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.contexts import context_id
from matyan_client.protocol.records import StoredObject
from matyan_client.protocol.streams import encode_series_array
from matyan_client.server.answers import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from matyan_client.protocol.records import (
        ExperimentRecord,
        RunRecord,
        SequenceKind,
        SequenceRecord,
        TagRecord,
    )

__all__ = [
    "HIDDEN_DTYPES",
    "OBJECT_KINDS",
    "SYSTEM_PARAMS",
    "TRACE_KINDS",
    "Labels",
    "dump_object",
    "experiment",
    "in_order",
    "params",
    "plain",
    "run_info",
    "summaries",
    "tag",
    "trace_kind",
]

SYSTEM_PARAMS = "__system_params"
BLOBS_PARAM = "__blobs__"
TRACE_KINDS: tuple[SequenceKind, ...] = (
    "metric",
    "images",
    "texts",
    "distributions",
    "audios",
    "figures",
)
OBJECT_KINDS: tuple[SequenceKind, ...] = TRACE_KINDS[1:]
LISTED_KINDS = frozenset({"images", "audios", "texts"})
"""Kinds whose objects come as a list for each step."""
HIDDEN_DTYPES = frozenset({"logs", "log_records"})
FILLER = 0.1
"""The `last_value` of what has no last value."""


# -- parameters ----------------------------------------------------------------------------------


def params(values: Mapping[Any, Any] | None, *, skip_system: bool) -> dict[str, Any]:
    """Parameters as plain JSON."""
    hidden = {BLOBS_PARAM, SYSTEM_PARAMS} if skip_system else {BLOBS_PARAM}
    return {str(key): plain(item) for key, item in (values or {}).items() if key not in hidden}


def plain(value: Any) -> Any:
    """A parameter value as plain JSON: bytes as base64 text, objects as what is known of them,
    whole numbers beyond 64 bits as text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, StoredObject):
        return plain(value.tree)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return hex(value) if value.bit_length() > 4096 else str(value)
    return value


# -- runs ----------------------------------------------------------------------------------------


class Labels:
    """What is known of experiments and tags beside their names."""

    def __init__(self, experiments: Iterable[ExperimentRecord], tags: Iterable[TagRecord]) -> None:
        self._descriptions = {record.id: record.description for record in experiments}
        self._tags = {record.name: record for record in tags}

    def props(self, run: RunRecord) -> dict[str, Any]:
        """The properties of a run (7.1)."""
        return {
            "name": run.name or "",
            "description": run.description or "",
            "experiment": {
                "id": run.experiment_id,
                "name": run.experiment,
                "description": None
                if run.experiment_id is None
                else self._descriptions.get(run.experiment_id, ""),
            },
            "tags": [self._tag(name) for name in run.tags],
            "creation_time": float(run.created_at),
            "end_time": run.end_time,
            "archived": run.archived,
            "active": run.active,
        }

    def _tag(self, name: str) -> dict[str, Any]:
        known = self._tags.get(name)
        return {
            "id": "" if known is None else known.id,
            "name": name,
            "color": "" if known is None else known.color,
            "description": "" if known is None else known.description,
        }


def in_order(sequences: Iterable[SequenceRecord] | None) -> list[SequenceRecord]:
    """Sequences as they are listed: by context and name (7.2)."""
    return sorted(sequences or (), key=lambda each: (context_id(each.context), each.name))


def trace_kind(sequence: SequenceRecord) -> SequenceKind | None:
    """In which list a sequence is shown (7.3); None: in none.

    What holds an application's own objects counts as a metric there.
    """
    if sequence.dtype in HIDDEN_DTYPES:
        return None
    return "metric" if sequence.kind == "objects" else sequence.kind


def run_info(
    run: RunRecord, labels: Labels, *, skip_system: bool, kinds: Iterable[str], uri: str
) -> dict[str, Any]:
    """Everything about a run (7.2).

    Args:
        run: with parameters, sequences and artifacts.
        labels: for its properties.
        skip_system: leave `__system_params` out.
        kinds: lists to give; all, if none is named.
        uri: what the URI of an artifact begins with; its key follows.
    """
    wanted = set(kinds)
    traces: dict[str, list[Any]] = {
        kind: [] for kind in TRACE_KINDS if not wanted or kind in wanted
    }
    for sequence in in_order(run.sequences):
        kind = trace_kind(sequence)
        if kind in traces:
            last = FILLER
            if kind == "metric":
                last = 0.0 if sequence.last is None else sequence.last
            traces[kind].append(
                {"context": sequence.context, "name": sequence.name, "last_value": last}
            )
    return {
        "params": params(run.params, skip_system=skip_system),
        "traces": traces,
        "props": labels.props(run),
        "artifacts": [
            {
                "name": artifact.path.rstrip("/").rpartition("/")[2],
                "path": artifact.path,
                "uri": uri + artifact.key,
            }
            for artifact in run.artifacts or ()
        ],
    }


def summaries(sequences: Iterable[SequenceRecord]) -> list[dict[str, Any]]:
    """Metrics as the run search gives them (8.3)."""
    return [
        {
            "name": sequence.name,
            "context": sequence.context,
            "values": {
                "last": sequence.last,
                "last_step": sequence.last_step,
                "first": sequence.first,
                "min": sequence.min,
                "max": sequence.max,
            },
        }
        for sequence in in_order(sequences)
        if sequence.kind == "metric" and sequence.dtype not in HIDDEN_DTYPES
    ]


# -- objects -------------------------------------------------------------------------------------


def dump_object(
    kind: SequenceKind, value: Mapping[str, Any], index: int, blob_uri: Callable[[str], str]
) -> dict[str, Any]:
    """One object as it is read (7.5).

    Args:
        kind: of its sequence.
        value: its wire value.
        index: its place among the objects of its step.
        blob_uri: makes the opaque name of the bytes under a key.
    """
    if kind == "distributions":
        return _distribution(value)
    if kind == "figures":
        data = value.get("data", {})
        text = data if isinstance(data, str) else json.dumps(finite(data))
        return {"data": text, "index": index}
    if kind == "texts":
        return {"data": str(value.get("data", "")), "index": index}
    size = {"width": value.get("width", 0), "height": value.get("height", 0)}
    return {
        "caption": value.get("caption", ""),
        **(size if kind == "images" else {}),
        "format": value.get("format", "png" if kind == "images" else "wav"),
        "blob_uri": blob_uri(str(value.get("s3_key") or "")),
        "index": index,
    }


def _distribution(value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        weights = encode_series_array(value.get("data") or ())
    except (TypeError, ValueError, OverflowError):
        weights = encode_series_array(())
    bounds, count = value.get("range"), value.get("bin_count")
    return {
        "data": weights,
        "bin_count": count if isinstance(count, int) else weights["shape"],
        "range": bounds if isinstance(bounds, (list, tuple)) and len(bounds) == 2 else [0, 0],
    }


# -- labels --------------------------------------------------------------------------------------


def experiment(record: ExperimentRecord) -> dict[str, Any]:
    """An experiment (8.7)."""
    return {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "run_count": record.run_count,
        "archived": record.archived,
        "creation_time": record.created_at,
    }


def tag(record: TagRecord) -> dict[str, Any]:
    """A tag (8.8)."""
    return {
        "id": record.id,
        "name": record.name,
        "color": record.color,
        "description": record.description,
        "run_count": record.run_count,
        "archived": record.archived,
    }
