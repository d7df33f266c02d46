"""The two seams between the SDK and where data lives: `Backend` (reads) and `Writer` (writes).

Everything that crosses is a value that could have crossed a network: protocol messages down,
records up, in bounded pages. Implementations do not inherit from these classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Literal,
    NamedTuple,
    Protocol,
    TypeAlias,
    runtime_checkable,
)

if TYPE_CHECKING:
    from pathlib import Path

    from matyan_client.protocol.messages import Message
    from matyan_client.protocol.records import (
        ArtifactRecord,
        ExperimentRecord,
        LogRecord,
        ObjectRecord,
        RunRecord,
        SequenceKind,
        SequenceRecord,
        Series,
        TagRecord,
    )
    from matyan_client.query import Query

__all__ = ["Backend", "Blob", "Origin", "Progress", "Resumed", "SequenceRef", "Writer"]

Progress = Callable[[int, int], None]
"""Called with (runs looked at, runs in all) while a search goes on."""

Origin: TypeAlias = Literal["new", "given", "unseen"]
"""What whoever opens a writer knows of the run: `new`: its hash was made up just now, so there is
nothing yet; `given`: the hash was given, and what the run holds was read; `unseen`: the hash was
given, but the backend could not be asked."""


class SequenceRef(NamedTuple):
    """Names one sequence of a run."""

    name: str
    context: dict[str, Any]


class Blob(NamedTuple):
    """Bytes that were stored: their key (below the run's hash) and what is known of them."""

    key: str
    sha256: str
    size_bytes: int


class Resumed(NamedTuple):
    """What whoever goes on writing to a run must know of it: the run without its params, and the
    number of its next terminal line."""

    record: RunRecord
    next_line: int


class Writer(Protocol):
    """Where one run of this process writes.

    No method waits for the network or a database, none raises for trouble with disk or network.
    """

    @property
    def undelivered(self) -> int:
        """Messages that could not even be journaled yet; they are kept in memory."""
        ...

    def declare(self, name: str, context: dict[str, Any], dtype: str) -> int:
        """Return the small number that stands for a sequence in `point`."""
        ...

    def point(
        self,
        sequence: int,
        value: float,
        step: int,
        epoch: float | None,
        time: float,
        *,
        automatic: bool,
    ) -> None:
        """Append one scalar. `automatic`: the step was not the caller's choice."""
        ...

    def append(self, message: Message) -> None:
        """Append one protocol message."""
        ...

    def put_blob(self, source: bytes | Path, *, path: str) -> Blob:
        """Store bytes under `path` of the run; raises OSError if `source` cannot be read."""
        ...

    def flush(self, timeout_s: float | None = None) -> bool:
        """Make everything appended so far visible to reads; False if time ran out."""
        ...

    def close(self, timeout_s: float | None = None) -> int:
        """Flush and let go. Returns how many messages are lost: in memory only, or given up.

        What is on disk and not delivered when time runs out is kept and delivered later.
        """
        ...


@runtime_checkable
class Backend(Protocol):
    """Answers queries about runs. Unreachable is an error, absent is None or empty."""

    @property
    def url(self) -> str:
        """Where this backend is: a directory or an HTTP(S) URL."""
        ...

    def open_writer(self, run_hash: str, *, origin: Origin = "given") -> Writer:
        """Start writing to a run; what is appended first must be `create_run`."""
        ...

    def submit(self, run_hash: str, messages: Sequence[Message]) -> None:
        """Apply messages now and return when reads see them (edits without an open run)."""
        ...

    def get_run(
        self,
        run_hash: str,
        *,
        params: bool = True,
        sequences: bool = True,
        artifacts: bool = False,
    ) -> RunRecord | None:
        """One run, or None if there is none of that hash."""
        ...

    def resume(self, run_hash: str, *, lines: bool) -> Resumed | None:
        """What a run holds that is about to be written to; None if there is none.

        Training waits for this: trouble is an error within seconds, whatever the trouble is.
        `lines`: whether terminal lines matter; else `next_line` is 0.
        """
        ...

    def search_runs(
        self,
        query: Query,
        *,
        after: str | None = None,
        limit: int | None = None,
        params: bool = True,
        sequences: bool = True,
        progress: Progress | None = None,
    ) -> Iterator[RunRecord]:
        """Matching runs, newest first, as a stream. `after`: start behind this run's hash."""
        ...

    def search_sequences(
        self,
        kind: SequenceKind,
        query: Query,
        *,
        after: str | None = None,
        limit: int | None = None,
        params: bool = True,
        progress: Progress | None = None,
    ) -> Iterator[tuple[RunRecord, list[SequenceRecord]]]:
        """Runs that pass the run part of the query, newest first, each with its matching
        sequences (possibly none)."""
        ...

    def count_runs(self) -> int:
        """How many runs there are, archived ones included."""
        ...

    def list_runs(self, *, active: bool | None = None) -> list[str]:
        """Hashes of all runs (or of those that are active, or not), oldest first."""
        ...

    def read_series(
        self,
        run_hash: str,
        refs: Sequence[SequenceRef],
        *,
        start: int | None = None,
        stop: int | None = None,
        density: int | None = None,
    ) -> list[Series | None]:
        """Points with start <= step < stop of each sequence, None where there is none.

        `density`: at most that many points, sampled as in protocol section 8.2; None: all.
        """
        ...

    def read_objects(
        self,
        run_hash: str,
        ref: SequenceRef,
        *,
        start: int | None = None,
        stop: int | None = None,
    ) -> Iterator[ObjectRecord]:
        """Objects in ascending step order."""
        ...

    def read_log_lines(
        self, run_hash: str, *, start: int = 0, stop: int | None = None
    ) -> Iterator[tuple[int, str]]:
        """Captured terminal lines as (line number, text)."""
        ...

    def read_log_records(
        self, run_hash: str, *, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        """Structured log messages in order."""
        ...

    def list_artifacts(self, run_hash: str) -> list[ArtifactRecord]:
        """Files kept with a run, by path."""
        ...

    def open_blob(self, key: str) -> BinaryIO:
        """The bytes of a blob; raises BlobNotFoundError."""
        ...

    def list_experiments(self) -> list[ExperimentRecord]:
        """All experiments by name."""
        ...

    def list_tags(self) -> list[TagRecord]:
        """All tags by name."""
        ...

    def delete_run(self, run_hash: str) -> bool:
        """Delete a run with everything it holds; False if there was none."""
        ...

    def delete_experiment(self, experiment: str) -> bool:
        """Delete an experiment by id or name; its runs stay. False if there was none."""
        ...

    def create_experiment(self, name: str) -> ExperimentRecord:
        """Make an experiment without runs; raises InvalidInputError if the name is taken."""
        ...

    def update_experiment(self, experiment: ExperimentRecord) -> bool:
        """Give the experiment of this id this name, description and archived mark; False if there
        is none. Raises InvalidInputError if another one has the name."""
        ...

    def create_tag(self, name: str) -> TagRecord:
        """Make a tag that no run has; raises InvalidInputError if the name is taken."""
        ...

    def update_tag(self, tag: TagRecord) -> bool:
        """Give the tag of this id this name, colour, description and archived mark; False if there
        is none. Raises InvalidInputError if another one has the name."""
        ...

    def delete_tag(self, tag: str) -> bool:
        """Delete a tag by id or name, and take it off all runs; False if there was none."""
        ...

    def close(self) -> None:
        """Deliver what is left and release files and connections; usable again afterwards."""
        ...
