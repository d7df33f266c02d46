"""Points of metrics as a deployment answers them.

Our server sends whole columns. A real one sends steps and values of as many metrics as are asked
for (protocol section 8.2), without epochs and times; long series come in pages of steps, and points
that JSON has no number for from their companions. Where a step has both, the number counts.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from matyan_client.backends import remote_queries as queries
from matyan_client.backends.base import SequenceRef
from matyan_client.backends.remote_search import EXACTLY, read_search, run_path
from matyan_client.exceptions import ServerFailedError, UnexpectedAnswerError
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.messages import parse_time
from matyan_client.protocol.records import Series
from matyan_client.protocol.routes import BACKEND
from matyan_client.protocol.wire import COMPANION, decode_companion
from matyan_client.store.sampling import sample
from matyan_client.transports.http import JSON_TYPE, STREAM_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matyan_client.protocol.records import RunRecord
    from matyan_client.transports.http import Answer, HttpClient

__all__ = ["fill_summaries", "read_edges", "read_series"]

_PAGE_STEPS = 50_000
"""Steps of one page of a dense series."""
_PAGE_STEPS_MIN = 500
_PAGE_POINTS = 200_000
"""Points of several short series that one request may ask for."""
_PAGE_BYTES_MAX = 64 << 20
_DTYPE = "float"


class _Plain(NamedTuple):
    """Steps and values of one metric, None for what is not finite."""

    steps: list[int]
    values: list[float | None]


def read_series(
    http: HttpClient,
    run_hash: str,
    refs: Sequence[SequenceRef],
    *,
    start: int | None,
    stop: int | None,
    density: int | None,
    is_exact: bool,
) -> list[Series | None]:
    """Series of a run, None where there is none.

    Args:
        http: asks the backend.
        run_hash: the run.
        refs: the metrics.
        start: first step wanted.
        stop: first step no longer wanted.
        density: at most that many points; None: all.
        is_exact: whether the server answers exactly.
    """
    if not refs:
        return []
    if not is_exact:
        edges = _ask(http, run_hash, refs, start, stop, 2)
        if isinstance(edges, dict):
            return _plain_series(http, run_hash, refs, edges, start, stop, density)
        if edges is None:
            return [None] * len(refs)
        # Another server has taken the place of the one that was asked before.
    found = _ask(http, run_hash, refs, start, stop, density or 0, only_exact=True)
    if found is None:
        return [None] * len(refs)
    if isinstance(found, list):
        return found
    edges = _part(http, run_hash, refs, start, stop, 2)
    return _plain_series(http, run_hash, refs, edges, start, stop, density)


def read_edges(
    http: HttpClient, run_hash: str, refs: Sequence[SequenceRef]
) -> list[list[tuple[int, float | None]]]:
    """First and last (step, value) of metrics on a real server."""
    if not refs:
        return []
    found = _ask(http, run_hash, refs, None, None, 2)
    if not isinstance(found, dict):
        return [[] for _ in refs]
    nothing = _Plain([], [])
    return [
        list(zip(part.steps, part.values, strict=True))
        for part in (found.get(_key(ref), nothing) for ref in refs)
    ]


def fill_summaries(http: HttpClient, record: RunRecord) -> None:
    """Work out from the points of a real server's run what it does not tell of its metrics."""
    metrics = [s for s in record.sequences or () if s.kind == "metric"]
    refs = [SequenceRef(sequence.name, sequence.context) for sequence in metrics]
    if not refs:
        return
    edges = _part(http, record.hash, refs, None, None, 2)
    found = _plain_series(http, record.hash, refs, edges, None, None, None)
    for sequence, series in zip(metrics, found, strict=True):
        if series is None or not len(series):
            continue
        numbers = [float(value) for value in series.values]
        sequence.count = len(numbers)
        sequence.first, sequence.last = numbers[0], numbers[-1]
        sequence.first_step, sequence.last_step = int(series.steps[0]), int(series.steps[-1])
        known = [number for number in numbers if number == number] or [float("nan")]
        sequence.min, sequence.max = min(known), max(known)


