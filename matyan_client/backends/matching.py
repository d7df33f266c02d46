"""Picks what a query matches from candidates: the last word of every search, on every backend.

Where candidates come from, and what narrowed them down, is the backend's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matyan_client.protocol.records import RunRecord, SequenceKind, SequenceRecord
    from matyan_client.query import Predicate, Query

__all__ = ["matching_runs", "matching_sequences", "narrowing"]


def narrowing(query: Query) -> Sequence[Predicate]:
    """What may narrow a search down.

    Sequences narrow a search for runs with such a sequence, which is not what a search for
    (possibly empty) runs promises.
    """
    return [p for p in query.predicates if query.kind is None or p.subject != "sequence"]


def matching_runs(
    query: Query, candidates: Iterable[RunRecord], limit: int | None
) -> Iterator[RunRecord]:
    """Runs that match, up to `limit` of them."""
    found = 0
    if limit is not None and limit <= 0:
        return
    for record in candidates:
        if query.matches_run(record):
            yield record
            found += 1
            if found == limit:
                return


def matching_sequences(
    kind: SequenceKind, query: Query, candidates: Iterable[RunRecord], limit: int | None
) -> Iterator[tuple[RunRecord, list[SequenceRecord]]]:
    """Runs that may match, up to `limit` of them, with their matching sequences of one kind."""
    found = 0
    if limit is not None and limit <= 0:
        return
    for record in candidates:
        if query.may_match(record):
            matching = [
                sequence
                for sequence in record.sequences or ()
                if sequence.kind == kind and query.matches_sequence(record, sequence)
            ]
            yield record, matching
            found += 1
            if found == limit:
                return
