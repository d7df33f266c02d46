"""Uploads by presigned URL: what they are bound to, and what is readable afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from matyan_client.exceptions import BlobNotFoundError
from matyan_client.protocol.routes import PRESIGN
from matyan_client.server.context import Limits
from tests.unit.server.live_server import RUN, Live, create, live


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    limits = Limits(upload_bytes=3 << 20, upload_url_s=1000)
    with live(tmp_path / ".matyan", limits) as served:
        yield served


def presign(server: Live, path: str, **more: str) -> dict[str, Any]:
    body = {"run_id": RUN, "artifact_path": path, **more}
    response = server.http.post(PRESIGN, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def upload(server: Live, path: str, data: bytes, content_type: str = "text/plain") -> str:
    answer = presign(server, path, content_type=content_type)
    response = httpx.put(answer["upload_url"], content=data, headers={"Content-Type": content_type})
    assert response.status_code == 200, response.text
    return str(answer["s3_key"])


def read(server: Live, key: str) -> bytes:
    with server.backend.open_blob(key) as file:
        return file.read()


def refer(server: Live, key: str, path: str, **more: Any) -> None:
    server.send(create(), {"type": "blob_ref", "s3_key": key, "artifact_path": path, **more})


def test_the_protocols_vectors(server: Live, vectors: dict[str, Any]) -> None:
    for case in vectors["presign"]:
        response = server.http.post(PRESIGN, json=case["request"])
        assert response.status_code == 200
        assert response.headers["X-Request-ID"]
        assert set(response.json()) == {"upload_url", "s3_key", "headers"}
        assert response.json()["s3_key"] == case["response_shape"]["s3_key"]
        assert response.json()["headers"] is None


def test_an_artifact_of_the_published_client(server: Live) -> None:
    """Which says neither hash nor size in its reference."""
    key = upload(server, "cfg/a.yaml", b"a: 1", "text/yaml")
    assert read(server, key) == b"a: 1", "readable by its key without a reference"
    refer(server, key, "cfg/a.yaml", content_type="text/yaml")
    (artifact,) = server.backend.list_artifacts(RUN)
    assert (artifact.path, artifact.size_bytes, artifact.content_type) == (
        "cfg/a.yaml",
        4,
        "text/yaml",
    )
    url = f"/api/v1/rest/runs/{RUN}/artifacts/download/"
    assert server.http.get(url, params={"path": "cfg/a.yaml"}).content == b"a: 1"


def test_a_reference_may_come_before_the_upload(server: Live) -> None:
    refer(server, f"{RUN}/late", "late")
    with pytest.raises(BlobNotFoundError, match="never sent"):
        read(server, f"{RUN}/late")
    assert upload(server, "late", b"here") == f"{RUN}/late"
    assert read(server, f"{RUN}/late") == b"here"
    assert server.backend.list_artifacts(RUN)[0].size_bytes == 4


def test_an_upload_to_a_key_replaces_what_was_there(server: Live) -> None:
    key = upload(server, "x", b"one")
    refer(server, key, "x")
    upload(server, "x", b"three")
    assert read(server, key) == b"three"
    assert server.backend.list_artifacts(RUN)[0].size_bytes == 5


def test_what_another_run_says_of_a_key_changes_nothing(server: Live) -> None:
    key = upload(server, "x", b"mine")
    refer(server, key, "x")
    other = hashlib.sha256(b"else").hexdigest()
    message = {"type": "blob_ref", "s3_key": key, "artifact_path": "x"}
    server.send(create(), {**message, "sha256": other, "size_bytes": 4}, run_hash="b" * 32)
    assert read(server, key) == b"mine"
    assert [each.path for each in server.backend.list_artifacts(RUN)] == ["x"]


@pytest.mark.parametrize("sha256", ["", "../../matyan.sqlite", "G" * 64, "0" * 63])
def test_a_hash_that_is_none_is_not_believed(server: Live, sha256: str) -> None:
    key = upload(server, "x", b"mine")
    refer(server, key, "x", sha256=sha256, size_bytes=-1)
    assert read(server, key) == b"mine"
    assert server.backend.list_artifacts(RUN)[0].size_bytes == 4
    assert server.backend.delete_run(RUN)


@pytest.mark.parametrize(
    "path", ["../../../etc/passwd", "/abs", "a\\..\\b", "", "..", "a//b", "C:\\x", "a\x00b", "é \n"]
)
def test_a_key_is_never_a_path(server: Live, tmp_path: Path, path: str) -> None:
    key = upload(server, path, b"content")
    assert key == f"{RUN}/{path}"
    assert read(server, key) == b"content"
    blobs = tmp_path / ".matyan" / "blobs"
    sha256 = hashlib.sha256(b"content").hexdigest()
    assert [each for each in blobs.rglob("*") if each.is_file()] == [blobs / sha256[:2] / sha256]
    assert {each.name for each in tmp_path.iterdir()} == {".matyan"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"artifact_path": "x"}, "run_id"),
        ({"run_id": RUN}, "artifact_path"),
        ({"run_id": 5, "artifact_path": "x"}, "run_id"),
        ({"run_id": RUN, "artifact_path": "x", "content_type": None}, "content_type"),
        ({"run_id": RUN, "artifact_path": "\ud800"}, "artifact_path"),
        ({"run_id": RUN, "artifact_path": "x" * 5000}, "artifact_path"),
    ],
)
def test_a_request_that_does_not_validate(server: Live, body: dict[str, Any], field: str) -> None:
    response = server.http.post(PRESIGN, content=json.dumps(body))
    assert response.status_code == 422
    (problem,) = response.json()["detail"]
    assert problem["loc"] == ["body", field]
    assert set(problem) == {"type", "loc", "msg", "input"}


@pytest.mark.parametrize("body", ["", "{", "[]", "5"])
def test_a_request_that_is_no_object(server: Live, body: str) -> None:
    response = server.http.post(PRESIGN, content=body)
    assert response.status_code == 422
    assert isinstance(response.json()["detail"], list)


def test_a_url_is_good_for_what_was_asked_for_only(server: Live) -> None:
    url = presign(server, "x", content_type="text/plain")["upload_url"]
    wrong = httpx.put(url, content=b"<script>", headers={"Content-Type": "text/html"})
    assert wrong.status_code == 403
    middle = len(url) - 40
    forged = url[:middle] + ("A" if url[middle] != "A" else "B") + url[middle + 1 :]
    for bad in (forged, url.partition("?")[0], url.partition("=")[0] + "=", url + "AAAA"):
        assert httpx.put(bad, content=b"x").status_code == 403
    assert httpx.get(url).status_code == 405
    with pytest.raises(BlobNotFoundError):
        read(server, f"{RUN}/x")
    assert httpx.put(url, content=b"x").status_code == 200, "without a type it is the one signed"


def test_a_url_expires(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan", Limits(upload_url_s=-1)) as server:
        url = presign(server, "x")["upload_url"]
        response = httpx.put(url, content=b"x")
        assert response.status_code == 403
        assert "expired" in response.text


def test_a_url_outlives_the_server(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan") as server:
        url = presign(server, "x")["upload_url"]
    with live(tmp_path / ".matyan") as server:
        moved = httpx.URL(url).copy_with(port=server.port)
        assert httpx.put(moved, content=b"x").status_code == 200
    with live(tmp_path / "other" / ".matyan") as server:
        moved = httpx.URL(url).copy_with(port=server.port)
        assert httpx.put(moved, content=b"x").status_code == 403


def test_a_blob_that_is_too_large_leaves_nothing(server: Live, tmp_path: Path) -> None:
    url = presign(server, "x")["upload_url"]
    assert httpx.put(url, content=b"x" * (3 << 20)).status_code == 200

    def pieces() -> Iterator[bytes]:
        for _ in range(4):
            yield b"y" * (1 << 20)

    assert httpx.put(url, content=pieces()).status_code == 413
    assert read(server, f"{RUN}/x") == b"x" * (3 << 20)
    assert not list((tmp_path / ".matyan" / "blobs").glob("incoming-*"))


def test_an_upload_that_breaks_off_leaves_nothing(server: Live, tmp_path: Path) -> None:
    url = httpx.URL(presign(server, "x")["upload_url"])
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        head = f"PUT {url.raw_path.decode()} HTTP/1.1\r\nHost: localhost\r\n"
        raw.sendall(f"{head}Content-Length: 2000000\r\n\r\n".encode() + b"z" * 1_500_000)
        blobs = tmp_path / ".matyan" / "blobs"
        until = time.monotonic() + 20
        while not list(blobs.glob("incoming-*")) and time.monotonic() < until:
            time.sleep(0.01)
        assert list(blobs.glob("incoming-*"))
    while list(blobs.glob("incoming-*")) and time.monotonic() < until:
        time.sleep(0.01)
    assert not list(blobs.glob("incoming-*"))
    with pytest.raises(BlobNotFoundError):
        read(server, f"{RUN}/x")


def test_what_a_killed_server_left_half_written_is_removed(tmp_path: Path) -> None:
    blobs = tmp_path / ".matyan" / "blobs"
    blobs.mkdir(parents=True)
    old, new = blobs / "incoming-1-a", blobs / "incoming-2-b"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (1.0, 1.0))
    with live(tmp_path / ".matyan"):
        assert [each.name for each in blobs.iterdir()] == [new.name]


def test_deleting_a_run_forgets_its_uploads(server: Live) -> None:
    key = upload(server, "x", b"one")
    server.send(create())
    assert server.backend.delete_run(RUN)
    with pytest.raises(BlobNotFoundError):
        read(server, key)


def test_a_public_url_is_where_uploads_go(tmp_path: Path) -> None:
    with live(tmp_path / ".matyan", public_url="https://runs.example.org/m/") as server:
        url = presign(server, "x")["upload_url"]
        assert url.startswith("https://runs.example.org/m/api/v1/rest/artifacts/upload/?token=")
