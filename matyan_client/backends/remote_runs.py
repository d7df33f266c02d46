"""Runs as a deployment answers them: in our exact form, or in that of a real server.

A real server's answer (protocol sections 7.1, 7.2, 8.3) lacks some of what a `RunRecord` says; that
stays None. Companions (`protocol.wire`) are taken for what they stand for and never shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import CodecError, UnexpectedAnswerError
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.records import (
    ArtifactRecord,
    RunRecord,
    SequenceRecord,
    kind_of,
)
from matyan_client.protocol.run_json import run_from_json
from matyan_client.protocol.wire import (
    BY_NAME,
    SYNC_NAME,
    companion_of,
    decode_companion,
    from_top_key,
    unmark,
)
from matyan_client.store.params import decode_param

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from matyan_client.protocol.records import SequenceKind

__all__ = [
    "OBJECT_KINDS",
    "Trace",
    "exact_run",
    "plain_run",
    "summaries",
    "tag_ids",
    "traces_of_info",
]

OBJECT_KINDS: tuple[SequenceKind, ...] = (
    "images",
    "texts",
    "distributions",
    "audios",
    "figures",
)
"""The kinds that a real server has a search of its own for."""
DTYPES: Mapping[str, str] = {
    "metric": "float",
    "images": "image",
    "texts": "text",
    "distributions": "distribution",
    "audios": "audio",
    "figures": "figure",
}


@dataclass(slots=True)
class Trace:
    """What a real server tells of one sequence; None: nothing.

    `edges` are the first and the last (step, value) of it, where values are known.
    """

    kind: SequenceKind
    name: str
    context: dict[str, Any]
    last: float | None = None
    first_step: int | None = None
    last_step: int | None = None
    edges: list[tuple[int, Any]] = field(default_factory=list)


def exact_run(text: str | bytes, url: str) -> RunRecord:
    """The run of an exact answer.

    Raises:
        UnexpectedAnswerError: it is none.
    """
    try:
        return run_from_json(text, decode_param)
    except CodecError as exc:
        raise UnexpectedAnswerError(f"The answer of {url} is not a run: {exc}", url=url) from exc


def plain_run(run_hash: str, tree: Any, url: str, *, params: bool) -> RunRecord:
    """The run of a real server's answer, without its sequences.

    Raises:
        UnexpectedAnswerError: it is none.
    """
    try:
        props = tree["props"]
        experiment = props.get("experiment") or {}
        end = props.get("end_time")
        record = RunRecord(
            hash=run_hash,
            # An empty text is what stands for nothing there.
            name=props.get("name") or None,
            description=props.get("description") or None,
            experiment=experiment.get("name"),
            experiment_id=experiment.get("id"),
            tags=[str(tag["name"]) for tag in props.get("tags") or ()],
            created_at=float(props.get("creation_time") or 0.0),
            end_time=None if end is None else float(end),
            active=bool(props.get("active")),
            archived=bool(props.get("archived")),
        )
        if params:
            record.params = _params(tree.get("params") or {})
        if "artifacts" in tree:
            found = [_artifact(run_hash, item) for item in tree["artifacts"]]
            shown = (artifact for artifact in found if not artifact.path.startswith(BY_NAME))
            record.artifacts = sorted(shown, key=lambda artifact: artifact.path)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnexpectedAnswerError(
            f"The answer of {url} is not a run ({type(exc).__name__}: {exc}).", url=url
        ) from exc
    return record


def _params(tree: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[Any, Any] = {}
    for name, marked in tree.items():
        key = from_top_key(name)
        value, there = unmark(marked)
        if there:
            try:
                found[key] = decode_param(value)
            except CodecError:  # another client's, which only looks like one of our tags
                found[key] = value
    return found


def _artifact(run_hash: str, item: Mapping[str, Any]) -> ArtifactRecord:
    path = str(item["path"])
    return ArtifactRecord(path, f"{run_hash}/{path}", uri=str(item.get("uri") or ""))


def tag_ids(tree: Any) -> dict[str, str]:
    """Tag names of a run in a real server's answer, with their ids."""
    return {tag["name"]: tag["id"] for tag in tree["props"].get("tags") or ()}


def traces_of_info(tree: Any, url: str) -> list[Trace]:
    """What run info or a run search tells of a run's sequences.

    Raises:
        UnexpectedAnswerError: it makes no sense.
    """
    try:
        return [
            _trace(kind, item)
            for kind, items in (tree.get("traces") or {}).items()
            if kind in DTYPES
            for item in items
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnexpectedAnswerError(
            f"{url} sent sequences that make no sense ({type(exc).__name__}: {exc}).", url=url
        ) from exc


def _trace(kind: SequenceKind, item: Any) -> Trace:
    values = item.get("values") or {}
    return Trace(
        kind,
        str(item["name"]),
        dict(item.get("context") or {}),
        last=values.get("last", item.get("last_value")) if kind == "metric" else None,
        last_step=values.get("last_step"),
    )


def summaries(traces: Iterable[Trace]) -> list[SequenceRecord]:
    """Summaries of a run's sequences: companions count for what they stand for."""
    found: dict[tuple[str, str, str], SequenceRecord] = {}

    def record(kind: str, dtype: str, trace: Trace, name: str) -> SequenceRecord:
        key = (kind, name, canonical(trace.context))
        if key not in found:
            found[key] = SequenceRecord(name, trace.context, dtype, count=None)
        return found[key]

    companions = []
    for trace in traces:
        if trace.name == SYNC_NAME:
            continue
        if trace.kind == "texts" and companion_of(trace.name) is not None:
            companions.append(trace)
            continue
        summary = record(trace.kind, DTYPES[trace.kind], trace, trace.name)
        if trace.kind == "metric":
            summary.last = trace.last
        _widen(summary, trace, _plain_value)
    for trace in companions:
        stands_for = companion_of(trace.name)
        if stands_for is not None:
            kind = kind_of(stands_for.dtype)
            summary = record(kind, stands_for.dtype, trace, stands_for.name)
            _widen(summary, trace, _companion_value)
    return sorted(found.values(), key=lambda s: (canonical(s.context), s.name))


def _widen(summary: SequenceRecord, trace: Trace, value_of: Callable[[Any], Any]) -> None:
    """Take a trace's first and last step into a summary, with their values for a metric."""
    is_metric = summary.kind == "metric"
    first, last = trace.first_step, trace.last_step
    if first is not None and (summary.first_step is None or first < summary.first_step):
        summary.first_step = first
        if is_metric and trace.edges:
            summary.first = value_of(trace.edges[0][1])
    if last is not None and (summary.last_step is None or last > summary.last_step):
        summary.last_step = last
        if is_metric and trace.edges:
            summary.last = value_of(trace.edges[-1][1])


def _plain_value(value: Any) -> float | None:
    return float("nan") if value is None else value


def _companion_value(value: Any) -> Any:
    try:
        return decode_companion(value)["value"]
    except ValueError:
        return None