def _key(ref: SequenceRef) -> tuple[str, str]:
    return ref.name, canonical(ref.context)


def _ask(
    http: HttpClient,
    run_hash: str,
    refs: Sequence[SequenceRef],
    start: int | None,
    stop: int | None,
    density: int,
    *,
    only_exact: bool = False,
) -> list[Series | None] | dict[tuple[str, str], _Plain] | None:
    """One request: a list from our server, a dict from a real one (empty if `only_exact`), None if
    there is no such run."""

    def read(answer: Answer) -> list[Series | None] | dict[tuple[str, str], _Plain]:
        if answer.media_type == STREAM_TYPE:
            return _exact_series(answer, refs)
        return {} if only_exact else _plain_answer(answer)

    query: dict[str, str | int] = {"record_density": density}
    if start is not None or stop is not None:
        query["record_range"] = f"{'' if start is None else start}:{'' if stop is None else stop}"
    body = [{"name": ref.name, "context": ref.context} for ref in refs]
    return http.call(
        "POST",
        run_path(run_hash, "metric/get-batch/"),
        read,
        query=query,
        body=body,
        headers=EXACTLY,
        types=(STREAM_TYPE, JSON_TYPE),
        absent=lambda: None,
        again=True,
    )


# -- our server -----------------------------------------------------------------------------------


def _exact_series(answer: Answer, refs: Sequence[SequenceRef]) -> list[Series | None]:
    found: list[Series | None] = [None] * len(refs)
    came: set[int] = set()
    for index, tree in answer.trees():
        if not isinstance(index, int) or not 0 <= index < len(refs):
            raise UnexpectedAnswerError(
                f"{answer.url} sent a series nobody asked for ({index!r}).", url=answer.url
            )
        came.add(index)
        if tree is not None:
            try:
                found[index] = _decoded(refs[index], tree)
            except (KeyError, TypeError, ValueError, OverflowError, struct.error) as exc:
                raise UnexpectedAnswerError(
                    f"{answer.url} sent a series that makes no sense ({exc}).", url=answer.url
                ) from exc
    if len(came) != len(refs):
        raise UnexpectedAnswerError(
            f"{answer.url} sent {len(came)} of {len(refs)} series.", url=answer.url
        )
    return found


def _decoded(ref: SequenceRef, tree: Any) -> Series:
    steps = _column("q", tree["steps"])
    values, epochs, times = (_column("d", tree[name]) for name in ("values", "epochs", "times"))
    flags = tree.get("integers")
    integers = None if flags is None else [bool(flag) for flag in flags]
    if {len(values), len(epochs), len(times), len(integers or steps)} != {len(steps)}:
        raise ValueError("its columns are not of one length")
    big = json.loads(tree["big"]) if tree.get("big") else {}
    exact = {int(index): int(value) for index, value in big.items()}
    return _series(ref, steps, values, epochs, times, integers, exact)


def _column(code: str, data: bytes) -> Any:
    """Little-endian numbers as an array, or as a list without numpy."""
    if importlib.util.find_spec("numpy") is None:
        return list(struct.unpack(f"<{len(data) // 8}{code}", data))
    import numpy as np

    kind = np.int64 if code == "q" else np.float64
    return np.frombuffer(data, np.dtype(kind).newbyteorder("<")).astype(kind)


