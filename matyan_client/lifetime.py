"""Finishes open runs when their process ends: normally, or by SIGTERM.

A run that is killed outright needs nothing from here: its journal has everything, and whoever
opens the repository next sees that it ended.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from matyan_client.backends import select

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["forget", "watch"]


class _Closable(Protocol):
    def _close(self, timeout_s: float) -> None: ...

    def _after_fork_in_child(self) -> None: ...


_open: weakref.WeakSet[_Closable] = weakref.WeakSet()
_registered = False


def watch(run: _Closable) -> None:
    """Close `run` when the process ends, unless it was closed or collected before."""
    global _registered
    _open.add(run)
    if not _registered:
        _registered = True
        # Later than the backend registered its own, hence called before it.
        atexit.register(_close_all)
        _catch_sigterm()


def forget(run: _Closable) -> None:
    """`run` was closed."""
    _open.discard(run)


def _close_all() -> None:
    # Their backends wait for the delivery of all of them together when they are closed.
    for run in list(_open):
        run._close(0.0)


def _catch_sigterm() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    # Only where nobody else has an opinion.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    del frame
    _close_all()
    select.close_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _after_fork_in_child() -> None:
    for run in list(_open):
        run._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
