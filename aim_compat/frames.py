"""Pandas data frames of runs and metrics, with Aim's columns (behaviour P09, S06, Q12)."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from aim_compat.params import flatten
from matyan_client.exceptions import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandas import DataFrame

    from aim_compat.run_reading import RunReader
    from aim_compat.sequences import Metric

__all__ = ["concatenated", "metric_frame", "run_frame"]


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as exc:
        raise MissingDependencyError("pandas", extra="pandas", purpose="dataframe()") from exc
    return pandas


def run_frame(run: RunReader, *, include_props: bool, include_params: bool) -> DataFrame:
    """One row: the hash, properties, and a column per parameter."""
    pandas = _pandas()
    row: dict[str, Any] = {"hash": run.hash}
    if include_props:
        record = run._read_record()
        row.update(
            name=record.name,
            description=record.description,
            archived=record.archived,
            creation_time=record.created_at,
            end_time=record.end_time,
            active=record.active,
            experiment=record.experiment,
            tags=json.dumps(record.tags),
        )
    if include_params:
        row.update(flatten(run[...]))
    return pandas.DataFrame(row, index=[0])  # type: ignore[no-any-return]  # pandas is Any here


def metric_frame(
    metric: Metric,
    *,
    include_name: bool,
    include_context: bool,
    include_run: bool,
    only_last: bool,
) -> DataFrame:
    """A row per step."""
    pandas = _pandas()
    if only_last:
        read = metric._read()
        steps, values, times = read.steps[-1:], read.exact[-1:], read.times[-1:]
        epochs: list[Any] = read.epochs[-1:]
    else:
        steps, (values, epochs, times) = metric.data.items_list()
    columns: dict[str, Any] = {
        "idx": list(range(len(steps))),
        "step": steps,
        "value": values,
        "epoch": epochs,
        "time": [_local(time, pandas.NaT) for time in times],
    }
    constant: dict[str, Any] = {}
    if include_run:
        constant["run.hash"] = metric.run.hash
        constant.update(_columns(metric.run[...], "run"))
    if include_name:
        constant["metric.name"] = metric.name
    if include_context:
        context = metric.context.to_dict()
        if isinstance(context, dict):
            constant.update(_columns(context, "metric.context"))
        else:
            constant["metric.context"] = str(context)
    # Lists, so that a frame of no rows still has all columns.
    columns.update({name: [value] * len(steps) for name, value in constant.items()})
    return pandas.DataFrame(columns)  # type: ignore[no-any-return]  # pandas is Any here


def _local(time: float, unknown: Any) -> Any:
    """A time as Aim has it: local, without a zone. A real server does not tell those of metrics."""
    return unknown if time != time else dt.datetime.fromtimestamp(time)  # noqa: DTZ006 - as above


def _columns(values: dict[Any, Any], name: str) -> dict[str, Any]:
    """A column per leaf; one for an empty dict, as for those within."""
    return dict(flatten(values, name)) or {name: "{}"}


def concatenated(frames: Iterable[DataFrame]) -> DataFrame | None:
    """All frames below each other, each numbered by itself as in Aim; None if there is none."""
    found = list(frames)
    if not found:
        return None
    return _pandas().concat(found)  # type: ignore[no-any-return]  # pandas is Any here
