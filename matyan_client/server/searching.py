"""Searches for runs and for metrics (protocol sections 8.3, 8.4 and 8.6) as streams.

A search goes through the candidates that the store offers, page by page, and asks the query about
each; nothing is held but one page, or, where runs are to be sorted, what they are sorted by.
"""

from __future__ import annotations

import json
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.exceptions import QueryError, QuerySyntaxError
from matyan_client.protocol.records import Series
from matyan_client.protocol.routes import PREDICATES
from matyan_client.protocol.run_json import run_to_json
from matyan_client.protocol.streams import encode_series_array
from matyan_client.query import Predicate, Query, parse
from matyan_client.server import published
from matyan_client.server.answers import Stream, progress, tree_bytes
from matyan_client.server.asking import flag, text, wants_exact, whole_number, zone
from matyan_client.store.sampling import sample_overview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.protocol.records import RunRecord, SequenceKind, SequenceRecord
    from matyan_client.server.context import Context
    from matyan_client.store.store import Store

__all__ = ["labels_of", "matching_sequences", "query_of", "routes", "streamed"]

SILENCE_S = 0.5
"""A client hears at least this often how far a search is."""
PREDICATES_MAX = 1000


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    return [
        Route("/runs/search/run/", partial(_search_runs, context)),
        Route("/runs/search/metric/", partial(_search_metrics, context)),
        Route("/runs/active/", partial(_active, context)),
    ]


# -- what is asked -------------------------------------------------------------------------------

_PREFIX = re.compile(r"\s*select", re.IGNORECASE)
_CONDITION = re.compile("if", re.IGNORECASE)


def query_of(request: Request, kind: SequenceKind | None = None) -> Query:
    """The query of a search.

    Text that begins with the letters `select` loses all up to the first letters `if`, be they part
    of a word; without `if` nothing is left (protocol section 9.1).

    Raises:
        HTTPException: 400, it does not parse or has something that is refused.
    """
    asked = text(request, "q")
    if _PREFIX.match(asked):
        found = _CONDITION.search(asked)
        asked = asked[found.end() :] if found else ""
    try:
        return parse(asked, kind=kind, tz_offset_min=zone(request))
    except QuerySyntaxError as exc:
        reason = exc.reason.partition("does not parse: ")[2].rstrip(".") or exc.reason
        line = asked.count("\n", 0, exc.position or 0) + 1
        message = f"Invalid query syntax: {reason} (<query>, line {line})"
        raise HTTPException(400, message) from None
    except QueryError as exc:
        raise HTTPException(400, f"Invalid query: {exc.reason}") from None


_SUBJECTS = frozenset("hash name experiment archived active created_at tag param sequence".split())
_OPERATORS = frozenset(["==", "<", "<=", ">", ">=", "in", "contains"])


def _predicates_of(request: Request) -> list[Predicate]:
    """What narrows an exact search down; those we do not know are left out, which is allowed.

    Raises:
        HTTPException: 400, it is no list of predicates.
    """
    try:
        rows = json.loads(text(request, PREDICATES))
        if not isinstance(rows, list) or len(rows) > PREDICATES_MAX:
            raise ValueError("it is no list, or a very long one")
        made = [_predicate(*row) for row in rows]
    except (ValueError, TypeError, RecursionError) as exc:
        raise HTTPException(400, f"Invalid predicates: {exc}") from None
    return [predicate for predicate in made if predicate is not None]


def _predicate(subject: Any, op: Any, value: Any, path: Any = ()) -> Predicate | None:
    if subject not in _SUBJECTS or op not in _OPERATORS:
        return None
    if (subject == "tag") != (op == "contains"):
        return None
    values = value if isinstance(value, list) else [value]
    if isinstance(value, list) != (op == "in") or not all(_fits(subject, item) for item in values):
        return None
    if not isinstance(path, (list, tuple)) or not all(isinstance(key, str) for key in path):
        return None
    return Predicate(subject, op, tuple(values) if op == "in" else value, tuple(path))


def _fits(subject: str, value: Any) -> bool:
    """Whether the store can compare such a value."""
    if subject in ("archived", "active"):
        return isinstance(value, bool)
    if subject == "created_at":
        return isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 62)
    if isinstance(value, str):
        return subject == "param" or value.isascii() or _is_valid(value)
    return subject == "param" and isinstance(value, (bool, int, float))


