"""Applying: idempotent, order-proof, and one bad message costs nobody else anything."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import pytest

from matyan_client.protocol import messages as m
from matyan_client.protocol.batches import Batch, PointColumns
from matyan_client.protocol.records import RunRecord
from matyan_client.store.store import Store


@pytest.fixture
def store(tmp_path: Path):
    store = Store(tmp_path)
    yield store
    store.close()


def points(name: str, steps: list[int], values: list[float], *, automatic: bool) -> PointColumns:
    n = len(steps)
    return PointColumns(
        name, {}, "float", steps, values, [math.nan] * n, [5.0] * n, [automatic] * n
    )


def run(store: Store, run_hash: str = "r") -> RunRecord:
    found = store.get_run(run_hash, params=True, sequences=True, artifacts=True)
    assert found is not None
    return found


def series(store: Store, name: str) -> list[tuple[int, float]]:
    found = store.read_series("r", name, {}, start=None, stop=None, density=None)
    assert found is not None
    return list(zip(map(int, found.steps), map(float, found.values), strict=True))


BATCH = Batch(
    "r",
    [
        m.create_run(time=10.0),
        m.set_run_property(name="n", experiment="e"),
        m.add_tag("t"),
        m.log_hparams({"a": {"b": 1}}),
        m.log_custom_object(
            "o",
            {"type": "text", "data": "x"},
            step=3,
            epoch=1,
            context=None,
            dtype="text",
            time=6.0,
        ),
        m.log_terminal_line("line", 0),
        m.finish_run(time=20.0),
    ],
    {0: points("loss", [0, 1, 2], [1.0, 2.0, 3.0], automatic=False)},
)


def test_twice_is_once(store: Store) -> None:
    store.apply(BATCH)
    once = run(store)
    store.apply(BATCH)
    assert run(store) == once
    assert series(store, "loss") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert once.sequences is not None
    assert [(s.name, s.count) for s in once.sequences] == [("loss", 3), ("o", 1)]
    assert [e.run_count for e in store.list_experiments()] == [1]


def test_a_bad_message_costs_nobody_else(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    bad: list[Any] = [
        m.log_record("m", 2**70, 1.0),
        {"type": "nonsense"},
        {"type": "add_tag"},
        m.log_hparams({}, path=["nowhere"]),
    ]
    good = BATCH.messages
    with caplog.at_level(logging.ERROR):
        store.apply(Batch("r", [*good[:3], *bad, *good[3:]], BATCH.points))
    assert len(caplog.records) == len(bad)
    found = run(store)
    assert (found.name, found.tags, found.params) == ("n", ["t"], {"a": {"b": 1}})
    assert len(series(store, "loss")) == 3


def test_writes_before_the_run_is_created(store: Store) -> None:
    store.apply(Batch("r", [], {0: points("loss", [0], [1.0], automatic=True)}))
    store.apply(Batch("r", [m.create_run(time=10.0)]))
    assert run(store).created_at == 10.0
    assert series(store, "loss") == [(0, 1.0)]


def test_counted_steps_give_way_and_chosen_ones_replace(store: Store) -> None:
    store.apply(BATCH)
    store.apply(Batch("r", [], {0: points("loss", [0, 1], [7.0, 8.0], automatic=True)}))
    assert series(store, "loss") == [(0, 1.0), (1, 2.0), (2, 3.0), (3, 7.0), (4, 8.0)]
    store.apply(Batch("r", [], {0: points("loss", [0, 4], [9.0, 9.5], automatic=False)}))
    assert series(store, "loss") == [(0, 9.0), (1, 2.0), (2, 3.0), (3, 7.0), (4, 9.5)]


def test_deleted_stays_deleted_until_created_anew(store: Store) -> None:
    store.apply(BATCH)
    assert store.delete_run("r")
    store.apply(Batch("r", [m.add_tag("late")], {0: points("loss", [9], [9.0], automatic=False)}))
    assert store.get_run("r", params=False, sequences=False, artifacts=False) is None
    store.apply(BATCH)
    assert run(store).tags == ["t"]
    assert series(store, "loss") == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_journals_are_applied_once_each(store: Store) -> None:
    batch = Batch("r", [m.create_run(time=1.0), m.log_record("once", 20, 1.0)], start=0, end=100)
    for _ in range(2):
        offsets = store.apply_journaled([("j1", batch)], written_at=2.0, alive=True)
        assert offsets == [100]
    assert [r.message for r in store.read_log_records("r", start=0, stop=None)] == ["once"]
    assert store.applied("j1") == 100
    store.forget_journals(["j1"])
    assert store.applied("j1") == 0


@pytest.mark.parametrize(
    "writes",
    range(14),
)
def test_params_merge_as_the_server_merges(
    store: Store, vectors: dict[str, Any], writes: int
) -> None:
    case = vectors["params_merge"][writes]
    store.apply(Batch("r", [m.create_run(time=1.0)]))
    store.apply(Batch("r", [m.log_hparams(value) for value in case["writes"]]))
    if case["status"] == 200 and not any(
        "l" in w and isinstance(w["l"], dict) for w in case["writes"]
    ):
        assert run(store).params == case["params"]
    else:
        # The real server corrupts the record, or turns a list into an object; here the last
        # write is there.
        last = case["writes"][-1]
        ((key, value),) = last.items()
        params = run(store).params
        assert params is not None
        found = params[key]
        if isinstance(value, dict):
            assert all(str(k) in {str(f) for f in found} for k in value)


def test_many_statements_do_not_grow_with_points(store: Store) -> None:
    counted: list[str] = []
    for n in (10, 1000):
        with store.database.writing() as connection:
            connection.set_trace_callback(counted.append)
        counted.clear()
        batch = Batch("r", [m.create_run(time=1.0)])
        batch.points[0] = points(f"m{n}", list(range(n)), [0.5] * n, automatic=True)
        store.apply(batch)
        assert len(counted) < 25
