"""Reads of one run: everything `Run` offers that writes nothing.

Speaks to a `Backend` in records and hands out Python values: params, sequences, series as numpy
arrays, decoded objects, logs, artifacts.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from matyan_client.artifacts import Artifact, check_artifact_name
from matyan_client.backends.base import Backend, SequenceRef
from matyan_client.exceptions import (
    ArtifactNotFoundError,
    InvalidInputError,
    RunNotFoundError,
)
from matyan_client.objects.base import Trackable, decode_object
from matyan_client.protocol.contexts import check_context
from matyan_client.protocol.records import (
    SEQUENCE_KINDS,
    LogRecord,
    RunRecord,
    SequenceKind,
    SequenceRecord,
    Series,
    StoredObject,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

__all__ = ["RunReader", "TrackedObject", "check_kinds", "props_of", "resolve_objects", "trace_info"]


class TrackedObject(NamedTuple):
    """What was tracked at one step of a sequence of objects: one object, or a list of them."""

    step: int
    epoch: float | None
    time: float
    value: Trackable | list[Trackable]


def trace_info(sequence: SequenceRecord) -> dict[str, Any]:
    """The seed's trace info of a sequence: name, context, and for metrics the last value."""
    info: dict[str, Any] = {"name": sequence.name, "context": sequence.context}
    if sequence.kind == "metric":
        info["last_value"] = sequence.last
    return {**info, "last_step": sequence.last_step, "count": sequence.count}


def props_of(record: RunRecord) -> dict[str, Any]:
    """A run's properties in the shape of protocol section 7.1."""
    return {
        "name": record.name,
        "description": record.description,
        "experiment": {"id": record.experiment_id, "name": record.experiment},
        "tags": [{"name": tag} for tag in record.tags],
        "creation_time": record.created_at,
        "end_time": record.end_time,
        "archived": record.archived,
        "active": record.active,
    }


def check_kinds(kinds: str | Sequence[str]) -> tuple[SequenceKind, ...]:
    """Sequence type names as a tuple.

    Raises:
        InvalidInputError: an unknown one.
    """
    named = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in named:
        if kind not in SEQUENCE_KINDS:
            raise InvalidInputError(
                f"{kind!r} is not a sequence type. There are: {', '.join(SEQUENCE_KINDS)}."
            )
    return named  # type: ignore[return-value]  # just checked


def resolve_objects(value: Any, backend: Backend) -> Any:
    """Decode the objects inside a parameter value."""
    if isinstance(value, StoredObject):
        return _decoded(value.value, backend)
    if isinstance(value, dict):
        return {key: resolve_objects(item, backend) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_objects(item, backend) for item in value]
    return value


def _decoded(value: Mapping[str, Any], backend: Backend) -> Trackable:
    key = value.get("s3_key")

    def read_blob() -> bytes:
        with backend.open_blob(str(key)) as file:
            return file.read()

    return decode_object(value, read_blob)


