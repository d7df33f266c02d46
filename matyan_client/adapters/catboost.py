"""A stream for CatBoost's `log_cout=` that tracks what CatBoost writes to it."""

from __future__ import annotations

import re
from sys import stdout
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import InvalidTypeError

if TYPE_CHECKING:
    import os

    from matyan_client.repo import Repo

__all__ = ["MatyanLogger"]

_SETTING = re.compile(r"\s*(\S+) += +(\S+)\s*")
_ITERATION = re.compile(r"\s*(\d+):\s(.*)", re.DOTALL)
_RESULT = re.compile(r"\b(learn|test\d*|best):\s+(\S+)")


class MatyanLogger(RunAdapter):
    """Tracks the lines that CatBoost logs, and writes them on.

    `0:  learn: 0.69  test: 0.68  best: 0.68 (0) …` is tracked at step 0 of the series named as the
    loss function, in the contexts `{"log": "learn"}`, `test` and `best` (and `test1`, … where there
    are several evaluation sets); `bestTest = 0.68` becomes a param. The logging level must be one
    that shows these lines, as `logging_level="Info"`.

    Args:
        loss_function: the name of the series.
        repo: see `Run`.
        experiment: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
        log_cout: where the lines are written on to; None: nowhere.

    Raises:
        InvalidTypeError: `log_cout` cannot be written to.
    """

    def __init__(
        self,
        loss_function: str = "Loss",
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
        log_cout: Any = stdout,
    ) -> None:
        if log_cout is not None and not hasattr(log_cout, "write"):
            raise InvalidTypeError(f"log_cout must have a method write, which {log_cout!r} lacks.")
        self._loss_function = loss_function
        self._log_cout = log_cout
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @guarded
    def setup(self) -> None:
        """Open the run, if it is not."""
        _ = self.experiment

    def write(self, log: str) -> None:
        """Track what a line of CatBoost's log says, and write it on."""
        self._take_in(log)
        if self._log_cout is not None:
            self._log_cout.write(log)

    def flush(self) -> None:
        """Flush what the lines are written on to."""
        flush = getattr(self._log_cout, "flush", None)
        if flush is not None:
            flush()

    @guarded
    def _take_in(self, log: str) -> None:
        setting = _SETTING.fullmatch(log)
        if setting is not None:
            self._set_params({setting[1]: self._to_number(setting[2])})
            return
        iteration = _ITERATION.fullmatch(log)
        if iteration is not None:
            for label, text in _RESULT.findall(iteration[2]):
                self._track(
                    self._to_number(text),
                    self._loss_function,
                    step=int(iteration[1]),
                    context={"log": label},
                )

    def _to_number(self, val: str) -> float | str:
        """A text as the number it shows, else as it is."""
        try:
            return float(val)
        except ValueError:
            return val
