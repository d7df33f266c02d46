"""The remote backend: runs of a deployment, be it a real one or our server.

It cannot tell which: every answer is taken in our exact form if it has that, else in the form that
a real server gives. How each kind of answer is read is in the modules `remote_*`; what is written
goes to a journal on this machine first.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, BinaryIO

from matyan_client.backends import remote_edits as edits
from matyan_client.backends import remote_files as files
from matyan_client.backends.left import left_in
from matyan_client.backends.matching import matching_runs, matching_sequences, narrowing
from matyan_client.backends.outbox import Outbox
from matyan_client.backends.remote_info import read_info, run_sequences
from matyan_client.backends.remote_objects import exact_objects, plain_objects, resolved
from matyan_client.backends.remote_runs import OBJECT_KINDS, traces_of_info
from matyan_client.backends.remote_search import Search, asks_exactly, is_addressable
from matyan_client.backends.remote_series import fill_summaries, read_series
from matyan_client.backends.remote_service import RestService
from matyan_client.backends.resuming import read_resumed, within
from matyan_client.config import Settings
from matyan_client.exceptions import ServerError, ServerUnreachableError
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.routes import VERSION
from matyan_client.query import Predicate
from matyan_client.transports.http import HttpClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matyan_client.backends.base import Origin, Progress, Resumed, SequenceRef, Writer
    from matyan_client.backends.shipping import Shipper
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
    from matyan_client.transports.endpoint import Endpoint

__all__ = ["RemoteBackend"]

_ALL_KINDS = frozenset({"metric", "objects", *OBJECT_KINDS})


class RemoteBackend:
    """Runs of the deployment at an endpoint. See `backends.base.Backend`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._http = HttpClient(endpoint)
        self._service = RestService(endpoint, self._http)
        self._lock = threading.Lock()
        self._shipper: Shipper | None = None
        """Brings what this process writes; None until it writes."""
        self._unasked: tuple[ServerError | None, float] = (None, 0.0)
        """What went wrong when a run was to be resumed, and until when nothing is asked."""
        self._is_exact: bool | None = None
        _backends.add(self)
        """Whether the server is ours; None: it was not asked yet."""

    @property
    def url(self) -> str:
        """The deployment's URL."""
        return self.endpoint.backend_url

    def __repr__(self) -> str:
        return f"<RemoteBackend {self.url!r}>"

    def use(self, endpoint: Endpoint) -> None:
        """From now on, use these credentials and certificates."""
        known = self.endpoint
        if (known.token, known.headers, known.ca_file) != (
            endpoint.token,
            endpoint.headers,
            endpoint.ca_file,
        ):
            self.endpoint = endpoint
            self._http.use(endpoint)
            self._service.use(endpoint)
            if self._shipper is not None:
                self._shipper.endpoint = endpoint

    # -- writing --------------------------------------------------------------------------------

    def open_writer(self, run_hash: str, *, origin: Origin = "given") -> Writer:
        """Start a journal for a run.

        Raises:
            RepoAccessError: the directory for journals cannot be written.
        """
        return self.shipper.open_writer(run_hash, origin=origin)

    @property
    def shipper(self) -> Shipper:
        """Brings what is written here, and what dead processes left, to the deployment."""
        with self._lock:
            if self._shipper is None:
                from matyan_client.backends.shipping import Shipper

                self._shipper = Shipper(self.endpoint, self._service)
        return self._shipper

    def submit(self, run_hash: str, messages: Sequence[Message]) -> None:
        """Edit a run that is not open now.

        Raises:
            RunNotFoundError: there is none.
        """
        self._settle(run_hash)

        def tags() -> list[str]:
            info = read_info(self._http, run_hash)
            return [] if info is None else info.record.tags

        for message in messages:
            edits.apply_edit(self._http, run_hash, message, tags)

    def delete_run(self, run_hash: str) -> bool:
        """Delete a run; returns when it is gone."""
        self._settle(run_hash)
        return is_addressable(run_hash) and edits.delete_run(self._http, run_hash)

    def delete_experiment(self, experiment: str) -> bool:
        """Delete an experiment by id or name."""
        self._settle(None)
        return edits.delete_experiment(self._http, experiment)

    def create_experiment(self, name: str) -> ExperimentRecord:
        """Make an experiment without runs."""
        self._settle(None)
        return edits.create_experiment(self._http, name)

    def update_experiment(self, experiment: ExperimentRecord) -> bool:
        """Change the experiment of this id."""
        self._settle(None)
        return edits.update_experiment(self._http, experiment)

    def create_tag(self, name: str) -> TagRecord:
        """Make a tag that no run has."""
        self._settle(None)
        return edits.create_tag(self._http, name)

    def update_tag(self, tag: TagRecord) -> bool:
        """Change the tag of this id."""
        self._settle(None)
        return edits.update_tag(self._http, tag)

    def delete_tag(self, tag: str) -> bool:
        """Delete a tag by id or name."""
        self._settle(None)
        return edits.delete_tag(self._http, tag)

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
        if not isinstance(run_hash, str) or not run_hash or "/" in run_hash:
            return None  # no path leads there
        self._settle(run_hash)
        info = read_info(
            self._http, run_hash, params=params, sequences=sequences, artifacts=artifacts
        )
        if info is None:
            return None
        if sequences:
            info.record.sequences = run_sequences(self._http, run_hash, info)
        return info.record

    def resume(self, run_hash: str, *, lines: bool) -> Resumed | None:
        """What a run holds that is about to be written to, or None.

        After trouble nothing is asked for a while: who opens 200 runs waits only once.
        """
        timeout_s = Settings.from_environment().connect_timeout_s
        trouble, until = self._unasked
        if trouble is not None and time.monotonic() < until:
            raise ServerUnreachableError(str(trouble), url=self.url)
        try:
            return within(
                timeout_s,
                lambda: read_resumed(self, run_hash, lines=lines),
                lambda: ServerUnreachableError(
                    f"{self.url} has not said within {timeout_s:g} s what the run holds.",
                    url=self.url,
                ),
            )
        except ServerError as exc:
            self._unasked = exc, time.monotonic() + timeout_s
            raise

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
        kinds = _ALL_KINDS if sequences else None
        candidates = self._candidates(query, after, params, kinds, progress)
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
        candidates = self._candidates(query, after, params, frozenset({kind}), progress)
        return matching_sequences(kind, query, candidates, limit)

    def _candidates(
        self,
        query: Query,
        after: str | None,
        params: bool,
        kinds: frozenset[str] | None,
        progress: Progress | None,
    ) -> Iterator[RunRecord]:
        self._settle(None)
        if query.needs_sequences:
            kinds = (kinds or frozenset()) | {"metric"}
        search = Search(
            self._http,
            narrowing(query),
            is_exact=self._exact(),
            params=params or query.needs_params,
            kinds=kinds,
        )
        for record in search.runs(after, progress):
            if query.needs_summaries and not self._exact():
                fill_summaries(self._http, record)
            yield record

    def _exact(self) -> bool:
        """Whether the server answers exactly; it is asked once."""
        if self._is_exact is None:
            self._is_exact = asks_exactly(self._http)
        return self._is_exact

    def count_runs(self) -> int:
        """How many runs there are."""
        self._settle(None)
        return self._listing(()).count()

    def _listing(self, predicates: Sequence[Predicate]) -> Search:
        return Search(self._http, predicates, is_exact=self._exact(), params=False, kinds=None)

    def list_runs(self, *, active: bool | None = None) -> list[str]:
        """Hashes of runs, oldest first."""
        self._settle(None)
        predicates = [] if active is None else [Predicate("active", "==", active)]
        records = self._listing(predicates).all_at_once()
        return [
            record.hash for record in reversed(records) if active is None or record.active == active
        ]

    def list_experiments(self) -> list[ExperimentRecord]:
        """All experiments."""
        self._settle(None)
        return edits.list_experiments(self._http)

    def list_tags(self) -> list[TagRecord]:
        """All tags."""
        self._settle(None)
        return edits.list_tags(self._http)

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
        self._settle(run_hash)
        if not is_addressable(run_hash):
            return [None] * len(refs)
        return read_series(
            self._http,
            run_hash,
            refs,
            start=start,
            stop=stop,
            density=density,
            is_exact=self._exact(),
        )

    def read_objects(
        self,
        run_hash: str,
        ref: SequenceRef,
        *,
        start: int | None = None,
        stop: int | None = None,
    ) -> Iterator[ObjectRecord]:
        """Objects of one sequence."""
        self._settle(run_hash)
        if not is_addressable(run_hash):
            return
        found = exact_objects(self._http, run_hash, ref, start, stop) if self._exact() else None
        if found is None:
            info = read_info(self._http, run_hash)
            if info is None:
                return
            # Another server may have taken the place of the one that was asked before.
            self._is_exact = info.is_exact
            if info.is_exact:
                found = exact_objects(self._http, run_hash, ref, start, stop)
            else:
                traces: dict[SequenceKind, list[tuple[str, str]]] = {}
                for trace in traces_of_info(info.tree, self.url):
                    known = (trace.name, canonical(trace.context))
                    traces.setdefault(trace.kind, []).append(known)
                yield from plain_objects(
                    self._http, run_hash, ref, start, stop, traces, self._read_json
                )
        for record in found or ():
            record.value = resolved(record.value, self._read_json)
            yield record

    def _read_json(self, key: str) -> Any:
        return files.read_json_blob(self._http, key)

    def read_log_lines(
        self, run_hash: str, *, start: int = 0, stop: int | None = None
    ) -> Iterator[tuple[int, str]]:
        """Terminal lines."""
        self._settle(run_hash)
        if is_addressable(run_hash):
            yield from files.read_log_lines(self._http, run_hash, start, stop)

    def read_log_records(
        self, run_hash: str, *, start: int = 0, stop: int | None = None
    ) -> Iterator[LogRecord]:
        """Log messages."""
        self._settle(run_hash)
        if is_addressable(run_hash):
            yield from files.read_log_records(self._http, run_hash, start, stop)

    def list_artifacts(self, run_hash: str) -> list[ArtifactRecord]:
        """Files kept with a run."""
        self._settle(run_hash)
        info = read_info(self._http, run_hash, artifacts=True)
        return [] if info is None else info.record.artifacts or []

    def open_blob(self, key: str) -> BinaryIO:
        """The bytes under a key."""
        self._settle(key.partition("/")[0])
        return files.open_blob(self._http, key)

    # -- life -----------------------------------------------------------------------------------

    def check(self) -> None:
        """See that a deployment answers.

        Raises:
            ServerError: it does not.
        """
        self._http.json("GET", VERSION)

    def status(self) -> dict[str, Any]:
        """Facts for people: what answers where, and what waits on this machine."""
        outbox = Outbox.of(self.endpoint.backend_url, self.endpoint.frontier_url)
        left = left_in(outbox)
        return {
            "services": {
                "backend": self._service_status(self.endpoint.backend_url),
                "frontier": self._service_status(self.endpoint.frontier_url),
            },
            "directory": str(outbox.directory),
            "size_bytes": outbox.size_bytes(),
            "journals": len(outbox.segments()),
            "waiting": str(left) if left else "",
            "sent_by_others": left.elsewhere,
        }

    def _service_status(self, url: str) -> dict[str, Any]:
        http = HttpClient(self.endpoint, url)
        try:
            found = http.json("GET", VERSION)
            version = found.get("version") if isinstance(found, dict) else None
            return {"url": url, "version": version, "trouble": None}
        except ServerError as exc:
            return {"url": url, "version": None, "trouble": str(exc)}
        finally:
            http.close()

    def rest(self) -> None:
        """Close connections that are open only to be quick."""
        self._http.close()
        self._service.close()

    def close(self) -> None:
        """Deliver what is left and close connections; the next call opens them again."""
        shipper = self._shipper
        if shipper is not None:
            shipper.close(Settings.from_environment().close_timeout_s)
        self.rest()

    def _settle(self, run_hash: str | None) -> None:
        """Wait until what this process wrote (to one run, or at all) can be read, and what dead
        ones left of that run on this machine.

        Raises:
            ServerError: it cannot be brought to the server.
        """
        shipper = self._shipper
        if shipper is None:
            if not Outbox.of(self.endpoint.backend_url, self.endpoint.frontier_url).segments():
                return
            shipper = self.shipper
            shipper.recover()
        timeout_s = Settings.from_environment().read_timeout_s
        if not shipper.settle(run_hash, timeout_s):
            trouble = shipper.trouble
            raise ServerUnreachableError(
                f"What was written here is not on {self.url} yet"
                + (f": {trouble}" if trouble else f", after {timeout_s:g} s.")
                + " It is kept on this machine and sent later; reads would not show it.",
                url=self.url,
            )


_backends: weakref.WeakSet[RemoteBackend] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for backend in list(_backends):
        backend._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
