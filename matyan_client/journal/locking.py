"""Tells whether the process that writes a journal is alive: it holds a lock the kernel drops.

POSIX: `flock` on the segment. Windows: one byte far behind its end. Where the file system has no
locks (some network mounts) nothing is known, and callers fall back on the file's age.
"""

from __future__ import annotations

import os
import sys

__all__ = ["LockUnsupportedError", "is_locked", "try_lock"]


class LockUnsupportedError(OSError):
    """The file system cannot lock."""


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30

    def try_lock(fd: int) -> bool:
        """Take the lock if nobody has it. It is dropped when the file is closed."""
        here = os.lseek(fd, 0, os.SEEK_CUR)
        try:
            os.lseek(fd, _FAR, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(fd, here, os.SEEK_SET)
        return True

    def is_locked(fd: int) -> bool:
        """Whether somebody has the lock; whoever asks at the same time may be taken for one."""
        return not try_lock(fd)

else:
    import fcntl

    def try_lock(fd: int) -> bool:
        """Take the lock if nobody has it. It is dropped when the last copy of `fd` is closed.

        Raises:
            LockUnsupportedError: the file system does not know locks.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as exc:
            raise LockUnsupportedError(exc.errno, exc.strerror) from exc
        return True

    def is_locked(fd: int) -> bool:
        """Whether somebody has the lock. Any number of processes and threads may ask at once
        without seeing each other; the file is to be closed afterwards.

        Raises:
            LockUnsupportedError: the file system does not know locks.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError as exc:
            raise LockUnsupportedError(exc.errno, exc.strerror) from exc
        return False
