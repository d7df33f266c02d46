"""What a reader gets that asks for all of it: nothing is rounded, shortened or left out."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from reading_server import Served, serving

from matyan_client import Run
from matyan_client.backends.base import SequenceRef
from matyan_client.backends.embedded import EmbeddedBackend
from matyan_client.objects import Image, Text
from matyan_client.protocol.run_json import run_from_json
from matyan_client.store.params import decode_param

EXACT = {"X-Matyan-Exact": "1"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str, Any]]:
    """A server, the hash of a run with everything odd in it, and the embedded backend beside."""
    directory = tmp_path_factory.mktemp("repo")
    run = Run(repo=str(directory), capture_terminal_logs=False)
    run["odd"] = {1: "int key", "big": 2**80, "nan": math.nan, "bytes": b"\x00\xff", "\udc00": 1}
    run["__matyan__"] = {"__matyan__": "object"}
    run["text"] = Text("kept \u2603")
    for step, value in enumerate([1, 2**60 + 1, -(2**62) - 1]):
        run.track(value, name="ints", step=step, epoch=0.5)
    for step, value in enumerate([1, 0.5, math.nan, math.inf]):
        run.track(value, name="mixed", step=step * 10, context={"k": 1.0})
    pictures = [
        Image(np.full((2, 2, 3), shade, dtype="uint8"), caption=str(shade)) for shade in range(3)
    ]
    run.track(pictures, name="pictures", step=7, epoch=2)
    run.track(pictures[0], name="pictures", step=9)
    run.log_warning("careful", left=1)
    run_hash = run.hash
    run.close()
    backend = EmbeddedBackend(directory / ".matyan")
    with serving(directory / ".matyan") as served:
        yield served, run_hash, backend
    backend.close()


def test_info(written: tuple[Served, str, EmbeddedBackend]) -> None:
    served, run_hash, backend = written
    answer = served.http.get(f"/runs/{run_hash}/info/", headers=EXACT)
    wanted = backend.get_run(run_hash, artifacts=True)
    found = run_from_json(answer.content, decode_param)
    assert repr(found) == repr(wanted)
    lean = {"params": 0, "sequences": 0, "artifacts": 0}
    answer = served.http.get(f"/runs/{run_hash}/info/", headers=EXACT, params=lean)
    found = run_from_json(answer.content, decode_param)
    assert (found.params, found.sequences, found.artifacts) == (None, None, None)
    assert served.http.get("/runs/none/info/", headers=EXACT).status_code == 404


def test_points(written: tuple[Served, str, EmbeddedBackend]) -> None:
    served, run_hash, backend = written
    refs = [SequenceRef("ints", {}), SequenceRef("none", {}), SequenceRef("mixed", {"k": 1.0})]
    body = [ref._asdict() for ref in refs]
    path = f"/runs/{run_hash}/metric/get-batch/"
    found = dict(served.trees_by_key(path, body, headers=EXACT))
    for place, series in enumerate(backend.read_series(run_hash, refs)):
        columns = found[place]
        if series is None:
            assert columns is None
            continue
        count = len(series)
        assert list(struct.unpack(f"<{count}q", columns["steps"])) == list(series.steps)
        for name in ("epochs", "times"):
            column = struct.unpack(f"<{count}d", columns[name])
            assert repr(list(column)) == repr([float(v) for v in getattr(series, name)])
        values = [
            int(value) if whole else value
            for value, whole in zip(
                struct.unpack(f"<{count}d", columns["values"]), columns["integers"], strict=True
            )
        ]
        for at, value in json.loads(columns.get("big", "{}")).items():
            values[int(at)] = value
        wanted = [
            int(value) if whole else float(value)
            for value, whole in zip(series.values, series.integers or (), strict=True)
        ]
        assert repr(values) == repr(wanted)
    ranged = dict(served.trees_by_key(path, body, headers=EXACT, record_range="10:30"))
    assert struct.unpack("<2q", ranged[2]["steps"]) == (10, 20)
    thinned = dict(served.trees_by_key(path, body, headers=EXACT, record_density=2))
    assert struct.unpack("<2q", thinned[2]["steps"]) == (0, 30)
    assert (
        served.http.post("/runs/none/metric/get-batch/", json=body, headers=EXACT).status_code
        == 404
    )


def test_objects(written: tuple[Served, str, EmbeddedBackend]) -> None:
    served, run_hash, backend = written
    path = f"/runs/{run_hash}/objects/get-batch/"
    found = served.trees_by_key(path, {"name": "pictures", "context": {}}, headers=EXACT)
    wanted = list(backend.read_objects(run_hash, SequenceRef("pictures", {})))
    assert [step for step, _ in found] == [7, 9]
    for (_, text), record in zip(found, wanted, strict=True):
        assert json.loads(text) == {
            "epoch": record.epoch, "time": record.time, "value": record.value
        }  # fmt: skip
    assert isinstance(wanted[0].value, list)
    assert served.trees_by_key(path, {"name": "none", "context": {}}, headers=EXACT) == []
    assert served.http.post("/runs/none/objects/get-batch/", json={"name": "x"}).status_code == 404


def test_log_records(written: tuple[Served, str, EmbeddedBackend]) -> None:
    served, run_hash, _ = written
    (_, count), (_, record) = served.trees(f"/runs/{run_hash}/log-records/", headers=EXACT)
    assert count == 1
    assert (record["message"], record["level"], record["log_level"]) == ("careful", 30, "WARNING")


def test_bytes_by_path(written: tuple[Served, str, EmbeddedBackend]) -> None:
    served, run_hash, backend = written
    (record, _) = backend.read_objects(run_hash, SequenceRef("pictures", {}))
    assert isinstance(record.value, list)
    key = record.value[2]["s3_key"]
    path = key.removeprefix(f"{run_hash}/")
    answer = served.http.get(f"/runs/{run_hash}/artifacts/download/", params={"path": path})
    with backend.open_blob(key) as blob:
        assert answer.content == blob.read()
    assert answer.content.startswith(b"\x89PNG")


def test_search_gives_what_satisfies_all_predicates(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with serving(tmp_path_factory.mktemp("repo") / ".matyan") as served:
        for number in range(600):
            served.create(
                f"{number:032x}",
                {"type": "set_run_property", "archived": number % 3 == 0},
                {"type": "log_hparams", "value": {"hparams": {"n": number}}},
                at=1e9 + number,
            )

        def search(predicates: Any = (), **params: Any) -> list[int]:
            runs = served.search(
                "/runs/search/run/", headers=EXACT, predicates=json.dumps(predicates), **params
            )
            return [int(run_hash, 16) for run_hash in runs]

        assert search() == list(range(599, -1, -1))
        assert search([["archived", "==", True, []]])[:2] == [597, 594]
        assert search([["param", "<", 3, ["hparams", "n"]]])[-3:] == [2, 1, 0]
        assert search([["hash", "in", [f"{7:032x}", f"{5:032x}"], []]]) == [7, 5]
        assert search(limit=2, offset=f"{500:032x}") == [499, 498]
        assert search(offset="unknown") == []
        # What we do not know narrows nothing down.
        for unknown in (
            ["smell", "==", 1, []],
            ["hash", "~", 1, []],
            ["name", "==", 2**70, []],
            ["tag", "in", ["x"], []],
        ):
            assert len(search([unknown])) == 600
        for wrong in ("{", "5", "[5]", "[[]]", '[["hash"]]', "[" * 5_000):
            answer = served.http.get(
                "/runs/search/run/", headers=EXACT, params={"predicates": wrong}
            )
            assert answer.status_code == 400

        runs = served.search(
            "/runs/search/run/", headers=EXACT, predicates="[]", params=0, sequences=1, limit=1
        )
        (text,) = (tree["exact"] for tree in runs.values())
        record = run_from_json(text, decode_param)
        assert (record.params, record.sequences) == (None, [])
        # Without predicates the query counts, and archived runs are left out.
        runs = served.search("/runs/search/run/", headers=EXACT, q="run.hparams.n < 3")
        assert [int(run_hash, 16) for run_hash in runs] == [2, 1]
