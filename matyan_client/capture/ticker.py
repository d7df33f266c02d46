"""One thread per process that calls what wants to be called about once a second."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Ticker"]

INTERVAL_S = 1.0

log = logging.getLogger("matyan_client.capture")


class Ticker:
    """Calls every added function about once a second until it is removed."""

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._calls: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pid = 0

    def add(self, call: Callable[[], None]) -> None:
        """Start calling `call`."""
        with self._lock:
            self._calls.append(call)
            if self._pid != os.getpid() or self._stop.is_set() or len(self._calls) == 1:
                self._stop.set()
                self._stop = threading.Event()
                self._pid = os.getpid()
                threading.Thread(
                    target=self._run,
                    args=(self._stop,),
                    name="matyan-ticker",
                    daemon=True,
                ).start()

    def remove(self, call: Callable[[], None]) -> None:
        """Stop calling `call`; it may be running for the last time."""
        with self._lock:
            if call in self._calls:
                self._calls.remove(call)
            if not self._calls:
                self._stop.set()

    def _run(self, stop: threading.Event) -> None:
        failing = False
        while not stop.wait(self._interval_s):
            with self._lock:
                calls = list(self._calls)
            for call in calls:
                try:
                    call()
                except Exception:
                    if not failing:
                        failing = True
                        log.exception("Capturing terminal output failed; it goes on.")
