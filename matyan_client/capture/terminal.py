"""Captures what goes to stdout and stderr, as numbered lines.

`write` only copies text into a buffer; `flush`, which the caller runs about once a second, works
out the lines and hands those that changed to the sink. So a progress bar that redraws itself a
thousand times costs a few lines, not a thousand. Knows nothing of runs.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TerminalCapture"]

log = logging.getLogger("matyan_client.capture")

_CURSOR_UP = re.compile(r"\x1b\[(\d*)A")
_PIECES = re.compile(r"(\n|\r|\x1b\[\d*A)")
BUFFER_MAX = 64 << 20
"""Most characters kept between two flushes; output beyond that is not captured."""


class _Tap:
    """What `sys.stdout.write` becomes while anything captures: the real write, then the copies."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.real = stream.write
        self.listeners: list[Callable[[str], None]] = []

    def write(self, text: Any) -> Any:
        result = self.real(text)
        if isinstance(text, str):
            for listener in tuple(self.listeners):
                listener(text)
        return result


_taps: dict[int, _Tap] = {}
_taps_lock = threading.Lock()


def _listen(stream: Any, listener: Callable[[str], None]) -> _Tap | None:
    if stream is None or not hasattr(stream, "write"):
        return None
    with _taps_lock:
        tap = _taps.get(id(stream))
        if tap is None or tap.stream is not stream:
            tap = _Tap(stream)
            try:
                stream.write = tap.write
            except AttributeError:
                return None  # a stream that cannot be watched
            _taps[id(stream)] = tap
        tap.listeners.append(listener)
        return tap


def _ignore(tap: _Tap, listener: Callable[[str], None]) -> None:
    with _taps_lock:
        if listener in tap.listeners:
            tap.listeners.remove(listener)
        if tap.listeners:
            return
        # Put things back, unless somebody has patched the stream after us: then our tap stays in
        # the chain and does nothing.
        if getattr(tap.stream, "__dict__", {}).get("write") == tap.write:
            del tap.stream.write
            _taps.pop(id(tap.stream), None)


class TerminalCapture:
    """Numbers the lines of stdout and stderr and hands them to `sink`.

    A carriage return starts the line again, a cursor-up sequence goes back to an earlier line: the
    sink then gets that number again. A line without its end is handed over as it is so far.

    Args:
        sink: called with (line number, text) from `flush` and `stop`.
        first_line: number of the first line.
    """

    def __init__(self, sink: Callable[[int, str], None], *, first_line: int = 0) -> None:
        self._sink = sink
        self._first = first_line
        self._line = first_line
        self._lines: dict[int, str] = {}
        """Lines a cursor may still come back to, by number."""
        self._told: dict[int, str] = {}
        self._fresh = True
        """The current line was begun by a carriage return: the next text replaces it."""
        self._pieces: list[str] = []
        self._size = 0
        self._lock = threading.Lock()
        self._flush_lock = threading.Lock()
        self._taps: list[_Tap] = []
        self._failed = False

    def start(self) -> None:
        """Begin to capture; nothing happens if it goes on already."""
        if self._taps:
            return
        taps = [_listen(stream, self._take) for stream in (sys.stdout, sys.stderr)]
        self._taps = [tap for tap in taps if tap is not None]

    def stop(self) -> None:
        """Hand over what is left and give the streams back."""
        taps, self._taps = self._taps, []
        for tap in taps:
            _ignore(tap, self._take)
        self.flush()

    def after_fork_in_child(self) -> None:
        """Stop without handing anything over: what was written before the fork is the parent's to
        tell. Locks may be held by threads that this process does not have."""
        global _taps_lock
        _taps_lock = threading.Lock()
        self._lock, self._flush_lock = threading.Lock(), threading.Lock()
        self._pieces, self._size = [], 0
        self.stop()

    def flush(self) -> None:
        """Hand over every line that is new or has changed."""
        with self._flush_lock:
            with self._lock:
                pieces, self._pieces, self._size = self._pieces, [], 0
            if not pieces:
                return
            changed = self._digest("".join(pieces))
            for number in sorted(changed):
                text = self._lines.get(number, "")
                if self._told.get(number) != text:
                    self._told[number] = text
                    self._tell(number, text)
            self._forget_old()

    def _take(self, text: str) -> None:
        with self._lock:
            if self._size < BUFFER_MAX:
                self._pieces.append(text)
                self._size += len(text)

    def _tell(self, number: int, text: str) -> None:
        try:
            self._sink(number, text)
        except Exception:
            if not self._failed:
                self._failed = True
                log.exception("A captured line could not be kept; the program goes on.")

    def _digest(self, text: str) -> set[int]:
        """Work text into the lines; returns the numbers that changed."""
        changed: set[int] = set()
        for piece in _PIECES.split(text):
            if not piece:
                continue
            if piece == "\n":
                self._lines.setdefault(self._line, "")
                changed.add(self._line)
                self._line += 1
                self._fresh = self._line in self._lines
            elif piece == "\r":
                self._fresh = True
            elif (up := _CURSOR_UP.fullmatch(piece)) is not None:
                self._line = max(self._first, self._line - int(up[1] or 1))
                self._fresh = True
            else:
                kept = "" if self._fresh else self._lines.get(self._line, "")
                self._lines[self._line] = kept + piece
                self._fresh = False
                changed.add(self._line)
        return changed

    def _forget_old(self) -> None:
        """Cursors do not go back for ever."""
        limit = self._line - 1000
        if len(self._lines) > 2000:
            self._lines = {n: text for n, text in self._lines.items() if n >= limit}
            self._told = {n: text for n, text in self._told.items() if n >= limit}
