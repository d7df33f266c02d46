"""Objects of one sequence as a deployment answers them.

Our server has a stream of its own for any kind. On a real one the search endpoint is asked, the
only one that gives epochs and times (protocol section 8.5). Companions hold what it cannot keep:
they win over the plain object of their step, unless that was written again later. Some values are
kept as a blob of JSON and only referred to.
"""

from __future__ import annotations

import heapq
import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from matyan_client.backends import remote_queries as queries
from matyan_client.backends.remote_runs import DTYPES, OBJECT_KINDS
from matyan_client.backends.remote_search import EXACTLY, read_search, run_path
from matyan_client.exceptions import (
    CodecError,
    ServerFailedError,
    ServerRefusedError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.messages import parse_time
from matyan_client.protocol.records import ObjectRecord, kind_of
from matyan_client.protocol.routes import BACKEND
from matyan_client.protocol.wire import companion_of, decode_companion
from matyan_client.transports.http import STREAM_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matyan_client.backends.base import SequenceRef
    from matyan_client.protocol.records import SequenceKind
    from matyan_client.transports.http import Answer, HttpClient

__all__ = ["BLOB_URI", "exact_objects", "plain_objects", "resolved"]

BLOB_URI = "blob_uri:"
"""How the key of a blob begins that only a real server's token leads to."""

_FIRST_LOOK = 100
_PAGE_OBJECTS = 100
_PAGE_STEPS_MIN = 1
_EXACT_PAGE_STEPS = 1_000


class _Item(NamedTuple):
    """An object at a step; `rank` decides between two of one step, the higher wins."""

    step: int
    rank: tuple[float, int]
    record: ObjectRecord


class _Raw(NamedTuple):
    """What a real server says of one step."""

    step: int
    epoch: float | None
    time: float
    value: Any


# -- our server -----------------------------------------------------------------------------------


def exact_objects(
    http: HttpClient,
    run_hash: str,
    ref: SequenceRef,
    start: int | None,
    stop: int | None,
) -> Iterator[ObjectRecord] | None:
    """Objects in step order; None if the server does not know this way.

    There are none also where there is no such run or sequence.
    """

    def read(answer: Answer) -> Iterator[ObjectRecord]:
        return _exact_records(answer.spooled_trees(), answer.url)

    def nothing() -> Iterator[ObjectRecord]:
        return iter(())

    try:
        return http.call(
            "POST",
            run_path(run_hash, "objects/get-batch/"),
            read,
            query=_range(start, stop),
            body={"name": ref.name, "context": ref.context},
            headers=EXACTLY,
            types=(STREAM_TYPE,),
            absent=nothing,
            again=True,
        )
    except ServerRefusedError as exc:
        if exc.status in (404, 405):
            return None
        raise


def _exact_records(trees: Iterator[tuple[Any, Any]], url: str) -> Iterator[ObjectRecord]:
    for step, text in trees:
        try:
            known = json.loads(text)
            record = ObjectRecord(
                _whole(step), _number(known["epoch"]), float(known["time"]), known["value"]
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise UnexpectedAnswerError(
                f"{url} sent an object that makes no sense ({exc}).", url=url
            ) from exc
        yield record


def _whole(step: object) -> int:
    if not isinstance(step, int):
        raise TypeError(f"{step!r} is no step")
    return step


def _range(start: int | None, stop: int | None) -> dict[str, str | int]:
    if start is None and stop is None:
        return {}
    return {"record_range": f"{'' if start is None else start}:{'' if stop is None else stop}"}


# -- a real server --------------------------------------------------------------------------------


def plain_objects(
    http: HttpClient,
    run_hash: str,
    ref: SequenceRef,
    start: int | None,
    stop: int | None,
    traces: dict[SequenceKind, list[tuple[str, str]]],
    read_json: Callable[[str], Any],
) -> Iterator[ObjectRecord]:
    """Objects in step order.

    Args:
        http: asks the backend.
        run_hash: the run.
        ref: the sequence.
        start: first step wanted.
        stop: first step no longer wanted.
        traces: (name, canonical context) of all sequences of the run by kind, companions included.
        read_json: the JSON value kept as a blob under a key.
    """
    here = canonical(ref.context)
    sources: list[Iterator[_Item]] = []
    for kind in OBJECT_KINDS:
        if (ref.name, here) in traces.get(kind, ()):
            items = _items(http, run_hash, kind, ref.name, ref.context, start, stop)
            sources.append(_plain(DTYPES[kind], items))
    for name, context in traces.get("texts", ()):
        stands_for = companion_of(name)
        if (
            stands_for is not None
            and stands_for.name == ref.name
            and context == here
            and kind_of(stands_for.dtype) != "metric"
        ):
            items = _items(http, run_hash, "texts", name, ref.context, start, stop)
            sources.append(_companions(items))
    merged = heapq.merge(*sources, key=lambda item: item.step)
    for _, several in groupby(merged, key=lambda item: item.step):
        record = max(several, key=lambda item: item.rank).record
        record.value = resolved(record.value, read_json)
        yield record


def _companions(raw: Iterator[_Raw]) -> Iterator[_Item]:
    for item in raw:
        try:
            known = decode_companion(item.value[0]["data"])
            time = known.get("time")
            value = known["value"]
            record = ObjectRecord(
                item.step,
                _number(known.get("epoch")),
                item.time if time is None else parse_time(time),
                value["items"] if value.get("type") == "list" and "items" in value else value,
            )
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            continue  # another client's text of such a name
        yield _Item(item.step, (item.time, 1), record)


def _plain(dtype: str, raw: Iterator[_Raw]) -> Iterator[_Item]:
    for item in raw:
        values = item.value if isinstance(item.value, list) else [item.value]
        made = [_wire_value(dtype, value) for value in values]
        value = made[0] if len(made) == 1 else made
        yield _Item(
            item.step, (item.time, 0), ObjectRecord(item.step, item.epoch, item.time, value)
        )


def _wire_value(dtype: str, value: dict[str, Any]) -> dict[str, Any]:
    """The stored form of what a real server reads back (7.5)."""
    made = {"type": dtype, **{key: item for key, item in value.items() if key != "index"}}
    token = made.pop("blob_uri", None)
    if token is not None:
        made["s3_key"] = f"{BLOB_URI}{token}"
    return {key: item for key, item in made.items() if item is not None}


def _items(
    http: HttpClient,
    run_hash: str,
    kind: SequenceKind,
    name: str,
    context: dict[str, Any],
    start: int | None,
    stop: int | None,
) -> Iterator[_Raw]:
    """Steps of one sequence, in pages."""
    q = f"{queries.of_runs([run_hash])} and {queries.of_sequences(kind, [name], context)}"

    def ask(first: int | None, last: int | None, density: int) -> tuple[list[_Raw], Any]:
        def read(answer: Answer) -> tuple[list[_Raw], Any]:
            tree = read_search(answer).trees.get(run_hash) or {}
            return _of_run(tree, name, canonical(context), answer.url), tree.get("ranges")

        return http.call(
            "GET",
            f"{BACKEND}/runs/search/{kind}/",
            read,
            query={
                "q": q,
                "record_density": density,
                "index_density": 0,
                **_range(first, last),
            },
            types=(STREAM_TYPE,),
        )

    # A sample smaller than what it might be is all there is (8.2).
    found, ranges = ask(start, stop, _FIRST_LOOK)
    if len(found) < _FIRST_LOOK:
        yield from found
        return
    total = ranges["record_range_total"]
    at = total[0] if start is None else max(start, total[0])
    end = total[1] if stop is None else min(stop, total[1])
    width = max((end - at) * _PAGE_OBJECTS // 10_000, _PAGE_OBJECTS)
    while at < end:
        try:
            found, _ = ask(at, min(at + width, end), 0)
        except ServerFailedError:
            if width <= _PAGE_STEPS_MIN:
                raise
            width = max(width // 16, _PAGE_STEPS_MIN)
            continue
        yield from found
        at += width
        if len(found) * 4 < _PAGE_OBJECTS:
            width *= 4
        elif len(found) > 2 * _PAGE_OBJECTS:
            width = max(width // 4, _PAGE_STEPS_MIN)


def _number(epoch: Any) -> float | None:
    return None if epoch is None else float(epoch)


def _of_run(tree: Any, name: str, context: str, url: str) -> list[_Raw]:
    try:
        for trace in tree.get("traces") or ():
            if trace["name"] == name and canonical(trace["context"]) == context:
                return [
                    _Raw(step, _number(epoch), float(time or 0.0), value)
                    for step, epoch, time, value in zip(
                        trace["iters"],
                        trace["epochs"],
                        trace["timestamps"],
                        trace["values"],
                        strict=True,
                    )
                ]
    except (KeyError, TypeError, ValueError) as exc:
        raise UnexpectedAnswerError(
            f"{url} sent a sequence that makes no sense ({type(exc).__name__}: {exc}).", url=url
        ) from exc
    return []


def resolved(value: Any, read_json: Callable[[str], Any]) -> Any:
    """A value without references to blobs of JSON that are its parts.

    Raises:
        CodecError: a blob is not the JSON value it stands for.
    """
    if isinstance(value, list):
        return [resolved(item, read_json) for item in value]
    if not isinstance(value, dict):
        return value
    if "value_blob" not in value:
        if value.get("type") == "list" and isinstance(value.get("items"), list):
            return [resolved(item, read_json) for item in value["items"]]
        return value
    found = read_json(value["value_blob"])
    if not isinstance(found, dict) or found.get("type") != value.get("type"):
        raise CodecError(f"The blob {value['value_blob']!r} is not the object it stands for.")
    return resolved(found, read_json)
