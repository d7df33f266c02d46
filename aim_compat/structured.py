"""Stand-ins for what Aim keeps in its relational database: `run.props`, `repo.structured_db`.

Only what third-party code uses: looking up runs, experiments and tags, and editing them
(architecture, "How close to Aim", 4). Reads and writes go through `aim_compat.Run` and the backend.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from aim_compat._absent_members import with_absent_members
from aim_compat.snapshot import note_write
from matyan_client.exceptions import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_RUN_FIELDS})

    @property
    def hash(self) -> str:
        """The run's hash."""
        return self._run.hash

    @property
    def experiment_obj(self) -> ExperimentEntry | None:
        """The experiment the run belongs to."""
        name = self._run._read_record().experiment
        found = (entry for entry in self._run.repo.structured_db.experiments())
        return next((entry for entry in found if entry.name == name), None)

    @property
    def tags_obj(self) -> list[TagEntry]:
        """The run's tags."""
        names = set(self._run.tags)
        return [tag for tag in self._run.repo.structured_db.tags() if tag.name in names]

    def __repr__(self) -> str:
        return f"<RunEntry id={self._run.hash}, name={self._run.name!r}>"


class _Label:
    """What an experiment and a tag have in common. Setting an attribute edits what is stored."""

    def __init__(self, repo: Repo, record: Any) -> None:
        self._repo = repo
        self._record = record

    def _update(self, record: Any) -> bool:
        raise NotImplementedError

    def _edit(self, **fields: Any) -> None:
        changed = replace(self._record, **fields)
        if not self._update(changed):
            raise NotFoundError(f"{self!r} was deleted.")
        self._record = changed
        note_write()

    @property
    def uuid(self) -> str:
        """Its id."""
        return self._record.id  # type: ignore[no-any-return]  # an experiment's or a tag's

    @property
    def name(self) -> str:
        """Its name.

        Raises:
            InvalidInputError: set to a name that another one has (a ValueError).
        """
        return self._record.name  # type: ignore[no-any-return]  # as above

    @name.setter
    def name(self, value: str) -> None:
        self._edit(name=str(value))

    @property
    def description(self) -> str | None:
        """Free text; None until it is set."""
        return self._record.description or None

    @description.setter
    def description(self, value: str | None) -> None:
        self._edit(description=value or "")

    @property
    def archived(self) -> bool:
        """Whether it is put away."""
        return self._record.archived  # type: ignore[no-any-return]  # as above

    @archived.setter
    def archived(self, value: bool) -> None:
        self._edit(archived=bool(value))

    @property
    def runs(self) -> list[RunEntry]:
        """Its runs, newest first."""
        raise NotImplementedError

    def get_runs(self) -> list[RunEntry]:
        """Its runs, newest first."""
        return self.runs


@with_absent_members(f"{_ENTITIES}.ModelMappedExperiment")
class ExperimentEntry(_Label):
    """An experiment."""

    def _update(self, record: ExperimentRecord) -> bool:
        return self._repo._backend.update_experiment(record)

    @property
    def creation_time(self) -> float:
        """When it was made, Unix seconds."""
        return self._record.created_at  # type: ignore[no-any-return]  # an ExperimentRecord's

    @property
    def created_at(self) -> dt.datetime:
        """When it was made, naive UTC."""
        return naive_utc(self.creation_time)

    @property
    def runs(self) -> list[RunEntry]:
        """Its runs, newest first."""
        query = f"run.experiment == {self.name!r} and run.archived in [True, False]"
        return [RunEntry(run) for run in self._repo._search(query)]

    def __repr__(self) -> str:
        return f"<ExperimentEntry id={self.uuid}, name={self.name!r}>"


@with_absent_members(f"{_ENTITIES}.ModelMappedTag")
class TagEntry(_Label):
    """A tag."""

    def _update(self, record: TagRecord) -> bool:
        return self._repo._backend.update_tag(record)

    @property
    def color(self) -> str | None:
        """Its colour, as the UI writes it (`#1f77b4`); None until it is set."""
        return self._record.color or None

    @color.setter
    def color(self, value: str | None) -> None:
        self._edit(color=value or "")

    @property
    def runs(self) -> list[RunEntry]:
        """The runs that have it, newest first."""
        query = f"{self.name!r} in run.tags and run.archived in [True, False]"
        return [RunEntry(run) for run in self._repo._search(query)]

    def __repr__(self) -> str:
        return f"<TagEntry id={self.uuid}, name={self.name!r}>"


