"""Searches of a deployment's runs: page by page from our server, by one request from a real one.

No connection is held while somebody looks at what came. An answer that lacks its last progress
frame is an error, not a shorter one: a real server ends there when it meets a run that it cannot
encode (protocol section 12.2). Sequences of objects come from one more search per kind for a page
of runs, or for all that is left once there are many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from matyan_client.backends import remote_queries as queries
from matyan_client.backends.remote_runs import (
    OBJECT_KINDS,
    Trace,
    exact_run,
    plain_run,
    summaries,
    traces_of_info,
)
from matyan_client.exceptions import UnexpectedAnswerError
from matyan_client.protocol.routes import BACKEND, EXACT, PREDICATES, VERSION
from matyan_client.protocol.wire import COMPANION
from matyan_client.query import Predicate
from matyan_client.transports.http import STREAM_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matyan_client.backends.base import Progress
    from matyan_client.protocol.records import RunRecord, SequenceKind
    from matyan_client.transports.http import Answer, HttpClient

__all__ = [
    "EXACTLY",
    "Search",
    "asks_exactly",
    "is_addressable",
    "object_traces",
    "read_search",
    "run_path",
]

EXACTLY = {EXACT: "1"}
"""What every reading request says."""

_RUN_SEARCH = f"{BACKEND}/runs/search/run/"
_PAGE_FIRST = 50
"""Runs of the first page: so many, that an expression has room for their hashes."""
_PAGE_MAX = 1_000


def is_addressable(run_hash: str) -> bool:
    """Whether there can be a run of this hash: it has to be a part of a path."""
    return run_hash not in ("", ".", "..") and "/" not in run_hash


def run_path(run_hash: str, rest: str = "") -> str:
    """The path of a run, or below it."""
    return f"{BACKEND}/runs/{quote(run_hash, safe='')}/{rest}"


def asks_exactly(http: HttpClient) -> bool:
    """Whether the server is ours, which answers exactly."""
    found = http.json("GET", VERSION, headers=EXACTLY)
    return isinstance(found, dict) and found.get("exact") == 1


class _Found(NamedTuple):
    """One page: the trees of its runs by hash, how many came, and how many there are."""

    trees: dict[str, Any]
    came: int
    of_all: int


class _Reading:
    """Goes through what a search answers.

    Attributes:
        of_all: how many runs there are, as far as that was said.
    """

    def __init__(self, trees: Iterator[tuple[Any, Any]], url: str) -> None:
        self._trees = trees
        self._url = url
        self.of_all = 0

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Runs as they come.

        Raises:
            UnexpectedAnswerError: the search did not come to its end.
        """
        ended, last = False, ""
        for key, tree in self._trees:
            if isinstance(key, str) and key.startswith("progress_") and isinstance(tree, list):
                if len(tree) != 2 or not all(isinstance(number, int) for number in tree):
                    raise UnexpectedAnswerError(
                        f"{self._url} sent {tree!r:.80} for its progress.", url=self._url
                    )
                ended = tree == [0, 0]
                self.of_all = max(self.of_all, tree[1])
                continue
            if not isinstance(key, str) or not isinstance(tree, dict):
                raise UnexpectedAnswerError(
                    f"{self._url} sent {tree!r:.80} as run {key!r}.", url=self._url
                )
            ended, last = False, f" after run {key!r}"
            yield key, tree
        if not ended:
            raise UnexpectedAnswerError(
                f"The search at {self._url} ended{last} before it was complete. The server may "
                "have met a run that it cannot read; its log says which.",
                url=self._url,
            )


def read_search(answer: Answer) -> _Found:
    """All runs of a search's answer; a run that comes twice counts once."""
    reading = _Reading(answer.trees(), answer.url)
    trees: dict[str, Any] = {}
    came = 0
    for key, tree in reading:
        came += 1
        trees.setdefault(key, tree)
    return _Found(trees, came, reading.of_all)


