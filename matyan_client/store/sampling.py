"""Thins a series out to a number of points, as protocol section 8.2 says."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from matyan_client.store.series import take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matyan_client.protocol.records import Series

__all__ = ["sample", "sample_places"]


def sample(series: Series, density: int) -> Series:
    """At most `density` points, first and last among them; all of them if density <= 0."""
    if density <= 0 or len(series) <= density:
        return series
    return take(series, sample_places(series.steps, density))


def sample_places(steps: Sequence[int], density: int) -> list[int]:
    """Which points of more than `density` ascending steps to keep.

    Targets are spread evenly over the step values; each takes the first point at or after it. If
    too few different points come out, points are picked evenly by position instead.
    """
    count = len(steps)
    if density == 1:
        return [0]
    first, last = int(steps[0]), int(steps[-1])
    places: list[int] = []
    for i in range(density):
        target = first + (last - first) * i / (density - 1)
        at = min(bisect_left(steps, target), count - 1)
        if not places or at > places[-1]:
            places.append(at)
    if len(places) < density:
        places = [round(i * (count - 1) / (density - 1)) for i in range(density)]
    return places