@with_absent_members("aim.storage.structured.db.DB")
class StructuredDB:
    """Looks up runs, experiments and tags, makes and deletes experiments and tags.

    `with db:` is taken and not needed: every change is stored when it is made.
    """

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self.path = repo.path

    def __enter__(self) -> StructuredDB:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    # -- caches ----------------------------------------------------------------------------------

    def init_cache(
        self,
        cache_name: str,
        callback: Callable[[], Iterable[Any]],
        key_func: Callable[[Any], Any],
    ) -> None:
        """Taken and not needed: there are no caches."""

    def invalidate_cache(self, cache_name: str) -> None:
        """Taken and not needed: there are no caches."""

    def invalidate_all_caches(self) -> None:
        """Taken and not needed: there are no caches."""

    # -- runs ------------------------------------------------------------------------------------

    def runs(self) -> list[RunEntry]:
        """All runs by hash."""
        return [RunEntry(run) for run in self._repo.iter_runs()]

    def find_run(self, run_hash: str) -> RunEntry | None:
        """The run of this hash, None if there is none."""
        run = self._repo.get_run(run_hash)
        return None if run is None else RunEntry(run)

    def find_runs(self, run_hashes: list[str]) -> list[RunEntry]:
        """The runs of these hashes that exist."""
        found = map(self.find_run, run_hashes)
        return [entry for entry in found if entry is not None]

    def search_runs(self, term: str) -> list[RunEntry]:
        """The runs whose name has `term` in it, in whatever case."""
        return _with_name(self.runs(), term)

    # -- experiments -----------------------------------------------------------------------------

    def experiments(self) -> list[ExperimentEntry]:
        """All experiments by name."""
        records = self._repo._backend.list_experiments()
        return [ExperimentEntry(self._repo, record) for record in records]

    def find_experiment(self, uuid: str) -> ExperimentEntry | None:
        """The experiment of this id, None if there is none."""
        return next((entry for entry in self.experiments() if entry.uuid == uuid), None)

    def search_experiments(self, term: str) -> list[ExperimentEntry]:
        """The experiments whose name has `term` in it, in whatever case."""
        return _with_name(self.experiments(), term)

    def create_experiment(self, name: str) -> ExperimentEntry:
        """Make an experiment without runs.

        Raises:
            InvalidInputError: there is one of that name (a ValueError).
        """
        return ExperimentEntry(self._repo, self._repo._backend.create_experiment(name))

    def delete_experiment(self, uuid: str) -> bool:
        """Delete an experiment by id; its runs stay, without one. False if there is none."""
        note_write()
        return self._repo._backend.delete_experiment(uuid)

    # -- tags ------------------------------------------------------------------------------------

    def tags(self) -> list[TagEntry]:
        """All tags by name."""
        return [TagEntry(self._repo, record) for record in self._repo._backend.list_tags()]

    def find_tag(self, uuid: str) -> TagEntry | None:
        """The tag of this id, None if there is none."""
        return next((entry for entry in self.tags() if entry.uuid == uuid), None)

    def search_tags(self, term: str) -> list[TagEntry]:
        """The tags whose name has `term` in it, in whatever case."""
        return _with_name(self.tags(), term)

    def create_tag(self, name: str) -> TagEntry:
        """Make a tag that no run has.

        Raises:
            InvalidInputError: there is one of that name (a ValueError).
        """
        return TagEntry(self._repo, self._repo._backend.create_tag(name))

    def delete_tag(self, uuid: str) -> bool:
        """Delete a tag by id, and take it off all runs. False if there is none."""
        note_write()
        return self._repo._backend.delete_tag(uuid)


_Entry = TypeVar("_Entry", RunEntry, ExperimentEntry, TagEntry)


def _with_name(entries: list[_Entry], term: str) -> list[_Entry]:
    wanted = term.casefold()
    return [entry for entry in entries if wanted in (entry.name or "").casefold()]
