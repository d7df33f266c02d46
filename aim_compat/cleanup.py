"""`AutoClean`: an object's resources are let go when it is collected, or when the process ends.

For classes of Aim's users; runs of this package end by their own means. Knows nothing of runs.
"""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from typing import Any, ClassVar, Generic, TypeVar

__all__ = ["AutoClean", "RobustExec"]

T = TypeVar("T")

log = logging.getLogger("aim.ext.cleanup")  # scripts know it by Aim's name


class RobustExec(threading.Thread):
    """A thread whose work is waited for to the end, even if the user interrupts again and again.

    Args:
        stop_signal: set when the work is done.
        args: as for a thread.
        kwargs: as for a thread.
    """

    def __init__(self, *args: Any, stop_signal: threading.Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stop_signal = stop_signal

    def join(self, timeout: float | None = None) -> None:
        """Wait for the signal."""
        while True:
            try:
                self.stop_signal.wait(timeout)
            except KeyboardInterrupt:
                log.warning("Interrupted; what is open is closed first.")
            else:
                return


class AutoClean(Generic[T]):
    """Calls `_close()` once: by `close()`, when `instance` is collected, or at the end.

    Subclasses override `_close`, and must not hold on to the instance.

    Args:
        instance: what the resources belong to.
    """

    PRIORITY = 10
    """At the end of the process higher ones go first, among equals the youngest."""
    stop_signal: ClassVar[threading.Event] = threading.Event()
    """Set when everything is closed at the end of the process."""

    _registered_with_atexit: ClassVar[bool] = False
    _finalizers: ClassVar[weakref.WeakKeyDictionary[Any, tuple[int, Any]]] = (
        weakref.WeakKeyDictionary()
    )

    def __init__(self, instance: T) -> None:
        self.finalizer = weakref.finalize(instance, self._close)
        self.finalizer.atexit = False  # cleanup() goes by priority
        self._finalizers[instance] = (self.PRIORITY, self.finalizer)
        if not AutoClean._registered_with_atexit:
            AutoClean._registered_with_atexit = True
            atexit.register(AutoClean.cleanup)

    def close(self) -> None:
        """Let go now."""
        self.finalizer()

    def _close(self) -> None:
        """What is to be done; nothing unless a subclass says so."""

    @staticmethod
    def _cleanup() -> None:
        try:
            youngest_first = reversed(list(AutoClean._finalizers.values()))
            for _, finalizer in sorted(youngest_first, key=lambda entry: -entry[0]):
                try:
                    finalizer()
                except Exception:
                    log.exception("A resource could not be closed; the others are.")
        finally:
            AutoClean.stop_signal.set()

    @staticmethod
    def cleanup() -> None:
        """Close everything that is left, and wait for it; called at the end of the process."""
        worker = RobustExec(stop_signal=AutoClean.stop_signal, target=AutoClean._cleanup)
        worker.start()
        worker.join()