class Search:
    """One search for runs.

    Args:
        http: asks the backend.
        predicates: what narrows it down.
        is_exact: whether the server answers exactly.
        params: whether parameters are wanted.
        kinds: of sequences that are wanted; None: none at all.
    """

    def __init__(
        self,
        http: HttpClient,
        predicates: Sequence[Predicate],
        *,
        is_exact: bool,
        params: bool,
        kinds: frozenset[str] | None,
    ) -> None:
        self._http = http
        self._predicates = predicates
        self._params = params
        self._kinds = kinds
        self._is_exact = is_exact
        self._rest: dict[str, list[Trace]] | None = None

    def runs(self, after: str | None, progress: Progress | None) -> Iterator[RunRecord]:
        """Runs, newest first, from behind the run `after`."""
        return self._paged(after, progress) if self._is_exact else self._whole(after, progress)

    def _whole(self, after: str | None, progress: Progress | None) -> Iterator[RunRecord]:
        """By one request for all. A real server that has found more than a limit lets it get hangs
        for ever, with one thread fewer for everybody, as it does when nobody listens any more; so
        none is set, and its answer is taken whole, to a file."""
        place = None if after is None else self._place_of(after)
        if after is not None and place is None:
            return
        reading = self._http.call(
            "GET",
            _RUN_SEARCH,
            lambda answer: _Reading(answer.spooled_trees(), answer.url),
            query=self._query(self._predicates, "", 0),
            headers=EXACTLY,
            types=(STREAM_TYPE,),
        )
        known: set[str] = set() if after is None else {after}
        number = 0
        for page in _pages(reading):
            fresh = {key: tree for key, tree in page.items() if key not in known}
            known.update(fresh)
            for record in self._records(fresh, is_first=number == 0):
                if place is None or record.created_at <= place:
                    yield record
                    number += 1
                    if progress is not None:
                        progress(number, max(reading.of_all, number))

    def _paged(self, after: str | None, progress: Progress | None) -> Iterator[RunRecord]:
        known: set[str] = set() if after is None else {after}
        size, offset, of_all, number = _PAGE_FIRST, after or "", 0, 0
        place: float | None = None  # when the run at `offset` was created, once that is known
        while True:
            page = self._page(self._predicates, offset, size)
            if offset and not page.came:
                # A server finds nothing behind a run that is gone, or that matches no more.
                place = self._place_of(offset) if place is None else place
                if place is None or self._is_found(offset):
                    return
                offset = ""
                continue
            of_all = max(of_all, page.of_all)
            fresh = {key: tree for key, tree in page.trees.items() if key not in known}
            for record in self._records(fresh, is_first=number == 0):
                known.add(record.hash)
                if place is None or offset or record.created_at <= place:
                    place = record.created_at
                    yield record
                    number += 1
                    if progress is not None:
                        progress(number, max(of_all, number))
            if page.came < size:
                return
            offset, size = list(page.trees)[-1], min(size * 4, _PAGE_MAX)

    def all_at_once(self) -> list[RunRecord]:
        """All runs, newest first, by one request."""
        page = self._page(self._predicates, "", 0)
        return list(self._records(page.trees, is_first=True))

    def count(self) -> int:
        """How many runs there are, by one request: our server says that before the first one."""
        if not self._is_exact:
            return len(self.all_at_once())
        page = self._page(self._predicates, "", 1)
        return max(page.of_all, len(page.trees))

    def _query(
        self, predicates: Sequence[Predicate], offset: str, size: int
    ) -> dict[str, str | int]:
        return {
            "q": queries.as_matyanql(predicates),
            PREDICATES: queries.as_json(predicates),
            "limit": size,
            "offset": offset,
            "skip_system": "false",
            "exclude_params": "false" if self._params else "true",
            "exclude_traces": "true" if self._kinds is None else "false",
            "params": int(self._params),
            "sequences": int(self._kinds is not None),
        }

    def _page(self, predicates: Sequence[Predicate], offset: str, size: int) -> _Found:
        return self._http.call(
            "GET",
            _RUN_SEARCH,
            read_search,
            query=self._query(predicates, offset, size),
            headers=EXACTLY,
            types=(STREAM_TYPE,),
        )

    def _is_found(self, run_hash: str) -> bool:
        """Whether the search would find a run."""
        only = Predicate("hash", "==", run_hash)
        return bool(self._page([*self._predicates, only], "", 1).trees)

    def _place_of(self, run_hash: str) -> float | None:
        """When a run was created, None if there is none."""
        trees = self._page([Predicate("hash", "==", run_hash)], "", 1).trees
        for key, tree in trees.items():
            return _run(key, tree, self._http.shown(_RUN_SEARCH), params=False).created_at
        return None

    def _records(self, trees: dict[str, Any], *, is_first: bool) -> Iterator[RunRecord]:
        where = self._http.shown(_RUN_SEARCH)
        plain = [key for key, tree in trees.items() if "exact" not in tree]
        objects = self._objects(plain, is_first=is_first) if plain and self._kinds else {}
        for key, tree in trees.items():
            record = _run(key, tree, where, params=self._params)
            if self._kinds is not None and "exact" not in tree:
                record.sequences = summaries([*traces_of_info(tree, where), *objects.get(key, ())])
            yield record

    def _objects(self, hashes: list[str], *, is_first: bool) -> dict[str, list[Trace]]:
        """What object searches tell of some runs: one search a kind, for these runs while they are
        few, else once for all."""
        these = queries.of_runs(hashes)
        if is_first and queries.has_room(these):
            return self._object_searches(these)
        if self._rest is None:
            self._rest = self._object_searches(queries.as_matyanql(self._predicates))
        return self._rest

    def _object_searches(self, expression: str) -> dict[str, list[Trace]]:
        found: dict[str, list[Trace]] = {}
        for kind in OBJECT_KINDS:
            only = ""
            if kind not in (self._kinds or ()):
                if kind != "texts":
                    continue
                only = f" and texts.name.startswith({COMPANION!a})"
            for key, traces in object_traces(self._http, kind, expression + only).items():
                found.setdefault(key, []).extend(traces)
        return found


