"""Hugging Face's Trainer in several processes, as torchrun starts them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0")


def test_one_run_has_the_metrics_of_one_and_the_measurements_of_all(
    record_ours: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    training = "tests/frameworks/distributed_hugging_face/training.py"
    (run,) = record_ours(training, str(port), launcher=TORCHRUN).ours
    assert (run["experiment"], run["ended"]) == ("two", True)
    assert summary(run)["metric loss {}"][:2] == (8, 8)
    contexts = {
        title.partition(" {")[2]
        for title in run["sequences"]
        if title.startswith("metric __system__cpu")
    }
    assert contexts == {"}", '"node_rank": 1, "rank": 1}'}
