"""Hugging Face's Trainer in several processes, as torchrun starts them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def test_one_run_has_the_metrics_of_one_and_the_measurements_of_all(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    training = "tests/frameworks/distributed_hugging_face/training.py"
    (run,) = record_ours(training, free_port(), launcher=(*TORCHRUN, free_port())).ours
    assert (run["experiment"], run["ended"]) == ("two", True)
    assert summary(run)["metric loss {}"][:2] == (8, 8)
    contexts = {
        title.partition(" {")[2]
        for title in run["sequences"]
        if title.startswith("metric __system__cpu")
    }
    assert contexts == {"}", '"node_rank": 1, "rank": 1}'}
