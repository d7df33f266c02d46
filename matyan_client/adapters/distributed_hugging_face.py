"""Records a distributed training of Hugging Face's Trainer, with system metrics of all workers
(extra `hugging-face`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from matyan_client.adapters import hugging_face
from matyan_client.adapters._lifecycle import DEFAULT_SYSTEM_TRACKING_INTERVAL, guarded
from matyan_client.adapters._workers import Receiver, Reporter
from matyan_client.exceptions import InvalidInputError, MissingFrameworkError

try:
    import accelerate.utils
except ImportError as exc:
    raise MissingFrameworkError(
        "accelerate", extra="hugging-face", purpose="The callback for distributed trainings"
    ) from exc

if TYPE_CHECKING:
    from accelerate.utils.environment import CPUInformation
    from transformers import TrainerControl, TrainerState, TrainingArguments

__all__ = ["MatyanCallback"]


class MatyanCallback(hugging_face.MatyanCallback):
    """As the callback for one process, and each worker's system metrics are in the run, too.

    Every process of the training makes one. The first records; the others send it what they and
    their machines use, which becomes `__system__...` metrics with the context
    `{"node_rank": 1, "rank": 8}`. Nothing waits for workers, and none that is missing stops
    training.

    Args:
        main_port: where the first process listens for the others.
        repo: where runs live; see `Run`.
        experiment: experiment of the run.
        system_tracking_interval: seconds between samples of system metrics; None samples nothing.
        log_system_params: record packages, environment and the like.
        capture_terminal_logs: record what goes to stdout and stderr.
        main_addr: the first process's host; None: the environment variable `MASTER_ADDR`.
        distributed_information: ranks, as accelerate tells them; None: asked of accelerate.
        connection_timeout: seconds for which workers try to connect.
        workers_only_on_rank_0: only the first process of each node sends.

    Raises:
        InvalidInputError: no address, or no port (a ValueError).
    """

    _workers: Receiver | Reporter | None = None

    def __init__(
        self,
        main_port: int,
        repo: str | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
        main_addr: str | None = None,
        distributed_information: CPUInformation | None = None,
        connection_timeout: int = 60 * 5,
        workers_only_on_rank_0: bool = True,
    ) -> None:
        main_addr = main_addr or os.environ.get("MASTER_ADDR")
        if not main_addr:
            raise InvalidInputError("main_addr is needed: the host of the first process.")
        if not main_port or main_port < 0:
            raise InvalidInputError(f"main_port must be a positive number, not {main_port!r}.")
        super().__init__(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )
        self.distributed_information: Any = (
            distributed_information or accelerate.utils.get_cpu_distributed_information()
        )
        self._address = (main_addr, main_port)
        self._interval_s = system_tracking_interval
        self._patience_s = connection_timeout
        self._every_process = not workers_only_on_rank_0

    def _rank(self) -> int:
        rank: int = self.distributed_information.rank or 0
        return rank

    @guarded
    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Training begins: open the run, and listen for workers or send."""
        super().on_train_begin(args, state, control, model, **kwargs)
        if self._interval_s is None or self._workers is not None:
            return
        known = self.distributed_information
        per_node = 1 if self._every_process else known.local_world_size or 1
        host, port = self._address
        if self._rank() == 0:
            if known.world_size > per_node:
                self._workers = Receiver(port, self._take)
        elif self._every_process or known.local_rank == 0:
            worker = {"node_rank": self._rank() // per_node, "rank": self._rank()}
            reporter = Reporter(host, port, worker, self._interval_s, self._patience_s)
            self._workers = reporter
            reporter.start()

    def _take(self, values: dict[str, float], context: dict[str, Any]) -> None:
        if self._run is not None:
            for name, value in values.items():
                self._track(value, name, context=context)

    def close(self) -> None:
        """Finish the run, and what is sent to it."""
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.stop()
        super().close()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_workers": None}
