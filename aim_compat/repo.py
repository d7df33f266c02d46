"""`Repo` as scripts written for Aim know it: a translator in front of `matyan_client.Repo`.

Where a path leads is in `locations.py`, what queries return in `query.py`, copying in
`matyan_client.copying`; ids like Q01 are observations of Aim 3.29.1.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import weakref
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import matyan_client
from aim_compat import locations
from aim_compat._absent_members import with_absent_members
from aim_compat.aimql import parse_aimql
from aim_compat.context import context_from_wire
from aim_compat.errors import not_a_sequence_type, repo_missing
from aim_compat.params import example_types, ordered, visible
from aim_compat.progress import counted
from aim_compat.query import QueryRunSequenceCollection, QuerySequenceCollection
from aim_compat.run import Run
from aim_compat.run_reading import listing_order
from aim_compat.sequences import Audios, Distributions, Figures, Images, Metric, Texts, holds
from aim_compat.sequences import Sequence as AnySequence
from aim_compat.snapshot import note_write
from aim_compat.structured import RunEntry, StructuredDB
from aim_compat.types import QueryReportMode, RepoStatus
from matyan_client.exceptions import InvalidTypeError, MatyanError

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView, Sequence

    from matyan_client.backends.base import Backend
    from matyan_client.protocol.records import StoredObject

__all__ = ["Repo", "RepoStatus", "get_repo"]

log = logging.getLogger("aim.sdk.repo")  # scripts know it by Aim's name

_EVERYTHING = "run.archived in [True, False]"
_DATA_VERSION = (1, 3)


@with_absent_members("aim.sdk.repo.Repo")
class Repo:
    """All runs of a repository.

    Args:
        path: the directory the repository is in, `aim://host:port`, or a deployment's URL.
        read_only: must be None, as in Aim.
        init: create the repository if it is not there.

    Attributes:
        path: the repository's own directory (`…/.matyan`), or the URL.
        root_path: the directory it is in, or the URL.

    Raises:
        RepoError: there is no repository (a RuntimeError).
        NotImplementedError: `read_only` was given (Q01).
    """

    tracking_queue = None
    run_props_cache_hint: str | None = None
    """Taken and not needed: names a cache of Aim's relational database."""
    _pool: ClassVar[weakref.WeakValueDictionary[str, Repo]] = weakref.WeakValueDictionary()
    _pool_lock = threading.Lock()

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool | None = None,
        init: bool | None = False,
    ) -> None:
        if read_only is not None:
            raise NotImplementedError("Repo has no read_only mode; open runs with read_only=True.")
        location = locations.locate(path)
        self.read_only = read_only
        if init:
            self._repo = matyan_client.Repo.init(location)
        elif matyan_client.Repo.exists(location):
            self._repo = matyan_client.Repo(location)
        else:
            aim = Path(location).with_name(".aim")
            raise repo_missing(location, aim_has_one=aim.is_dir())
        self._backend: Backend = self._repo.backend
        self.path = self._repo.url
        self.root_path = self.path if self._repo.is_remote_repo else str(Path(self.path).parent)

    # -- places ----------------------------------------------------------------------------------

    @classmethod
    def default_repo_path(cls) -> str:
        """The directory (or URL) used when none is named."""
        return locations.default_root()

    @classmethod
    def default_repo(cls, init: bool = False) -> Repo:
        """The repository used when none is named.

        Raises:
            RepoError: there is none and `init` is false.
        """
        return cls.from_path(cls.default_repo_path(), init=init)

    @classmethod
    def from_path(
        cls, path: str | os.PathLike[str], read_only: bool | None = None, init: bool = False
    ) -> Repo:
        """The repository at a path; the same object each time while it is in use.

        Raises:
            RepoError: there is none and `init` is false.
        """
        location = locations.locate(path)
        with cls._pool_lock:
            repo = cls._pool.get(location)
            if repo is None or (init and not cls.exists(path)):
                repo = cls(path, read_only=read_only, init=init)
                cls._pool[location] = repo
            return repo

    @classmethod
    def exists(cls, path: str | os.PathLike[str]) -> bool:
        """Whether there is a repository at a path."""
        return matyan_client.Repo.exists(locations.locate(path))

    @classmethod
    def rm(cls, path: str | os.PathLike[str]) -> None:
        """Delete the repository at a path with everything in it.

        Raises:
            FileNotFoundError: there is none (Q02).
        """
        location = locations.locate(path)
        if not cls.exists(path):
            raise FileNotFoundError(2, "There is no repository to remove", location)
        cls._pool.pop(location, None)
        note_write()
        matyan_client.Repo.remove(location)

    @classmethod
    def check_repo_status(cls, path: str | os.PathLike[str]) -> RepoStatus:
        """UPDATED if there is a repository, else MISSING; there are no versions to upgrade."""
        return RepoStatus.UPDATED if cls.exists(path) else RepoStatus.MISSING

    @classmethod
    def get_version(cls, path: str | os.PathLike[str]) -> tuple[int, int]:
        """Version of Aim's data format this behaves like, (0, 0) without a repository."""
        return _DATA_VERSION if cls.exists(path) else (0, 0)

    @classmethod
    def is_remote_path(cls, path: str) -> bool:
        """Whether a path starts with exactly `aim://`."""
        return locations.is_remote_path(path)

    @property
    def is_remote_repo(self) -> bool:
        """Whether the runs are behind a URL."""
        return self._repo.is_remote_repo

    @property
    def structured_db(self) -> StructuredDB:
        """Look-ups of runs, experiments and tags by id and name."""
        return StructuredDB(self)

    def request_props(self, hash_: str, read_only: bool, created_at: Any = None) -> RunEntry:
        """Properties of a run; as `run.props`."""
        del read_only, created_at
        return Run(hash_, repo=self, read_only=True).props

    # -- runs ------------------------------------------------------------------------------------

    def iter_runs(self) -> Iterator[Run]:
        """All runs by hash, archived ones too, open for reading."""
        for run_hash in sorted(self._backend.list_runs()):
            yield Run._reader(run_hash, self)

    def iter_runs_from_cache(self, offset: str | None = None) -> Iterator[Run]:
        """All runs, newest first, starting behind `offset` if there is such a run."""
        return self._search(_EVERYTHING, offset if self.run_exists(offset or "") else None)

    def _search(self, query: str, offset: str | None = None) -> Iterator[Run]:
        parsed = parse_aimql(query, None)
        for record in self._backend.search_runs(parsed, after=offset, sequences=False):
            yield Run._reader(record.hash, self, record)

    def run_exists(self, run_hash: str) -> bool:
        """Whether there is a run of this hash."""
        return self._repo.run_exists(run_hash)

    def get_run(self, run_hash: str | None) -> Run | None:
        """The run of this hash, open for reading; None if there is none."""
        if not isinstance(run_hash, str) or not run_hash:
            return None
        record = self._backend.get_run(run_hash, sequences=False)
        return None if record is None else Run._reader(run_hash, self, record)

    def list_all_runs(self) -> list[str]:
        """Hashes of all runs."""
        return self._backend.list_runs()

    def list_active_runs(self) -> list[str]:
        """Hashes of runs whose process is alive."""
        return self._backend.list_runs(active=True)

    def list_corrupted_runs(self) -> list[str]:
        """Nothing: runs have no files of their own that could break."""
        return []

    def is_index_corrupted(self) -> bool:
        """False: there is no index that could break."""
        return False

    def total_runs_count(self) -> int:
        """How many runs there are."""
        return self._backend.count_runs()

    # -- queries ---------------------------------------------------------------------------------

    def query_runs(
        self,
        query: str = "",
        paginated: bool = False,
        offset: str | None = None,
        report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR,
    ) -> QueryRunSequenceCollection:
        """Runs that match an AimQL expression, newest first; use `.iter_runs()`.

        Raises:
            SyntaxError: the query is malformed or refused.
        """
        return QueryRunSequenceCollection(
            self, query=query, paginated=paginated, offset=offset, report_mode=report_mode
        )

    def query_metrics(
        self, query: str = "", report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR
    ) -> QuerySequenceCollection:
        """Metrics that match an AimQL expression over `run` and `metric`."""
        return QuerySequenceCollection(self, Metric, query, report_mode)

    def query_images(
        self, query: str = "", report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR
    ) -> QuerySequenceCollection:
        """Image sequences that match an AimQL expression over `run` and `images`."""
        return QuerySequenceCollection(self, Images, query, report_mode)

    def query_audios(
        self, query: str = "", report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR
    ) -> QuerySequenceCollection:
        """Audio sequences that match an AimQL expression over `run` and `audios`."""
        return QuerySequenceCollection(self, Audios, query, report_mode)

    def query_figure_objects(
        self, query: str = "", report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR
    ) -> QuerySequenceCollection:
        """Figure sequences that match an AimQL expression over `run` and `figures`."""
        return QuerySequenceCollection(self, Figures, query, report_mode)

    def query_distributions(
        self, query: str = "", report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR
    ) -> QuerySequenceCollection:
        """Distribution sequences that match an AimQL expression over `run`, `distributions`."""
        return QuerySequenceCollection(self, Distributions, query, report_mode)

    def query_texts(
        self, query: str = "", report_mode: QueryReportMode = QueryReportMode.PROGRESS_BAR
    ) -> QuerySequenceCollection:
        """Text sequences that match an AimQL expression over `run` and `texts`."""
        return QuerySequenceCollection(self, Texts, query, report_mode)

    # -- overview --------------------------------------------------------------------------------

    @staticmethod
    def available_sequence_types() -> KeysView[str]:
        """Names of the sequence types."""
        return AnySequence.registry.keys()

    @staticmethod
    def validate_sequence_types(sequence_types: tuple[str, ...]) -> None:
        """Refuse unknown sequence types.

        Raises:
            ValueError: the first that is unknown.
        """
        for name in sequence_types:
            if name not in AnySequence.registry:
                raise not_a_sequence_type(name)

    def collect_sequence_info(
        self, sequence_types: str | tuple[str, ...]
    ) -> dict[str, dict[str, list[Any]]]:
        """Names and contexts of all sequences by type (Q10).

        Raises:
            ValueError: an unknown sequence type.
        """
        types = (sequence_types,) if isinstance(sequence_types, str) else tuple(sequence_types)
        self.validate_sequence_types(types)
        found: dict[str, dict[str, list[Any]]] = {name: defaultdict(list) for name in types}
        seen: dict[tuple[str, str, int], Any] = {}
        parsed = parse_aimql(_EVERYTHING, None)
        for run in self._backend.search_runs(parsed, params=False):
            for record in run.sequences or ():
                idx = context_from_wire(record.context).idx
                for name in types:
                    if holds(AnySequence.registry[name], record):
                        seen.setdefault((name, record.name, idx), record)
        for (name, _, _), record in sorted(seen.items(), key=lambda item: listing_order(item[1])):
            context = context_from_wire(record.context).to_dict()
            found[name][record.name].append(context)
        return found

    def collect_params_info(self) -> dict[Any, Any]:
        """The names of all parameters, with an example type at each leaf (Q10)."""
        merged: dict[Any, Any] = {}
        parsed = parse_aimql(_EVERYTHING, None)
        for record in self._backend.search_runs(parsed, sequences=False):
            _merge(merged, example_types(ordered(visible(record.params), _object_marker)))
        return ordered(merged, _object_marker)  # type: ignore[no-any-return]  # a dict as given

    # -- deletion, copies --------------------------------------------------------------------------

    def delete_run(self, run_hash: str) -> bool:
        """Delete a run; True even if there was none (Q08), False if that failed."""
        if not isinstance(run_hash, str):
            log.warning("Error while trying to delete run '%s'. A hash is text.", run_hash)
            return False
        note_write()
        try:
            self._repo.delete_run(run_hash)
        except MatyanError as exc:
            log.warning("Error while trying to delete run '%s'. %s.", run_hash, exc)
            return False
        return True

    def delete_runs(self, run_hashes: Sequence[str]) -> tuple[bool, list[str]]:
        """Delete several runs; returns (all gone, those that are not)."""
        remaining = [run_hash for run_hash in run_hashes if not self.delete_run(run_hash)]
        return not remaining, remaining

    def delete_experiment(self, exp_id: str) -> bool:
        """Delete an experiment by its id with its runs; True even if there is none (Q11)."""
        experiment = self.structured_db.find_experiment(exp_id)
        if experiment is None:
            return True
        done, _ = self.delete_runs([entry.hash for entry in experiment.runs])
        note_write()
        self._repo.delete_experiment(exp_id)
        return done

    def copy_runs(self, run_hashes: Sequence[str], dest_repo: Repo) -> tuple[bool, list[str]]:
        """Copy runs, with everything they hold, to another repository; returns (all copied, those
        that were not). A run that is there already is brought up to date."""
        from matyan_client.copying import copy_run

        remaining = []
        for run_hash in counted(run_hashes):
            try:
                copy_run(run_hash, self._backend, get_repo(dest_repo)._backend)
            except (MatyanError, OSError) as exc:
                log.warning("Error while trying to copy run '%s'. %s.", run_hash, exc)
                remaining.append(run_hash)
        note_write()
        return not remaining, remaining

    def move_runs(self, run_hashes: Sequence[str], dest_repo: Repo) -> tuple[bool, list[str]]:
        """Copy runs to another repository and delete them here; returns (all moved, those that
        were not)."""
        _, stayed = self.copy_runs(run_hashes, dest_repo)
        moved = [run_hash for run_hash in run_hashes if run_hash not in stayed]
        if get_repo(dest_repo) != self:
            stayed += self.delete_runs(moved)[1]
        return not stayed, stayed

    def prune(self) -> None:
        """Nothing to do: what only deleted runs had is gone with them."""

    def close(self) -> None:
        """Deliver what is left and release files; the repository stays usable."""
        self._repo.close()

    @contextlib.contextmanager
    def atomic_track(self, queue_id: Any) -> Iterator[None]:
        """Taken and not needed: writes are batched anyway."""
        del queue_id
        yield

    def __eq__(self, o: object) -> bool:
        return isinstance(o, Repo) and self.path == o.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"<Repo#{hash(self)} path={self.path} read_only={self.read_only}>"


def get_repo(repo: Any) -> Repo:
    """The repository that a path, a `Repo` of either package, or None stands for, made if needed.

    Raises:
        InvalidTypeError: anything else (a TypeError).
    """
    if isinstance(repo, Repo):
        return repo
    if repo is None:
        return Repo.default_repo(init=True)
    if isinstance(repo, matyan_client.Repo):
        return Repo.from_path(repo.url, init=True)
    if isinstance(repo, (str, os.PathLike)):
        return Repo.from_path(repo, init=True)
    raise InvalidTypeError(
        f"A repository is a path or a Repo, not {repo!r} of type {type(repo).__name__!r}."
    )


def _object_marker(stored: StoredObject) -> Any:
    return stored


def _merge(into: dict[Any, Any], shape: dict[Any, Any]) -> None:
    for key, item in shape.items():
        if isinstance(item, dict) and isinstance(into.get(key), dict):
            _merge(into[key], item)
        else:
            into[key] = item
