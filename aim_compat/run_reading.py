"""The reading half of `Run`: parameters, series, log messages, data frames.

Gives the backend's records Aim's shape. Writing is in `run.py`; ids like R14 and T09 are
observations of Aim 3.29.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.base_run import BaseRun
from aim_compat.context import Context, as_context, context_from_wire
from aim_compat.errors import not_a_sequence_type
from aim_compat.key_order import key_order
from aim_compat.objects import CustomObject, aim_type, resolved
from aim_compat.params import look_up, ordered, path_of, visible
from aim_compat.run_properties import StructuredRunMixin
from aim_compat.sequences import (
    SEQUENCE_TYPE_MAP,
    Audios,
    Distributions,
    Figures,
    Images,
    LogRecords,
    Logs,
    Metric,
    Sequence,
    Texts,
    holds,
    sequence_of,
)
from aim_compat.structured import RunEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame
    from typing_extensions import Self

    from aim_compat.meta_tree import MetaRunTree
    from aim_compat.query import SingleRunSequenceCollection
    from matyan_client.protocol.records import SequenceRecord

__all__ = ["RunReader", "listing_order"]


class RunReader(BaseRun, StructuredRunMixin):
    """A run and what it holds."""

    def _sequences(self) -> list[SequenceRecord]:
        """Sequences by context id, then name (behaviour S12)."""
        if self.read_only:
            found = self._listing.get()
            if found is None:
                found = self._listing.put(self._fetch(sequences=True).sequences or [])
        else:
            found = self._fetch(sequences=True).sequences or []
        return sorted(found, key=listing_order)

    def _find_sequence(self, name: str, context: Context) -> SequenceRecord | None:
        return next(
            (
                record
                for record in self._sequences()
                if record.name == name and context_from_wire(record.context).idx == context.idx
            ),
            None,
        )

    @property
    def props(self) -> RunEntry:
        """Name, description, tags and times, as Aim's database row shows them."""
        return RunEntry(self)

    # -- parameters ------------------------------------------------------------------------------

    @property
    def meta_attrs_tree(self) -> MetaRunTree:
        """The parameters as a part of `meta_tree`, to read."""
        return self.meta_tree.view("attrs")  # type: ignore[no-any-return]  # a part, not resolved

    @property
    def meta_run_attrs_tree(self) -> MetaRunTree:
        """The parameters as a part of `meta_run_tree`; what is set there is a parameter."""
        return self.meta_run_tree.view("attrs")  # type: ignore[no-any-return]  # as above

    def __getitem__(self, key: Any) -> Any:
        """A parameter or subtree as plain values, keys in Aim's order (P04).

        Raises:
            KeyError: there is nothing (P05).
        """
        found = look_up(visible(self._params()), path_of(key), self._decoded)
        return ordered(found, self._decoded)

    def get(
        self, key: Any, default: Any = None, strict: bool = True, resolve_objects: bool = False
    ) -> Any:
        """A parameter, or `default` if there is none.

        Args:
            key: as in `run[key]`.
            default: what to return for a missing one.
            strict: taken and not needed.
            resolve_objects: give objects as dicts of their fields (P08).
        """
        del strict
        try:
            found = self[key]
        except KeyError:
            return default
        return resolved(found) if resolve_objects else found

    # -- series ----------------------------------------------------------------------------------

    def metrics(self) -> SingleRunSequenceCollection:
        """All metrics of the run."""
        from aim_compat.query import SingleRunSequenceCollection

        return SingleRunSequenceCollection(self, Metric)

    def _get_sequence(self, kind: type[Sequence[Any]], name: str, context: Any) -> Any:
        record = self._find_sequence(name, as_context(context))
        if record is None or not holds(kind, record):
            return None
        return sequence_of(record, self)

    def get_metric(self, name: str, context: Context) -> Metric | None:
        """A metric by name and context (a dict is fine, too); None if there is none (T09)."""
        return self._get_sequence(Metric, name, context)  # type: ignore[no-any-return]  # of this kind

    def get_image_sequence(self, name: str, context: Context) -> Images | None:
        """Images by name and context; None if there are none."""
        return self._get_sequence(Images, name, context)  # type: ignore[no-any-return]  # of this kind

    def get_figure_sequence(self, name: str, context: Context) -> Figures | None:
        """Figures by name and context; None if there are none."""
        return self._get_sequence(Figures, name, context)  # type: ignore[no-any-return]  # of this kind

    def get_audio_sequence(self, name: str, context: Context) -> Audios | None:
        """Audios by name and context; None if there are none."""
        return self._get_sequence(Audios, name, context)  # type: ignore[no-any-return]  # of this kind

    def get_distribution_sequence(self, name: str, context: Context) -> Distributions | None:
        """Distributions by name and context; None if there are none."""
        return self._get_sequence(Distributions, name, context)  # type: ignore[no-any-return]  # of this kind

    def get_text_sequence(self, name: str, context: Context) -> Texts | None:
        """Texts by name and context; None if there are none."""
        return self._get_sequence(Texts, name, context)  # type: ignore[no-any-return]  # of this kind

    def iter_metrics_info(self) -> Iterator[tuple[str, Context, Self]]:
        """(name, context, run) of each metric."""
        return self.iter_sequence_info_by_type(Metric.allowed_dtypes())

    def iter_sequence_info_by_type(
        self, dtypes: str | tuple[str, ...]
    ) -> Iterator[tuple[str, Context, Self]]:
        """(name, context, run) of each series that holds one of Aim's value types; `*` is all.

        Raises:
            ValueError: a value type that is neither one of Aim's nor of a registered class.
        """
        wanted = (dtypes,) if isinstance(dtypes, str) else dtypes
        for dtype in wanted:
            if (
                dtype != "*"
                and dtype not in SEQUENCE_TYPE_MAP
                and dtype not in CustomObject.registry
            ):
                raise not_a_sequence_type(dtype)
        kinds = {SEQUENCE_TYPE_MAP.get(dtype) for dtype in wanted}
        for record in self._sequences():
            own = record.kind == "objects" and aim_type(record.dtype) in wanted
            if own or "*" in wanted or record.kind in kinds:
                yield record.name, context_from_wire(record.context), self

    def collect_sequence_info(
        self, sequence_types: str | tuple[str, ...], skip_last_value: bool = False
    ) -> dict[str, list[dict[str, Any]]]:
        """Names, contexts and (unless skipped) first and last values by sequence type (T09).

        Raises:
            ValueError: an unknown sequence type.
        """
        types = (sequence_types,) if isinstance(sequence_types, str) else tuple(sequence_types)
        for name in types:
            if name not in Sequence.registry:
                raise not_a_sequence_type(name)
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in types}
        for record in self._sequences():
            for name in types:
                if not holds(Sequence.registry[name], record):
                    continue
                info: dict[str, Any] = {
                    "context": context_from_wire(record.context).to_dict(),
                    "name": record.name,
                }
                if not skip_last_value:
                    info["values"] = self._summary_of(record)
                found[name].append(info)
        return found

    def _summary_of(self, record: SequenceRecord) -> dict[str, Any]:
        summary: dict[str, Any] = {"dtype": record.dtype, "first_step": record.first_step}
        if record.kind == "metric":
            summary.update(first=record.first, last_step=record.last_step, last=record.last)
            summary.update(max=record.max, min=record.min, version=2)
            return summary
        sequence = sequence_of(record, self)
        values = sequence.values
        listed = sequence._longest_list()
        dtype = aim_type(record.dtype)
        summary["dtype"] = dtype if listed is None else f"list({dtype})"
        summary.update(first=values.first_value() if values else None)
        summary.update(last_step=record.last_step, last=values.last_value() if values else None)
        if listed is not None:
            summary["record_max_length"] = listed
        summary["version"] = 1
        return summary

    def _traces(self) -> dict[int, dict[str, Any]]:
        traces: dict[int, dict[str, Any]] = {}
        for record in self._sequences():
            by_name = traces.setdefault(context_from_wire(record.context).idx, {})
            by_name[record.name] = self._summary_of(record)
        return traces

    def idx_to_ctx(self, idx: int) -> Context:
        """The context of an id.

        Raises:
            KeyError: no series of the run has it.
        """
        for record in self._sequences():
            context = context_from_wire(record.context)
            if context.idx == idx:
                return context
        raise KeyError(idx)

    def get_log_records(self) -> LogRecords | None:
        """Messages of `log_info()` and its siblings, None without any."""
        return LogRecords("__log_records", Context({}), self) or None

    def get_terminal_logs(self) -> Logs | None:
        """Captured terminal lines, None without any."""
        if self._client is not None and not self.read_only:
            self._client.flush()
        return Logs("logs", Context({}), self) or None

    def dataframe(self, include_props: bool = True, include_params: bool = True) -> DataFrame:
        """One row of a pandas data frame: hash, properties, parameters (P09).

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        from aim_compat.frames import run_frame

        return run_frame(self, include_props=include_props, include_params=include_params)

    def __hash__(self) -> int:
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunReader) and self.hash == other.hash and self.repo == other.repo


def listing_order(record: SequenceRecord) -> tuple[int, tuple[int, bytes]]:
    idx = context_from_wire(record.context).idx
    return idx & 0xFFFFFFFFFFFFFFFF, key_order(record.name)
