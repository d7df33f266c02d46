"""Ingestion over a real socket: the protocol's vectors, and what a real server gets wrong."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed

from matyan_client.backends.base import SequenceRef
from matyan_client.protocol import messages as make
from matyan_client.protocol.wire import SYNC_NAME, mark, to_wire
from tests.unit.server.live_server import (
    OK,
    RUN,
    TIME,
    Live,
    create,
    exchange,
    live,
    point,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / ".matyan") as served:
        yield served


def plain(value: Any) -> Any:
    """A vector's value."""
    if isinstance(value, dict):
        if set(value) == {"$float"}:
            return float(value["$float"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def series(server: Live, name: str, context: dict[str, Any] | None = None) -> Any:
    (found,) = server.backend.read_series(RUN, [SequenceRef(name, context or {})])
    return found


def points(server: Live, name: str) -> list[tuple[int, float]]:
    found = series(server, name)
    return list(zip(map(int, found.steps), map(float, found.values), strict=True))


# -- the protocol's vectors ----------------------------------------------------------------------


def test_messages_are_accepted_and_refused_as_by_a_real_server(
    server: Live, vectors: dict[str, Any]
) -> None:
    wrong = []
    with server.connect() as socket:
        for case in vectors["ws_messages"]["cases"]:
            reply = exchange(socket, plain(case["message"]))
            expected = "ok" if case["verdict"] == "accepted" else "error"
            if reply["status"] != expected:
                wrong.append((case["name"], reply))
            if expected == "error":
                field = case["errors"][0]["loc"][-1:]
                assert all(name in reply["error"] for name in field), (case["name"], reply)
    assert not wrong


def test_what_no_store_can_hold_is_not_said_to_be_stored(server: Live) -> None:
    with server.connect() as socket:
        reply = exchange(socket, [point(0), point(1 << 70), point(2)])
        assert reply == {"status": "ok", "error": None}
        reply = exchange(socket, [point(3), point(0, name="\ud800"), point(4)])
        assert reply == {"status": "ok", "error": None}
    assert [step for step, _ in points(server, "loss")] == [0, 2, 3, 4]


def test_exchanges(server: Live, vectors: dict[str, Any]) -> None:
    for case in vectors["ws_exchanges"]:
        frame: str | bytes = case["send"]
        if frame == "<binary frame>":
            frame = b"\x00"
        elif frame == "<text frame above 16 MiB>":
            frame = '"' + "x" * (16 << 20) + '"'
        with server.connect() as socket:
            if case["reply"] is None:
                with contextlib.suppress(ConnectionClosed):  # under it, if it is that long
                    socket.send(frame)
                with pytest.raises(ConnectionClosed) as closed:
                    socket.recv(timeout=20)
                assert closed.value.rcvd is not None
                assert f"closed {closed.value.rcvd.code}" == case["connection"]
            else:
                reply = exchange(socket, frame)
                assert reply["status"] == case["reply"]["status"]
                assert (reply["error"] is None) == (case["reply"]["error"] is None)
                assert exchange(socket, []) == OK
    record = server.backend.get_run(RUN)
    assert record is not None
    assert record.tags == ["p1"]


def test_a_frame_just_below_the_limit_is_taken(server: Live) -> None:
    message = {"type": "log_hparams", "value": {"x": ""}}
    room = (16 << 20) - len(json.dumps([message]))
    message["value"] = {"x": "y" * room}
    server.send(message)


def test_frames_of_the_published_client(server: Live, vectors: dict[str, Any]) -> None:
    with server.connect() as socket:
        for frame in vectors["client_frames"]["frames"]:
            assert exchange(socket, frame) == OK
    record = server.backend.get_run(RUN, artifacts=True)
    assert record is not None
    assert (record.name, record.description, record.experiment) == ("nm", "d", "baseline")
    assert record.archived
    assert not record.active
    assert record.end_time == make.parse_time(TIME)
    assert record.tags == []
    assert record.params == {"hparams": {"lr": 0.1, "bs": 3}}
    assert points(server, "n") == [(0, 1.0), (1, 1.0)]
    assert [type(value) for value in (record.sequences or [])] != []
    (log,) = server.backend.read_log_records(RUN)
    assert (log.message, log.level, log.args) == ("w", 30, {"k": 1})
    ((_, value),) = points(server, "bad")
    assert math.isnan(value)


IMPROVED = {
    json.dumps([{"x": 5}, {"x": {"y": 1}}]): {"x": {"y": 1}},
    json.dumps([{"x": {}}, {"x": {"y": 1}}]): {"x": {"y": 1}},
}
"""Parameters that a real server corrupts (protocol section 4.5)."""


def test_parameters_merge(server: Live, vectors: dict[str, Any]) -> None:
    for number, case in enumerate(vectors["params_merge"]):
        run_hash = f"{number:032x}"
        server.send(
            create(),
            *({"type": "log_hparams", "value": value} for value in case["writes"]),
            run_hash=run_hash,
        )
        record = server.backend.get_run(run_hash)
        assert record is not None
        expected = IMPROVED.get(json.dumps(case["writes"]), case["params"])
        assert record.params == expected, case


def test_sequence_semantics(server: Live, vectors: dict[str, Any]) -> None:
    loss = [
        point(5, 5.0, epoch=1),
        point(3, 3.0),
        point(5, 55.0),
        point(None, 6.0),
        point(-2, -2.0),
    ]
    server.send(create(), *loss, point(0, math.nan, "n"), point(1, 1.0, "n"))
    for case in vectors["sequence_semantics"]["get_batch"]:
        found = points(server, case["name"])
        assert [step for step, _ in found] == case["iters"]
        # Better: what a real server makes null stays what it was.
        values = [math.nan if value is None else value for value in case["values"]]
        assert [value for _, value in found] == pytest.approx(values, nan_ok=True)
    record = server.backend.get_run(RUN)
    assert record is not None
    # Better: `last` belongs to the highest step, not to what arrived last.
    assert {each.name: each.last for each in record.sequences or []} == {"loss": 6.0, "n": 1.0}


# -- frames --------------------------------------------------------------------------------------


def test_replies_come_in_order_however_many_frames_are_in_flight(server: Live) -> None:
    with server.connect() as socket:
        for number in range(300):
            good = [point(number), point(number, name=f"m{number % 7}")]
            socket.send("{bad" if number % 10 == 3 else json.dumps(good))
        replies = [json.loads(socket.recv(timeout=20)) for _ in range(300)]
    assert [reply["status"] for reply in replies] == [
        "error" if number % 10 == 3 else "ok" for number in range(300)
    ]
    assert len(points(server, "loss")) == 270


def test_what_precedes_a_refused_message_is_kept_and_what_follows_is_not(server: Live) -> None:
    with server.connect() as socket:
        reply = exchange(socket, [create(), point(0), {"type": "log_metric"}, point(1)])
        assert reply["status"] == "error"
        assert "name" in reply["error"]
        assert "stored" not in reply
    assert points(server, "loss") == [(0, 0.5)]


def test_what_precedes_an_element_that_is_no_object_is_kept(server: Live) -> None:
    with server.connect() as socket:
        socket.send(json.dumps([point(0), 1, point(1)]))
        socket.send(json.dumps([point(2)]))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)
    server.send()
    assert points(server, "loss") == [(0, 0.5)]


def test_frames_of_many_connections_are_stored_side_by_side(server: Live) -> None:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(server.connect(f"{number:032x}")) for number in range(20)]
        for number in range(10):
            for socket in sockets:
                socket.send(json.dumps([create(), *(point(number * 10 + i) for i in range(10))]))
        for socket in sockets:
            for _ in range(10):
                assert json.loads(socket.recv(timeout=20)) == OK
    for number in range(20):
        (found,) = server.backend.read_series(f"{number:032x}", [SequenceRef("loss", {})])
        assert found is not None
        assert list(map(int, found.steps)) == list(range(100))


