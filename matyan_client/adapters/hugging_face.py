"""Records what a Hugging Face `Trainer` logs (extra `hugging-face`)."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from itertools import combinations
from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError

try:
    from transformers.trainer_callback import TrainerCallback
except ImportError as exc:
    raise MissingFrameworkError(
        "transformers", extra="hugging-face", purpose="The callback for Hugging Face's Trainer"
    ) from exc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import TrainerControl, TrainerState, TrainingArguments

__all__ = ["MatyanCallback"]

_PREFIXES = ("train_", "eval_", "test_")
_STATE_KEY = "matyan_run"
"""Where the run is noted in the trainer's state, and so in its checkpoints."""


class MatyanCallback(RunAdapter, TrainerCallback):
    """A callback for `Trainer(callbacks=[...])` that records a training as a run.

    | recorded | as |
    |---|---|
    | training arguments | params `hparams` |
    | the model's config, and its `num_labels` | params `model` |
    | what the trainer logs | metrics named without `train_`, `eval_`, `test_`, which become the context `{"subset": "train"}` and so on; of several evaluation sets, `{"sub_dataset": name}`, too |

    The run begins with the training, or with the first use of `experiment`; it ends with the
    training, and goes on when something is logged after that, or when training is resumed from one
    of its checkpoints, in this or another process. Processes other than the first of a distributed training record nothing.

    Args:
        repo: where runs live; see `Run`.
        experiment: experiment of the run.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
    """  # noqa: E501  # a table

    _is_first: bool | None = None

    def __init__(
        self,
        repo: str | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        super().__init__()
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    def _records_here(self) -> bool:
        return self._joined or (
            super()._records_here() if self._is_first is None else self._is_first
        )

    @guarded
    def setup(
        self,
        args: TrainingArguments | None = None,
        state: TrainerState | None = None,
        model: Any = None,
    ) -> None:
        """Open the run; keep the arguments and the model's config as params."""
        if state is not None:
            self._is_first = state.is_world_process_zero
        if not self.experiment:
            return
        if args is not None:
            self._set_params(args.to_sanitized_dict(), "hparams")
        config = getattr(model, "config", None)
        if config is not None:
            labels = getattr(model, "num_labels", getattr(config, "num_labels", None))
            self._set_params({"model": {**_fields(config), "num_labels": labels}})

    @guarded
    def on_init_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The trainer is ready, and says whether this process is the first of its training."""
        self._is_first = state.is_world_process_zero

    @guarded
    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Training begins, or goes on from a checkpoint: then its run does, too."""
        noted = getattr(state, "stateful_callbacks", None)
        resumed = noted.get(_STATE_KEY) if isinstance(noted, dict) else None
        if resumed and state.is_world_process_zero:
            self._resume(resumed["run_hash"])
        self.setup(args, state, model)
        if isinstance(noted, dict) and self._run_hash is not None:
            noted[_STATE_KEY] = {"run_hash": self._run_hash}

    @guarded
    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Training is over, and so is the run."""
        self.close()

    @guarded
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Track what the trainer logs."""
        if self._run is None:
            self.setup(args, state, model)
        if not logs or not self.experiment:
            return
        common: str | None = None
        for key, value in logs.items():
            name, context = key, {}
            prefix = next((each for each in _PREFIXES if key.startswith(each)), None)
            if prefix is not None:
                name, context = key[len(prefix) :], {"subset": prefix[:-1]}
                if "_" in name:
                    if common is None:
                        common = self.find_most_common_substring(list(logs))
                    data_set = common.split(prefix)[-1]
                    if data_set and name.startswith(f"{data_set}_"):
                        name = name[len(data_set) :].lstrip("_")
                        context["sub_dataset"] = data_set
            self._track(value, name, step=state.global_step, epoch=state.epoch, context=context)

    @staticmethod
    def find_most_common_substring(names: Sequence[str]) -> str:
        """The text that most pairs of names have in common, without `_` at its end.

        By it metrics of several evaluation sets are told apart: `eval_wiki_loss`,
        `eval_wiki_runtime` are of `wiki`. Empty if there is but one name.
        """
        counts: Counter[str] = Counter()
        for one, other in combinations(names, 2):
            match = SequenceMatcher(None, one, other).find_longest_match(0, len(one), 0, len(other))
            counts[one[match.a : match.a + match.size]] += 1
        return max(counts, key=counts.__getitem__, default="").rstrip("_")


def _fields(config: Any) -> dict[str, Any]:
    return dict(config) if isinstance(config, dict) else vars(config)
