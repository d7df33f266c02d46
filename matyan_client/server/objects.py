"""Images, audio, texts, distributions and figures (protocol section 8.5), and their bytes.

A step's value is one object or a list of them. What is asked for is picked by step first, then
read a step at a time, so an answer holds one step's objects in memory.
"""

from __future__ import annotations

import json
import logging
import os
import struct
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.routing import Route

from matyan_client.exceptions import BlobNotFoundError
from matyan_client.protocol.streams import encode_path
from matyan_client.server import published
from matyan_client.server.answers import Stream, tree_bytes
from matyan_client.server.artifacts import blocks_of
from matyan_client.server.asking import (
    SequenceName,
    Steps,
    flag,
    steps,
    whole_number,
    with_body,
)
from matyan_client.server.searching import labels_of, matching_sequences, query_of, streamed
from matyan_client.server.series import find_sequence
from matyan_client.store.sampling import sample_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from matyan_client.protocol.records import (
        ObjectRecord,
        RunRecord,
        SequenceKind,
        SequenceRecord,
    )
    from matyan_client.server.context import Context
    from matyan_client.store.store import Store

__all__ = ["routes"]

log = logging.getLogger("matyan_client.server")

BLOB_PURPOSE = "blob"
_LENGTH = struct.Struct("<I")
_BYTES = b"\x05"


def routes(context: Context) -> list[Route]:
    """Below the backend's prefix."""
    made: list[Route] = []

    def post(path: str, endpoint: Any) -> None:
        made.append(Route(path, partial(endpoint, context), methods=["POST"]))

    for kind in published.OBJECT_KINDS:
        made.append(Route(f"/runs/search/{kind}/", partial(_search, kind, context)))
        post(
            f"/runs/{{run_hash}}/{kind}/get-batch/",
            with_body(list[SequenceName], partial(_get_batch, kind)),
        )
        post(
            f"/runs/{{run_hash}}/{kind}/get-step/",
            with_body(list[SequenceName], partial(_get_step, kind)),
        )
    for kind in ("images", "audios"):
        post(f"/runs/{kind}/get-batch/", with_body(list[str], _blobs))
    post("/runs/{run_hash}/objects/get-batch/", with_body(SequenceName, _get_exact))
    return made


# -- what is asked -------------------------------------------------------------------------------


class _Asked(NamedTuple):
    """Which steps, and which of a step's objects."""

    kind: SequenceKind
    record_range: Steps
    record_density: int
    index_range: Steps
    index_density: int

    @property
    def listed(self) -> bool:
        """Whether the objects of a step come as a list."""
        return self.kind in published.LISTED_KINDS


def _asked(kind: SequenceKind, request: Request) -> _Asked:
    return _Asked(
        kind,
        steps(request, "record_range"),
        whole_number(request, "record_density", 50),
        steps(request, "index_range"),
        whole_number(request, "index_density", 5),
    )


