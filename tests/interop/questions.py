"""What both servers are asked, one after the other; the answers are compared field by field.

A question is a method, a path below `/api/v1/rest` and a body. `{first}` and the like are hashes
of runs that the published client wrote; `{experiment}` and the like are ids, which a question with
`keep` took from its answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import plan

__all__ = ["FRAMES", "QUESTIONS", "Question"]


@dataclass(frozen=True)
class Question:
    """One request."""

    method: str
    path: str
    body: Any = None
    form: Literal["json", "stream", "named", "bytes"] = "json"
    """What the answer is: JSON, a stream of trees by key, one of trees by name, or bytes."""
    keep: str = ""
    """Name for the id in the answer, or in its first element."""
    unordered: bool = False
    """The answer's order is nobody's choice: that of random ids, or of context ids."""


def search(kind: str, query: str, more: str = "", **options: Any) -> Question:
    path = f"/runs/search/{kind}/?q={quote(query)}{more}"
    return Question("GET", path, form="stream", **options)


LOSS = {"name": "loss", "context": plan.TRAIN}
ACC = {"name": "acc", "context": {}}
SAMPLE = {"name": "sample", "context": plan.TRAIN}
RUN = "run.hash == '{first}'"

READS = [
    Question("GET", "/projects/"),
    Question("GET", "/projects/params/", unordered=True),
    Question("GET", "/projects/params/?exclude_params=true", unordered=True),
    Question("GET", "/projects/activity/"),
    Question("GET", "/projects/status/"),
    Question("GET", "/projects/pinned-sequences/"),
    Question("GET", "/experiments/", keep="experiment"),
    Question("GET", "/experiments/search/?q=INTEROP"),
    Question("GET", "/experiments/search/?q=nothing"),
    Question("GET", "/experiments/{experiment}/"),
    Question("GET", "/experiments/{experiment}/runs/", unordered=True),
    Question("GET", "/experiments/{experiment}/activity/"),
    Question("GET", "/experiments/nothing/"),
    Question("GET", "/tags/", unordered=True),
    Question("GET", "/tags/search/?q=GOO", keep="tag"),
    Question("GET", "/tags/{tag}/"),
    Question("GET", "/tags/{tag}/runs/"),
    Question("GET", "/tags/nothing/"),
    Question("GET", "/runs/{first}/info/"),
    Question("GET", "/runs/{first}/info"),
    Question("GET", "/runs/{first}/info/?skip_system=true"),
    Question("GET", "/runs/{first}/info/?sequence=metric&sequence=images"),
    Question("GET", "/runs/{second}/info/"),
    Question("GET", "/runs/{archived}/info/"),
    Question("GET", "/runs/nothing/info/"),
    *(
        Question("POST", f"/runs/{{first}}/metric/get-batch/?{options}", [LOSS, ACC])
        for options in (
            "",
            "record_density=0",
            "record_density=1",
            "record_density=2",
            "record_density=7",
            "record_density=1000",
            "record_range=10:20",
            "record_range=10:",
            "record_range=:5&record_density=3",
            "record_range=nonsense",
        )
    ),
    Question("POST", "/runs/{first}/metric/get-batch/", [{"name": "loss", "context": {}}]),
    Question("POST", "/runs/{first}/metric/get-batch/", []),
    Question("POST", "/runs/{first}/metric/get-batch/", {"name": "loss"}),
    Question("POST", "/runs/nothing/metric/get-batch/", [LOSS]),
    *(search("run", query) for query in plan.QUERIES),
    search("run", "run.hparams.lr == 0.01", "&exclude_params=true"),
    search("run", "run.hparams.lr == 0.01", "&exclude_traces=true"),
    search("run", "run.hparams.lr == 0.01", "&report_progress=false"),
    search("run", "", "&limit=1"),
    search("run", "", "&limit=1&offset={second}"),
    search("run", "", "&offset=nothing"),
    search("run", "", '&sort=[{"field":"date","order":"asc"}]'.replace('"', "%22")),
    search("run", "", '&sort=[{"field":"run","order":"desc"}]'.replace('"', "%22")),
    search("run", "", "&sort=nonsense"),
    search("run", "run.name =="),
    search("run", "run.hash != '' and run.created_at > datetime(2020, 1, 1)"),
    search("run", "run.hash != '' and run.duration > 1000000"),
    search("run", "run.hash != '' and run.metrics['acc'].last == 0.2"),
    search("run", "select x if run.archived == True"),
    search("metric", RUN),
    search("metric", RUN + " and metric.name == 'loss'", "&p=5"),
    search("metric", RUN + " and metric.name == 'loss'", "&p=1"),
    search("metric", RUN + " and metric.context.subset == 'train'", "&p=128"),
    search("metric", RUN + " and metric.name == 'loss'", "&p=5&x_axis=acc"),
    search("metric", "metric.name == 'loss'", unordered=True),
    search("metric", "metric.name =="),
    search("images", RUN),
    search("images", RUN, "&record_range=1:2"),
    search("images", RUN, "&record_density=1"),
    search("images", RUN, "&index_range=0:1"),
    search("images", "images.name == 'sample' and images.context.subset == 'train'"),
    search("images", "images.name == 'nothing'"),
    search("texts", RUN),
    search("texts", RUN, "&record_range=4:"),
    search("audios", RUN),
    search("distributions", RUN),
    search("figures", RUN),
    Question("POST", "/runs/{first}/images/get-batch/", [SAMPLE], form="named"),
    Question("POST", "/runs/{first}/images/get-batch/?record_range=1:2", [SAMPLE], form="named"),
    Question("POST", "/runs/{first}/images/get-step/", [SAMPLE], form="named"),
    Question("POST", "/runs/{first}/images/get-step/?record_step=0", [SAMPLE], form="named"),
    Question("POST", "/runs/{first}/images/get-batch/", [LOSS], form="named"),
    Question("POST", "/runs/nothing/images/get-batch/", [SAMPLE], form="named"),
    Question(
        "POST",
        "/runs/search/metric/align/",
        {
            "align_by": "loss",
            "runs": [
                {"run_id": "{first}", "traces": [{**LOSS, "slice": [0, 50, 1]}]},
                {"run_id": "nothing", "traces": [{**LOSS, "slice": [0, 50, 1]}]},
            ],
        },
        form="stream",
    ),
    Question("POST", "/runs/images/get-batch/", ["nonsense"], form="stream"),
    Question("GET", "/runs/active/", form="stream"),
    Question("GET", "/runs/{first}/logs/", form="stream"),
    Question("GET", "/runs/nothing/logs/", form="stream"),
    Question("GET", "/runs/{first}/log-records/", form="stream"),
    Question("GET", "/runs/{first}/log-records/?record_range=1:", form="stream"),
    Question("GET", "/runs/{first}/log-records/?record_range=0:2", form="stream"),
    Question("GET", "/runs/nothing/log-records/", form="stream"),
    Question("GET", "/runs/{first}/artifacts/download/?path=model.bin", form="bytes"),
    Question("GET", "/runs/{first}/artifacts/download/?path=nothing", form="bytes"),
    Question("GET", "/runs/{first}/artifacts/download/", form="bytes"),
    Question("GET", "/runs/{second}/artifacts/download-all/", form="bytes"),
    Question("GET", "/nothing/"),
    Question("PATCH", "/runs/{first}/"),
]

EDITS = [
    Question("GET", "/runs/{first}/note/"),
    Question("POST", "/runs/{first}/note/", {"content": "a note"}, keep="note"),
    Question("GET", "/runs/{first}/note/{note}/"),
    Question("PUT", "/runs/{first}/note/{note}/", {"content": "another"}),
    Question("GET", "/runs/{first}/note/"),
    Question("POST", "/runs/{first}/note/", {}),
    Question("DELETE", "/runs/{first}/note/{note}/"),
    Question("GET", "/runs/{first}/note/{note}/"),
    Question("PUT", "/runs/{first}/", {"name": "renamed", "description": "new"}),
    Question("PUT", "/runs/{first}/", {"archived": True}),
    Question("PUT", "/runs/{first}/", {"active": True}),
    Question("GET", "/runs/{first}/info/?sequence=texts"),
    Question("PUT", "/runs/{first}/", {"archived": False, "active": False}),
    Question("PUT", "/runs/{first}/", {"experiment": "no such experiment"}),
    Question("GET", "/runs/{first}/info/?sequence=texts"),
    Question("PUT", "/runs/{first}/", {"archived": "perhaps"}),
    Question("PUT", "/runs/nothing/", {"name": "x"}),
    Question("POST", "/runs/{first}/tags/new/", {"tag_name": " added "}, keep="run"),
    Question("GET", "/tags/search/?q=added", keep="added"),
    Question("GET", "/tags/{added}/runs/"),
    Question("DELETE", "/runs/{first}/tags/{added}/"),
    Question("POST", "/runs/nothing/tags/new/", {"tag_name": "x"}),
    Question("POST", "/runs/archive-batch/", ["{second}"]),
    Question("GET", "/runs/{second}/info/?sequence=texts"),
    Question("POST", "/runs/archive-batch/?archive=false", ["{second}"]),
    Question("GET", "/runs/{second}/info/?sequence=texts"),
    Question("POST", "/runs/finish-batch/", ["{second}"]),
    Question("POST", "/experiments/", {"name": " made "}, keep="made"),
    Question("POST", "/experiments/", {"name": "made"}),
    Question("GET", "/experiments/{made}/"),
    Question("PUT", "/experiments/{made}/", {"name": "other", "description": "d"}),
    Question("PUT", "/experiments/{made}/", {"archived": True, "description": "d"}),
    Question("GET", "/experiments/{made}/"),
    Question("POST", "/experiments/{made}/note/", {"content": "n"}, keep="note"),
    Question("GET", "/experiments/{made}/note/"),
    Question("DELETE", "/experiments/{made}/"),
    Question("GET", "/experiments/{made}/"),
    Question("DELETE", "/experiments/nothing/"),
    Question("POST", "/tags/", {"name": "made", "color": "#fff", "description": "d"}, keep="made"),
    Question("POST", "/tags/", {"name": "made"}),
    Question("PUT", "/tags/{made}/", {"name": "other", "color": "#000", "archived": True}),
    Question("GET", "/tags/{made}/"),
    Question("DELETE", "/tags/{made}/"),
    Question("GET", "/tags/{made}/"),
    Question("POST", "/projects/pinned-sequences/", {"sequences": [LOSS]}),
    Question("GET", "/projects/pinned-sequences/"),
    *(
        question
        for kind, new, change in (
            ("dashboards", {"name": "d"}, {"name": "e", "description": "x"}),
            ("apps", {"type": "metric", "state": {"a": [1]}}, {"state": {"b": {}}}),
            ("reports", {"name": "r", "code": "c"}, {"code": "other"}),
        )
        for question in (
            Question("GET", f"/{kind}/"),
            Question("POST", f"/{kind}/", new, keep="one"),
            Question("GET", f"/{kind}/{{one}}/"),
            Question("PUT", f"/{kind}/{{one}}/", change),
            Question("GET", f"/{kind}/"),
            Question("DELETE", f"/{kind}/{{one}}/"),
            Question("GET", f"/{kind}/"),
            Question("GET", f"/{kind}/nothing/"),
            Question("POST", f"/{kind}/", {}),
        )
    ),
    Question("POST", "/runs/{second}/clear-tombstone/"),
    Question("POST", "/runs/delete-batch/", ["{archived}"]),
    Question("DELETE", "/runs/{first}/"),
    search("run", "run.archived == True or run.archived == False"),
    Question("DELETE", "/runs/nothing/"),
]

QUESTIONS = READS + EDITS

NOW = "2026-03-01T10:00:00.123456+00:00"
METRIC = {"type": "log_metric", "name": "m", "value": 1.0, "step": 0, "epoch": None,
          "context": None, "dtype": "float", "client_datetime": NOW}  # fmt: skip

FRAMES: dict[str, Any] = {
    "create": {"type": "create_run", "client_datetime": NOW, "force_resume": True},
    "metric": METRIC,
    "empty batch": [],
    "batch": [METRIC, {**METRIC, "step": 1}],
    "value as text": {**METRIC, "value": "0.5"},
    "value true": {**METRIC, "value": True},
    "value none": {**METRIC, "value": None},
    "step as text": {**METRIC, "step": "7"},
    "step 2.0": {**METRIC, "step": 2.0},
    "step 2.5": {**METRIC, "step": 2.5},
    "step null": {**METRIC, "step": None},
    "step missing": {key: value for key, value in METRIC.items() if key != "step"},
    "context missing": {key: value for key, value in METRIC.items() if key != "context"},
    "context a list": {**METRIC, "context": []},
    "date only": {**METRIC, "client_datetime": "2026-03-01"},
    "date a number": {**METRIC, "client_datetime": 1767225600},
    "date nonsense": {**METRIC, "client_datetime": "soon"},
    "extra field": {**METRIC, "more": 1},
    "other run": {**METRIC, "run_id": "other"},
    "unknown type": {"type": "delete_run"},
    "no type": {"name": "m"},
    "good then bad": [METRIC, {"type": "nonsense"}, METRIC],
    "nan": {**METRIC, "name": "n", "value": float("nan")},
    "hparams": {"type": "log_hparams", "value": {"a": 1}},
    "hparams a list": {"type": "log_hparams", "value": [1]},
    "property": {"type": "set_run_property", "name": "x", "archived": "yes"},
    "property nonsense": {"type": "set_run_property", "archived": "perhaps"},
    "tag": {"type": "add_tag", "tag_name": "t"},
    "tag missing": {"type": "add_tag"},
    "object": {
        "type": "log_custom_object",
        "name": "o",
        "value": {"type": "text", "data": "x"},
        "dtype": "text",
    },
    "object a list": {"type": "log_custom_object", "name": "o", "value": [1]},
    "object dtype null": {"type": "log_custom_object", "name": "o", "value": {}, "dtype": None},
    "line": {"type": "log_terminal_line", "line": "x", "step": 0},
    "line step null": {"type": "log_terminal_line", "line": "x", "step": None},
    "record": {"type": "log_record", "message": "m", "level": 20, "timestamp": 1.0},
    "record level text": {"type": "log_record", "message": "m", "level": "INFO", "timestamp": 1.0},
    "blob": {"type": "blob_ref", "s3_key": "k", "artifact_path": "p"},
    "blob missing": {"type": "blob_ref", "s3_key": "k"},
    "finish": {"type": "finish_run", "client_datetime": NOW},
    "a text": "text",
    "a number": 5,
    "null": None,
    "a list of numbers": [1],
}
"""Frames and how they are called; each goes over a connection of its own, then a metric."""
