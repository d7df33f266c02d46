"""`Metric`, `Images`, `Texts`, …: one tracked series of a run, read when it is looked at.

A sequence is a name and a context in a run; what it holds comes from the run's backend as records
and is kept for a moment (`snapshot.py`). Views of it are in `views.py`, data frames in `frames.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from aim_compat._absent_members import with_absent_members
from aim_compat.columns import Columns, MetricColumns, ObjectColumns, PlainColumns
from aim_compat.context import Context, as_context, context_from_wire, context_to_wire
from aim_compat.hashing import hash_auto
from aim_compat.objects import LogLine, LogRecord, aim_type, from_wire
from aim_compat.snapshot import Snapshot
from aim_compat.views import ArrayView, SequenceData, SequenceV1Data, SequenceV2Data, TreeArrayView
from matyan_client.backends.base import SequenceRef
from matyan_client.protocol.records import SEQUENCE_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandas import DataFrame

    from aim_compat.run_reading import RunReader
    from matyan_client.protocol.records import LogRecord as StoredLogRecord
    from matyan_client.protocol.records import SequenceKind, SequenceRecord

__all__ = [
    "SEQUENCE_TYPE_MAP",
    "Audios",
    "Distributions",
    "Figures",
    "Images",
    "LogLine",
    "LogRecord",
    "LogRecords",
    "Logs",
    "MediaSequenceBase",
    "Metric",
    "Sequence",
    "Texts",
    "class_of",
    "decoder",
    "holds",
    "searched_kind",
    "sequence_of",
]


T = TypeVar("T")
"""What a sequence is of."""


@with_absent_members("aim.sdk.sequence.Sequence")
class Sequence(Generic[T]):
    """One series of a run: a name, a context, and what was tracked step by step.

    Args:
        name: name of the series.
        context: its context; a dict is accepted too.
        run: the run it belongs to.
    """

    registry: ClassVar[dict[str, type[Sequence[Any]]]] = {}
    """Sequence type name to the class defined last that has it."""
    collections_allowed: ClassVar[bool] = False
    """Whether one step may hold a list."""
    _name: ClassVar[str | None] = None
    _dtypes: ClassVar[str | tuple[str, ...]] = "*"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.sequence_name()
        if name is not None:
            cls.registry[name] = cls

    def __init__(
        self, name: str, context: Context | Mapping[str, Any] | None, run: RunReader
    ) -> None:
        self.name = name
        self.context = as_context(context)
        self.run = run
        self._columns: Snapshot[Columns] = Snapshot()
        self._record: Snapshot[SequenceRecord] = Snapshot()

    @classmethod
    def allowed_dtypes(cls) -> str | tuple[str, ...]:
        """Aim's names of the value types this class holds (behaviour S10)."""
        return cls._dtypes

    @classmethod
    def sequence_name(cls) -> str | None:
        """The type's name in the registry and in queries; None of what is no type by itself."""
        return cls._name

    # -- reading ---------------------------------------------------------------------------------

    def _read(self) -> Columns:
        return self._columns.get() or self._columns.put(self._fetch())

    def _fetch(self) -> Columns:
        record = self._summary()
        if record is None or record.kind == "metric":
            return MetricColumns(self.run._backend.read_series(self.run.hash, [self._ref()])[0])
        records = self.run._backend.read_objects(self.run.hash, self._ref())
        return ObjectColumns(list(records), self.run._decode)

    def _ref(self) -> SequenceRef:
        summary = self._summary()
        stored = context_to_wire(self.context) if summary is None else summary.context
        return SequenceRef(self.name, stored)

    def _summary(self) -> SequenceRecord | None:
        found = self._record.get()
        if found is None:
            found = self.run._find_sequence(self.name, self.context)
            if found is not None:
                self._record.put(found)
        return found

    def _view(self, column: str, dtype: str | None) -> ArrayView:
        def read() -> tuple[list[int], list[Any]]:
            columns = self._read()
            return columns.steps, getattr(columns, column)

        return TreeArrayView(read, dtype)

    @property
    def values(self) -> ArrayView:
        """Values by step."""
        return self._view("exact", None)

    @property
    def epochs(self) -> ArrayView:
        """Epochs by step, None where none was given."""
        return self._view("epochs", "float64")

    @property
    def timestamps(self) -> ArrayView:
        """Unix seconds by step."""
        return self._view("times", "float64")

    @property
    def data(self) -> SequenceData:
        """All columns, steps ascending."""
        kind = SequenceV2Data if isinstance(self, Metric) else SequenceV1Data
        return kind(self._read, [("val", None), ("epoch", "float64"), ("time", "float64")])

    @property
    def version(self) -> int:
        """2 for metrics, 1 for others and for what is empty (behaviour S01, S09)."""
        record = self._summary()
        return 2 if record is not None and record.kind == "metric" else 1

    def first_step(self) -> int:
        """The step that was tracked first; 0 if nothing was."""
        summary = self._summary()
        return 0 if summary is None or summary.first_step is None else summary.first_step

    def last_step(self) -> int:
        """The highest step; 0 if nothing was tracked."""
        summary = self._summary()
        return 0 if summary is None or summary.last_step is None else summary.last_step

    def _longest_list(self) -> int | None:
        columns = self._read()
        return columns.longest if isinstance(columns, ObjectColumns) else None

    def preload(self) -> None:
        """Read everything now."""
        self._columns.put(self._fetch())

    # -- identity --------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self.values)

    def __len__(self) -> int:
        """The last step + 1, as Aim has it."""
        return len(self.values)

    def __hash__(self) -> int:
        return hash_auto((self.name, hash(self.context), hash(self.run)))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return (
            f"<Sequence#{hash(self)} name=`{self.name}` context=`{self.context}` run=`{self.run}`>"
        )


