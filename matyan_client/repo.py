"""`Repo`: all runs of a repository, queried, listed, deleted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from matyan_client.backends import select
from matyan_client.exceptions import InvalidInputError, NotFoundError, RepoError
from matyan_client.protocol.records import SEQUENCE_KINDS, RunRecord, SequenceKind
from matyan_client.query import parse
from matyan_client.reading import check_kinds, props_of, resolve_objects, trace_info
from matyan_client.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from matyan_client.backends.base import Backend
    from matyan_client.typing import Headers, Token

__all__ = ["Repo"]

_DEFAULT_PAGE_LIMIT = 100


class Repo:
    """A repository of runs: a directory on this machine, or a deployment.

    Provides run listing, MatyanQL queries, deletion and aggregation. Opening one creates nothing;
    the first write does.

    Args:
        url: a path, `file://...` or deployment URL; None: what `MATYAN_BACKEND_URL` says, else
            the nearest `.matyan` directory upwards from the working directory.

    Raises:
        InvalidInputError: a value that names no repository.
        RepoAccessError: the path is a file.
    """

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        self.backend: Backend = select.open_backend(url)

    # -- places ---------------------------------------------------------------------------------

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        frontier_url: str | None = None,
        token: Token = None,
        headers: Headers = None,
        ca_file: str | os.PathLike[str] | None = None,
    ) -> Self:
        """The repository of a deployment that wants to know who asks.

        Whatever names the same URL later in this process (`Run(repo=url)`, `Repo(url)`) uses the
        same credentials. They stay in memory.

        Args:
            url: the deployment's URL.
            frontier_url: where it takes writes, if that is another URL.
            token: bearer token; or a function without arguments that gives one, called for every
                request, so that tokens may expire. None: `MATYAN_TOKEN`.
            headers: more headers, or a function that gives them. None: `MATYAN_HEADERS`.
            ca_file: file of CA certificates to trust. None: `MATYAN_CA_FILE`, else the system's.

        Raises:
            InvalidInputError: not a URL of a deployment.
        """
        backend = select.connect(
            url,
            frontier_url=frontier_url,
            token=token,
            headers=headers,
            ca_file="" if ca_file is None else os.fspath(ca_file),
        )
        return cls.on(backend)

    @classmethod
    def on(cls, backend: Backend) -> Self:
        """The repository that a backend keeps."""
        repo = cls.__new__(cls)
        repo.backend = backend
        return repo

    @classmethod
    def default_repo(cls) -> Self:
        """The repository used when none is named."""
        return cls()

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Self:
        """The repository at a path or URL."""
        return cls(path)

    @staticmethod
    def is_remote_path(path: str) -> bool:
        """Whether `path` looks like an HTTP(S) URL."""
        return select.is_url(path)

    @staticmethod
    def locate(value: str | os.PathLike[str] | None = None) -> str:
        """What a value resolves to: the absolute path of a `.matyan` directory, or a URL."""
        return select.locate(value)

    @staticmethod
    def exists(value: str | os.PathLike[str] | None = None) -> bool:
        """Whether there is a repository at a path, or a deployment at a URL.

        Raises:
            ServerError: nothing answers at the URL as a deployment does.
        """
        return select.repository_exists(select.locate(value))

    @classmethod
    def init(cls, value: str | os.PathLike[str] | None = None) -> Self:
        """Create a repository, if it is not there, and open it.

        Raises:
            RepoAccessError: the directory cannot be created.
        """
        repo = cls(value)
        create = getattr(repo.backend, "create", None)
        if create is not None:
            create()
        return repo

    @staticmethod
    def remove(value: str | os.PathLike[str]) -> None:
        """Delete a repository on this machine with everything in it.

        Raises:
            RepoError: there is none at this path, or it is not on this machine.
        """
        location = select.locate(value)
        if select.is_url(location) or not Path(location).is_dir():
            raise RepoError(f"There is no repository on this machine at {location!r}.")
        backend = select.open_backend(location)
        select.forget(location)
        backend.remove()  # type: ignore[attr-defined]  # embedded, as its location is a directory

    @property
    def url(self) -> str:
        """Where the repository is: the path of a `.matyan` directory, or a URL."""
        return self.backend.url

    @property
    def path(self) -> Path | None:
        """The `.matyan` directory, None for a deployment."""
        return None if self.is_remote_repo else Path(self.backend.url)

    @property
    def is_remote_repo(self) -> bool:
        """Whether the runs live behind a URL rather than on this machine."""
        return select.is_url(self.backend.url)

    @staticmethod
    def available_sequence_types() -> list[str]:
        """The sequence type names queries know."""
        return list(SEQUENCE_KINDS)

    # -- runs -----------------------------------------------------------------------------------

    def get_run(self, run_hash: str) -> Run | None:
        """A read-only `Run` of this hash, or None if there is none."""
        if not isinstance(run_hash, str) or not self.run_exists(run_hash):
            return None
        return Run(run_hash, repo=self, read_only=True)

    def run_exists(self, run_hash: str) -> bool:
        """Whether there is a run of this hash."""
        return self.backend.get_run(run_hash, params=False, sequences=False) is not None

    def iter_runs(self) -> Iterator[dict[str, Any]]:
        """Iterate over all runs, newest first, as info dicts (hash, props, params, traces)."""
        query = parse("run.archived == True or run.archived == False")
        for record in self.backend.search_runs(query):
            yield self._info(record)

    def list_all_runs(self) -> list[str]:
        """Hashes of all runs, oldest first, archived ones included."""
        return self.backend.list_runs()

    def list_active_runs(self) -> list[str]:
        """Hashes of runs that are still active."""
        return self.backend.list_runs(active=True)

    def total_runs_count(self) -> int:
        """How many runs the repository has, archived ones included."""
        return self.backend.count_runs()

    # -- queries --------------------------------------------------------------------------------

    @overload
    def query_runs(
        self,
        query: str = "",
        paginated: Literal[False] = False,
        offset: str | None = None,
        limit: int = _DEFAULT_PAGE_LIMIT,
    ) -> list[dict[str, Any]]: ...

    @overload
    def query_runs(
        self,
        query: str = "",
        paginated: bool = ...,
        offset: str | None = None,
        limit: int = _DEFAULT_PAGE_LIMIT,
    ) -> list[dict[str, Any]] | Iterator[list[dict[str, Any]]]: ...

    def query_runs(
        self,
        query: str = "",
        paginated: bool = False,
        offset: str | None = None,
        limit: int = _DEFAULT_PAGE_LIMIT,
    ) -> list[dict[str, Any]] | Iterator[list[dict[str, Any]]]:
        """Query runs with a MatyanQL expression.

        Args:
            query: MatyanQL; empty: all runs that are not archived.
            paginated: return an iterator of pages instead of one list.
            offset: hash of the run to start behind, in newest-first order.
            limit: most runs per page when paginated.

        Returns:
            Run info dicts, newest first, in one list or in pages.

        Raises:
            QueryError: the query is malformed or refused; the message shows where and why.
            InvalidInputError: `limit` is not positive.
        """
        parsed = parse(query)
        if not paginated:
            return [self._info(r) for r in self.backend.search_runs(parsed, after=offset)]
        if limit <= 0:
            raise InvalidInputError(f"A page has at least one run; limit is {limit!r}.")

        def pages() -> Iterator[list[dict[str, Any]]]:
            page: list[dict[str, Any]] = []
            for record in self.backend.search_runs(parsed, after=offset):
                page.append(self._info(record))
                if len(page) == limit:
                    yield page
                    page = []
            if page:
                yield page

        return pages()

    def query_metrics(self, query: str = "") -> list[dict[str, Any]]:
        """Metrics that match a MatyanQL query; see `query_sequences`."""
        return self.query_sequences("metric", query)

    def query_images(self, query: str = "") -> list[dict[str, Any]]:
        """Image sequences that match a MatyanQL query; see `query_sequences`."""
        return self.query_sequences("images", query)

    def query_audios(self, query: str = "") -> list[dict[str, Any]]:
        """Audio sequences that match a MatyanQL query; see `query_sequences`."""
        return self.query_sequences("audios", query)

    def query_texts(self, query: str = "") -> list[dict[str, Any]]:
        """Text sequences that match a MatyanQL query; see `query_sequences`."""
        return self.query_sequences("texts", query)

    def query_distributions(self, query: str = "") -> list[dict[str, Any]]:
        """Distribution sequences that match a MatyanQL query; see `query_sequences`."""
        return self.query_sequences("distributions", query)

    def query_figure_objects(self, query: str = "") -> list[dict[str, Any]]:
        """Figure sequences that match a MatyanQL query; see `query_sequences`."""
        return self.query_sequences("figures", query)

    def query_sequences(self, kind: SequenceKind, query: str = "") -> list[dict[str, Any]]:
        """Sequences of one kind that match a MatyanQL query.

        Returns:
            One dict per run with a match, newest first: its info, with `traces` cut down to the
            matching sequences.

        Raises:
            QueryError: the query is malformed or refused.
        """
        parsed = parse(query, kind=kind)
        return [
            {**self._info(record), "traces": {kind: [trace_info(s) for s in sequences]}}
            for record, sequences in self.backend.search_sequences(kind, parsed)
            if sequences
        ]

    def _info(self, record: RunRecord) -> dict[str, Any]:
        return {
            "hash": record.hash,
            "props": props_of(record),
            "params": resolve_objects(record.params or {}, self.backend),
            "traces": {
                kind: [trace_info(s) for s in record.sequences or () if s.kind == kind]
                for kind in SEQUENCE_KINDS
            },
        }

    # -- aggregation ----------------------------------------------------------------------------

    def collect_params_info(self) -> dict[str, dict[str, Any]]:
        """Parameters of every run: run hash to nested parameters."""
        query = parse("run.archived == True or run.archived == False")
        return {
            record.hash: resolve_objects(record.params or {}, self.backend)
            for record in self.backend.search_runs(query, sequences=False)
        }

    def collect_sequence_info(
        self, sequence_types: str | tuple[str, ...] = ("metric",)
    ) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Sequences of every run.

        Args:
            sequence_types: one type or several.

        Returns:
            Run hash to sequence type to trace infos; runs without any are left out.

        Raises:
            InvalidInputError: an unknown type.
        """
        kinds = check_kinds(sequence_types)
        query = parse("run.archived == True or run.archived == False")
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for record in self.backend.search_runs(query, params=False):
            traces: dict[str, list[dict[str, Any]]] = {}
            for sequence in record.sequences or ():
                if sequence.kind in kinds:
                    traces.setdefault(sequence.kind, []).append(trace_info(sequence))
            if traces:
                found[record.hash] = traces
        return found

    # -- deletion -------------------------------------------------------------------------------

    def delete_run(self, run_hash: str) -> bool:
        """Delete a run with everything it holds; False if there is none of this hash."""
        return self.backend.delete_run(run_hash)

    def delete_runs(self, run_hashes: Sequence[str]) -> tuple[bool, list[str]]:
        """Delete several runs.

        Returns:
            (all deleted, hashes that were not there or could not be deleted).
        """
        failed = []
        for run_hash in run_hashes:
            try:
                deleted = self.delete_run(run_hash)
            except NotFoundError:
                deleted = False
            if not deleted:
                failed.append(run_hash)
        return not failed, failed

    def delete_experiment(self, exp_id: str) -> bool:
        """Delete an experiment by id or name; its runs stay. False if there is none."""
        return self.backend.delete_experiment(exp_id)

    # -- life -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Deliver what is left and release files; the repository stays usable."""
        self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repo) and other.url == self.url

    def __hash__(self) -> int:
        return hash(self.url)

    def __repr__(self) -> str:
        return f"<Repo {self.url!r}>"