@pytest.mark.parametrize(
    "run_hash", ["x", "0123456789abcdef", "Ünï-%25 cödé", "a.b_c~d", "A" * 300]
)
def test_any_run_id_without_a_slash(server: Live, run_hash: str) -> None:
    server.send(create(), run_hash=quote(run_hash))
    assert server.backend.list_runs() == [run_hash]


def test_hostile_frames_do_no_harm(server: Live) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    nested: Any = 1
    for _ in range(200):
        nested = {"a": nested}
    frames: list[Any] = [
        "",
        deep,
        '{"type":' + deep + "}",
        {"type": "log_hparams", "value": {"x": nested}},
        {"type": "log_hparams", "value": {"x": 1}, "path": ["nope"]},
        {"type": "log_hparams", "value": {}, "path": [{}]},
        {"type": "log_custom_object", "name": "__matyan__:float:x", "exact": {"type": "nope"}},
        {"type": "log_custom_object", "name": "__matyan__:float:x", "exact": {"type": []}},
        {"type": "log_custom_object", "name": "__matyan__:float:x", "exact": create()},
        point(0, 10**400),
        point(0, epoch_exact="x"),
        '{"type": "log_hparams", "value": {"x": ' + "9" * 5000 + "}}",
        {"type": 5},
        {"type": ["log_metric"]},
    ]
    with server.connect() as socket:
        for frame in frames:
            reply = exchange(socket, frame)
            assert reply["status"] == "error", (frame, reply)
            assert "internal" not in reply["error"]
        assert exchange(socket, [create(), point(0)]) == OK
    assert points(server, "loss") == [(0, 0.5)]
    assert server.backend.list_runs() == [RUN]
    record = server.backend.get_run(RUN)
    assert record is not None
    assert record.params == {}


