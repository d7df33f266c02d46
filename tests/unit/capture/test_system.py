"""System metrics have the documented names and ranges, and stop when told."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

from matyan_client.capture.environment import system_params
from matyan_client.capture.system import ResourceSampler, check_interval
from matyan_client.exceptions import InvalidInputError


def test_samples_have_the_documented_names() -> None:
    arrived = threading.Event()
    samples: list[tuple[dict[str, float], dict[str, Any]]] = []

    def sink(values: dict[str, float], context: dict[str, Any]) -> None:
        samples.append((values, context))
        arrived.set()

    sampler = ResourceSampler(sink, 0.01)
    sampler.start()
    sampler.start()
    assert arrived.wait(30)
    sampler.stop()
    count = len(samples)
    values, context = samples[0]
    assert context == {}
    assert set(values) == {
        "__system__cpu",
        "__system__p_memory_percent",
        "__system__memory_percent",
        "__system__disk_percent",
    }
    assert 0 < values["__system__memory_percent"] <= 100
    assert 0 < values["__system__disk_percent"] <= 100
    sampler.stop()
    assert len(samples) == count


def test_the_first_sample_does_not_wait_for_the_interval() -> None:
    samples: list[dict[str, float]] = []
    sampler = ResourceSampler(lambda values, _: samples.append(values), 3600)
    sampler.start()
    sampler.stop()
    assert len(samples) >= 1  # one more for each GPU


def test_a_failing_sink_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    calls = threading.Semaphore(0)

    def sink(values: dict[str, float], context: dict[str, Any]) -> None:
        calls.release()
        raise RuntimeError("no")

    sampler = ResourceSampler(sink, 0.01)
    sampler.start()
    for _ in range(3):
        assert calls.acquire(timeout=30)
    sampler.stop()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("value", [0, -1, 1e9, math.nan, math.inf, "x", None, True, object()])
def test_intervals_that_cannot_be(value: object) -> None:
    with pytest.raises(InvalidInputError):
        check_interval(value)


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "hidden")
    monkeypatch.setenv("DB_PASSWORD", "hidden")
    monkeypatch.setenv("HARMLESS", "https://user:hidden@host/x")
    params = system_params()
    assert set(params) == {"executable", "arguments", "packages", "env_variables", "git_info"}
    assert "hidden" not in repr(params["env_variables"])
    assert params["env_variables"]["HARMLESS"] == "https://host/x"
    assert params["packages"]["pytest"] == pytest.__version__
