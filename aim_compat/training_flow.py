"""`TrainingFlow`: a run, and the events of a training that callbacks handle (behaviour M04, U20).

The events are bare: what happens at each is up to the handlers (`handlers.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.handlers import Caller, event
from aim_compat.safe_mode import set_exception_callback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aim_compat.handlers import CallbackHandler
    from aim_compat.run import Run

__all__ = ["TrainingFlow"]


class TrainingFlow(Caller):
    """Tells callbacks what happens in a training; every handler gets `run` besides.

    Args:
        run: the run that handlers track to.
        callbacks: objects with handlers; they hear `init` at once.
    """

    def __init__(self, run: Run, callbacks: Iterable[CallbackHandler] | None = None) -> None:
        super().__init__(callbacks=callbacks)
        self.run = run
        self.init()

    def _extra_kwargs(self) -> dict[str, Any]:
        return {**super()._extra_kwargs(), "run": self.run}

    @event
    def init(self, **kwargs: Any) -> None:
        """Before every other event."""

    @event
    def training_started(self, *, hparams: dict[str, Any], run: Run, **kwargs: Any) -> None:
        """The run is there, and its hyperparameters are known."""

    @event
    def training_metrics_collected(
        self,
        *,
        metrics: dict[str, Any],
        step: int,
        epoch: int | None = None,
        run: Run,
        **kwargs: Any,
    ) -> None:
        """Metrics of training are ready to be tracked."""

    @event
    def validation_metrics_collected(
        self,
        *,
        metrics: dict[str, Any],
        step: int,
        epoch: int | None = None,
        run: Run,
        **kwargs: Any,
    ) -> None:
        """Metrics of validation are ready to be tracked."""

    @event
    def training_successfully_finished(self, *, run: Run, **kwargs: Any) -> None:
        """The training came to its end."""

    @event
    def exception_raised(self, *, exception: Exception, **kwargs: Any) -> None:
        """A call of `Run` failed; heard after `handle_exceptions()`."""

    def handle_exceptions(self) -> None:
        """From now on errors of `Run` calls become the event `exception_raised` (R18)."""

        def tell(error: Exception, function: Callable[..., Any]) -> None:
            self.exception_raised(exception=error, function=function)

        set_exception_callback(tell)