# -- what runs are -------------------------------------------------------------------------------


def test_a_run_is_active_until_it_is_finished(server: Live) -> None:
    server.send(create(), point(0))
    assert server.backend.list_runs(active=True) == [RUN]
    server.backend.store.database.close()
    record = server.backend.get_run(RUN)
    assert record is not None
    assert record.active
    assert record.end_time is None
    server.send({"type": "finish_run", "client_datetime": "2026-03-01T11:00:00+00:00"})
    assert server.backend.list_runs(active=True) == []
    server.send(point(1))
    record = server.backend.get_run(RUN)
    assert record is not None
    assert not record.active
    assert record.end_time == make.parse_time("2026-03-01T11:00:00+00:00")
    server.send(create())
    assert server.backend.list_runs(active=True) == [RUN]


def test_a_property_of_a_dead_run_does_not_bring_it_back(server: Live) -> None:
    server.backend.submit(RUN, [make.create_run(time=1.7e9)])
    assert server.backend.list_runs(active=True) == []
    server.send({"type": "add_tag", "tag_name": "x"})
    assert server.backend.list_runs(active=True) == []


def test_creating_again_resets_nothing(server: Live) -> None:
    server.send(create(), {"type": "set_run_property", "name": "n"}, point(0))
    server.send({"type": "create_run", "client_datetime": "2027-01-01"})
    record = server.backend.get_run(RUN)
    assert record is not None
    assert record.name == "n"
    assert record.created_at == make.parse_time(TIME)


# -- what travels in another form ----------------------------------------------------------------


def test_what_our_client_sends_comes_back_as_it_was(server: Live) -> None:
    context = {"subset": "val"}

    def sent(*originals: Any) -> None:
        frame = [each for original in originals for each in to_wire(original)]
        server.send(create(), *frame)

    def metric(name: str, value: float, step: int, epoch: float | None) -> Any:
        return make.log_metric(
            name, value, step=step, epoch=epoch, context=context, dtype="float", time=1.7e9
        )

    sent(
        metric("odd", math.inf, 0, None),
        metric("odd", 2.5, 1, 0.5),
        metric("odd", math.nan, 2, 3.0),
        metric("whole", 7, 0, None),
        metric("whole", -(1 << 62), 1, 1e300),
    )
    odd, whole = series(server, "odd", context), series(server, "whole", context)
    assert list(odd.values)[:2] == [math.inf, 2.5]
    assert math.isnan(odd.values[2])
    assert list(odd.epochs)[1:] == [0.5, 3.0]
    assert math.isnan(odd.epochs[0])
    assert list(odd.times) == [1.7e9] * 3
    assert list(whole.integers) == [True, True]
    assert whole.epochs[1] == 1e300

    two = {"type": "list", "items": [{"type": "text", "data": "a"}, {"type": "text", "data": "b"}]}
    sent(
        make.log_custom_object(
            "t", two, step=3, epoch=1.25, context=context, dtype="text", time=1.7e9
        )
    )
    (found,) = server.backend.read_objects(RUN, SequenceRef("t", context))
    assert found.value == two["items"]
    assert (found.step, found.epoch, found.time) == (3, 1.25, 1.7e9)
    record = server.backend.get_run(RUN)
    assert record is not None
    assert sorted(each.name for each in record.sequences or []) == ["odd", "t", "whole"]


