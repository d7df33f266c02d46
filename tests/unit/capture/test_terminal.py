"""Lines are captured as a terminal would show them, and always reach the real stream."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator

import pytest

from matyan_client.capture.terminal import TerminalCapture


class Sink:
    def __init__(self) -> None:
        self.calls: list[tuple[int, str]] = []

    def __call__(self, number: int, line: str) -> None:
        self.calls.append((number, line))

    @property
    def lines(self) -> dict[int, str]:
        return dict(self.calls)


@pytest.fixture
def out() -> Iterator[io.TextIOWrapper]:
    """A stream that takes attributes, as the real stdout does."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    yield stream
    stream.close()


def shown(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


def capture(
    sink: Callable[[int, str], None], out: io.TextIOWrapper | None, **options: int
) -> TerminalCapture:
    capturing = TerminalCapture(sink, **options)
    # Only here: between fixture and test pytest puts its own stream back.
    with contextlib.redirect_stdout(out):
        capturing.start()
    return capturing


def test_lines_are_numbered_and_still_shown(out: io.TextIOWrapper) -> None:
    sink = Sink()
    capturing = capture(sink, out, first_line=5)
    out.write("one\ntwo\nthr")
    capturing.flush()
    assert sink.lines == {5: "one", 6: "two", 7: "thr"}
    out.write("ee\n")
    capturing.stop()
    assert sink.lines == {5: "one", 6: "two", 7: "three"}
    assert shown(out) == "one\ntwo\nthree\n"
    out.write("after\n")
    assert len(sink.calls) == 4
    assert shown(out).endswith("after\n")


def test_a_progress_bar_costs_few_lines(out: io.TextIOWrapper) -> None:
    sink = Sink()
    capturing = capture(sink, out)
    for i in range(1000):
        out.write(f"\rprogress {i}")
    out.write("\ndone\n")
    capturing.stop()
    assert sink.calls == [(0, "progress 999"), (1, "done")]


def test_the_cursor_goes_up(out: io.TextIOWrapper) -> None:
    sink = Sink()
    capturing = capture(sink, out)
    out.write("a\nb\nc\n\x1b[2AB\nC\nd\n")
    capturing.stop()
    assert sink.lines == {0: "a", 1: "B", 2: "C", 3: "d"}


def test_colours_and_empty_lines_are_kept(out: io.TextIOWrapper) -> None:
    sink = Sink()
    capturing = capture(sink, out)
    out.write("\x1b[31mred\x1b[0m\n\nx\r\ny")
    capturing.stop()
    assert sink.calls == [(0, "\x1b[31mred\x1b[0m"), (1, ""), (2, "x"), (3, "y")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_captures_overlap_in_any_order(out: io.TextIOWrapper, order: tuple[int, int]) -> None:
    sinks = [Sink(), Sink()]
    capturing = [capture(sinks[0], out)]
    out.write("first\n")
    capturing.append(capture(sinks[1], out))
    out.write("both\n")
    capturing[order[0]].stop()
    out.write("one\n")
    capturing[order[1]].stop()
    out.write("none\n")
    assert list(sinks[0].lines.values()) == ["first", "both", "one"][: 2 if order[0] == 0 else 3]
    assert list(sinks[1].lines.values()) == ["both", "one"][: 1 if order[0] == 1 else 2]
    assert "write" not in vars(out)


def test_a_failing_sink_never_reaches_the_program(
    out: io.TextIOWrapper, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(number: int, line: str) -> None:
        raise RuntimeError("no")

    capturing = capture(fail, out)
    out.write("a\nb\n")
    capturing.stop()
    assert shown(out) == "a\nb\n"
    assert len(caplog.records) == 1


def test_missing_streams_are_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    capturing = capture(Sink(), None)
    capturing.stop()


def test_somebody_elses_patch_survives(out: io.TextIOWrapper) -> None:
    sink = Sink()
    capturing = capture(sink, out)
    ours = out.write
    seen: list[str] = []

    def theirs(text: str) -> int:
        seen.append(text)
        return ours(text)

    out.write = theirs  # type: ignore[method-assign]
    out.write("a\n")
    capturing.stop()
    out.write("b\n")
    assert seen == ["a\n", "b\n"]
    assert sink.lines == {0: "a"}
    assert shown(out) == "a\nb\n"
