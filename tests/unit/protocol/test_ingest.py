"""The ingest session against a model of a server: what gets there, in which order, how often."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matyan_client.exceptions import CodecError, InvalidInputError, InvalidMessageError
from matyan_client.protocol.ingest import Acknowledged, IngestSession, Refused, Trouble
from matyan_client.protocol.messages import parse_message
from matyan_client.protocol.routes import FRAME_BYTES_MAX, MESSAGE_BYTES_MAX

OK = '{"status": "ok", "error": null}'


class Server:
    """Takes frames as protocol section 3.3 says; `bad` messages are refused."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.broken = False

    def reply(self, frame: str) -> str:
        try:
            parsed = json.loads(frame)
        except ValueError as exc:
            return json.dumps({"status": "error", "error": str(exc)})
        for message in parsed if isinstance(parsed, list) else [parsed]:
            if self.broken:
                return json.dumps({"status": "error", "error": "internal publish error"})
            if message.get("bad"):
                return json.dumps({"status": "error", "error": "it is bad"})
            self.taken.append(message)
        return OK


def text(number: int, *, bad: bool = False) -> str:
    return json.dumps({"n": number, **({"bad": True} if bad else {})})


def frames(session: IngestSession[int]) -> list[str]:
    found = []
    while (frame := session.next_frame()) is not None:
        found.append(frame)
    return found


def run(session: IngestSession[int], server: Server) -> list[Any]:
    """Send until nothing is left; returns the events."""
    events = []
    while not session.idle:
        replies = [server.reply(frame) for frame in frames(session)]
        assert replies, "neither idle nor anything to send"
        events += [session.reply_received(reply) for reply in replies]
    return [event for event in events if event is not None]


def test_frames_are_bounded() -> None:
    session: IngestSession[int] = IngestSession(
        frame_messages=3, frame_bytes=100, window_frames=2, window_bytes=10_000
    )
    for number in range(10):
        session.enqueue(number, text(number))
    sent = frames(session)
    assert [len(json.loads(frame)) for frame in sent] == [3, 3]
    assert session.in_flight == 2
    session.reply_received(OK)
    assert len(frames(session)) == 1

    session = IngestSession(frame_messages=100, frame_bytes=50, window_bytes=60)
    for number in range(10):
        session.enqueue(number, text(number))
    sent = frames(session)
    assert all(len(frame) <= 50 + 2 + 10 for frame in sent)
    assert sum(map(len, sent)) < 60 + 60


def test_a_long_message_is_a_frame_of_its_own() -> None:
    session: IngestSession[int] = IngestSession(frame_bytes=100)
    long = json.dumps({"n": 1, "data": "x" * (MESSAGE_BYTES_MAX - 30)})
    for number, message in enumerate([text(0), long, text(2)]):
        session.enqueue(number, message)
    sent = frames(session)
    assert [len(json.loads(frame)) for frame in sent] == [1, 1, 1]
    assert all(len(frame) <= FRAME_BYTES_MAX for frame in sent)
    with pytest.raises(InvalidInputError, match=f"{MESSAGE_BYTES_MAX} bytes"):
        session.enqueue(3, json.dumps("x" * MESSAGE_BYTES_MAX))
    assert session.queued_bytes == 0


def test_acknowledged_tokens_come_back_in_order() -> None:
    session: IngestSession[int] = IngestSession(frame_messages=4)
    for number in range(10):
        session.enqueue(number, text(number))
    events = run(session, Server())
    assert [token for event in events for token in event.tokens] == list(range(10))
    assert not any(event.stored for event in events)


def test_our_server_says_that_it_is_stored() -> None:
    session: IngestSession[int] = IngestSession()
    session.enqueue(1, text(1))
    frames(session)
    event = session.reply_received('{"status": "ok", "error": null, "stored": true}')
    assert event == Acknowledged([1], True)


