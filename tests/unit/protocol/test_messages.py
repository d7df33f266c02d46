"""Messages validate as the real server validates them, and survive their own encoding."""

from __future__ import annotations

import math
from typing import Any

import pytest

from matyan_client.exceptions import InvalidInputError, InvalidMessageError
from matyan_client.protocol import messages as m


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$float"}:
            return float(value["$float"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_verdicts_of_the_real_server(vectors: dict[str, Any]) -> None:
    cases = vectors["ws_messages"]["cases"]
    assert len(cases) > 40
    for case in cases:
        try:
            m.parse_message(plain(case["message"]))
        except InvalidMessageError:
            verdict = "rejected"
        else:
            verdict = "accepted"
        assert verdict == case["verdict"], case["name"]


@pytest.mark.parametrize("raw", [None, 5, "x", [], {}, {"type": 5}, {"type": "upload_pending"}])
def test_what_is_no_message(raw: object) -> None:
    with pytest.raises(InvalidMessageError):
        m.parse_message(raw)


def test_an_error_names_field_and_value() -> None:
    with pytest.raises(InvalidMessageError, match=r"log_metric.*value.*'much'"):
        m.parse_message(
            {
                **m.log_metric("x", 1, step=0, epoch=None, context=None, dtype=None, time=0),
                "value": "much",
            }
        )  # type: ignore[misc]


MADE = [
    m.create_run(time=1.5),
    m.log_metric("loss", 0.5, step=3, epoch=1, context={"a": 1}, dtype="float", time=2.0),
    m.log_hparams({"hparams": {"lr": 0.1}}, path=["hparams", 1], delete=False),
    m.finish_run(time=3.0),
    m.set_run_property(name="n", archived=False, clear=["description"]),
    m.add_tag("t"),
    m.remove_tag("t"),
    m.log_custom_object(
        "t",
        {"type": "text", "data": "x"},
        step=None,
        epoch=None,
        context=None,
        dtype="text",
        time=0.0,
    ),
    m.log_terminal_line("line \ud800", 7),
    m.log_record("msg", 20, 1.0, logger_info=["f", 1], extra_args={"a": math.inf}),
    m.blob_ref("k/p", "p", content_type="image/png", sha256="0" * 64, size_bytes=5),
]


@pytest.mark.parametrize("message", MADE, ids=lambda message: message["type"])
def test_what_we_make_validates_and_survives(message: m.Message) -> None:
    assert m.decode_message(m.encode_message(message)) == message
    checked = m.parse_message(message)
    assert {key: value for key, value in message.items() if key != "client_datetime"} == {
        key: value for key, value in checked.items() if key != "client_datetime"
    }


def test_values_json_cannot_hold_are_named() -> None:
    with pytest.raises(InvalidInputError, match="'value' of a log_hparams"):
        m.encode_message(m.log_hparams({"a": object()}))


@pytest.mark.parametrize("data", [b"", b"5", b"[]", b"{}", b'{"type": 1}', b"\xff"])
def test_bytes_that_are_no_message(data: bytes) -> None:
    with pytest.raises(InvalidMessageError):
        m.decode_message(data)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-01T00:00:01.500000+00:00", 1.5),
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:02", 2.0),
        ("1970-01-02", 86400.0),
        (3.25, 3.25),
        ("4", 4.0),
    ],
)
def test_times(value: str | float, seconds: float) -> None:
    assert m.parse_time(value) == seconds


def test_times_round_trip() -> None:
    assert m.parse_time(m.format_time(1772359200.123456)) == 1772359200.123456
    with pytest.raises(InvalidMessageError, match="yesterday"):
        m.parse_time("yesterday")
