"""What has to be read before a run is written on, for every backend alike, and no longer than
training can wait for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from matyan_client.backends.base import Resumed

if TYPE_CHECKING:
    from collections.abc import Callable

    from matyan_client.backends.base import Backend

__all__ = ["read_resumed", "within"]

T = TypeVar("T")


def read_resumed(backend: Backend, run_hash: str, *, lines: bool) -> Resumed | None:
    """See `Backend.resume`."""
    record = backend.get_run(run_hash, params=False)
    if record is None:
        return None
    next_line = 0
    if lines:
        numbers = (number for number, _ in backend.read_log_lines(run_hash))
        next_line = max(numbers, default=-1) + 1
    return Resumed(record, next_line)


def within(timeout_s: float, call: Callable[[], T], too_late: Callable[[], Exception]) -> T:
    """The result of a call that takes no longer than this.

    Time-outs of a connection count from one byte to the next; a server that sends one now and then
    would be waited for without end. What is late goes on in its thread, which nobody waits for.

    Raises:
        Exception: what the call raises, or `too_late()`.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(call())
        except Exception as exc:  # noqa: BLE001 - raised again by whoever waits
            errors.append(exc)

    thread = threading.Thread(target=work, name="matyan-resume", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if errors:
        raise errors[0]
    if not results:
        raise too_late()
    return results[0]
