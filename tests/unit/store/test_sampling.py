"""Sampling follows the real server, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from matyan_client.protocol.records import Series
from matyan_client.store.sampling import sample


def test_vectors(vectors: dict[str, Any]) -> None:
    series = vectors["sampling"]["series"]
    for case in vectors["sampling"]["get_batch"]:
        if "record_range" in case:
            continue
        steps = series[case["series"]]
        given = Series("s", {}, list(steps), list(steps), list(steps), list(steps))
        assert sample(given, case["record_density"]).steps == case["iters"], case


@pytest.mark.parametrize("density", [1, 2, 3, 10, 99, 100, 101])
def test_never_more_than_asked_for(density: int) -> None:
    steps = [i * i for i in range(100)]
    given = Series("s", {}, steps, steps, steps, steps, integers=[True] * 100)
    kept = sample(given, density)
    assert len(kept) == min(density, 100)
    assert kept.steps == sorted(set(kept.steps))
    assert kept.integers == [True] * len(kept)
