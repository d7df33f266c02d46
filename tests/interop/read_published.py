"""Reads the plan with the published client, in its environment: read_published.py JSON

The argument: {"runs": [hashes], "queries": [texts]}. The deployment is named by the environment.
Prints {"runs": {hash: readings}, "queries": {text: hashes}}. Its decoder makes an object with
numbers for keys of every list, and drops what is empty (protocol 6.5); only the first is undone.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
from pathlib import Path

from loguru import logger
from PIL import Image as PILImage

from matyan_client import Repo

sys.path.insert(0, str(Path(__file__).parent))
import plan  # beside this file

logger.remove()
logger.add(sys.stderr, level="WARNING")

repo = Repo(os.environ["MATYAN_BACKEND_URL"])
http = repo._http
KINDS = ("images", "texts", "audios", "distributions", "figures")


def listed(value):
    if isinstance(value, dict):
        if value and list(value) == list(range(len(value))):
            return [listed(item) for item in value.values()]
        return {key: listed(item) for key, item in value.items()}
    return value


def numbers(packed):
    return list(struct.unpack(f"<{packed['shape']}d", packed["blob"]))


def read(run_hash):
    run = repo.get_run(run_hash)
    info = http.get_run_info(run_hash)
    props, params, traces = info["props"], info["params"], info["traces"]
    readings = {
        "name": props["name"],
        "description": props["description"],
        "experiment": (props["experiment"] or {}).get("name"),
        "tags": sorted(run.tags),
        "archived": props["archived"],
        "active": props["active"],
        "ended": props["end_time"] is not None,
        "params": sorted(params),
        **{f"param {name}": value for name, value in params.items()},
    }
    metrics = [{"name": m["name"], "context": m["context"]} for m in run.metrics()]
    readings["metrics"] = sorted(plan.key(m["name"], m["context"]) for m in metrics)
    for found in http.get_run_metric_batch(run_hash, metrics, record_density=0):
        which = plan.key(found["name"], found["context"])
        readings[f"steps of {which}"] = found["iters"]
        readings[f"values of {which}"] = found["values"]
    for kind in KINDS:
        readings[kind] = sorted(plan.key(one["name"], one["context"]) for one in traces[kind])
        query = {"record_density": 1000, "index_density": 1000}
        for run_found in http.search_sequence(kind, f"run.hash == '{run_hash}'", **query):
            for trace in listed(run_found["traces"]):
                which = plan.key(trace["name"], trace.get("context", {}))
                # the trace was decoded as a whole; packed arrays of steps do not occur here
                steps = trace["iters"]
                steps = numbers(steps) if isinstance(steps, dict) else steps
                rows = [
                    [int(step), [shown(kind, one) for one in (v if isinstance(v, list) else [v])]]
                    for step, v in zip(steps, trace["values"], strict=True)
                ]
                readings[f"{kind} of {which}"] = rows
    _, records = http.get_run_log_records(run_hash)
    readings["records"] = [
        [step, one["log_level"].lower(), one["message"], listed(one.get("args") or {})]
        for step, one in records
    ]
    readings["artifacts"] = {
        one["path"]: plan.digest(run.get_artifact(one["path"])) for one in info["artifacts"]
    }
    return readings


def shown(kind, value):
    if kind in ("images", "audios"):
        uri = value["blob_uri"]
        content = http.get_blob_batch(kind, [uri])[uri]
    if kind == "images":
        low, high = PILImage.open(io.BytesIO(content)).convert("L").getextrema()
        assert low == high
        size = [value["width"], value["height"]]
        return {
            "caption": value["caption"],
            "size": size,
            "format": value["format"].lower(),
            "shade": low,
        }
    if kind == "audios":
        return {
            "caption": value["caption"],
            "format": value["format"],
            "bytes": plan.digest(content),
        }
    if kind == "distributions":
        weights = numbers(value["data"])
        return {"weights": weights, "bins": value["bin_count"], "range": value["range"]}
    return json.loads(value["data"]) if kind == "figures" else value["data"]


def find(query):
    return [found["hash"] for found in repo.query_runs(query)]


asked = json.loads(sys.argv[1])
sys.stdout.write(
    json.dumps(
        {
            "runs": {run_hash: read(run_hash) for run_hash in asked["runs"]},
            "queries": {query: find(query) for query in asked["queries"]},
        }
    )
)