def _pages(reading: _Reading) -> Iterator[dict[str, Any]]:
    """Some runs at a time, few at first."""
    page: dict[str, Any] = {}
    size = _PAGE_FIRST
    for key, tree in reading:
        page.setdefault(key, tree)
        if len(page) == size:
            yield page
            page, size = {}, min(size * 4, _PAGE_MAX)
    yield page


def _run(run_hash: str, tree: Any, url: str, *, params: bool) -> RunRecord:
    exact = tree.get("exact")
    return exact_run(exact, url) if exact else plain_run(run_hash, tree, url, params=params)


def object_traces(http: HttpClient, kind: SequenceKind, expression: str) -> dict[str, list[Trace]]:
    """Sequences of objects that a real server finds, by run: names, contexts, first and last
    steps."""

    def read(answer: Answer) -> dict[str, list[Trace]]:
        return {
            key: [_trace(kind, item, answer.url) for item in tree.get("traces") or ()]
            for key, tree in read_search(answer).trees.items()
        }

    return http.call(
        "GET",
        f"{BACKEND}/runs/search/{kind}/",
        read,
        # The first and the last of each.
        query={"q": expression, "record_density": 2, "index_density": 1},
        types=(STREAM_TYPE,),
    )


def _trace(kind: SequenceKind, item: Any, url: str) -> Trace:
    try:
        steps, values = list(item["iters"]), list(item["values"])
        trace = Trace(kind, item["name"], dict(item["context"]))
        if steps:
            trace.first_step, trace.last_step = steps[0], steps[-1]
        if kind == "texts":
            texts = [value[0]["data"] if value else None for value in values]
            trace.edges = list(zip(steps, texts, strict=True))
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        raise UnexpectedAnswerError(
            f"{url} sent a sequence that makes no sense ({type(exc).__name__}: {exc}).", url=url
        ) from exc
    return trace