def _series(
    ref: SequenceRef,
    steps: Sequence[int],
    values: Sequence[float],
    epochs: Sequence[float],
    times: Sequence[float],
    integers: list[bool] | None = None,
    exact: dict[int, int] | None = None,
) -> Series:
    """Columns as numpy arrays where numpy is there. `exact`: whole numbers no double holds."""
    exact = exact or {}
    if importlib.util.find_spec("numpy") is None:
        numbers: list[float | int] = list(values)
        for index, flag in enumerate(integers or ()):
            if flag:
                numbers[index] = exact.get(index, int(values[index]))
        return Series(
            ref.name, ref.context, list(steps), numbers, list(epochs), list(times), integers
        )
    import numpy as np

    column: Any = np.asarray(values, np.float64)
    if integers and all(integers):
        column = np.asarray(
            [exact.get(index, int(value)) for index, value in enumerate(values)]
            if exact
            else column,
            np.int64,
        )
    return Series(
        ref.name,
        ref.context,
        np.asarray(steps, np.int64),
        column,
        np.asarray(epochs, np.float64),
        np.asarray(times, np.float64),
        integers,
    )


# -- a real server --------------------------------------------------------------------------------


def _plain_answer(answer: Answer) -> dict[tuple[str, str], _Plain]:
    found: dict[tuple[str, str], _Plain] = {}
    tree = answer.json(_PAGE_BYTES_MAX)
    try:
        if not isinstance(tree, list):
            raise TypeError(f"{tree!r:.80} is no list")
        for item in tree:
            steps, values = item["iters"], item["values"]
            if len(steps) != len(values):
                raise ValueError(f"{len(steps)} steps and {len(values)} values")
            if any(value is not None and not isinstance(value, (int, float)) for value in values):
                continue  # a sequence of objects
            found[item["name"], canonical(item["context"])] = _Plain(steps, values)
    except (KeyError, TypeError, ValueError) as exc:
        raise UnexpectedAnswerError(
            f"{answer.url} sent series that make no sense ({type(exc).__name__}: {exc}).",
            url=answer.url,
        ) from exc
    return found


def _plain_series(
    http: HttpClient,
    run_hash: str,
    refs: Sequence[SequenceRef],
    edges: dict[tuple[str, str], _Plain],
    start: int | None,
    stop: int | None,
    density: int | None,
) -> list[Series | None]:
    """Series; `edges` are two points of each."""
    odd = _odd_points(http, run_hash, refs, start, stop)
    plain: dict[tuple[str, str], _Plain] = {}
    long: list[tuple[SequenceRef, int, int]] = []
    short: list[tuple[SequenceRef, int, int]] = []
    sampled: list[SequenceRef] = []
    for ref in {_key(ref): ref for ref in refs if _key(ref) in edges}.values():
        steps = edges[_key(ref)].steps
        if len(steps) < 2:
            plain[_key(ref)] = edges[_key(ref)]
        elif density is not None and _key(ref) not in odd:
            sampled.append(ref)
        elif steps[-1] - steps[0] < _PAGE_STEPS:
            short.append((ref, steps[0], steps[-1]))
        else:
            long.append((ref, steps[0], steps[-1]))
    if sampled:
        plain.update(_part(http, run_hash, sampled, start, stop, density or 0))
    for group in _groups(short):
        first, last = min(item[1] for item in group), max(item[2] for item in group)
        plain.update(_part(http, run_hash, [item[0] for item in group], first, last + 1, 0))
    for ref, first, last in long:
        plain[_key(ref)] = _paged(http, run_hash, ref, first, last)
    made: list[Series | None] = []
    for ref in refs:
        points = plain.get(_key(ref)), odd.get(_key(ref), {})
        if points[0] is None and not points[1]:
            made.append(None)
            continue
        series = _merged(ref, *points)
        made.append(series if density is None else sample(series, density))
    return made


def _part(
    http: HttpClient,
    run_hash: str,
    refs: Sequence[SequenceRef],
    start: int | None,
    stop: int | None,
    density: int,
) -> dict[tuple[str, str], _Plain]:
    found = _ask(http, run_hash, refs, start, stop, density)
    if found is not None and not isinstance(found, dict):
        raise UnexpectedAnswerError(
            f"{http.shown(run_path(run_hash))} changed its kind of answer; ask again.",
            url=http.shown(run_path(run_hash)),
        )
    return found or {}


