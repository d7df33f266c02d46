"""What events and `exception_resistant` say, where the conformance suite sees only results."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from aim_compat.errors import EventSignatureError, HandlerSignatureError
from aim_compat.handlers import Caller, event, on
from aim_compat.safe_mode import disable_safe_mode, enable_safe_mode, exception_resistant


def test_a_failing_handler_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    class Handlers:
        @on.e
        def fails_here(self, **kwargs: Any) -> None:
            raise ValueError("the reason")

    with caplog.at_level(logging.WARNING, logger="aim.sdk.callbacks.caller"):
        Caller([Handlers()]).trigger("e")
    first, second = (record.getMessage() for record in caplog.records)
    assert "fails_here" in first
    assert "in fails_here" in second
    assert second.rstrip().endswith("ValueError: the reason")


def test_refusals_say_what_is_wrong() -> None:
    def handler(self: Any, step: int) -> None: ...
    def starry(self: Any, *args: Any) -> None: ...

    with pytest.raises(HandlerSignatureError, match=r"handler.*\*\*kwargs"):
        on.e(handler)
    with pytest.raises(EventSignatureError, match=r"starry.*by keyword"):
        event(starry)


def test_resistant_functions_print_six_errors(capsys: pytest.CaptureFixture[str]) -> None:
    @exception_resistant(silent=False)
    def fail(number: int) -> None:
        raise ValueError(f"error {number}")

    for number in range(9):
        fail(number)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:-1] == [f"`fail`: error {number}" for number in range(6)]
    assert len(lines) == 8

    @exception_resistant(silent=True)
    def quiet() -> None:
        raise ValueError

    quiet()
    assert capsys.readouterr().out == ""


def test_safe_mode_says_what_failed_each_time(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from aim_compat import Run

    run = Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    enable_safe_mode()
    try:
        with caplog.at_level(logging.WARNING, logger="aim.ext.exception_resistant"):
            for _ in range(3):
                run.track("x", name="a")
            run.track(1.0, name="a")
    finally:
        disable_safe_mode()
    text = 'is neither python number nor AimObject" raised in function "track"'
    assert [text in record.getMessage() for record in caplog.records] == [True] * 3
    assert [metric.name for metric in run.metrics()] == ["a"]
    with pytest.raises(ValueError, match="neither python number"):
        run.track("x", name="a")
    run.close()
