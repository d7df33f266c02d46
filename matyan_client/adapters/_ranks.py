"""Which of the processes of one distributed training this is, as its launcher says.

Knows launchers' variables and, if it is loaded, torch; a framework that knows better is asked by
its own adapter.
"""

from __future__ import annotations

import os
import sys

__all__ = ["rank_of_process"]

_LAUNCHERS = (
    ("RANK", "WORLD_SIZE"),  # torchrun, accelerate, DeepSpeed
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("HOROVOD_RANK", "HOROVOD_SIZE"),
    ("PADDLE_TRAINER_ID", "PADDLE_TRAINERS_NUM"),
)
"""Variables with the rank of the process and the number of processes, by launcher."""

_SLURM = ("SLURM_PROCID", "SLURM_NTASKS")


def rank_of_process() -> int:
    """The rank of this process in its training, 0 where it trains alone.

    A process group of torch that is initialized decides; else what launchers set: torchrun,
    accelerate, MPI, Horovod, Paddle, and Lightning for the processes it starts itself. SLURM's
    tasks are one training only if they know each other (`MASTER_ADDR`); a sweep started by `srun`
    is many, and each is recorded.
    """
    torch = sys.modules.get("torch")
    distributed = getattr(torch, "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    launchers = (*_LAUNCHERS, _SLURM) if os.environ.get("MASTER_ADDR") else _LAUNCHERS
    for rank, size in launchers:
        if (_number(size) or 1) > 1 and (found := _number(rank)) is not None:
            return found
    # Lightning counts nodes, and processes of a node; that it is not the first is all there is.
    return (_number("LOCAL_RANK") or 0) + (_number("NODE_RANK") or 0)


def _number(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else None