def _is_valid(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- going through runs --------------------------------------------------------------------------


class _Progress:
    """The progress frames of one search (protocol section 6.6)."""

    def __init__(self, wanted: bool, total: int) -> None:
        self._wanted = wanted
        self._total = total
        self._number = 0
        self._due = 0.0

    def frame(self, checked: int) -> Iterator[bytes]:
        """A frame, if one is due; else nothing, so that it is noticed when the client leaves."""
        if self._wanted and time.monotonic() >= self._due:
            yield from self._made(checked, self._total)
        else:
            yield b""

    def last(self) -> Iterator[bytes]:
        """The frame that says that nothing is missing."""
        if self._wanted:
            yield from self._made(0, 0)

    def _made(self, checked: int, total: int) -> Iterator[bytes]:
        yield progress(self._number, checked, total)
        self._number += 1
        self._due = time.monotonic() + SILENCE_S


def streamed(
    candidates: Iterable[RunRecord],
    look: Callable[[RunRecord], Iterator[bytes] | None],
    *,
    report: bool,
    total: int,
    limit: int = 0,
) -> Iterator[bytes]:
    """The stream of a search.

    Args:
        candidates: runs to look at.
        look: gives the bytes of a run, None if it does not match.
        report: whether progress frames are wanted.
        total: how many candidates there are.
        limit: most runs to find; 0: no limit.
    """
    frames = _Progress(report, total)
    yield from frames.frame(0)
    found = checked = 0
    for checked, run in enumerate(candidates, start=1):
        made = look(run)
        if made is not None:
            yield from made
            found += 1
            if found == limit:
                break
        yield from frames.frame(checked)
    yield from frames.last()


def _predicates(query: Query) -> list[Predicate]:
    # Sequences narrow down a search for runs with such a sequence, not one for runs.
    return [p for p in query.predicates if query.kind is not None or p.subject != "sequence"]


def labels_of(store: Store) -> published.Labels:
    """What properties of runs need to know."""
    return published.Labels(store.list_experiments(), store.list_tags())


# -- runs ----------------------------------------------------------------------------------------


def _search_runs(context: Context, request: Request) -> Response:
    store = context.backend.store
    after = text(request, "offset") or None
    limit = max(whole_number(request, "limit", 0), 0)
    report = flag(request, "report_progress", True)
    order = _order_of(request)
    if wants_exact(request) and PREDICATES in request.query_params:
        predicates = _predicates_of(request)
        pieces = streamed(
            store.candidates(
                predicates,
                after=after,
                params=flag(request, "params", True),
                sequences=flag(request, "sequences", True),
                stored=True,
            ),
            _exact,
            report=report,
            total=store.count_candidates(predicates),
            limit=limit,
        )
        return Stream(pieces)

    query = query_of(request)
    params = not flag(request, "exclude_params", False)
    traces = not flag(request, "exclude_traces", False)
    skip_system = flag(request, "skip_system", True)
    labels = labels_of(store)

    def look(run: RunRecord) -> Iterator[bytes] | None:
        if not query.matches_run(run):
            return None
        if wants_exact(request):
            again = store.get_run(
                run.hash, params=params, sequences=traces, artifacts=False, stored=True
            )
            return None if again is None else _exact(again)
        values = published.params(run.params, skip_system=skip_system) if params else {}
        found = published.summaries(run.sequences or ()) if traces else []
        tree = {"params": values, "traces": {"metric": found}, "props": labels.props(run)}
        return tree_bytes(tree, (run.hash,))

    predicates = _predicates(query)
    total = store.count_candidates(predicates)
    needs_params, needs_sequences = params or query.needs_params, traces or query.needs_sequences
    if order is None:
        candidates = store.candidates(
            predicates, after=after, params=needs_params, sequences=needs_sequences
        )
    else:
        candidates = _sorted(store, query, predicates, order, after, needs_params, needs_sequences)
    return Stream(streamed(candidates, look, report=report, total=total, limit=limit))


def _exact(run: RunRecord) -> Iterator[bytes]:
    return tree_bytes({"exact": run_to_json(run, run.params)}, (run.hash,))


_KEYS: dict[str, Callable[[RunRecord], Any]] = {
    "run": lambda run: run.name or "",
    "experiment": lambda run: run.experiment or "",
    "hash": lambda run: run.hash,
    "date": lambda run: run.created_at,
    "duration": lambda run: run.duration or 0.0,
    "description": lambda run: run.description or "",
    "creator": lambda run: "",
}


def _order_of(request: Request) -> list[tuple[str, bool]] | None:
    """(field, descending) of each thing to sort by; None: newest first, the default.

    Raises:
        HTTPException: 400, that is not what was asked.
    """
    asked = text(request, "sort").strip()
    if not asked:
        return None
    try:
        items = json.loads(asked)
    except (ValueError, RecursionError) as exc:
        raise HTTPException(400, f"Invalid sort JSON: {exc}") from None
    if not isinstance(items, list) or len(items) > len(_KEYS):
        raise HTTPException(400, "Invalid sort: a list of objects with a field and an order.")
    order: list[tuple[str, bool]] = []
    for item in items:
        known = item if isinstance(item, dict) else {}
        field, way = known.get("field"), known.get("order", "asc")
        if not isinstance(field, str) or field not in _KEYS or way not in ("asc", "desc"):
            raise HTTPException(
                400,
                f"Invalid sort {item!r:.80}: a field is one of {', '.join(_KEYS)}; an order is asc "
                "or desc.",
            )
        order.append((field, way == "desc"))
    return None if order in ([], [("date", True)]) else order


def _sorted(
    store: Store,
    query: Query,
    predicates: list[Predicate],
    order: list[tuple[str, bool]],
    after: str | None,
    params: bool,
    sequences: bool,
) -> Iterator[RunRecord]:
    """Matching runs in an order of the client's."""
    candidates = store.candidates(
        predicates, after=None, params=query.needs_params, sequences=query.needs_sequences
    )
    rows = [
        (run.hash, [_KEYS[field](run) for field, _ in order])
        for run in candidates
        if query.matches_run(run)
    ]
    for place in range(len(order) - 1, -1, -1):
        rows.sort(key=lambda row: row[1][place], reverse=order[place][1])
    hashes = [row[0] for row in rows]
    del rows
    if after is not None:
        hashes = hashes[hashes.index(after) + 1 :] if after in hashes else []
    for run_hash in hashes:
        record = store.get_run(run_hash, params=params, sequences=sequences, artifacts=False)
        if record is not None:
            yield record


# -- metrics -------------------------------------------------------------------------------------


def _search_metrics(context: Context, request: Request) -> Response:
    store = context.backend.store
    query = query_of(request, "metric")
    density = whole_number(request, "p", 50)
    x_axis = text(request, "x_axis")
    skip_system = flag(request, "skip_system", True)
    labels = labels_of(store)

    def look(run: RunRecord) -> Iterator[bytes] | None:
        matching = matching_sequences(query, run, "metric")
        if not matching:
            return None
        return _metric_tree(store, run, matching, labels, density, x_axis, skip_system)

    predicates = _predicates(query)
    return Stream(
        streamed(
            store.candidates(predicates, after=None, params=True, sequences=True),
            look,
            report=flag(request, "report_progress", True),
            total=store.count_candidates(predicates),
        )
    )


def matching_sequences(query: Query, run: RunRecord, kind: SequenceKind) -> list[SequenceRecord]:
    """The sequences of a run that a search for this kind finds."""
    if not query.may_match(run):
        return []
    return [
        sequence
        for sequence in published.in_order(run.sequences)
        if sequence.kind == kind
        and sequence.dtype not in published.HIDDEN_DTYPES
        and query.matches_sequence(run, sequence)
    ]


def _metric_tree(
    store: Store,
    run: RunRecord,
    matching: list[SequenceRecord],
    labels: published.Labels,
    density: int,
    x_axis: str,
    skip_system: bool,
) -> Iterator[bytes]:
    """A run with its metrics, one after another: no more than one is in memory."""
    yield from tree_bytes(
        {"params": published.params(run.params, skip_system=skip_system), "traces": []}, (run.hash,)
    )

    def points(name: str, context: dict[str, Any]) -> Series:
        series = store.read_series(run.hash, name, context, start=None, stop=None, density=None)
        return sample_overview(series or Series(name, context, [], [], [], []), density)

    for place, sequence in enumerate(matching):
        shown = points(sequence.name, sequence.context)
        trace = {
            "name": sequence.name,
            "context": sequence.context,
            "slice": [0, sequence.last_step or 0, 1],
            "values": encode_series_array(shown.values),
            "iters": encode_series_array(shown.steps),
            "epochs": encode_series_array(shown.epochs),
            "timestamps": encode_series_array(shown.times),
        }
        if x_axis:
            axis = points(x_axis, sequence.context)
            trace["x_axis_values"] = encode_series_array(axis.values)
            trace["x_axis_iters"] = encode_series_array(axis.steps)
        yield from tree_bytes(trace, (run.hash, "traces", place))
    yield from tree_bytes(labels.props(run), (run.hash, "props"))


# -- active runs ---------------------------------------------------------------------------------


def _active(context: Context, request: Request) -> Response:
    store = context.backend.store
    report = flag(request, "report_progress", True)
    labels = labels_of(store)
    predicates = [Predicate("active", "==", True)]

    def pieces() -> Iterator[bytes]:
        total = store.count_candidates(predicates)
        found = 0
        for run in store.candidates(predicates, after=None, params=False, sequences=True):
            if not run.active:
                continue
            traces = [
                *_logs(store, run.hash),
                *(
                    {
                        "name": sequence.name,
                        "context": sequence.context,
                        "values": {
                            "last": sequence.last if sequence.kind == "metric" else 0.0,
                            "last_step": sequence.last_step,
                        },
                    }
                    for sequence in published.in_order(run.sequences)
                ),
            ]
            yield from tree_bytes(
                {run.hash: {"traces": {"metric": traces}, "props": labels.props(run)}}
            )
            if report:
                yield progress(found, found + 1, total)
            found += 1

    return Stream(pieces())


def _logs(store: Store, run_hash: str) -> Iterator[dict[str, Any]]:
    """Terminal lines and log messages as the series that real servers keep them in."""
    ends = {
        "logs": store.count_log_lines(run_hash)[1],
        "__log_records": store.count_log_records(run_hash)[1],
    }
    for name, end in ends.items():
        if end:
            yield {"name": name, "context": {}, "values": {"last": 0.0, "last_step": end - 1}}
