"""A stretch of one run's writes: what journals are read into and stores apply.

Messages keep their order; points, which are most of everything, are columns per sequence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matyan_client.protocol.messages import Message

__all__ = ["Batch", "PointColumns"]


@dataclass(slots=True)
class PointColumns:
    """Points of one sequence in the order they were tracked.

    `epochs` is NaN for none; `automatic` tells which steps were counted rather than chosen.
    """

    name: str
    context: dict[str, Any]
    dtype: str
    steps: list[int] = field(default_factory=list)
    values: list[float | int] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    automatic: list[bool] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """Writes of the run `run_hash`; points are keyed by their journal's sequence numbers."""

    run_hash: str
    messages: list[Message] = field(default_factory=list)
    points: dict[int, PointColumns] = field(default_factory=dict)
    start: int = 0
    """Offset in the journal segment where this batch begins."""
    end: int = 0
    """Offset behind its last record."""

    def __bool__(self) -> bool:
        return bool(self.messages or self.points)
