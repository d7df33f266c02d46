"""The embedded backend: a `.matyan` directory, no process, no port.

    .matyan/matyan.sqlite   what is searched and read        (store/)
    .matyan/blobs/          bytes of images, audio, files    (store/blobs.py)
    .matyan/journals/       what was written and may not be in the store yet   (journal/)

Writers append to journals; `pump.py` moves journals into the store.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, BinaryIO

from matyan_client.backends.base import Blob, Origin, Progress, SequenceRef
from matyan_client.backends.matching import matching_runs, matching_sequences, narrowing
from matyan_client.backends.pump import Pump
from matyan_client.backends.resuming import read_resumed
from matyan_client.exceptions import RepoAccessError
from matyan_client.journal.writer import JournalWriter
from matyan_client.protocol.batches import Batch
from matyan_client.protocol.messages import Message, decode_message, encode_message
from matyan_client.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matyan_client.backends.base import Resumed
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
    from matyan_client.store.blobs import IncomingBlob

__all__ = ["EmbeddedBackend", "EmbeddedWriter"]


class EmbeddedWriter:
    """Writes one run of this process: a journal, and the pump that empties it."""

    def __init__(self, journal: JournalWriter, store: Store, pump: Pump) -> None:
        self._journal = journal
        self._store = store
        self._pump = pump
        self.declare = journal.declare
        self.point = journal.point
        self.append = journal.append

    @property
    def undelivered(self) -> int:
        """Messages that are in memory only, because the disk refuses them."""
        return self._journal.undelivered

    def put_blob(self, source: bytes | Path, *, path: str) -> Blob:
        """Store bytes or a file; the key is below the run's hash."""
        sha256, size = self._store.blobs.put(source)
        return Blob(f"{self._journal.run_hash}/{path}", sha256, size)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Apply what was appended; False if it could not be applied (it is kept)."""
        return self._pump.deliver(self._journal, timeout_s)

    def close(self, timeout_s: float | None = None) -> int:
        """Apply what is left; returns how many messages exist in memory only."""
        lost = self._journal.close()
        self._pump.deliver(self._journal, timeout_s)
        return lost


class EmbeddedBackend:
    """Runs in the directory `root` (its name is usually `.matyan`). See `backends.base.Backend`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._store = Store(root)
        self._pump = Pump(self._store, root / "journals")

    @property
    def url(self) -> str:
        """The directory."""
        return str(self.root)

    @property
    def store(self) -> Store:
        """The store, with all that was written in it so far; for a server, which shows more of it
        than a `Backend` does."""
        self._refresh()
        return self._store

    def __repr__(self) -> str:
        return f"<EmbeddedBackend {self.url!r}>"

    # -- writing --------------------------------------------------------------------------------

    def open_writer(self, run_hash: str, *, origin: Origin = "given") -> EmbeddedWriter:
        """Start a journal for a run. The store knows best what the run holds, so `origin` does
        not matter.

        Raises:
            RepoAccessError: the directory cannot be created or written.
        """
        del origin
        self.create()
        journal = JournalWriter(self._pump.directory, run_hash)
        self._pump.add(journal)
        return EmbeddedWriter(journal, self._store, self._pump)

    def create(self) -> None:
        """Make the directory and the store; nothing happens if they are there."""
        if self._store.exists():
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as exc:
            raise RepoAccessError(
                f"Cannot create the repository {self.url!r}: {exc.strerror or exc}. Choose a "
                "directory you may write to."
            ) from exc
        self._store.count_candidates(())

    def submit(self, run_hash: str, messages: Sequence[Message]) -> None:
        """Apply messages now."""
        self._refresh()
        # Through bytes, so that what is applied is what a journal or a socket would carry.
        copies = [decode_message(encode_message(message)) for message in messages]
        self._store.apply(Batch(run_hash, copies))

    def delete_run(self, run_hash: str) -> bool:
        """Delete a run; what its writers still write goes nowhere."""
        return self._refresh() and self._store.delete_run(run_hash)

    def delete_experiment(self, experiment: str) -> bool:
        """Delete an experiment by id or name."""
        return self._refresh() and self._store.delete_experiment(experiment)

    def create_experiment(self, name: str) -> ExperimentRecord:
        """Make an experiment without runs."""
        self._refresh()
        return self._store.create_experiment(name)

    def update_experiment(self, experiment: ExperimentRecord) -> bool:
        """Change the experiment of this id."""
        return self._refresh() and self._store.update_experiment(experiment)

    def create_tag(self, name: str) -> TagRecord:
        """Make a tag that no run has."""
        self._refresh()
        return self._store.create_tag(name)

    def update_tag(self, tag: TagRecord) -> bool:
        """Change the tag of this id."""
        return self._refresh() and self._store.update_tag(tag)

    def delete_tag(self, tag: str) -> bool:
        """Delete a tag by id or name."""
        return self._refresh() and self._store.delete_tag(tag)

    def receive(self, batches: Sequence[Batch]) -> list[int]:
        """Store what came over a network; how many parts of each batch cannot be stored."""
        return self._store.apply_received(batches)

    def incoming_blob(self) -> IncomingBlob:
        """A blob whose bytes come bit by bit; `keep_upload` stores it."""
        return self._store.blobs.incoming()

    def keep_upload(self, blob: IncomingBlob, key: str, *, run_hash: str, content_type: str) -> str:
        """Store a blob under a key below a run's; returns its SHA-256."""
        sha256 = blob.settle()
        self._store.add_upload(
            key,
            run_hash,
            content_type=content_type,
            sha256=sha256,
            size_bytes=blob.size_bytes,
        )
        return sha256

    def make_durable(self) -> None:
        """Return when all that was stored is on the disk itself."""
        self._store.make_durable()

    def secret(self) -> bytes:
        """Random bytes to sign with, the same for everybody who opens this directory."""
        return self._store.secret()

    # -- searching ------------------------------------------------------------------------------

    def get_run(
        self,
        run_hash: str,
        *,
        params: bool = True,
        sequences: bool = True,
        artifacts: bool = False,
    ) -> RunRecord | None:
        """One run, or None."""
        if not self._refresh():
            return None
        return self._store.get_run(
            run_hash, params=params, sequences=sequences, artifacts=artifacts
        )

    def resume(self, run_hash: str, *, lines: bool) -> Resumed | None:
        """What a run holds that is about to be written to, or None."""
        return read_resumed(self, run_hash, lines=lines)

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
        """Matching runs, newest first."""
        candidates = self._candidates(query, after, params, sequences, progress)
        return matching_runs(query, candidates, limit)

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
        """Runs that may match, newest first, with their matching sequences of one kind."""
        candidates = self._candidates(query, after, params, True, progress)
        return matching_sequences(kind, query, candidates, limit)

    def _candidates(
        self,
        query: Query,
        after: str | None,
        params: bool,
        sequences: bool,
        progress: Progress | None,
    ) -> Iterator[RunRecord]:
        if not self._refresh():
            return
        predicates = narrowing(query)
        of_all = self._store.count_candidates(predicates) if progress is not None else 0
        candidates = self._store.candidates(
            predicates,
            after=after,
            params=params or query.needs_params,
            sequences=sequences or query.needs_sequences,
        )
        for number, record in enumerate(candidates, start=1):
            yield record
            if progress is not None:
                progress(number, of_all)

    def count_runs(self) -> int:
        """How many runs there are."""
        return self._store.count_candidates(()) if self._refresh() else 0

    def list_runs(self, *, active: bool | None = None) -> list[str]:
        """Hashes of runs, oldest first."""
        if not self._refresh():
            return []
        return [
            run_hash
            for run_hash, is_active in self._store.list_hashes()
            if active is None or active == is_active
        ]

    def list_experiments(self) -> list[ExperimentRecord]:
        """All experiments."""
        return self._store.list_experiments() if self._refresh() else []

    def list_tags(self) -> list[TagRecord]:
        """All tags."""
        return self._store.list_tags() if self._refresh() else []

    # -- reading --------------------------------------------------------------------------------

    def read_series(
        self,
        run_hash: str,
        refs: Sequence[SequenceRef],
        *,
        start: int | None = None,
        stop: int | None = None,
        density: int | None = None,
    ) -> list[Series | None]:
        """Points of some metrics of a run."""
        if not self._refresh():
            return [None] * len(refs)
        return [
            self._store.read_series(
                run_hash, ref.name, ref.context, start=start, stop=stop, density=density
            )
            for ref in refs
        ]

    def read_objects(
        self,
        run_hash: str,
        ref: SequenceRef,
        *,
        start: int | None = None,
        stop: int | None = None,
    ) -> Iterator[ObjectRecord]:
        """Objects of one sequence."""
        if self._refresh():
            yield from self._store.read_objects(
                run_hash, ref.name, ref.context, start=start, stop=stop
            )

    def read_log_lines(
        self, run_hash: str, *, start: int = 0, stop: int | None = None
    ) -> Iterator[tuple[int, str]]:
        """Terminal lines."""
        if self._refresh():
            yield from self._store.read_log_lines(run_hash, start=start, stop=stop)

    def read_log_records(
        self, run_hash: str, *, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        """Log messages."""
        if self._refresh():
            yield from self._store.read_log_records(run_hash, start=start, stop=stop)

    def list_artifacts(self, run_hash: str) -> list[ArtifactRecord]:
        """Files kept with a run; `uri` is where their bytes lie."""
        return self._store.list_artifacts(run_hash) if self._refresh() else []

    def open_blob(self, key: str) -> BinaryIO:
        """The bytes under a key."""
        self._refresh()
        return self._store.open_blob(key)

    # -- life -----------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Facts for people: what lies on disk and waits in journals."""
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return {
            "directory": self.url,
            "runs": self.count_runs(),
            "size_bytes": sum(path.stat().st_size for path in files),
            "journals": sum(path.suffix == ".journal" for path in files),
        }

    def remove(self) -> None:
        """Delete the directory and everything in it."""
        self.close()
        shutil.rmtree(self.root)

    def rest(self) -> None:
        """Close files that are open only to be quick; the next call opens them again."""
        self._store.close()

    def close(self) -> None:
        """Apply what is left and close files; the next call opens them again."""
        self._pump.stop()
        self._store.close()

    def _refresh(self) -> bool:
        """Bring the store up to date; False if nothing was ever written here."""
        if not self.root.is_dir():
            return False
        self._pump.catch_up()
        return True
