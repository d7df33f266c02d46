"""What `repo.query_…()` and `run.metrics()` return: collections of sequences, read as they are
iterated, any number of times (behaviour Q04, Q05, A07).

The language is in `aimql.py`; searching is the backend's.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from aim_compat._absent_members import with_absent_members
from aim_compat.aimql import parse_aimql
from aim_compat.progress import reported
from aim_compat.sequences import Metric, Sequence, holds, searched_kind, sequence_of
from aim_compat.types import QueryReportMode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

    from aim_compat.repo import Repo
    from aim_compat.run_reading import RunReader
    from matyan_client.backends.base import Progress
    from matyan_client.protocol.records import SequenceRecord

__all__ = [
    "QueryRunSequenceCollection",
    "QuerySequenceCollection",
    "SequenceCollection",
    "SingleRunSequenceCollection",
]

log = logging.getLogger("aim.sdk.sequence_collection")  # scripts know it by Aim's name


class SequenceCollection:
    """Sequences of one run or of many."""

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return self.iter()

    def iter(self) -> Iterator[Sequence[Any]]:
        """The sequences one by one."""
        raise NotImplementedError

    def iter_runs(self) -> Iterator[Any]:
        """A collection per run, or (collection or None, (done, total)) in PROGRESS_TUPLE mode."""
        raise NotImplementedError

    def dataframe(
        self,
        only_last: bool = False,
        include_run: bool = True,
        include_name: bool = True,
        include_context: bool = True,
        include_props: bool = True,
        include_params: bool = True,
    ) -> DataFrame | None:
        """All metrics below each other, None without any (behaviour Q12).

        Args:
            only_last: only the last step of each.
            include_run: add `run.hash` and a column per parameter.
            include_name: add `metric.name`.
            include_context: add `metric.context.…` columns.
            include_props: properties, where the frame is one of runs.
            include_params: parameters, where the frame is one of runs.

        Raises:
            AttributeError: sequences of objects, which have no frame.
            MissingDependencyError: pandas is not installed.
        """
        del include_props, include_params
        from aim_compat.frames import concatenated

        return concatenated(
            cast("Metric", sequence).dataframe(
                include_name=include_name,
                include_context=include_context,
                include_run=include_run,
                only_last=only_last,
            )
            for sequence in self.iter()
        )


@with_absent_members("aim.sdk.sequence_collection.SingleRunSequenceCollection")
class SingleRunSequenceCollection(SequenceCollection):
    """Sequences of one run.

    Args:
        run: the run.
        seq_cls: the kind of sequences; `Sequence`: all.
        query: an AimQL expression they have to match.
        runs_proxy_cache: taken and not needed.
        timezone_offset: minutes to UTC of times in the query.

    Raises:
        SyntaxError: the query is malformed or refused.
    """

    def __init__(
        self,
        run: RunReader,
        seq_cls: type[Sequence[Any]] = Sequence,
        query: str = "",
        runs_proxy_cache: dict[Any, Any] | None = None,
        timezone_offset: int = 0,
    ) -> None:
        self.run = run
        self.seq_cls = seq_cls
        self.query = query
        self.runs_proxy_cache = runs_proxy_cache
        self._parsed = None
        self._records: list[SequenceRecord] | None = None
        if query:
            only = f"run.hash == {run.hash!r} and ({query})"
            self._parsed = parse_aimql(
                only,
                searched_kind(seq_cls),
                timezone_offset,
                sequence_name=seq_cls.sequence_name(),
            )

    @classmethod
    def _found(
        cls, run: RunReader, seq_cls: type[Sequence[Any]], records: list[SequenceRecord]
    ) -> SingleRunSequenceCollection:
        """The sequences of a run that a search has found."""
        collection = cls(run, seq_cls)
        collection._records = records
        return collection

    def iter(self) -> Iterator[Sequence[Any]]:
        """The sequences by context id and name; all kinds if no class was given."""
        from aim_compat.run_reading import listing_order

        for record in sorted(self._matching(), key=listing_order):
            yield sequence_of(record, self.run, self.seq_cls)

    def _matching(self) -> list[SequenceRecord]:
        if self._records is not None:
            return self._records
        if self._parsed is not None:
            found = self.run._backend.search_sequences(searched_kind(self.seq_cls), self._parsed)
            records = [record for _, records in found for record in records]
        else:
            records = self.run._sequences()
        return [record for record in records if holds(self.seq_cls, record)]

    def iter_runs(self) -> Iterator[Any]:
        """Nothing: there is one run, `run` (behaviour Q04)."""
        log.warning("Run is already bound to the Collection")
        return iter(())

    def __repr__(self) -> str:
        return f"<SingleRunSequenceCollection of {self.run!r}>"


class QueryRunSequenceCollection(SequenceCollection):
    """Runs that match a query, newest first, from behind `offset` on if there is such a run.

    Raises:
        SyntaxError: the query is malformed or refused; here, and not when it is iterated (Q06).
    """

    def __init__(
        self,
        repo: Repo,
        seq_cls: type[Sequence[Any]] = Sequence,
        query: str = "",
        paginated: bool = False,
        offset: str | None = None,
        report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR,
        timezone_offset: int = 0,
    ) -> None:
        self.repo = repo
        self.seq_cls = seq_cls
        self.query = query
        self.paginated = paginated
        self.offset = offset
        self.report_mode = report_mode
        self._parsed = parse_aimql(query, None, timezone_offset)

    def iter(self) -> Iterator[Sequence[Any]]:
        """All sequences of all matching runs."""
        for collection in self._runs(QueryReportMode.DISABLED):
            yield from collection

    def iter_runs(self) -> Iterator[Any]:
        """A collection per matching run; its `run` is read-only."""
        return self._runs(self.report_mode)

    def _runs(self, mode: QueryReportMode) -> Iterator[Any]:
        from aim_compat.run import Run

        repo = self.repo
        after = self.offset if repo.run_exists(self.offset or "") else None

        def search(progress: Progress | None) -> Iterator[SingleRunSequenceCollection]:
            for record in repo._backend.search_runs(
                self._parsed, after=after, sequences=False, progress=progress
            ):
                run = Run._reader(record.hash, repo, record)
                yield SingleRunSequenceCollection(run, self.seq_cls)

        return _reported(search, repo, mode, all_runs=True, after=after)

    def dataframe(
        self,
        only_last: bool = False,
        include_run: bool = True,
        include_name: bool = True,
        include_context: bool = True,
        include_props: bool = True,
        include_params: bool = True,
    ) -> DataFrame | None:
        """A row per run: hash, properties, parameters; None without a match."""
        del only_last, include_run, include_name, include_context
        from aim_compat.frames import concatenated

        return concatenated(
            collection.run.dataframe(include_props=include_props, include_params=include_params)
            for collection in self._runs(QueryReportMode.DISABLED)
        )


@with_absent_members("aim.sdk.sequence_collection.QuerySequenceCollection")
class QuerySequenceCollection(SequenceCollection):
    """Sequences of one kind that match a query, run by run, newest run first.

    A malformed query raises SyntaxError when the collection is iterated (Q06).
    """

    def __init__(
        self,
        repo: Repo,
        seq_cls: type[Sequence[Any]] = Sequence,
        query: str = "",
        report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR,
        timezone_offset: int = 0,
    ) -> None:
        self.repo = repo
        self.seq_cls = seq_cls
        self.query = query
        self.report_mode = report_mode
        self.runs_proxy_cache: dict[Any, Any] = {}
        self._timezone_offset = timezone_offset

    def iter(self) -> Iterator[Sequence[Any]]:
        """The matching sequences one by one."""
        mode = self.report_mode
        if mode is QueryReportMode.PROGRESS_TUPLE:
            mode = QueryReportMode.DISABLED
        for collection in self._runs(mode):
            yield from collection

    def iter_runs(self) -> Iterator[Any]:
        """A collection per run that passes the run's part of the query; it may be empty (A07)."""
        return self._runs(self.report_mode)

    def _runs(self, mode: QueryReportMode) -> Iterator[Any]:
        from aim_compat.run import Run

        repo, kind = self.repo, searched_kind(self.seq_cls)
        parsed = parse_aimql(
            self.query, kind, self._timezone_offset, sequence_name=self.seq_cls.sequence_name()
        )

        def search(progress: Progress | None) -> Iterator[SingleRunSequenceCollection]:
            for record, matching in repo._backend.search_sequences(kind, parsed, progress=progress):
                run = Run._reader(record.hash, repo, record)
                held = [sequence for sequence in matching if holds(self.seq_cls, sequence)]
                yield SingleRunSequenceCollection._found(run, self.seq_cls, held)

        return _reported(search, repo, mode)