def test_only_the_refused_message_is_left_out() -> None:
    session: IngestSession[int] = IngestSession(frame_messages=5)
    server = Server()
    for number in range(15):
        session.enqueue(number, text(number, bad=number == 7))
    events = run(session, server)
    assert [event for event in events if isinstance(event, Refused)] == [
        Refused(7, text(7, bad=True), "it is bad")
    ]
    acknowledged = [t for event in events if isinstance(event, Acknowledged) for t in event.tokens]
    assert sorted(acknowledged) == [n for n in range(15) if n != 7]
    # What is sent again is followed by all that came behind it.
    assert [message["n"] for message in server.taken[-7:]] == [8, 9, 10, 11, 12, 13, 14]


def test_trouble_of_the_server_is_not_the_messages_fault() -> None:
    session: IngestSession[int] = IngestSession(frame_messages=2)
    server = Server()
    for number in range(6):
        session.enqueue(number, text(number))
    server.broken = True
    for _ in range(5):
        replies = [server.reply(frame) for frame in frames(session)]
        assert session.reply_received(replies[0]) == Trouble("internal publish error")
        session.disconnected()
    assert not server.taken
    server.broken = False
    run(session, server)
    assert [message["n"] for message in server.taken] == list(range(6))


def test_a_disconnect_queues_again_in_order() -> None:
    session: IngestSession[int] = IngestSession(frame_messages=2, window_frames=3)
    for number in range(10):
        session.enqueue(number, text(number))
    frames(session)
    session.reply_received(OK)
    session.disconnected()
    assert session.in_flight == 0
    server = Server()
    run(session, server)
    assert [message["n"] for message in server.taken] == list(range(2, 10))


def test_frames_shrink_when_the_server_is_slow_and_grow_again() -> None:
    session: IngestSession[int] = IngestSession(frame_messages=100)
    for number in range(400):
        session.enqueue(number, text(number))
    assert len(json.loads(frames(session)[0])) == 100
    session.disconnected(too_slow=True)
    assert [len(json.loads(frame)) for frame in frames(session)] == [10]
    session.disconnected(too_slow=True)
    assert [len(json.loads(frame)) for frame in frames(session)] == [1]
    session.disconnected(too_slow=True)
    assert [len(json.loads(frame)) for frame in frames(session)] == [1]
    sizes = []
    for _ in range(8):
        session.reply_received(OK)
        sizes += [len(json.loads(frame)) for frame in frames(session)]
    assert max(sizes) == 100


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "nonsense",
        "5",
        "null",
        "[]",
        "{}",
        '{"status": 1}',
        '{"status": "fine"}',
        b"\xff\xfe",
        "[" * 100_000,
    ],
)
def test_replies_that_are_none(reply: str | bytes) -> None:
    session: IngestSession[int] = IngestSession()
    session.enqueue(1, text(1))
    frames(session)
    with pytest.raises(CodecError):
        session.reply_received(reply)
    session.disconnected()
    server = Server()
    run(session, server)
    assert [message["n"] for message in server.taken] == [1]


def test_a_reply_to_nothing() -> None:
    session: IngestSession[int] = IngestSession()
    with pytest.raises(CodecError, match="answers nothing"):
        session.reply_received(OK)


def test_a_probe_carries_nothing() -> None:
    session: IngestSession[int] = IngestSession()
    session.enqueue(1, text(1))
    session.enqueue(2, text(2))
    session.careful()
    assert session.probe() == "[]"
    assert session.next_frame() is None
    assert session.reply_received(OK) == Acknowledged([], False)
    assert session.next_frame() == f"[{text(1)}]"
    session.disconnected()
    assert session.give_up_head() == (1, text(1))
    assert session.give_up_head() == (2, text(2))
    assert session.idle


def test_a_message_that_cannot_be_sent_can_be_given_up() -> None:
    session: IngestSession[int] = IngestSession(frame_messages=2)
    for number in range(4):
        session.enqueue(number, text(number))
    frames(session)
    session.disconnected()
    session.give_up_head()
    server = Server()
    run(session, server)
    assert [message["n"] for message in server.taken] == [1, 2, 3]


