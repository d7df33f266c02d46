"""Artifacts in S3, against a server that speaks it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aim_compat import Run
from aim_compat.artifacts import (
    S3ArtifactStorage,
    S3ArtifactStorage_clientconfig,
    S3ArtifactStorage_factory,
    registry,
)

ROOT = Path(__file__).resolve().parents[4]

server_module = pytest.importorskip("moto.server", reason="moto is not installed")
boto3 = pytest.importorskip("boto3")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto and botocore


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 server on the loopback interface."""
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A client of that server with an empty bucket `files`; `s3://` leads to it, too."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="files")
    before = registry.registry["s3"]
    registry.registry["s3"] = S3ArtifactStorage_factory()  # of this server, never a cached one
    yield client
    registry.registry["s3"] = before
    for item in client.list_objects_v2(Bucket="files").get("Contents", ()):
        client.delete_object(Bucket="files", Key=item["Key"])
    client.delete_bucket(Bucket="files")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(repo=tmp_path / "repo", capture_terminal_logs=False, system_tracking_interval=None)
    yield run
    run.close()


def keys(client: Any) -> list[str]:
    listed = client.list_objects_v2(Bucket="files").get("Contents", ())
    return sorted(item["Key"] for item in listed)


@pytest.mark.parametrize("below", ["", "/", "/pre/fix", "/a b/"])
@pytest.mark.parametrize("block", [True, False])
def test_up_and_down(below: str, block: bool, client: Any, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(1000))
    uri = f"s3://files{below}"
    run.set_artifacts_uri(uri)
    for name in (None, "x/y.bin", "ünï/cödé #1?.bin"):
        run.log_artifact(source, name=name, block=block)
    artifacts = Run(run.hash, repo=run.repo, read_only=True).artifacts
    for name in ("a.bin", "x/y.bin", "ünï/cödé #1?.bin"):
        target = Path(artifacts[name].download(tmp_path / "out"))
        assert target == tmp_path / "out" / name.rpartition("/")[2]
        assert target.read_bytes() == source.read_bytes()
    prefix = uri.removeprefix("s3://files").strip("/")
    root = f"{prefix}/{run.hash}" if prefix else run.hash
    assert keys(client) == [f"{root}/{name}" for name in ("a.bin", "x/y.bin", "ünï/cödé #1?.bin")]
    assert artifacts["x/y.bin"].uri == f"{uri.rstrip('/')}/{run.hash}/x/y.bin"


def test_directories_and_large_files(client: Any, run: Run, tmp_path: Path) -> None:
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "d" / "small").write_bytes(b"s")
    large = os.urandom(1 << 20) * 20  # more than boto3 sends in one part
    (tmp_path / "d" / "sub" / "large").write_bytes(large)
    run.set_artifacts_uri("s3://files/p")
    run.log_artifacts(tmp_path / "d")
    artifacts = run.artifacts
    assert sorted(artifacts) == ["d/small", "d/sub/large"]
    assert Path(artifacts["d/sub/large"].download(tmp_path / "out")).read_bytes() == large


def test_an_endpoint_of_ones_own(
    client: Any, endpoint: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    S3ArtifactStorage_clientconfig(
        endpoint_url=endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config={"retries": {"max_attempts": 1}},
    )
    assert issubclass(registry.registry["s3"], S3ArtifactStorage)  # type: ignore[arg-type]  # a class
    source = tmp_path / "a.txt"
    source.write_text("A")
    for _ in range(2):  # what is configured serves more than once
        registry.get_storage(f"s3://files/{_}").upload_artifact(str(source), "a.txt", block=True)
    assert keys(client) == ["0/a.txt", "1/a.txt"]
    store = registry.get_storage("s3://files/1")
    assert Path(store.download_artifact("a.txt")).read_text() == "A"
    store.delete_artifact("a.txt")
    assert keys(client) == ["0/a.txt"]


def test_what_goes_wrong_says_so(
    client: Any, run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import ClientError

    source = tmp_path / "a.txt"
    source.write_text("A")
    run.set_artifacts_uri("s3://nobodys-bucket")
    with pytest.raises(S3UploadFailedError, match="nobodys-bucket"):
        run.log_artifact(source, block=True)
    with caplog.at_level(logging.ERROR, "aim_compat.artifacts"):
        run.log_artifact(source)
        registry.get_storage(f"s3://nobodys-bucket/{run.hash}")._uploads.wait()
    assert "could not be uploaded" in caplog.text
    assert "nobodys-bucket" in caplog.text
    with pytest.raises(ClientError):
        run.artifacts["a.txt"].download(tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        run.log_artifact(tmp_path / "nope")
    run.set_artifacts_uri("s3:///no-bucket")
    with pytest.raises(ValueError, match="names no bucket"):
        run.log_artifact(source)


def test_missing_credentials(
    client: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import NoCredentialsError

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    boto3.setup_default_session()
    source = tmp_path / "a.txt"
    source.write_text("A")
    run.set_artifacts_uri("s3://files")
    with pytest.raises(NoCredentialsError, match="credentials"):
        run.log_artifact(source, block=True)


SCRIPT = """
import sys
from aim_compat import Run
run = Run(repo=sys.argv[1], capture_terminal_logs=False, system_tracking_interval=None)
run.set_artifacts_uri("s3://files")
for n in range(20):
    run.log_artifact(sys.argv[2], name=f"{n}.bin")
"""


def test_the_end_of_the_process_waits(client: Any, tmp_path: Path) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(200_000))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "r"), str(source)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert len(keys(client)) == 20


def test_without_boto3_the_extra_is_named(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['boto3'] = None\n"
        "from aim_compat.artifacts import registry\n"
        "try: registry.get_storage('s3://x/y')\n"
        "except ModuleNotFoundError as exc: print(exc)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert "pip install 'matyan-client[s3]'" in done.stdout
