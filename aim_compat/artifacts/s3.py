"""Artifacts in S3, or what speaks like it: `s3://bucket/prefix`. Needs the extra `s3` (boto3)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aim_compat.artifacts.base import (
    AbstractArtifactStorage,
    Uploads,
    checked_name,
    download_target,
)
from matyan_client.exceptions import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    import os

__all__ = ["S3ArtifactStorage", "S3ArtifactStorage_clientconfig", "S3ArtifactStorage_factory"]


class S3ArtifactStorage(AbstractArtifactStorage):
    """Artifacts in a bucket, streamed in parts; credentials are found as boto3 finds them.

    Raises:
        InvalidInputError: a URL without a bucket.
        MissingDependencyError: boto3 is not installed (an ImportError).
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        parts = urlsplit(url, allow_fragments=False)
        if not parts.netloc:
            raise InvalidInputError(f"{url!r} names no bucket; expected s3://bucket/prefix.")
        self._bucket = parts.netloc
        self._prefix = PurePosixPath(url.partition("://")[2]).relative_to(parts.netloc)
        self._client = self._get_s3_client()
        self._uploads = Uploads("s3-upload")

    def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
        """Upload a file, in the background unless `block`; what fails there is logged.

        Raises:
            OSError: the file cannot be read.
            boto3.exceptions.S3UploadFailedError, botocore.exceptions.BotoCoreError: with `block`,
                what boto3 says.
        """
        key = self._key(artifact_path)
        with open(file_path, "rb"):
            pass  # said at once, as it is not about the network
        from boto3.s3.transfer import TransferConfig

        # In the background: no threads below ours, which could not start at the process's end.
        parts = TransferConfig(use_threads=block)

        def upload() -> None:
            self._client.upload_file(Filename=file_path, Bucket=self._bucket, Key=key, Config=parts)

        what = f"{file_path!r} to s3://{self._bucket}/{key}"
        self._uploads.run(upload, what, block=block)

    def download_artifact(
        self, artifact_path: str, dest_dir: str | os.PathLike[str] | None = None
    ) -> str:
        """Download to a directory, when what this process uploads is there.

        Raises:
            botocore.exceptions.ClientError: there is no such file or bucket, or it is refused.
        """
        self._uploads.wait()
        target = download_target(artifact_path, dest_dir)
        self._client.download_file(
            Bucket=self._bucket, Key=self._key(artifact_path), Filename=str(target)
        )
        return target.as_posix()

    def delete_artifact(self, artifact_path: str) -> None:
        """Remove a stored file."""
        self._uploads.wait()
        self._client.delete_object(Bucket=self._bucket, Key=self._key(artifact_path))

    def _key(self, artifact_path: str) -> str:
        return (self._prefix / checked_name(artifact_path)).as_posix()

    def _get_s3_client(self) -> Any:
        return _boto3().client("s3")


def _boto3() -> Any:
    try:
        import boto3
    except ImportError as exc:
        raise MissingDependencyError("boto3", extra="s3", purpose="Artifacts at s3://...") from exc
    return boto3


def S3ArtifactStorage_factory(**boto3_client_kwargs: Any) -> type[S3ArtifactStorage]:
    """An `S3ArtifactStorage` with a client of its own.

    Args:
        **boto3_client_kwargs: what `boto3.client("s3", ...)` takes; `config` may be a dict.
    """

    class S3ArtifactStorageCustom(S3ArtifactStorage):
        """`S3ArtifactStorage` with the given client."""

        def _get_s3_client(self) -> Any:
            boto3 = _boto3()
            options = dict(boto3_client_kwargs)
            if isinstance(options.get("config"), dict):
                from botocore.config import Config

                options["config"] = Config(**options["config"])
            return boto3.client("s3", **options)

    return S3ArtifactStorageCustom


def S3ArtifactStorage_clientconfig(**boto3_client_kwargs: Any) -> None:
    """Make `s3://` mean a client of one's own, such as one with `endpoint_url=...`.

    Args:
        **boto3_client_kwargs: as for `S3ArtifactStorage_factory`.
    """
    from aim_compat.artifacts.registry import registry

    registry.registry["s3"] = S3ArtifactStorage_factory(**boto3_client_kwargs)
