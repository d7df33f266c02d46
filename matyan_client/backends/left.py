"""How much of a spool is not on its server yet, in words for people."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matyan_client.backends.outbox import Progress
from matyan_client.backends.shipped_segments import is_dead, run_of, writes_left

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matyan_client.backends.outbox import Outbox

__all__ = ["Left", "dead_segments", "left_in"]

COUNTED_BYTES_MAX = 64 << 20
"""More than this is told in bytes only: counting means reading."""


@dataclass(slots=True, frozen=True)
class Left:
    """What waits.

    Attributes:
        runs: how many runs it is of.
        writes: how many calls; None if it is too much to count.
        size_bytes: how many bytes of journal.
        elsewhere: journals of other living processes, which bring them themselves.
    """

    runs: int = 0
    writes: int | None = 0
    size_bytes: int = 0
    elsewhere: int = 0

    def __bool__(self) -> bool:
        return self.runs > 0

    def __str__(self) -> str:
        size = (
            f"{self.size_bytes / 1e6:.1f} MB"
            if self.size_bytes >= 1e5
            else (f"{self.size_bytes} bytes")
        )
        runs = f"{self.runs} run{'s' * (self.runs != 1)}"
        if self.writes is None:
            return f"{size} of journals of {runs}"
        return f"{self.writes} write{'s' * (self.writes != 1)} ({size}) of {runs}"


def left_in(
    outbox: Outbox, *, count: bool = True, on_the_way: Mapping[Path, tuple[int, int]] | None = None
) -> Left:
    """What of this process and of dead ones is not acknowledged yet.

    Args:
        outbox: the spool.
        count: whether to count writes, too, if that does not take long.
        on_the_way: of segments that are being sent, how far they were read, and how many messages
            of that are not acknowledged; later ones may be.
    """
    on_the_way = on_the_way or {}
    dead = dead_segments(outbox)
    waiting: list[tuple[Path, int, int]] = []
    elsewhere = 0
    for path in outbox.segments():
        if path not in dead and _pid_of(path) != os.getpid():
            elsewhere += 1
            continue
        acknowledged = Progress(path).offset
        with contextlib.suppress(OSError):
            size = path.stat().st_size
            # Of a dead one the end of its run may be left.
            if size > acknowledged or path in dead:
                waiting.append((path, acknowledged, max(0, size - acknowledged)))
    total = sum(size for _, _, size in waiting)
    writes: int | None = None
    if count and total <= COUNTED_BYTES_MAX:
        writes = 0
        for path, acknowledged, _ in waiting:
            read, pending = on_the_way.get(path, (acknowledged, 0))
            writes += pending + writes_left(path, read)
    return Left(len({run_of(path) for path, _, _ in waiting}), writes, total, elsewhere)


def dead_segments(outbox: Outbox) -> set[Path]:
    """What dead processes left, and nobody removed yet."""
    return {path for path in outbox.segments() if _pid_of(path) != os.getpid() and is_dead(path)}


def _pid_of(path: Path) -> int:
    parts = path.name.split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else -1
