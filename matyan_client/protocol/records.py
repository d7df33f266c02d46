"""What reads return, as plain values: runs, sequences, series, objects, log records.

Every backend produces these and nothing else, so that a record can as well have come over HTTP.
Knows nothing about where it was stored. Writes are in `messages.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "KIND_OF_DTYPE",
    "SEQUENCE_KINDS",
    "ArtifactRecord",
    "ExperimentRecord",
    "LogRecord",
    "ObjectRecord",
    "RunRecord",
    "SequenceKind",
    "SequenceRecord",
    "Series",
    "StoredObject",
    "TagRecord",
    "content_of",
    "kind_of",
]

SequenceKind = Literal["metric", "images", "texts", "distributions", "audios", "figures", "objects"]

SEQUENCE_KINDS: tuple[SequenceKind, ...] = (
    "metric",
    "images",
    "texts",
    "distributions",
    "audios",
    "figures",
    "objects",
)

KIND_OF_DTYPE: Mapping[str, SequenceKind] = {
    "image": "images",
    "text": "texts",
    "distribution": "distributions",
    "audio": "audios",
    "figure": "figures",
    "blob": "objects",
    "custom": "objects",
}
"""dtype on the wire (singular) to sequence kind (plural); everything else is a metric (7.3).

`custom:` is followed by the application's name of the type."""


def kind_of(dtype: str) -> SequenceKind:
    """Return the sequence kind a dtype belongs to (protocol section 7.3)."""
    return KIND_OF_DTYPE.get(dtype.partition(":")[0], "metric")


def content_of(dtype: str) -> str:
    """Return what a sequence holds and goes on holding: a kind, or one type of own objects."""
    kind = kind_of(dtype)
    return dtype if kind == "objects" else kind


@dataclass(slots=True)
class SequenceRecord:
    """Summary of one sequence of a run.

    `first` is what was tracked first, `last` belongs to the highest step; `min` and `max` cover
    everything tracked. All five are None for sequences of objects. What a real deployment does not
    tell is None as well.
    """

    name: str
    context: dict[str, Any]
    dtype: str
    count: int | None = 0
    first: float | int | None = None
    first_step: int | None = None
    last: float | int | None = None
    last_step: int | None = None
    min: float | int | None = None
    max: float | int | None = None

    @property
    def kind(self) -> SequenceKind:
        """What it holds: `metric`, `images`, …, or `objects` of an application's own type."""
        return kind_of(self.dtype)


@dataclass(slots=True)
class ArtifactRecord:
    """One file kept with a run. `path` is its name in the run; `key` addresses its bytes."""

    path: str
    key: str
    content_type: str = "application/octet-stream"
    size_bytes: int | None = None
    uri: str = ""


@dataclass(slots=True)
class RunRecord:
    """One run. `params`, `sequences`, `artifacts` are None when they were not asked for.

    Times are Unix seconds. `end_time` is None while the run is active; for a run whose process
    died it is the time of its last write.
    """

    hash: str
    name: str | None = None
    description: str | None = None
    experiment: str | None = None
    experiment_id: str | None = None
    tags: list[str] = field(default_factory=list)
    created_at: float = 0.0
    end_time: float | None = None
    active: bool = False
    archived: bool = False
    params: dict[str, Any] | None = None
    sequences: list[SequenceRecord] | None = None
    artifacts: list[ArtifactRecord] | None = None

    @property
    def duration(self) -> float | None:
        """Seconds from creation to end, None while active."""
        return None if self.end_time is None else self.end_time - self.created_at


@dataclass(slots=True)
class Series:
    """Points of one metric in ascending step order.

    The four columns have the same length. They are numpy arrays when numpy is installed (steps
    int64, the others float64), lists otherwise. `epochs` is NaN where none was given. `integers`
    tells which values were tracked as int (None: none of them).
    """

    name: str
    context: dict[str, Any]
    steps: Any
    values: Any
    epochs: Any
    times: Any
    integers: Sequence[bool] | None = None

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(slots=True)
class StoredObject:
    """An Image, Text, ... inside parameters, not decoded.

    `value` is its wire value (protocol section 7.5), `fields` what is beside that in it.
    """

    value: dict[str, Any]
    fields: dict[str | int, Any] = field(default_factory=dict)

    @property
    def tree(self) -> dict[str | int, Any]:
        """What paths and queries find in it."""
        if self.value.get("type") == "custom":
            return self.fields
        return {**{k: v for k, v in self.value.items() if k != "fields"}, **self.fields}


@dataclass(slots=True)
class ObjectRecord:
    """What was tracked at one step of a sequence of objects.

    `value` is the wire form (protocol section 7.5), or a list of them where several objects were
    tracked at one step.
    """

    step: int
    epoch: float | None
    time: float
    value: dict[str, Any] | list[dict[str, Any]]


@dataclass(slots=True)
class LogRecord:
    """One structured log message of a run."""

    step: int
    message: str
    level: int
    timestamp: float
    args: dict[str, Any] | None = None
    logger_info: list[Any] | None = None


@dataclass(slots=True)
class ExperimentRecord:
    """An experiment groups runs by name."""

    id: str
    name: str
    description: str = ""
    archived: bool = False
    created_at: float = 0.0
    run_count: int = 0


@dataclass(slots=True)
class TagRecord:
    """A label runs can carry."""

    id: str
    name: str
    color: str = ""
    description: str = ""
    archived: bool = False
    run_count: int = 0