def test_exchanges_of_the_real_server(vectors: dict[str, Any]) -> None:
    """Its replies mean to the session what they say, and the model is a model of it."""
    for exchange in vectors["ws_exchanges"]:
        if exchange["reply"] is None:
            continue
        frame = exchange["send"]
        try:
            parsed = json.loads(frame)
        except ValueError:
            continue
        messages = parsed if isinstance(parsed, list) else [parsed]
        session: IngestSession[int] = IngestSession()
        server = Server()
        for number, message in enumerate(messages):
            marked = {**message, **({"bad": True} if not _valid(message) else {})}
            session.enqueue(number, json.dumps(marked))
        sent = session.next_frame() if messages else session.probe()
        assert sent is not None
        reply = json.loads(server.reply(sent))
        assert reply["status"] == exchange["reply"]["status"], frame
        assert len(server.taken) == exchange["published"]
        event = session.reply_received(json.dumps(exchange["reply"]))
        if exchange["reply"]["status"] == "ok":
            assert event == Acknowledged(list(range(len(messages))), False)
        elif len(messages) == 1:
            assert isinstance(event, Refused)
        else:
            assert event is None
            assert not session.idle


def _valid(message: object) -> bool:
    try:
        parse_message(message)
    except InvalidMessageError:
        return False
    return True


def test_frames_of_the_published_client_are_taken_apart_and_put_together(
    vectors: dict[str, Any],
) -> None:
    for frame in vectors["client_frames"]["frames"]:
        session: IngestSession[int] = IngestSession()
        for number, message in enumerate(json.loads(frame)):
            session.enqueue(number, json.dumps(message))
        assert json.dumps(json.loads(session.next_frame() or "")) == frame


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_is_lost_or_left_behind(data: st.DataObject) -> None:
    """Whatever the connection and the server do: every good message is taken, in the end in the
    order given; every token comes back once; only bad messages are refused."""
    session: IngestSession[int] = IngestSession(
        frame_messages=data.draw(st.integers(1, 5), "messages a frame"),
        frame_bytes=data.draw(st.integers(10, 200), "bytes a frame"),
        window_frames=data.draw(st.integers(1, 4), "window"),
    )
    server = Server()
    count = data.draw(st.integers(1, 25), "messages")
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=5), "bad")
    waiting = list(range(count))
    wire: list[str] = []  # frames the server has not looked at
    replies: list[str] = []  # replies we have not looked at
    events: list[Any] = []
    steps = data.draw(
        st.lists(
            st.sampled_from(["queue", "send", "serve", "reply", "cut", "slow", "break", "mend"]),
            max_size=120,
        ),
        "steps",
    )
    for step in [*steps, "mend", "cut"]:
        if step == "queue" and waiting:
            number = waiting.pop(0)
            session.enqueue(number, text(number, bad=number in bad))
        elif step == "send":
            wire += frames(session)
        elif step == "serve" and wire:
            replies.append(server.reply(wire.pop(0)))
        elif step == "reply" and replies:
            event = session.reply_received(replies.pop(0))
            events.append(event)
            if isinstance(event, Trouble):
                step = "cut"
        elif step in ("break", "mend"):
            server.broken = step == "break"
        if step in ("cut", "slow"):
            # The server may have taken any part of what was under way.
            for frame in wire[: data.draw(st.integers(0, len(wire)), "taken before the cut")]:
                server.reply(frame)
            wire, replies = [], []
            session.disconnected(too_slow=step == "slow")
    for number in waiting:
        session.enqueue(number, text(number, bad=number in bad))
    events += run(session, server)

    acknowledged = [t for event in events if isinstance(event, Acknowledged) for t in event.tokens]
    refused = [event.token for event in events if isinstance(event, Refused)]
    assert sorted(acknowledged) == [n for n in range(count) if n not in bad]
    assert sorted(refused) == sorted(bad)
    last = {message["n"]: place for place, message in enumerate(server.taken)}
    order = sorted(last, key=lambda n: last[n])
    assert order == [n for n in range(count) if n not in bad]
    assert session.queued_bytes == 0