class _Reader:
    """Reads objects of one run as they are shown."""

    def __init__(self, context: Context, run_hash: str, asked: _Asked) -> None:
        self.store = context.backend.store
        self.run_hash = run_hash
        self.asked = asked
        self._sign = context.signer.sign

    def all_steps(self, sequence: SequenceRecord) -> list[int]:
        """Every step of a sequence."""
        return self.store.object_steps(self.run_hash, sequence.name, sequence.context)

    def chosen(self, all_steps: Sequence[int]) -> list[int]:
        """The steps in the range asked for, thinned out."""
        start, stop = self.asked.record_range
        inside = [
            step
            for step in all_steps
            if (start is None or step >= start) and (stop is None or step < stop)
        ]
        density = self.asked.record_density
        if 0 < density < len(inside):
            return [inside[place] for place in sample_places(inside, density)]
        return inside

    def objects(
        self, sequence: SequenceRecord, chosen: Sequence[int]
    ) -> Iterator[tuple[ObjectRecord, list[dict[str, Any]]]]:
        """What is at some steps, and all of the objects there."""
        for step in chosen:
            found = self.store.read_objects(
                self.run_hash, sequence.name, sequence.context, start=step, stop=step + 1
            )
            for record in found:
                value = record.value
                yield record, value if isinstance(value, list) else [value]

    def shown(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those objects of a step that are asked for."""
        start, stop = self.asked.index_range
        places = list(range(len(items)))
        if start is not None or stop is not None:
            low, high = max(start or 0, 0), len(items) if stop is None else max(stop, 0)
            places = places[low:high]
        density = self.asked.index_density
        if density == 1:
            places = places[:1]
        elif 1 < density < len(places):
            last = len(places) - 1
            places = [places[round(i * last / (density - 1))] for i in range(density)]
        return [
            published.dump_object(self.asked.kind, items[place], place, self.blob_uri)
            for place in places
        ]

    def value(self, items: list[dict[str, Any]]) -> Any:
        """A step's value."""
        if self.asked.listed:
            return self.shown(items)
        return published.dump_object(self.asked.kind, items[0] if items else {}, 0, self.blob_uri)

    def blob_uri(self, key: str) -> str:
        """What stands for the bytes under a key."""
        return self._sign(BLOB_PURPOSE, key.encode("utf-8", "surrogatepass"))


def _range_total(all_steps: Sequence[int]) -> list[int]:
    return [all_steps[0], all_steps[-1] + 1] if all_steps else [0, 0]


def _used(asked: Steps, total: Sequence[int]) -> list[int]:
    return [
        total[0] if asked.start is None else asked.start,
        total[1] if asked.stop is None else asked.stop,
    ]


# -- search --------------------------------------------------------------------------------------


def _search(kind: SequenceKind, context: Context, request: Request) -> Response:
    store = context.backend.store
    query = query_of(request, kind)
    asked = _asked(kind, request)
    skip_system = flag(request, "skip_system", True)
    labels = labels_of(store)

    def look(run: RunRecord) -> Iterator[bytes] | None:
        matching = matching_sequences(query, run, kind)
        if not matching:
            return None
        return _tree(_Reader(context, run.hash, asked), run, matching, labels, skip_system)

    return Stream(
        streamed(
            store.candidates(query.predicates, after=None, params=True, sequences=True),
            look,
            report=flag(request, "report_progress", True),
            total=store.count_candidates(query.predicates),
        )
    )


def _tree(
    reader: _Reader,
    run: RunRecord,
    matching: list[SequenceRecord],
    labels: published.Labels,
    skip_system: bool,
) -> Iterator[bytes]:
    asked = reader.asked
    head = {"params": published.params(run.params, skip_system=skip_system), "traces": []}
    yield from tree_bytes(head, (run.hash,))
    low: int | None = None
    high, most = 0, 1
    for place, sequence in enumerate(matching):
        at: tuple[str | int, ...] = (run.hash, "traces", place)
        all_steps = reader.all_steps(sequence)
        if all_steps:
            first, end = _range_total(all_steps)
            low, high = (first, end) if low is None else (min(low, first), max(high, end))
        yield from tree_bytes({"name": sequence.name, "context": sequence.context}, at)
        columns: dict[str, list[Any]] = {"iters": [], "epochs": [], "timestamps": []}
        yield from tree_bytes([], (*at, "values"))
        for number, (record, items) in enumerate(
            reader.objects(sequence, reader.chosen(all_steps))
        ):
            most = max(most, len(items))
            yield from tree_bytes(reader.value(items), (*at, "values", number))
            columns["iters"].append(record.step)
            columns["epochs"].append(_whole(record.epoch))
            columns["timestamps"].append(record.time)
        yield from tree_bytes(columns, at)
    total = [low or 0, high]
    ranges: dict[str, Any] = {
        "record_range_total": total,
        "record_range_used": _used(asked.record_range, total),
    }
    if asked.listed:
        ranges["index_range_total"] = [0, most]
        ranges["index_range_used"] = _used(asked.index_range, [0, most])
    yield from tree_bytes({"props": labels.props(run), "ranges": ranges}, (run.hash,))


def _whole(epoch: float | None) -> float | None:
    """An epoch as an int, if it is one."""
    return int(epoch) if epoch is not None and epoch.is_integer() else epoch


# -- sequences of a run --------------------------------------------------------------------------


def _wanted(
    store: Store, run_hash: str, kind: SequenceKind, body: list[SequenceName]
) -> list[tuple[SequenceName, SequenceRecord]]:
    """Those sequences that are there; 404 without a run."""
    run = store.get_run(run_hash, params=False, sequences=True, artifacts=False)
    if run is None:
        raise HTTPException(404)
    sequences = [sequence for sequence in run.sequences or () if sequence.kind == kind]
    found = ((wanted, find_sequence(sequences, wanted)) for wanted in body)
    return [(wanted, sequence) for wanted, sequence in found if sequence is not None]


def _get_batch(
    kind: SequenceKind, context: Context, request: Request, body: list[SequenceName]
) -> Response:
    run_hash = request.path_params["run_hash"]
    asked = _asked(kind, request)
    reader = _Reader(context, run_hash, asked)
    wanted = _wanted(reader.store, run_hash, kind, body)

    def pieces() -> Iterator[bytes]:
        for named, sequence in wanted:
            all_steps = reader.all_steps(sequence)
            yield from tree_bytes({"name": named.name, "context": named.context, "values": []})
            taken: list[int] = []
            most = 1
            for record, items in reader.objects(sequence, reader.chosen(all_steps)):
                most = max(most, len(items))
                yield from tree_bytes(reader.value(items), ("values", len(taken)))
                taken.append(record.step)
            yield from tree_bytes(
                {
                    "iters": taken,
                    "record_range_used": _range_total(taken),
                    "record_range_total": _range_total(all_steps),
                    **_index_ranges(asked, most),
                }
            )

    return Stream(pieces())


def _index_ranges(asked: _Asked, most: int) -> dict[str, Any]:
    total = [0, most] if asked.listed else None
    used = None if total is None else _used(asked.index_range, total)
    return {"index_range_used": used, "index_range_total": total}


def _get_step(
    kind: SequenceKind, context: Context, request: Request, body: list[SequenceName]
) -> Response:
    run_hash = request.path_params["run_hash"]
    asked = _asked(kind, request)
    step = whole_number(request, "record_step", -1)
    reader = _Reader(context, run_hash, asked)
    wanted = _wanted(reader.store, run_hash, kind, body)

    def pieces() -> Iterator[bytes]:
        for named, sequence in wanted:
            all_steps = reader.all_steps(sequence)
            chosen = all_steps[-1:] if step == -1 else [s for s in all_steps if s == step]
            for record, items in reader.objects(sequence, chosen):
                value = reader.value(items)
                shown = value if asked.listed else [value]
                yield from tree_bytes(
                    {
                        "name": named.name,
                        "context": named.context,
                        "values": shown,
                        "iters": [record.step],
                        "record_range_used": [record.step, record.step],
                        "record_range_total": _range_total(all_steps),
                        **_index_ranges(asked, len(shown)),
                    }
                )

    return Stream(pieces())


def _get_exact(context: Context, request: Request, body: SequenceName) -> Response:
    """Every object of a sequence, of any kind, with nothing left out."""
    store = context.backend.store
    run_hash = request.path_params["run_hash"]
    start, stop = steps(request, "record_range")
    if store.get_run(run_hash, params=False, sequences=False, artifacts=False) is None:
        raise HTTPException(404)

    def pieces() -> Iterator[bytes]:
        for record in store.read_objects(run_hash, body.name, body.context, start=start, stop=stop):
            exact = {"epoch": record.epoch, "time": record.time, "value": record.value}
            yield from tree_bytes({record.step: json.dumps(exact, separators=(",", ":"))})

    return Stream(pieces())


# -- bytes ---------------------------------------------------------------------------------------


def _blobs(context: Context, request: Request, uris: list[str]) -> Response:
    store = context.backend.store

    def pieces() -> Iterator[bytes]:
        for uri in uris:
            payload = context.signer.verify(BLOB_PURPOSE, uri)
            if payload is None:
                continue
            key = payload.decode("utf-8", "surrogatepass")
            try:
                file = store.open_blob(key)
            except BlobNotFoundError as exc:
                # One that is gone must not hide the others.
                log.warning("%s", exc)
                yield from tree_bytes({uri: b""})
                continue
            with file:
                name, size = encode_path((uri,)), os.fstat(file.fileno()).st_size
                yield _LENGTH.pack(len(name)) + name + _LENGTH.pack(len(_BYTES) + size) + _BYTES
                yield from blocks_of(file)

    return Stream(pieces())
