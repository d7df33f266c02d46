"""Records what a fastai `Learner` does (extra `fastai`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError

try:
    from fastai.callback.hook import total_params
    from fastai.learner import Callback
    from fastcore.basics import detuplify
except ImportError as exc:
    raise MissingFrameworkError(
        "fastai", extra="fastai", purpose="The callback for fastai's Learner"
    ) from exc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MatyanCallback"]

_NOT_METRICS = ("train_loss", "epoch", "time")


class MatyanCallback(RunAdapter, Callback):
    """A callback for `learn.fit(..., cbs=...)` that records a training as a run.

    | recorded | as |
    |---|---|
    | loss and hyperparameters of the optimizer of each batch | metrics `train_loss`, `lr_0`, ... with `{"subset": "train"}` or `"val"`, by the training's iteration |
    | what the recorder has of each epoch | metrics `valid_loss`, `accuracy`, ... |
    | settings of the learner, its callbacks and data | params |

    The run stays open for the next fit. Searching for a learning rate and predicting are not
    recorded.

    Args:
        repo: where runs live; see `Run`.
        experiment_name: experiment of the run.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
    """  # noqa: E501  # a table

    def __init__(
        self,
        repo: str | None = None,
        experiment_name: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        super().__init__()
        self._configure(
            repo,
            experiment_name,
            system_tracking_interval,
            log_system_params,
            capture_terminal_logs,
        )

    @guarded
    def setup(self, args: Mapping[Any, Any] | None = None) -> None:
        """Open the run; keep `args` as params."""
        if self.experiment and args:
            self._set_params(args)

    @property
    def _is_aside(self) -> bool:
        """Whether this is no training, but a search for a learning rate, or predicting."""
        return hasattr(self.learn, "lr_finder") or hasattr(self.learn, "gather_preds")

    @guarded
    def before_fit(self) -> None:
        """Open the run, and keep the settings."""
        if self._run is None and not self._is_aside:
            self.setup(self.format_config(self.gather_args()))

    @guarded
    def after_batch(self) -> None:
        """Track the loss and the optimizer's hyperparameters."""
        if self._is_aside:
            return
        context = {"subset": "train" if self.training else "val"}
        step = self.train_iter
        self._track(self.loss, "train_loss", step=step, context=context)
        for number, group in enumerate(self.opt.hypers):
            for name, value in group.items():
                self._track(value, f"{name}_{number}", step=step, context=context)

    @guarded
    def after_epoch(self) -> None:
        """Track what the recorder has of the epoch."""
        if self._is_aside:
            return
        for name, value in zip(self.recorder.metric_names, self.recorder.log, strict=False):
            if name not in _NOT_METRICS and value is not None:
                self._track(value, name)

    def gather_args(self) -> dict[Any, Any]:
        """Settings of the learner, its other callbacks and its data."""
        args: dict[Any, Any] = {"Learner": self.learn}
        for callback in self.cbs:
            if callback is not self:
                args[f"{callback}"] = getattr(callback, "__stored_args__", True)
        for describe in (self._inputs, self._settings):
            try:
                args.update(describe())
            except Exception as exc:  # noqa: BLE001  # learners come in many kinds
                self._note_error("settings of the learner", exc)
        return args

    def _inputs(self) -> dict[str, Any]:
        count = self.dls.train.n_inp
        batch = self.dls.valid.one_batch()[:count]
        shapes = [list(detuplify(each).shape) for each in batch]
        return {"n_inp": count} | {
            f"input {number + 1} dim {at + 1}": size
            for number, shape in enumerate(shapes)
            for at, size in enumerate(shape)
        }

    def _settings(self) -> dict[Any, Any]:
        return {
            "batch_size": self.dls.bs,
            "batch_per_epoch": len(self.dls.train),
            "model_parameters": total_params(self.model)[0],
            "device": self.dls.device.type,
            "frozen": bool(self.opt.frozen_idx),
            "frozen_idx": self.opt.frozen_idx,
            **self._pipelines(),
        }

    def _pipelines(self) -> dict[tuple[str, str], str]:
        found = {}
        for owner, of, name in (
            ("dataset", getattr(self.dls, "dataset", None), "tfms"),
            ("dls", self.dls, "after_item"),
            ("dls", self.dls, "before_batch"),
            ("dls", self.dls, "after_batch"),
        ):
            if not hasattr(of, name):
                break
            found[owner, name] = f"{getattr(of, name)}"
        return found

    @classmethod
    def format_config(cls, config: dict[Any, Any]) -> dict[Any, Any]:
        """Settings in which objects that know their arguments are told by these."""
        return {
            key: cls.format_config(value)
            if isinstance(value, dict)
            else cls.format_config_value(value)
            for key, value in config.items()
        }

    @classmethod
    def format_config_value(cls, value: Any) -> Any:
        """The same for one setting."""
        if isinstance(value, list):
            return [cls.format_config_value(item) for item in value]
        if hasattr(value, "__stored_args__"):
            return {**cls.format_config(value.__stored_args__), "_name": value}
        return value
