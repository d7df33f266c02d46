"""Thins a series out to a number of points, as protocol section 8.2 says."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from matyan_client.store.series import take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matyan_client.protocol.records import Series

__all__ = ["sample", "sample_overview", "sample_places"]

RANGES_FROM = 128
"""From this density on an overview takes a point of each range of steps."""


def sample(series: Series, density: int) -> Series:
    """At most `density` points, first and last among them; all of them if density <= 0."""
    if density <= 0 or len(series) <= density:
        return series
    return take(series, sample_places(series.steps, density))


def sample_overview(series: Series, density: int) -> Series:
    """At most `density` points, at least one, as a search for metrics gives (8.4)."""
    density = max(density, 1)
    if density < RANGES_FROM or len(series) <= density:
        return sample(series, density)
    return take(series, _range_places(series.steps, density))


def _range_places(steps: Sequence[int], density: int) -> list[int]:
    """First, last, and the first point in each of `density - 2` equal ranges between them."""
    last = len(steps) - 1
    first, span = int(steps[0]), max(int(steps[last]) - int(steps[0]) - 1, 1)
    places, taken = [0], -1
    for at in range(1, last):
        number = min((int(steps[at]) - first - 1) * (density - 2) // span, density - 3)
        if number != taken:
            places.append(at)
            taken = number
    return [*places, last]


def sample_places(steps: Sequence[int], density: int) -> list[int]:
    """Which points of more than `density` ascending steps to keep.

    Targets are whole numbers spread evenly over the step values; each takes the first point at or
    after it. If too few different points come out, points are picked evenly by position instead.
    """
    count = len(steps)
    if density == 1:
        return [0]
    first, last = int(steps[0]), int(steps[-1])
    targets = [first + round((last - first) * i / (density - 1)) for i in range(density)]
    places = sorted({min(at, count - 1) for at in _at_or_after(steps, targets)})
    if len(places) < density:
        places = [round(i * (count - 1) / (density - 1)) for i in range(density)]
    return places


def _at_or_after(steps: Sequence[int], targets: list[int]) -> list[int]:
    """For each target the place of the first step that is not below it."""
    search = getattr(steps, "searchsorted", None)
    if search is None:
        return [bisect_left(steps, target) for target in targets]
    found: list[int] = search(targets).tolist()
    return found