# -- metrics -------------------------------------------------------------------------------------


class Metric(Sequence[Any]):
    """A series of numbers."""

    _name = "metric"
    _dtypes = ("float", "float64", "int", "number")

    def _view(self, column: str, dtype: str | None) -> ArrayView:
        name = {"exact": "val", "epochs": "epoch", "times": "time"}[column]

        def arrays() -> tuple[Any, Any] | None:
            found = self._read().arrays
            return None if found is None else (found["step"], found[name])

        view = super()._view(column, dtype or "float64")
        return TreeArrayView(view._read, view.dtype, arrays=arrays)

    def dataframe(
        self,
        include_name: bool = False,
        include_context: bool = False,
        include_run: bool = False,
        only_last: bool = False,
    ) -> DataFrame:
        """The series as a pandas data frame: idx, step, value, epoch, time (behaviour S06).

        Args:
            include_name: add `metric.name`.
            include_context: add `metric.context.…` columns.
            include_run: add `run.hash` and a column per parameter.
            only_last: only the highest step.

        `time` is naive local time, as Aim has it.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        from aim_compat.frames import metric_frame

        return metric_frame(
            self,
            include_name=include_name,
            include_context=include_context,
            include_run=include_run,
            only_last=only_last,
        )


# -- objects -------------------------------------------------------------------------------------


class MediaSequenceBase(Sequence[Any]):
    """A series of objects; a step may hold a list of them."""

    collections_allowed = True

    def record_length(self) -> int | None:
        """Length of the longest list tracked at a step, None if there never was a list."""
        return self._longest_list()


class Images(MediaSequenceBase):
    """A series of images, or lists of them."""

    _name = "images"
    _dtypes = ("aim.image", "list(aim.image)")


class Audios(MediaSequenceBase):
    """A series of sounds, or lists of them."""

    _name = "audios"
    _dtypes = ("aim.audio", "list(aim.audio)")


class Texts(MediaSequenceBase):
    """A series of texts, or lists of them."""

    _name = "texts"
    _dtypes = ("aim.text", "list(aim.text)")


class Distributions(Sequence[Any]):
    """A series of distributions."""

    _name = "distributions"
    _dtypes = ("aim.distribution",)


class Figures(Sequence[Any]):
    """A series of figures."""

    _name = "figures"
    _dtypes = ("aim.figure",)


# -- logs ----------------------------------------------------------------------------------------


class Logs(MediaSequenceBase):
    """What a run's process wrote to stdout and stderr, by line number."""

    _name = "logs"
    _dtypes = "aim.log_line"

    def _fetch(self) -> Columns:
        lines = list(self.run._backend.read_log_lines(self.run.hash))
        created = self.run.creation_time
        return PlainColumns(
            [number for number, _ in lines],
            [LogLine(text) for _, text in lines],
            [created] * len(lines),
        )

    def first_step(self) -> int:
        """The first line number."""
        steps = self._read().steps
        return steps[0] if steps else 0

    def last_step(self) -> int:
        """The last line number."""
        steps = self._read().steps
        return steps[-1] if steps else 0


