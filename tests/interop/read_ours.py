"""Reads the plan with our client."""

from __future__ import annotations

import io
from typing import Any

import plan
from PIL import Image as PILImage

from matyan_client import Repo

LEVELS = {20: "info", 30: "warning", 40: "error"}


def read(url: str, run_hash: str) -> dict[str, Any]:
    """Everything about a run, as `plan.expected` has it."""
    run = Repo(url).get_run(run_hash)
    assert run is not None
    params = run.get_param()
    readings: dict[str, Any] = {
        "name": run.name,
        "description": run.description,
        "experiment": run.experiment,
        "tags": sorted(run.tags),
        "archived": run.archived,
        "active": run.active,
        "ended": run.end_time is not None,
        "params": sorted(params),
        **{f"param {name}": value for name, value in params.items()},
    }
    metrics = run.metrics()
    readings["metrics"] = sorted(plan.key(m["name"], m["context"]) for m in metrics)
    for metric in metrics:
        series = run.read_series(metric["name"], metric["context"])
        assert series is not None
        which = plan.key(metric["name"], metric["context"])
        readings[f"steps of {which}"] = [int(step) for step in series.steps]
        readings[f"values of {which}"] = [plan.said(float(value)) for value in series.values]
        readings[f"epochs of {which}"] = [
            None if epoch != epoch else float(epoch) for epoch in series.epochs
        ]
    for kind in ("images", "texts", "audios", "distributions", "figures"):
        found = run.sequences(kind)
        readings[kind] = sorted(plan.key(one.name, one.context) for one in found)
        for one in found:
            rows = [
                [item.step, [_shown(kind, value) for value in _listed(item.value)]]
                for item in run.read_objects(one.name, one.context)
            ]
            readings[f"{kind} of {plan.key(one.name, one.context)}"] = rows
    readings["records"] = [
        [record.step, LEVELS[record.level], record.message, record.args or {}]
        for record in run.read_log_records()
    ]
    readings["artifacts"] = {}
    for name, artifact in run.artifacts.items():
        with artifact.open() as file:
            readings["artifacts"][name] = plan.digest(file.read())
    return readings


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _shown(kind: str, value: Any) -> Any:
    if kind == "images":
        picture = PILImage.open(io.BytesIO(value.to_bytes()))
        low, high = picture.convert("L").getextrema()
        assert low == high
        return {
            "caption": value.caption,
            "size": [value.width, value.height],
            "format": value.format.lower(),
            "shade": low,
        }
    if kind == "audios":
        content = plan.digest(value.to_bytes())
        return {"caption": value.caption, "format": value.format, "bytes": content}
    if kind == "distributions":
        weights = [float(weight) for weight in value.weights]
        return {"weights": weights, "bins": value.bin_count, "range": list(value.range)}
    return value.data


def find(url: str, query: str) -> list[str]:
    """Hashes of the runs a query finds."""
    return [found["hash"] for found in Repo(url).query_runs(query)]
