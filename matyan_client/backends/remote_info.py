"""What a deployment knows of one run (protocol section 8.2), exactly or as a real server has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from matyan_client.backends.base import SequenceRef
from matyan_client.backends.remote_queries import of_runs
from matyan_client.backends.remote_runs import (
    OBJECT_KINDS,
    Trace,
    exact_run,
    plain_run,
    summaries,
    traces_of_info,
)
from matyan_client.backends.remote_search import EXACTLY, is_addressable, object_traces, run_path
from matyan_client.backends.remote_series import read_edges
from matyan_client.protocol.wire import from_top_key, unmark

if TYPE_CHECKING:
    from matyan_client.protocol.records import RunRecord, SequenceRecord
    from matyan_client.transports.http import Answer, HttpClient

__all__ = ["Info", "read_info", "run_sequences"]


class Info(NamedTuple):
    """An answer: the run as far as that tells, and the answer itself."""

    record: RunRecord
    tree: Any
    is_exact: bool

    def stored_params(self) -> dict[Any, Any]:
        """Parameters as stored JSON values, without marks."""
        if self.is_exact:
            return dict(self.tree["params"] or ())
        found = {key: unmark(value) for key, value in (self.tree.get("params") or {}).items()}
        return {from_top_key(key): value for key, (value, there) in found.items() if there}


def read_info(
    http: HttpClient,
    run_hash: str,
    *,
    params: bool = False,
    sequences: bool = False,
    artifacts: bool = False,
) -> Info | None:
    """Ask; None if there is no such run."""

    if not is_addressable(run_hash):
        return None

    def read(answer: Answer) -> Info:
        body = answer.body()
        tree = answer.as_json(body)
        if isinstance(tree, dict) and "hash" in tree:
            return Info(exact_run(body, answer.url), tree, True)
        record = plain_run(run_hash, tree, answer.url, params=params)
        if not artifacts:
            record.artifacts = None
        return Info(record, tree, False)

    wanted: dict[str, str | int] = {
        "params": int(params),
        "sequences": int(sequences),
        "artifacts": int(artifacts),
    }

    def nothing() -> Info | None:
        return None

    return http.call(
        "GET", run_path(run_hash, "info/"), read, query=wanted, headers=EXACTLY, absent=nothing
    )


def run_sequences(http: HttpClient, run_hash: str, info: Info) -> list[SequenceRecord]:
    """Summaries of a run's sequences. What a real server's answer does not tell takes one request
    for all metrics, and one for each kind of object that the run has."""
    if info.is_exact:
        return info.record.sequences or []
    listed = traces_of_info(info.tree, http.shown(run_path(run_hash, "info/")))
    traces: list[Trace] = []
    metrics = [trace for trace in listed if trace.kind == "metric"]
    refs = [SequenceRef(trace.name, trace.context) for trace in metrics]
    for trace, edges in zip(metrics, read_edges(http, run_hash, refs), strict=True):
        if edges:
            trace.first_step, trace.last_step = edges[0][0], edges[-1][0]
            trace.edges = list(edges)
        traces.append(trace)
    for kind in OBJECT_KINDS:
        if any(trace.kind == kind for trace in listed):
            found = object_traces(http, kind, of_runs([run_hash]))
            traces += found.get(run_hash, ())
    return summaries(traces)