def _reported(
    search: Any,
    repo: Repo,
    mode: QueryReportMode,
    *,
    all_runs: bool = False,
    after: str | None = None,
) -> Iterator[Any]:
    """What a search finds, with the progress the caller asked for.

    Args:
        search: given a `Progress` or None, yields collections.
        repo: what is searched.
        mode: how to report.
        all_runs: whether tuples come for runs that do not match, too.
        after: the run the search starts behind.
    """
    if mode is QueryReportMode.PROGRESS_TUPLE:
        return _with_tuples(search, repo, all_runs, after)
    if mode is QueryReportMode.PROGRESS_BAR:
        return reported(search, repo._backend.count_runs())
    return iter(search(None))


def _with_tuples(search: Any, repo: Repo, all_runs: bool, after: str | None) -> Iterator[Any]:
    """(found or None, (place among all runs, number of runs)), newest run first (Q05)."""
    hashes = repo._backend.list_runs()[::-1]
    total = len(hashes)
    if after in hashes:
        hashes = hashes[hashes.index(after) + 1 :]
    places = {run_hash: place for place, run_hash in enumerate(hashes, 1)}
    last = 0
    for collection in search(None):
        # A run that is not among them was made meanwhile.
        place = max(places.get(collection.run.hash, last), last)
        if all_runs:
            for between in range(last + 1, place):
                yield None, (between, total)
        yield collection, (place, total)
        last = place
    if all_runs:
        for between in range(last + 1, len(hashes) + 1):
            yield None, (between, total)