def _log_record(stored: StoredLogRecord) -> LogRecord:
    info = stored.logger_info or ("", 0)
    record = LogRecord(stored.message, stored.level, stored.timestamp, (str(info[0]), int(info[1])))
    if stored.args:
        record.storage["extra_args"] = dict(stored.args)
    return record


class LogRecords(Sequence[LogRecord]):
    """The messages of a run's `log_…` calls, in order."""

    _name = "log_records"
    _dtypes = "aim.log_record"

    def _fetch(self) -> Columns:
        stored = list(self.run._backend.read_log_records(self.run.hash))
        return PlainColumns(
            [record.step for record in stored],
            [_log_record(record) for record in stored],
            [record.timestamp for record in stored],
        )

    def first_step(self) -> int:
        """The first record's number."""
        steps = self._read().steps
        return steps[0] if steps else 0

    def last_step(self) -> int:
        """The last record's number."""
        steps = self._read().steps
        return steps[-1] if steps else 0


SEQUENCE_TYPE_MAP: dict[str, str] = {
    dtype: str(kind.sequence_name())
    for kind in (Metric, Images, Audios, Texts, Distributions, Figures)
    for dtype in kind.allowed_dtypes()
}
"""Aim's value type name to sequence type name, of what `track` takes."""


def holds(kind: type[Sequence[Any]], record: SequenceRecord) -> bool:
    """Whether a sequence that is stored is one of a class's kind."""
    name = kind.sequence_name()
    if name is None:
        return True
    if record.kind != "objects" or name in SEQUENCE_KINDS:
        return record.kind == name
    allowed = kind.allowed_dtypes()
    types = (allowed,) if isinstance(allowed, str) else allowed
    held = aim_type(record.dtype)
    return any(type_ in ("*", held, f"list({held})") for type_ in types)


def searched_kind(kind: type[Sequence[Any]]) -> SequenceKind:
    """The kind of sequences to search for those of a class."""
    name = kind.sequence_name()
    return name if name in SEQUENCE_KINDS else "objects"


def class_of(record: SequenceRecord) -> type[Sequence[Any]]:
    """The class for a sequence that is stored; `Sequence` for own objects without one."""
    if record.kind != "objects":
        return Sequence.registry[record.kind]
    return next((kind for kind in Sequence.registry.values() if holds(kind, record)), Sequence)


def sequence_of(
    record: SequenceRecord, run: RunReader, kind: type[Sequence[Any]] | None = None
) -> Sequence[Any]:
    """The sequence a record summarises.

    Args:
        record: what the backend knows of it.
        run: the run it is in.
        kind: the class wanted; the one registered for the record's type if it is of another.
    """
    if kind is None or kind.sequence_name() is None or not holds(kind, record):
        kind = class_of(record)
    sequence = kind(record.name, context_from_wire(record.context), run)
    sequence._record.put(record)
    return sequence


def decoder(read: Callable[[str], bytes]) -> Callable[[Mapping[str, Any]], Any]:
    """Makes Aim's objects of wire values; `read` gives the bytes of a blob key."""

    def decode(value: Mapping[str, Any]) -> Any:
        key = str(value.get("s3_key"))
        return from_wire(dict(value), lambda: read(key))

    return decode
