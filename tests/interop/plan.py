"""What the writers write, and what every reader is to read of it.

Plain data: the published client's environment has neither pytest nor this project.
"""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Any

PARAMS: dict[str, Any] = {
    "hparams": {
        "lr": 0.01,
        "bs": 32,
        "opt": "adam",
        "flag": True,
        "none": None,
        "big": 2**53,
        "nested": {"deep": [1, [2, "x"], {"k": 2.5}]},
        "no members": {},
        "no items": [],
        "1": "digits",
    },
    "dataset": "mnist é 日本",
    "layers": [64, 32, None, 0.5],
    "seed": 42,
    "one": {"two": {"three": 3}},
    "nothing": {},
}

NAME, DESCRIPTION, EXPERIMENT = "first run", "words, ü", "interop experiment"
TAGS, REMOVED_TAG = ["good", "été"], "gone again"

TRAIN, VAL = {"subset": "train"}, {"subset": "val", "fold": 1}

METRICS: list[tuple[str, dict[str, Any], list[tuple[int, float, int | None]]]] = [
    ("loss", TRAIN, [(step, math.sin(step / 7), step // 5) for step in range(120)]),
    ("loss", VAL, [(0, 1.5, None), (5, 1e-300, None), (10, 1.7976931348623157e308, None)]),
    ("acc", {}, [(0, 0.1, 0), (1, 0.2, 0), (2, 0.2, 1)]),
    ("late", {"nested": {"a": [1, 2]}}, [(10**9, -1.0, 3), (10**9 + 7, 0.0, 4)]),
]
MORE_METRICS = [
    ("odd", {}, [(0, math.nan, 0), (1, math.inf, 1), (2, -math.inf, 2), (3, 4.0, 3)]),
    ("fraction", {}, [(0, 1.0, 0.25), (1, 2.0, 0.5)]),
]
"""Those that the published client cannot send."""

IMAGES = [  # name, context, step, caption, shade
    ("sample", TRAIN, 0, "train 0", 10),
    ("sample", TRAIN, 1, "train 1", 60),
]
MORE_IMAGES = [("sample", VAL, 0, "val 0", 200)]
"""The published client gives images of one name and step one key, whatever their context; which of
them is there in the end is chance (12.1, 8)."""
WIDTH, HEIGHT = 6, 4
AUDIO = ("sound", {}, 0, "a tone", 8000)
TEXTS = [("story", {"lang": "en"}, 3, "once ☃"), ("story", {"lang": "en"}, 7, "line\nbreak")]
DISTRIBUTION = ("weights", {}, 0, [1, 5, 2], (0.0, 3.0))
FIGURE = (
    "plot",
    {},
    2,
    {"data": [{"type": "scatter", "x": [1, 2], "y": [2, 1]}], "layout": {"title": {"text": "t"}}},
)
IMAGE_LIST = ("several", {}, 4, [("one", 30), ("two", 90)])
"""Several at one step; the published client cannot send it."""

RECORDS = [("info", "started", {"stage": 1}), ("warning", "hm", {}), ("error", "odd é", {"x": [1]})]
FILES = {"model.bin": bytes(range(256)) * 400, "conf/a.txt": b"alpha\n", "conf/b/c.txt": b""}


def wav() -> bytes:
    """A short tone of 16-bit samples."""
    samples = [int(8000 * math.sin(number / 3)) for number in range(200)]
    data = struct.pack(f"<{len(samples)}h", *samples)
    rate = AUDIO[4]
    form = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1,
                       rate, rate * 2, 2, 16)  # fmt: skip
    return form + struct.pack("<4sI", b"data", len(data)) + data


def digest(content: bytes) -> str:
    """How readings name bytes."""
    return f"{len(content)} bytes {hashlib.sha256(content).hexdigest()[:12]}"


def key(name: str, context: dict[str, Any]) -> str:
    """How readings name a sequence."""
    return f"{name} {sorted(context.items())}"


def expected(*, more: bool) -> dict[str, Any]:
    """What every reader is to read of the first run.

    Args:
        more: with what the published client cannot send.
    """
    metrics = METRICS + (MORE_METRICS if more else [])
    readings: dict[str, Any] = {
        "name": NAME,
        "description": DESCRIPTION,
        "experiment": EXPERIMENT,
        "tags": sorted(TAGS),
        "archived": False,
        "active": False,
        "ended": True,
        "metrics": sorted(key(name, context) for name, context, _ in metrics),
    }
    for name, value in PARAMS.items():
        readings[f"param {name}"] = value
    readings["params"] = sorted(PARAMS)
    for name, context, points in metrics:
        which = key(name, context)
        readings[f"steps of {which}"] = [step for step, _, _ in points]
        readings[f"values of {which}"] = [said(value) for _, value, _ in points]
        readings[f"epochs of {which}"] = [epoch for _, _, epoch in points]
    for kind, sequences in _objects(more).items():
        readings[kind] = sorted(sequences)
        for which, rows in sequences.items():
            readings[f"{kind} of {which}"] = rows
    readings["records"] = [
        [number, level, message, args] for number, (level, message, args) in enumerate(RECORDS)
    ]
    readings["artifacts"] = {path: digest(content) for path, content in FILES.items()}
    return readings


def _objects(more: bool) -> dict[str, dict[str, list[Any]]]:
    images: dict[str, list[Any]] = {}
    for name, context, step, caption, shade in IMAGES + (MORE_IMAGES if more else []):
        images.setdefault(key(name, context), []).append([step, [picture(caption, shade)]])
    if more:
        name, context, step, several = IMAGE_LIST
        images[key(name, context)] = [[step, [picture(*one) for one in several]]]
    texts: dict[str, list[Any]] = {}
    for name, context, step, text in TEXTS:
        texts.setdefault(key(name, context), []).append([step, [text]])
    name, context, step, caption, _ = AUDIO
    sound = [step, [{"caption": caption, "format": "wav", "bytes": digest(wav())}]]
    dist, fig = DISTRIBUTION, FIGURE
    weights = {"weights": [float(w) for w in dist[3]], "bins": len(dist[3]), "range": list(dist[4])}
    return {
        "images": images,
        "texts": texts,
        "audios": {key(name, context): [sound]},
        "distributions": {key(dist[0], dist[1]): [[dist[2], [weights]]]},
        "figures": {key(fig[0], fig[1]): [[fig[2], [fig[3]]]]},
    }


def picture(caption: str, shade: int) -> dict[str, Any]:
    """How readings show an image: all its pixels have one shade."""
    return {"caption": caption, "size": [WIDTH, HEIGHT], "format": "png", "shade": shade}


def said(value: float | None) -> Any:
    """A number that JSON has, or its name."""
    return value if value is None or math.isfinite(value) else repr(float(value))


QUERIES: dict[str, list[str]] = {
    "run.hparams.lr == 0.01": ["first"],
    "run.hparams.lr == 0.02": [],
    f"run.experiment == {EXPERIMENT!r}": ["first", "second"],
    f"{TAGS[0]!r} in run.tags": ["first"],
    f"{REMOVED_TAG!r} in run.tags": [],
    "run.archived == True": ["archived"],
    "run.active == True": [],
    "run.hparams.nested.deep[0] == 1": ["first"],
    "run.dataset != None and 'é' in run.dataset": ["first"],
    "run.one.two.three == 3 and run.seed > 41": ["first"],
    "": ["first", "second"],
}
"""What runs a query finds, archived ones only if it asks for them."""
