"""A server over a fresh repository on a real socket, with what the tests of its reads share."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from matyan_client.protocol.batches import Batch
from matyan_client.protocol.streams import ARRAY, OBJECT, Decoder, Folder, Record, progress_of
from matyan_client.server.app import create_app
from matyan_client.store.store import Store

REST = "/api/v1/rest"


class Served:
    """A running server: its store, and a client that speaks to it."""

    def __init__(self, directory: Path, url: str) -> None:
        self.store = Store(directory)
        self.url = url
        self.http = httpx.Client(base_url=url + REST, timeout=30, trust_env=False)

    def write(self, run_hash: str, *messages: dict[str, Any]) -> None:
        """Apply messages as they are."""
        self.store.apply(Batch(run_hash, list(messages)))  # type: ignore[arg-type]  # any message

    def create(self, run_hash: str, *messages: dict[str, Any], at: float = 1.7e9) -> str:
        """Make a run that is active, and write to it."""
        self.write(run_hash, {"type": "create_run", "client_datetime": at}, *messages)
        self.store.beat([run_hash])
        return run_hash

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        """The JSON of an answer, which must have this status."""
        response = self.http.get(path, params=params or None)
        assert response.status_code == status, response.text
        return response.json()

    def post(self, path: str, body: Any, status: int = 200, **params: Any) -> Any:
        """Likewise, with a body."""
        response = self.http.post(path, json=body, params=params)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    def records(
        self, path: str, body: Any = None, headers: Any = None, **params: Any
    ) -> list[Record]:
        """The records of a stream that came whole."""
        method = "GET" if body is None else "POST"
        response = self.http.request(method, path, json=body, params=params, headers=headers)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/octet-stream"
        decoder = Decoder()
        found = decoder.feed(response.content)
        decoder.close()
        return found

    def trees(self, path: str, body: Any = None, **more: Any) -> list[tuple[Any, Any]]:
        """The trees of a stream, progress frames among them."""
        folder = Folder(by_name=path.endswith(("get-batch/", "get-step/")) and path.count("/") > 4)
        return folded(self.records(path, body, **more), folder)

    def trees_by_key(self, path: str, body: Any, **more: Any) -> list[tuple[Any, Any]]:
        """The trees of a batch whose trees have names of their own."""
        return folded(self.records(path, body, **more), Folder())

    def search(self, path: str, **more: Any) -> dict[str, Any]:
        """The runs of a search that came to its end."""
        frames, runs = [], {}
        for key, tree in self.trees(path, **more):
            frame = progress_of(key, tree)
            if frame is None:
                assert key not in runs
                runs[key] = tree
            else:
                frames.append(frame)
        assert frames[-1] == (0, 0)
        return runs


def folded(records: list[Record], folder: Folder) -> list[tuple[Any, Any]]:
    """Records as trees."""
    found: list[tuple[Any, Any]] = []
    for record in records:
        found += folder.add(record)
    return [*found, *folder.finish()]


def plain(value: Any) -> Any:
    """A vector's value: what JSON lacks is written with `$bytes` and the like."""
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return bytes.fromhex(value["$bytes"])
        if set(value) == {"$float"}:
            return float(value["$float"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@contextlib.contextmanager
def serving(directory: Path) -> Iterator[Served]:
    """A server until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(directory)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    served = Served(directory, f"http://127.0.0.1:{listener.getsockname()[1]}")
    try:
        yield served
    finally:
        served.http.close()
        served.store.close()
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
        assert not thread.is_alive()


__all__ = ["ARRAY", "OBJECT", "REST", "Served", "folded", "plain", "serving"]
