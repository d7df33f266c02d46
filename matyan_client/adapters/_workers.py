"""System metrics of the other processes of a training, sent to the one that records.

Measurements go as JSON, one a line, over a TCP connection that each worker opens. They are worth no
trouble: a worker that cannot connect is said once, and training waits for none of this.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from matyan_client.capture.system import ResourceSampler

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Receiver", "Reporter"]

log = logging.getLogger("matyan_client.adapters")

_RETRY_S = 0.5
_SEND_TIMEOUT_S = 5.0
_LINE_MAX = 65_536


class Reporter:
    """Samples what this process and its machine use, and sends it.

    Args:
        host: where the receiver is.
        port: its port.
        worker: what is said of this process with each measurement.
        interval_s: seconds between samples.
        patience_s: how long to try to connect.
    """

    def __init__(
        self, host: str, port: int, worker: dict[str, Any], interval_s: float, patience_s: float
    ) -> None:
        self._address = (host, port)
        self._worker = worker
        self._patience_s = patience_s
        self._connection: socket.socket | None = None
        self._stopped = threading.Event()
        self._sampler = ResourceSampler(self._send, interval_s)

    def start(self) -> None:
        """Connect and send, in the background."""
        threading.Thread(target=self._begin, name="matyan-worker", daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._stopped.set()
        self._sampler.stop()
        if self._connection is not None:
            self._connection.close()

    def _begin(self) -> None:
        give_up = time.monotonic() + self._patience_s
        while not self._stopped.is_set():
            try:
                self._connection = socket.create_connection(self._address, _SEND_TIMEOUT_S)
            except OSError as exc:
                if time.monotonic() > give_up:
                    log.warning(
                        "System metrics of this process are not recorded: %s:%d cannot be reached "
                        "(%s).",
                        *self._address,
                        exc,
                    )
                    return
                self._stopped.wait(_RETRY_S)
            else:
                self._sampler.start()
                return

    def _send(self, values: dict[str, float], context: dict[str, Any]) -> None:
        if self._connection is None or self._stopped.is_set():
            return
        line = json.dumps({"values": values, "context": {**self._worker, **context}}) + "\n"
        try:
            self._connection.sendall(line.encode())
        except OSError as exc:
            self._stopped.set()
            self._sampler.stop()
            log.info("The process that records takes no more system metrics: %s", exc)


class Receiver:
    """Takes what reporters send.

    Args:
        port: where to listen, on all interfaces.
        take: called with ({name: value}, context), from threads of the receiver.

    Raises:
        OSError: the port cannot be had.
    """

    def __init__(self, port: int, take: Callable[[dict[str, float], dict[str, Any]], None]) -> None:
        self._take = take
        self._connections: list[socket.socket] = []
        self._server = socket.create_server(("", port))
        self._threads = [threading.Thread(target=self._accept, name="matyan-workers", daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """Take in what has arrived, and end it."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes accept() where close() does not
        self._server.close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for thread in list(self._threads):
            thread.join(_SEND_TIMEOUT_S)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:  # stopped
                return
            self._connections.append(connection)
            thread = threading.Thread(
                target=self._read, args=(connection,), name="matyan-workers", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _read(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            while line := lines.readline(_LINE_MAX):
                try:
                    sent = json.loads(line)
                    self._take(
                        {str(name): float(value) for name, value in sent["values"].items()},
                        {str(name): int(value) for name, value in sent["context"].items()},
                    )
                except (ValueError, TypeError, KeyError, AttributeError) as exc:
                    log.warning("A connection that sends no system metrics is closed: %s", exc)
                    return
