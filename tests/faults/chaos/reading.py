"""What a deployment holds, asked over its published REST interface and without our client."""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

__all__ = ["Reader"]

PREFIX = "/api/v1/rest"
LENGTH = struct.Struct("<I")


class Reader:
    """Reads one deployment."""

    def __init__(self, backend_url: str, timeout_s: float = 60.0) -> None:
        self.backend_url = backend_url
        self.timeout_s = timeout_s
        # No proxy of the environment, no cookies, no credentials.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _ask(self, path: str, body: Any = None) -> bytes | None:
        """The body of an answer; None for 404."""
        request = urllib.request.Request(
            self.backend_url + PREFIX + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="GET" if body is None else "POST",
        )
        try:
            with self._opener.open(request, timeout=self.timeout_s) as answer:
                data: bytes = answer.read()
                return data
        except urllib.error.HTTPError as exc:
            with exc:
                if exc.code == 404:
                    return None
                raise

    def info(self, run_hash: str) -> dict[str, Any] | None:
        """Props, params, traces and artifacts of a run; None if there is none."""
        data = self._ask(f"/runs/{run_hash}/info/")
        return None if data is None else dict(json.loads(data))

    def is_active(self, run_hash: str) -> bool | None:
        """Whether a run is active; None if there is none."""
        info = self.info(run_hash)
        return None if info is None else bool(info["props"]["active"])

    def points(
        self, run_hash: str, name: str, context: dict[str, Any] | None = None
    ) -> list[tuple[int, float]]:
        """Every point of a metric, in the order of the answer."""
        data = self._ask(
            f"/runs/{run_hash}/metric/get-batch/?record_density=0",
            [{"name": name, "context": context or {}}],
        )
        found = [] if data is None else json.loads(data)
        if not found:
            return []
        return list(zip(found[0]["iters"], found[0]["values"], strict=True))

    def last_step(self, run_hash: str, name: str) -> int:
        """The highest step of a metric; -1 if there is none."""
        data = self._ask(
            f"/runs/{run_hash}/metric/get-batch/?record_density=2",
            [{"name": name, "context": {}}],
        )
        found = [] if data is None else json.loads(data)
        return int(found[0]["iters"][-1]) if found and found[0]["iters"] else -1

    def log_lines(self, run_hash: str) -> dict[int, str]:
        """Captured terminal lines by number."""
        data = self._ask(f"/runs/{run_hash}/logs/?record_range=0:") or b""
        return {path[0]: value for path, value in _records(data)}

    def log_messages(self, run_hash: str) -> list[str]:
        """Messages of log records, in order."""
        data = self._ask(f"/runs/{run_hash}/log-records/?record_range=0:") or b""
        return [value for path, value in _records(data) if path[1:] == ["message"]]

    def texts(self, run_hash: str, name: str) -> dict[int, str]:
        """A sequence of texts by step."""
        found = self._objects(run_hash, "texts", name)
        return {step: item["data"] for step, item in found.items()}

    def images(self, run_hash: str, name: str) -> dict[int, bytes]:
        """The bytes of a sequence of images by step."""
        found = self._objects(run_hash, "images", name)
        uris = {step: item["blob_uri"] for step, item in found.items()}
        blobs: dict[str, bytes] = {}
        data = self._ask("/runs/images/get-batch/", list(uris.values())) or b""
        for path, value in _records(data):
            blobs[path[0]] = value
        return {step: blobs[uri] for step, uri in uris.items()}

    def _objects(self, run_hash: str, kind: str, name: str) -> dict[int, dict[str, Any]]:
        data = self._ask(
            f"/runs/{run_hash}/{kind}/get-batch/?record_density=0&index_density=0",
            [{"name": name, "context": {}}],
        )
        steps: dict[int, int] = {}
        items: dict[int, dict[str, Any]] = {}
        for path, value in _records(data or b""):
            if path[0] == "iters" and len(path) == 2:
                steps[path[1]] = value
            elif path[0] == "values" and len(path) == 4:
                items.setdefault(path[1], {})[path[3]] = value
        return {step: items[at] for at, step in steps.items()}

    def artifact(self, run_hash: str, path: str) -> bytes | None:
        """The bytes of an artifact; None if there is none."""
        return self._ask(
            f"/runs/{run_hash}/artifacts/download/?path={urllib.parse.quote(path, safe='')}"
        )


def _records(data: bytes) -> list[tuple[list[Any], Any]]:
    """Paths and values of a binary stream (protocol section 6); markers of containers left out."""
    found: list[tuple[list[Any], Any]] = []
    at = 0
    while at < len(data):
        key, at = _counted(data, at)
        value, at = _counted(data, at)
        if value[0] < 6:
            found.append((_path(key), _value(value)))
    return found


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    (size,) = LENGTH.unpack_from(data, at)
    at += LENGTH.size
    if at + size > len(data):
        raise ValueError("The stream ends in the middle of a record.")
    return data[at : at + size], at + size


def _path(key: bytes) -> list[Any]:
    found: list[Any] = []
    at = 0
    while at < len(key):
        if key[at] == 0xFE:
            found.append(int.from_bytes(key[at + 1 : at + 9], "big", signed=True))
            at += 10
        else:
            end = key.index(0xFE, at)
            found.append(key[at:end].decode())
            at = end + 1
    return found


def _value(value: bytes) -> Any:
    kind, payload = value[0], value[1:]
    if kind == 0:
        return None
    if kind == 1:
        return payload != b"\0"
    if kind == 2:
        return int.from_bytes(payload, "little", signed=True)
    if kind == 3:
        return struct.unpack("<d", payload)[0]
    return payload.decode() if kind == 4 else payload
