"""Samples what the machine and this process use, in a thread of its own.

Never raises into the program: what cannot be measured is left out, and said once.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import math
import os
import threading
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ResourceSampler", "check_interval"]

INTERVAL_MAX_S = 86_400.0

log = logging.getLogger("matyan_client.capture")


def check_interval(value: Any) -> float:
    """A sampling interval in seconds.

    Raises:
        InvalidTypeError: not a number.
        InvalidInputError: not above 0, or more than a day.
    """
    if isinstance(value, (bool, str)) or not hasattr(type(value), "__float__"):
        raise InvalidTypeError(f"A sampling interval is a number of seconds, not {value!r}.")
    seconds = float(value)
    if not 0 < seconds <= INTERVAL_MAX_S or math.isnan(seconds):
        raise InvalidInputError(
            f"A sampling interval is more than 0 and at most {INTERVAL_MAX_S:.0f} seconds, "
            f"not {value!r}."
        )
    return seconds


class ResourceSampler:
    """Hands measurements to `sink` at once and then every `interval_s` seconds.

    The first one is made however soon `stop()` comes, so that short runs have one, too.

    Names are those of protocol section 7.6; percentages are 0 to 100, temperatures Celsius, power
    watts.

    Args:
        sink: called with ({name: value}, context); context is `{}`, or `{"gpu": index}`.
        interval_s: seconds between samples.
    """

    def __init__(
        self, sink: Callable[[dict[str, float], dict[str, Any]], None], interval_s: float
    ) -> None:
        self._sink = sink
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._failed = False

    def start(self) -> None:
        """Begin to sample; nothing happens if it goes on already."""
        if self._thread is not None and self._pid == os.getpid():
            return
        self._stop = threading.Event()
        self._pid = os.getpid()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name="matyan-resources", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if (
            thread is not None
            and self._pid == os.getpid()
            and thread is not threading.current_thread()
        ):
            thread.join(timeout=5.0)

    def _run(self, stop: threading.Event) -> None:
        try:
            probe = _Probe()
        except Exception:
            log.exception("System metrics cannot be sampled; the program goes on without.")
            return
        while True:
            try:
                for values, context in probe.sample():
                    self._sink(values, context)
            except Exception:
                if not self._failed:
                    self._failed = True
                    log.exception("A sample of system metrics failed; sampling goes on.")
            if stop.wait(self._interval_s):
                break
        probe.close()


class _Probe:
    """What can be measured here."""

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._nvml = self._open_nvml()

    def sample(self) -> list[tuple[dict[str, float], dict[str, Any]]]:
        """Everything once."""
        process, psutil = self._process, self._psutil
        values = {
            "__system__cpu": float(process.cpu_percent()),
            "__system__p_memory_percent": float(process.memory_percent()),
            "__system__memory_percent": float(psutil.virtual_memory().percent),
            "__system__disk_percent": float(psutil.disk_usage(os.path.abspath(os.sep)).percent),
        }
        return [(values, {}), *self._gpus()]

    def _open_nvml(self) -> Any:
        if importlib.util.find_spec("pynvml") is None:
            return None
        try:
            nvml = importlib.import_module("pynvml")
            nvml.nvmlInit()
        except Exception as exc:  # noqa: BLE001 - the library's own errors; no GPU is no trouble
            log.debug("GPU metrics are off: %s", exc)
            return None
        return nvml

    def _gpus(self) -> list[tuple[dict[str, float], dict[str, Any]]]:
        nvml = self._nvml
        if nvml is None:
            return []
        found: list[tuple[dict[str, float], dict[str, Any]]] = []
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            values = {
                "__system__gpu": float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
                "__system__gpu_memory_percent": 100.0 * memory.used / memory.total,
                "__system__gpu_temp": float(
                    nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
                ),
                "__system__gpu_power_watts": nvml.nvmlDeviceGetPowerUsage(handle) / 1000.0,
            }
            found.append((values, {"gpu": index}))
        return found

    def close(self) -> None:
        """Let go of the GPU library."""
        if self._nvml is not None:
            self._nvml.nvmlShutdown()
