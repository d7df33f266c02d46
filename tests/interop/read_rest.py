"""Reads the plan by plain requests, as the web UI does."""

from __future__ import annotations

import io
import json
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

import plan
from PIL import Image as PILImage

from matyan_client.protocol.streams import Decoder, Folder, decode_series_array, progress_of

KINDS = ("images", "texts", "audios", "distributions", "figures")


class Rest:
    """Requests to one deployment's backend."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/api/v1/rest"

    def raw(self, method: str, path: str, body: Any = None) -> bytes:
        """The bytes of an answer; raises `urllib.error.HTTPError`."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer."""
        return json.loads(self.raw(method, path, body) or b"null")

    def stream(
        self, method: str, path: str, body: Any = None, *, by_name: bool = False
    ) -> list[tuple[Any, Any]]:
        """The trees of a streamed answer, progress frames included."""
        decoder, folder = Decoder(), Folder(by_name=by_name)
        trees = []
        for record in decoder.feed(self.raw(method, path, body)):
            trees += folder.add(record)
        decoder.close()
        return [*trees, *folder.finish()]

    def search(self, kind: str, query: str, **options: Any) -> dict[str, Any]:
        """Runs of a search by hash; the search has to come to its end."""
        asked = urlencode({"q": query, **options})
        found = self.stream("GET", f"/runs/search/{kind}/?{asked}")
        assert progress_of(*found[-1]) == (0, 0)
        return {key: tree for key, tree in found if progress_of(key, tree) is None}


def read(url: str, run_hash: str) -> dict[str, Any]:
    """Everything about a run, as `plan.expected` has it."""
    rest = Rest(url)
    info = rest.json("GET", f"/runs/{run_hash}/info/")
    props, params, traces = info["props"], info["params"], info["traces"]
    readings: dict[str, Any] = {
        "name": props["name"],
        "description": props["description"],
        "experiment": props["experiment"]["name"],
        "tags": sorted(tag["name"] for tag in props["tags"]),
        "archived": props["archived"],
        "active": props["active"],
        "ended": props["end_time"] is not None,
        "params": sorted(params),
        **{f"param {name}": value for name, value in params.items()},
    }
    metrics = [{"name": m["name"], "context": m["context"]} for m in traces["metric"]]
    readings["metrics"] = sorted(plan.key(m["name"], m["context"]) for m in metrics)
    path = f"/runs/{run_hash}/metric/get-batch/?record_density=0"
    for found in rest.json("POST", path, metrics):
        which = plan.key(found["name"], found["context"])
        readings[f"steps of {which}"] = found["iters"]
        readings[f"values of {which}"] = found["values"]
    this_run = f"run.hash == '{run_hash}'"
    for kind in KINDS:
        readings[kind] = sorted(plan.key(one["name"], one["context"]) for one in traces[kind])
        options = {"record_density": 1000, "index_density": 1000}
        for tree in rest.search(kind, this_run, **options).values():
            for trace in tree["traces"]:
                rows = [
                    [step, [_shown(rest, kind, one) for one in _listed(value)]]
                    for step, value in zip(trace["iters"], trace["values"], strict=True)
                ]
                readings[f"{kind} of {plan.key(trace['name'], trace['context'])}"] = rows
    records = rest.stream("GET", f"/runs/{run_hash}/log-records/")
    readings["records"] = [
        [step, one["log_level"].lower(), one["message"], one["args"] or {}]
        for step, one in records
        if isinstance(step, int)
    ]
    readings["artifacts"] = {
        one["path"]: plan.digest(
            rest.raw("GET", f"/runs/{run_hash}/artifacts/download/?path={quote(one['path'])}")
        )
        for one in info["artifacts"]
    }
    return readings


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _shown(rest: Rest, kind: str, value: Any) -> Any:
    if kind in ("images", "audios"):
        ((_, content),) = rest.stream("POST", f"/runs/{kind}/get-batch/", [value["blob_uri"]])
    if kind == "images":
        low, high = PILImage.open(io.BytesIO(content)).convert("L").getextrema()
        assert low == high
        return {
            "caption": value["caption"],
            "size": [value["width"], value["height"]],
            "format": value["format"].lower(),
            "shade": low,
        }
    if kind == "audios":
        digest = plan.digest(content)
        return {"caption": value["caption"], "format": value["format"], "bytes": digest}
    if kind == "distributions":
        weights = decode_series_array(value["data"])
        return {"weights": weights, "bins": value["bin_count"], "range": value["range"]}
    return json.loads(value["data"]) if kind == "figures" else value["data"]


def find(url: str, query: str) -> list[str]:
    """Hashes of the runs a query finds."""
    return list(Rest(url).search("run", query))