def test_marked_parameters_replace_and_remove(server: Live) -> None:
    def params() -> Any:
        record = server.backend.get_run(RUN)
        assert record is not None
        return record.params

    def set_param(key: str, value: Any, **how: Any) -> None:
        server.send({"type": "log_hparams", "value": mark(key, value, replaces=True, **how)})

    server.send(create())
    set_param("a", {"x": 1, "y": {"z": 2}})
    set_param("a", {"x": {"only": 1}})
    assert params() == {"a": {"x": {"only": 1}}}
    set_param("hparams", {"lr": 0.1, "text": "t" * 20_000})
    set_param("b", [{"c": 1}, 2])
    assert params() == {
        "a": {"x": {"only": 1}},
        "hparams": {"lr": 0.1, "text": "t" * 20_000},
        "b": [{"c": 1}, 2],
    }
    set_param("a", None, deleted=True)
    set_param("b", {})
    assert params() == {"hparams": {"lr": 0.1, "text": "t" * 20_000}, "b": {}}
    server.send({"type": "log_hparams", "value": {"b": {"k": 1}}, "path": ["b", "k"]})
    server.send({"type": "log_hparams", "value": {}, "path": ["hparams", "text"], "delete": True})
    assert params() == {"hparams": {"lr": 0.1}, "b": {"k": 1}}


def test_a_log_record_that_comes_twice_is_one(server: Live) -> None:
    (one,) = to_wire(make.log_record("m", 20, 1.5, logger_info=["f.py", 3], id="one"))
    (bare,) = to_wire(make.log_record("m", 20, 1.5, id="two"))
    server.send(create(), one, bare, one)
    server.send(one, bare)
    found = [(each.step, each.logger_info) for each in server.backend.read_log_records(RUN)]
    assert found == [(0, ["f.py", 3]), (1, None)]


def test_properties_are_cleared(server: Live) -> None:
    server.send(create(), {"type": "set_run_property", "name": "n", "experiment": "e"})
    (clear,) = to_wire(make.set_run_property(clear=["name", "experiment"]))
    server.send(clear)
    record = server.backend.get_run(RUN)
    assert record is not None
    assert (record.name, record.experiment) == (None, None)


def test_the_sync_metric_is_read_by_name_and_not_shown(server: Live) -> None:
    server.send(
        create(), point(0, 5, SYNC_NAME, dtype="logs"), point(0, 6, SYNC_NAME, dtype="logs")
    )
    assert points(server, SYNC_NAME) == [(0, 6.0)]
    record = server.backend.get_run(RUN)
    assert record is not None
    assert record.sequences == []


def test_points_and_objects_do_not_mix(server: Live) -> None:
    server.send(create(), point(0, name="x"))
    text = {"type": "log_custom_object", "name": "x", "value": {"type": "text", "data": "d"}}
    with server.connect() as socket:
        reply = exchange(socket, [{**text, "step": 0, "dtype": "text"}, point(1, name="x")])
        assert reply == {"status": "ok", "error": None}
    assert points(server, "x") == [(0, 0.5), (1, 0.5)]


def test_points_of_a_deleted_run_go_nowhere_until_it_is_created(server: Live) -> None:
    server.send(create(), point(0))
    server.backend.delete_run(RUN)
    server.send(point(1), create(), point(2))
    assert points(server, "loss") == [(2, 0.5)]
