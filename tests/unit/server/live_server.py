"""A server over a fresh repository on a real socket, as `matyan-client server` runs it, and a
client that sends frames to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from matyan_client.backends.embedded import EmbeddedBackend
from matyan_client.server.app import create_app
from matyan_client.server.context import Limits
from matyan_client.server.ingestion import Ingestion
from matyan_client.server.running import bind, server_for

REST = "/api/v1/rest"
RUN = "a" * 32
TIME = "2026-03-01T10:00:00.123456+00:00"
OK = {"status": "ok", "error": None, "stored": True}


class Live:
    """A running server, and what it has stored."""

    def __init__(self, directory: Path, port: int, ingestion: Ingestion) -> None:
        self.port = port
        self.ingestion = ingestion
        self.url = f"http://127.0.0.1:{port}"
        self.backend = EmbeddedBackend(directory)
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def connect(self, run_hash: str = RUN, **options: Any) -> ClientConnection:
        """An ingestion socket."""
        return connect(
            f"ws://127.0.0.1:{self.port}/api/v1/ws/runs/{run_hash}",
            max_size=None,
            compression=None,
            **options,
        )

    def send(self, *messages: dict[str, Any], run_hash: str = RUN) -> None:
        """Send messages as one frame, which must be stored."""
        with self.connect(run_hash) as socket:
            assert exchange(socket, list(messages)) == OK

    def close(self) -> None:
        """Close what this opened."""
        self.http.close()
        self.backend.close()


def exchange(socket: ClientConnection, frame: Any) -> Any:
    """Send a frame (a text as it is, else JSON); returns the reply."""
    socket.send(frame if isinstance(frame, str) else json.dumps(frame))
    return json.loads(socket.recv(timeout=20))


def point(step: int | None, value: Any = 0.5, name: str = "loss", **fields: Any) -> dict[str, Any]:
    """A message of one point."""
    return {
        "type": "log_metric",
        "name": name,
        "value": value,
        "step": step,
        "epoch": None,
        "context": None,
        "dtype": "float",
        "client_datetime": TIME,
        **fields,
    }


def create(time: str = TIME) -> dict[str, Any]:
    """The message that creates a run."""
    return {"type": "create_run", "client_datetime": time, "force_resume": True}


@contextlib.contextmanager
def live(directory: Path, limits: Limits | None = None, **options: Any) -> Iterator[Live]:
    """A server until the block ends."""
    limits = limits or Limits()
    listener = bind("127.0.0.1", 0)
    started = threading.Event()
    app = create_app(directory, limits=limits, **options)
    server = server_for(app, limits, ready=started.set)
    thread = threading.Thread(
        target=asyncio.run, args=(server.serve(sockets=[listener]),), daemon=True
    )
    served = Live(directory, listener.getsockname()[1], app.state.ingestion)
    thread.start()
    try:
        assert started.wait(20)
        yield served
    finally:
        served.close()
        server.should_exit = True
        thread.join(timeout=40)
        assert not thread.is_alive()
