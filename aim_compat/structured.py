"""Stand-ins for what Aim keeps in its relational database: `run.props`, `repo.structured_db`.

Only what third-party code looks up: names, tags, experiments, runs by hash (architecture, "How
close to Aim", 4). Reads and writes go through `aim_compat.Run` and the backend.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from aim_compat._absent_members import with_absent_members

if TYPE_CHECKING:
    from aim_compat.repo import Repo
    from aim_compat.run_reading import RunReader
    from matyan_client.protocol.records import ExperimentRecord, TagRecord

__all__ = ["ExperimentEntry", "RunEntry", "StructuredDB", "TagEntry", "naive_utc"]


def naive_utc(seconds: float) -> dt.datetime:
    """Unix seconds as Aim shows times: UTC without saying so (behaviour R01)."""
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).replace(tzinfo=None)


_ENTITIES = "aim.storage.structured.sql_engine.entities"
_RUN_FIELDS = frozenset(
    "name description archived experiment tags created_at creation_time end_time finalized_at "
    "duration active add_tag remove_tag".split()
)


@with_absent_members(f"{_ENTITIES}.ModelMappedRun", here=_RUN_FIELDS)
class RunEntry:
    """Name, description, tags and times of one run."""

    def __init__(self, run: RunReader) -> None:
        self._run = run

    def __getattr__(self, name: str) -> Any:
        if name in _RUN_FIELDS:
            return getattr(self._run, name)
        return object.__getattribute__(self, name)  # raises, and says why where there is a why

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("name", "description", "archived", "experiment"):
            setattr(self._run, name, value)
        else:
            object.__setattr__(self, name, value)

    @property
    def hash(self) -> str:
        """The run's hash."""
        return self._run.hash

    @property
    def experiment_obj(self) -> ExperimentEntry | None:
        """The experiment the run belongs to."""
        record = self._run._read_record()
        if record.experiment is None:
            return None
        return ExperimentEntry(self._run.repo, record.experiment_id or "", record.experiment)

    @property
    def tags_obj(self) -> list[TagEntry]:
        """The run's tags."""
        return [TagEntry(self._run.repo, "", name) for name in self._run.tags]

    def __repr__(self) -> str:
        return f"<RunEntry id={self._run.hash}, name={self._run.name!r}>"


@with_absent_members(f"{_ENTITIES}.ModelMappedExperiment")
class ExperimentEntry:
    """An experiment: `uuid`, `name`, and its runs."""

    def __init__(
        self, repo: Repo, uuid: str, name: str, *, description: str = "", archived: bool = False
    ) -> None:
        self._repo = repo
        self.uuid = uuid
        self.name = name
        self.description = description
        self.archived = archived

    @property
    def runs(self) -> list[RunEntry]:
        """Its runs, newest first."""
        query = f"run.experiment == {self.name!r} and run.archived in [True, False]"
        return [RunEntry(run) for run in self._repo._search(query)]

    def get_runs(self) -> list[RunEntry]:
        """Its runs, newest first."""
        return self.runs

    def __repr__(self) -> str:
        return f"<ExperimentEntry id={self.uuid}, name={self.name!r}>"


@with_absent_members(f"{_ENTITIES}.ModelMappedTag")
class TagEntry:
    """A tag: `uuid`, `name`, `color`, and the runs that have it."""

    def __init__(
        self, repo: Repo, uuid: str, name: str, *, color: str = "", description: str = ""
    ) -> None:
        self._repo = repo
        self.uuid = uuid
        self.name = name
        self.color = color or None
        self.description = description or None

    @property
    def runs(self) -> list[RunEntry]:
        """The runs that have it, newest first."""
        query = f"{self.name!r} in run.tags and run.archived in [True, False]"
        return [RunEntry(run) for run in self._repo._search(query)]

    def get_runs(self) -> list[RunEntry]:
        """The runs that have it, newest first."""
        return self.runs

    def __repr__(self) -> str:
        return f"<TagEntry id={self.uuid}, name={self.name!r}>"


@with_absent_members("aim.storage.structured.db.DB")
class StructuredDB:
    """Look-ups of runs, experiments and tags."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self.path = repo.path

    def find_run(self, run_hash: str) -> RunEntry | None:
        """The run of this hash, None if there is none."""
        run = self._repo.get_run(run_hash)
        return None if run is None else RunEntry(run)

    def find_runs(self, run_hashes: list[str]) -> list[RunEntry]:
        """The runs of these hashes that exist."""
        found = map(self.find_run, run_hashes)
        return [entry for entry in found if entry is not None]

    def runs(self) -> list[RunEntry]:
        """All runs by hash."""
        return [RunEntry(run) for run in self._repo.iter_runs()]

    def search_runs(self, term: str) -> list[RunEntry]:
        """The runs whose name has `term` in it."""
        return [entry for entry in self.runs() if term in (entry.name or "")]

    def experiments(self) -> list[ExperimentEntry]:
        """All experiments by name."""
        return [self._experiment(record) for record in self._repo._backend.list_experiments()]

    def find_experiment(self, uuid: str) -> ExperimentEntry | None:
        """The experiment of this id, None if there is none."""
        return next((entry for entry in self.experiments() if entry.uuid == uuid), None)

    def search_experiments(self, term: str) -> list[ExperimentEntry]:
        """The experiments whose name has `term` in it."""
        return [entry for entry in self.experiments() if term in entry.name]

    def tags(self) -> list[TagEntry]:
        """All tags by name."""
        return [self._tag(record) for record in self._repo._backend.list_tags()]

    def find_tag(self, uuid: str) -> TagEntry | None:
        """The tag of this id, None if there is none."""
        return next((entry for entry in self.tags() if entry.uuid == uuid), None)

    def search_tags(self, term: str) -> list[TagEntry]:
        """The tags whose name has `term` in it."""
        return [entry for entry in self.tags() if term in entry.name]

    def _experiment(self, record: ExperimentRecord) -> ExperimentEntry:
        return ExperimentEntry(
            self._repo,
            record.id,
            record.name,
            description=record.description,
            archived=record.archived,
        )

    def _tag(self, record: TagRecord) -> TagEntry:
        return TagEntry(
            self._repo, record.id, record.name, color=record.color, description=record.description
        )
