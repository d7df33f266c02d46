"""`BaseRun`: a run by its hash in a repository, its record, and the edits others are made of.

What a run says of itself is in `run_properties.py`, what it holds in `run_reading.py`, writing in
`run.py`; ids like R06 are observations of Aim 3.29.1.
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any, cast

import matyan_client
from aim_compat._absent_members import with_absent_members
from aim_compat.errors import HashNeededError, missing_run
from aim_compat.hashing import hash_auto
from aim_compat.meta_tree import MetaRunTree, meta_run_tree, meta_tree
from aim_compat.params import HIDDEN, Path, clean_value, look_up, ordered, with_emptied_parents
from aim_compat.sequences import decoder
from aim_compat.snapshot import Snapshot, note_write
from matyan_client.exceptions import InvalidTypeError

if TYPE_CHECKING:
    import os

    from typing_extensions import Self

    from aim_compat.repo import Repo
    from aim_compat.run_reading import RunReader
    from matyan_client.backends.base import Backend
    from matyan_client.protocol.records import RunRecord, SequenceRecord, StoredObject

__all__ = ["BaseRun", "generate_run_hash"]


def generate_run_hash(hash_length: int = 24) -> str:
    """A new run hash: hex digits (behaviour R01)."""
    return uuid.uuid4().hex[:hash_length]


@with_absent_members("aim.sdk.base_run.BaseRun")
class BaseRun:
    """A run of a repository; what its subclasses have in common.

    Args:
        run_hash: hash of a run that exists; None makes up a new one.
        repo: path, `aim://host:port`, URL or `Repo`; None: the default repository.
        read_only: only read.
        force_resume: taken and not needed; several writers of one run are welcome.

    Raises:
        MissingRunError: no run has this hash (a RuntimeError).
        HashNeededError: read_only without a hash (a ValueError and an AssertionError).
        TypeError: it is made by itself, and not as one of its subclasses.
    """

    hash: str
    """Identifies the run."""
    repo: Repo
    """The repository it is in."""
    read_only: bool
    """Whether it was opened for reading."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a run of a subclass."""
        if cls is BaseRun:
            raise InvalidTypeError("BaseRun is what runs have in common; use Run or BasicRun.")
        return super().__new__(cls)

    def __init__(
        self,
        run_hash: str | None = None,
        repo: str | os.PathLike[str] | Repo | None = None,
        read_only: bool = False,
        force_resume: bool = False,
    ) -> None:
        from aim_compat.repo import get_repo

        del force_resume
        self._attach(generate_run_hash() if run_hash is None else run_hash, get_repo(repo))
        self.read_only = bool(read_only)
        if run_hash is not None:
            self._listing.put(self._fetch(sequences=True).sequences or [])
        elif read_only:
            raise HashNeededError("Run(read_only=True) needs the hash of the run to read.")

    @classmethod
    def _reader(cls, run_hash: str, repo: Repo, record: RunRecord | None = None) -> Self:
        """A read-only run that is known to exist; `record` (with parameters) was just read."""
        run = cls.__new__(cls)
        run._attach(run_hash, repo)
        run.read_only = True
        if record is not None:
            run._record.put(record)
            if record.sequences is not None:
                run._listing.put(record.sequences)
        return run

    def _attach(self, run_hash: str, repo: Repo) -> None:
        self.hash = run_hash
        self.repo = repo
        self._backend: Backend = repo._backend
        self._client: matyan_client.Run | None = None
        self._record: Snapshot[RunRecord] = Snapshot()
        self._listing: Snapshot[list[SequenceRecord]] = Snapshot()
        self._contexts: dict[Any, dict[str, Any]] = {}
        self._contexts_by_idx: dict[int, dict[str, Any]] = {}
        self._listed: dict[tuple[str, int], bool] = {}
        # Of the backend, not of this object, which would then live until it is found to be garbage.
        self._decode = decoder(functools.partial(_read_blob, repo._backend))

    # -- reading records -------------------------------------------------------------------------

    def _fetch(self, *, params: bool = False, sequences: bool = False) -> RunRecord:
        record = self._backend.get_run(self.hash, params=params, sequences=sequences)
        if record is None:
            raise missing_run(self.hash, self.repo.path)
        return record

    def _read_record(self) -> RunRecord:
        """Properties and parameters; readers keep them for a moment."""
        if not self.read_only:
            return self._fetch()
        return self._record.get() or self._record.put(self._fetch(params=True))

    def _params(self) -> dict[str, Any]:
        record = self._fetch(params=True) if not self.read_only else self._read_record()
        return record.params or {}

    def _decoded(self, stored: StoredObject) -> Any:
        return self._decode(stored.value)

    # -- the edits everything is made of ---------------------------------------------------------

    def _writable(self) -> matyan_client.Run:
        """The run of `matyan_client` that takes edits; it refuses what a reader may not do."""
        note_write()
        if self._client is None:
            self._client = matyan_client.Run(self.hash, repo=self.repo._repo, read_only=True)
        return self._client

    def _hidden(self, *path: str) -> dict[Any, Any]:
        """What is kept with the run that is no parameter to Aim's users."""
        try:
            found = look_up(self._params(), (HIDDEN, *path))
        except KeyError:
            return {}
        return ordered(found, self._decoded) if isinstance(found, dict) else {}

    def _set_path(self, path: Path, value: Any) -> None:
        if not path:
            if not isinstance(value, dict):
                raise InvalidTypeError(f"All parameters of a run are a dict, not {value!r}.")
            hidden = self._hidden()
            value = {**value, HIDDEN: clean_value(hidden, strict=True)} if hidden else value
        self._writable().set_param(path, value)

    def _delete_path(self, path: Path) -> None:
        if path:
            self._writable().delete_param(with_emptied_parents(self._params(), path))
        else:
            self._set_path((), {})

    # -- the rest --------------------------------------------------------------------------------

    @property
    def meta_run_tree(self) -> MetaRunTree:
        """Aim's storage tree of the run, as far as scripts use it (U24)."""
        return meta_run_tree(cast("RunReader", self))  # it shows what readers know

    @property
    def meta_tree(self) -> MetaRunTree:
        """Names of parameters, contexts and sequences by value type, to read."""
        return meta_tree(cast("RunReader", self))  # as above

    def check_metrics_version(self) -> bool:
        """False: there are no metrics in an old format here."""
        return False

    def update_metrics(self) -> None:
        """Nothing to convert."""

    def __hash__(self) -> int:
        return hash_auto((self.hash, hash(self.repo)))

    def __repr__(self) -> str:
        return f"<Run#{hash(self)} name={self.hash} repo={self.repo}>"


def _read_blob(backend: Backend, key: str) -> bytes:
    with backend.open_blob(key) as file:
        return file.read()
