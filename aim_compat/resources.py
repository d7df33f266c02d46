"""What a process and its machine use at one moment, in the form of Aim's `Stat`.

For code that borrows these helpers; what `Run(system_tracking_interval=…)` tracks is sampled by
`matyan_client`. psutil, and pynvml for GPUs, are imported when they are used.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from typing import TYPE_CHECKING, Any

from aim_compat.errors import unknown_aggregation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psutil

__all__ = ["Stat", "StatDict", "round10e5"]


def round10e5(val: float) -> float:
    """A number rounded to its sixth digit after the point."""
    return round(val * 10e5) / 10e5


class StatDict:
    """Measurements by name: of the system, and of each GPU.

    Args:
        system: percentages by name.
        gpus: measurements by name, a dict for each GPU.
    """

    AGG_MODE_AVG = "average"
    AGG_MODE_MIN = "min"
    AGG_MODE_MAX = "max"
    AGG_MODE_DIFF = "diff"
    AGG_DEFAULT = AGG_MODE_AVG

    def __init__(
        self, system: dict[str, Any] | None = None, gpus: list[dict[str, Any]] | None = None
    ) -> None:
        self.system = system or {}
        self.gpus = gpus or []

    @classmethod
    def aggregate(cls, items: list[float], mode: str) -> float:
        """One number for several.

        Raises:
            InvalidInputError: no such mode (a ValueError).
        """
        if mode == cls.AGG_MODE_MAX:
            return max(items)
        if mode == cls.AGG_MODE_MIN:
            return min(items)
        if mode == cls.AGG_MODE_AVG:
            return round10e5(sum(items) / len(items))
        if mode == cls.AGG_MODE_DIFF:
            return round10e5(max(items) - min(items))
        raise unknown_aggregation(mode)

    @classmethod
    def aggregate_items(cls, items: list[StatDict], agg_mode: str = AGG_DEFAULT) -> StatDict:
        """One set of measurements for several."""
        gpus = max((len(item.gpus) for item in items or ()), default=0)
        return cls(
            cls._merged([item.system for item in items or ()], agg_mode),
            [
                cls._merged([item.gpus[i] for item in items if i < len(item.gpus)], agg_mode)
                for i in range(gpus)
            ],
        )

    @classmethod
    def _merged(cls, parts: list[dict[str, Any]], mode: str) -> dict[str, Any]:
        names = dict.fromkeys(name for part in parts for name in part)
        return {
            name: cls.aggregate([part[name] for part in parts if name in part], mode)
            for name in names
        }

    def to_dict(self) -> dict[str, Any]:
        """Both, by `system` and `gpus`."""
        return {"system": self.system, "gpus": self.gpus}

    def __str__(self) -> str:
        return json.dumps(self.to_dict())


class Stat:
    """What is used now.

    Args:
        process: a `psutil.Process`, whose share is measured.
    """

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        system, gpus = self.get_stats()
        self._stat = StatDict(system, gpus)

    @property
    def process(self) -> psutil.Process:
        """The process."""
        return self._process

    @property
    def stat_item(self) -> StatDict:
        """All measurements."""
        return self._stat

    @property
    def system(self) -> dict[str, Any]:
        """Percentages: `cpu` and `p_memory_percent` of the process, the others of the machine."""
        return self._stat.system

    @property
    def gpus(self) -> list[dict[str, Any]]:
        """Per GPU: percentages, degrees Celsius, watts; empty without GPU or pynvml."""
        return self._stat.gpus

    def get_stats(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Measure again; system and GPUs."""
        import psutil

        memory = psutil.virtual_memory()
        system = {
            "cpu": self._process.cpu_percent(0.0),
            "memory_percent": memory.used * 100 / memory.total,
            "p_memory_percent": self._process.memory_percent(),
            "disk_percent": psutil.disk_usage(os.path.abspath(os.sep)).percent,
        }
        return {name: round10e5(value) for name, value in system.items()}, list(_gpus())


def _gpus() -> Iterator[dict[str, Any]]:
    if importlib.util.find_spec("pynvml") is None:
        return
    nvml = importlib.import_module("pynvml")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:  # no driver: no GPU
        return
    readings: dict[str, Callable[[Any], float]] = {
        "gpu": lambda gpu: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
        "gpu_memory_percent": lambda gpu: _percent(nvml.nvmlDeviceGetMemoryInfo(gpu)),
        "gpu_temp": lambda gpu: nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU),
        "gpu_power_watts": lambda gpu: nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,
    }
    try:
        for index in range(nvml.nvmlDeviceGetCount()):
            gpu = nvml.nvmlDeviceGetHandleByIndex(index)
            found = {}
            for name, read in readings.items():
                try:
                    found[name] = round10e5(read(gpu))
                except nvml.NVMLError:  # this model does not tell
                    continue
            yield found
    finally:
        nvml.nvmlShutdown()


def _percent(memory: Any) -> float:
    return float(memory.used * 100 / memory.total)