class RunReader:
    """The reading half of a run."""

    hash: str
    """Identifies the run."""
    backend: Backend
    """Where the run lives."""

    # -- the run itself -------------------------------------------------------------------------

    def record(
        self, *, params: bool = True, sequences: bool = True, artifacts: bool = False
    ) -> RunRecord:
        """Everything about the run but its points and objects, as of now.

        Raises:
            RunNotFoundError: it was deleted.
        """
        found = self.backend.get_run(
            self.hash, params=params, sequences=sequences, artifacts=artifacts
        )
        if found is None:
            raise RunNotFoundError(self.hash, self.backend.url)
        return found

    def _props(self) -> RunRecord:
        return self.record(params=False, sequences=False)

    @property
    def active(self) -> bool:
        """True until the run is closed, or its process is gone."""
        return self._props().active

    @property
    def created_at(self) -> dt.datetime:
        """Creation time as a timezone-aware datetime (UTC)."""
        return dt.datetime.fromtimestamp(self.creation_time, dt.timezone.utc)

    @property
    def creation_time(self) -> float:
        """Unix timestamp when the run was created, in seconds."""
        return self._props().created_at

    @property
    def end_time(self) -> float | None:
        """Unix timestamp when the run ended, None while it is active.

        A run whose process died ended with its last write.
        """
        return self._props().end_time

    @property
    def finalized_at(self) -> dt.datetime | None:
        """`end_time` as a timezone-aware datetime (UTC)."""
        end = self.end_time
        return None if end is None else dt.datetime.fromtimestamp(end, dt.timezone.utc)

    @property
    def duration(self) -> float | None:
        """Seconds between creation and end, or None if the run is still active."""
        return self._props().duration

    @property
    def tags(self) -> list[str]:
        """Tag names attached to this run, in the order they were added."""
        return self._props().tags

    @property
    def props(self) -> dict[str, Any]:
        """Full run props: name, description, experiment, tags, times, flags (protocol 7.1)."""
        return props_of(self._props())

    # -- parameters -----------------------------------------------------------------------------

    def get_param(self, path: Sequence[str | int] = ()) -> Any:
        """The parameter, or subtree of parameters, at a path of keys; `()` is all of them.

        Raises:
            KeyError: there is nothing at this path.
        """
        value: Any = self.record(sequences=False).params
        for key in path:
            if isinstance(value, StoredObject):
                value = value.tree
            try:
                found = isinstance(value, (dict, list))
                value = value[key] if found else None
            except (KeyError, IndexError, TypeError):
                found = False
            if not found:
                raise KeyError(".".join(map(str, path)))
        return resolve_objects(value, self.backend)

    def __getitem__(self, key: str) -> Any:
        """Get a run attribute by key.

        Args:
            key: attribute name or dotted path, such as `"hparams.lr"`. A name that itself
                contains dots is found first.

        Raises:
            KeyError: the key is not there.
        """
        if not isinstance(key, str):
            raise KeyError(key)
        try:
            return self.get_param((key,))
        except KeyError:
            if "." not in key:
                raise
        return self.get_param(key.split("."))

    def get(self, key: str, default: Any = None) -> Any:
        """Get a run attribute by key, or return `default` if not found."""
        try:
            return self[key]
        except KeyError:
            return default

    # -- sequences ------------------------------------------------------------------------------

    def sequences(self, kind: SequenceKind | None = None) -> list[SequenceRecord]:
        """Summaries of the run's sequences, of one kind or all."""
        found = self.record(params=False).sequences or []
        return [sequence for sequence in found if kind is None or sequence.kind == kind]

    def collect_sequence_info(
        self, sequence_types: str | tuple[str, ...] = ()
    ) -> dict[str, list[dict[str, Any]]]:
        """Trace overview by sequence type.

        Args:
            sequence_types: one type or several (`metric`, `images`, `texts`, `distributions`,
                `audios`, `figures`, `objects`); empty: all.

        Returns:
            Sequence type to a list of trace infos (`name`, `context`, `last_step`, `count`, and
            `last_value` for metrics).

        Raises:
            InvalidInputError: an unknown type.
        """
        kinds = check_kinds(sequence_types) or SEQUENCE_KINDS
        found = self.sequences()
        return {
            kind: [trace_info(sequence) for sequence in found if sequence.kind == kind]
            for kind in kinds
        }

    def metrics(self) -> list[dict[str, Any]]:
        """Overview of all tracked metrics: a list of trace infos (name, context, ...)."""
        return [trace_info(sequence) for sequence in self.sequences("metric")]

    def get_metric(
        self, name: str, context: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Trace info of one metric by name and context, or None.

        Args:
            name: metric name.
            context: exactly the context it was tracked with; None finds the metric without one,
                or else the first of that name.
        """
        found = [sequence for sequence in self.sequences("metric") if sequence.name == name]
        for sequence in found:
            if sequence.context == dict(context or {}):
                return trace_info(sequence)
        return trace_info(found[0]) if found and context is None else None

    def iter_metrics_info(self) -> Iterator[tuple[str, dict[str, Any], Self]]:
        """Yield (metric name, context, self) for each metric."""
        for sequence in self.sequences("metric"):
            yield sequence.name, sequence.context, self

    def read_series(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        start: int | None = None,
        stop: int | None = None,
        density: int | None = None,
    ) -> Series | None:
        """All points of one metric: `steps`, `values`, `epochs`, `times`, in step order.

        Args:
            name: metric name.
            context: exactly the context it was tracked with.
            start: first step wanted.
            stop: first step no longer wanted.
            density: at most this many points, spread over the steps; None: every point.

        Returns:
            Columns as numpy arrays if numpy is installed, else as lists; None if there is no such
            metric.
        """
        ref = SequenceRef(name, check_context(context))
        return self.backend.read_series(self.hash, [ref], start=start, stop=stop, density=density)[
            0
        ]

    def read_objects(
        self,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        start: int | None = None,
        stop: int | None = None,
    ) -> Iterator[TrackedObject]:
        """Objects of one sequence in step order, decoded; bytes are read when first looked at."""
        ref = SequenceRef(name, check_context(context))
        for record in self.backend.read_objects(self.hash, ref, start=start, stop=stop):
            value: Any = (
                [_decoded(item, self.backend) for item in record.value]
                if isinstance(record.value, list)
                else _decoded(record.value, self.backend)
            )
            yield TrackedObject(record.step, record.epoch, record.time, value)

    # -- logs -----------------------------------------------------------------------------------

    def read_log_lines(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, str]]:
        """Captured terminal lines as (line number, text)."""
        return self.backend.read_log_lines(self.hash, start=start, stop=stop)

    def read_log_records(self, start: int = 0, stop: int | None = None) -> Iterator[LogRecord]:
        """Messages of `log_info` and its siblings, in order."""
        return self.backend.read_log_records(self.hash, start=start, stop=stop)

    # -- artifacts ------------------------------------------------------------------------------

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """Files kept with the run, by name."""
        return {
            record.path: Artifact(record, self.backend)
            for record in self.backend.list_artifacts(self.hash)
        }

    def get_artifact(self, name: str) -> Artifact:
        """One file kept with the run.

        Raises:
            ArtifactNotFoundError: there is none of this name.
        """
        found = self.artifacts
        if name not in found:
            known = ", ".join(repr(other) for other in list(found)[:5]) or "none"
            raise ArtifactNotFoundError(
                f"Run {self.hash!r} has no artifact {name!r}. It has: {known}."
            )
        return found[name]

    def download_artifact(self, name: str, dest: str | os.PathLike[str]) -> str:
        """Write one artifact to `dest` (a directory, or the file to write); returns the path.

        Raises:
            ArtifactNotFoundError: there is none of this name.
        """
        artifact = self.get_artifact(name)
        if Path(dest).is_dir() or str(dest).endswith(("/", os.sep)):
            return artifact.download(dest)
        return artifact.download_to(Path(dest))

    def download_artifacts(self, dest_dir: str | os.PathLike[str]) -> list[str]:
        """Write every artifact below `dest_dir` under its name; returns the paths."""
        return [
            artifact.download_to(Path(dest_dir) / check_artifact_name(artifact.name))
            for artifact in self.artifacts.values()
        ]