def _groups(
    items: list[tuple[SequenceRef, int, int]],
) -> Iterator[list[tuple[SequenceRef, int, int]]]:
    group: list[tuple[SequenceRef, int, int]] = []
    points = 0
    for item in items:
        span = item[2] - item[1] + 1
        if group and points + span > _PAGE_POINTS:
            yield group
            group, points = [], 0
        group.append(item)
        points += span
    if group:
        yield group


def _paged(http: HttpClient, run_hash: str, ref: SequenceRef, first: int, last: int) -> _Plain:
    """All points from `first` to `last`, some steps at a time: more where few have a point, fewer
    where the server cannot answer."""
    steps: list[int] = []
    values: list[float | None] = []
    at, width = first, _PAGE_STEPS
    while at <= last:
        try:
            part = _part(http, run_hash, [ref], at, min(at + width, last + 1), 0)
        except (UnexpectedAnswerError, ServerFailedError):
            if width <= _PAGE_STEPS_MIN:
                raise
            width = max(width // 16, _PAGE_STEPS_MIN)
            continue
        found = part.get(_key(ref), _Plain([], []))
        steps += found.steps
        values += found.values
        at += width
        if len(found.steps) * 4 < _PAGE_STEPS:
            width *= 4
        elif len(found.steps) > _PAGE_STEPS:
            width = max(width // 4, _PAGE_STEPS_MIN)
    return _Plain(steps, values)


def _odd_points(
    http: HttpClient,
    run_hash: str,
    refs: Sequence[SequenceRef],
    start: int | None,
    stop: int | None,
) -> dict[tuple[str, str], dict[int, tuple[float, float, float]]]:
    """Points that are no finite number, from companions: (value, epoch, time) by step."""
    names = sorted({f"{COMPANION}{_DTYPE}:{ref.name}" for ref in refs})
    query: dict[str, str | int] = {
        "q": f"{queries.of_runs([run_hash])} and {queries.of_sequences('texts', names)}",
        "record_density": 0,
        "index_density": 0,
    }
    if start is not None or stop is not None:
        query["record_range"] = f"{'' if start is None else start}:{'' if stop is None else stop}"
    found = http.call(
        "GET",
        f"{BACKEND}/runs/search/texts/",
        read_search,
        query=query,
        types=(STREAM_TYPE,),
    )
    points: dict[tuple[str, str], dict[int, tuple[float, float, float]]] = {}
    for trace in (found.trees.get(run_hash) or {}).get("traces") or ():
        name = trace["name"][len(f"{COMPANION}{_DTYPE}:") :]
        here = points.setdefault((name, canonical(trace["context"])), {})
        for step, items in zip(trace["iters"], trace["values"], strict=True):
            point = _odd_point(items)
            if point is not None:
                here[step] = point
    return points


def _odd_point(items: Any) -> tuple[float, float, float] | None:
    try:
        known = decode_companion(items[0]["data"])
        epoch, time = known.get("epoch"), known.get("time")
        return (
            float(known["value"]),
            float("nan") if epoch is None else float(epoch),
            float("nan") if time is None else parse_time(time),
        )
    except (ValueError, TypeError, KeyError, IndexError):
        return None  # another client's text of such a name


def _merged(
    ref: SequenceRef, plain: _Plain | None, odd: dict[int, tuple[float, float, float]]
) -> Series:
    nan = float("nan")
    points: dict[int, tuple[float, float, float]] = dict(odd)
    if plain is not None:
        if not odd:
            unknown = [nan] * len(plain.steps)
            values = [nan if value is None else value for value in plain.values]
            return _series(ref, plain.steps, values, unknown, unknown)
        for step, value in zip(plain.steps, plain.values, strict=True):
            if value is not None or step not in points:
                points[step] = (nan if value is None else value, nan, nan)
    steps = sorted(points)
    columns = zip(*(points[step] for step in steps), strict=True) if steps else ((), (), ())
    values_, epochs, times = columns
    return _series(ref, steps, list(values_), list(epochs), list(times))
