"""Terminal lines, log messages and bytes of blobs as a deployment answers them.

Without a range a server shows the last 200 lines only (protocol section 8.6), so a range is always
asked for, page by page. Blobs go to a file without a name before anybody reads them.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import shutil
import tempfile
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO

from matyan_client.backends.remote_objects import BLOB_URI
from matyan_client.backends.remote_search import EXACTLY, run_path
from matyan_client.exceptions import (
    BlobNotFoundError,
    CodecError,
    ServerFailedError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.records import LogRecord
from matyan_client.protocol.routes import BACKEND
from matyan_client.protocol.wire import named_path
from matyan_client.transports.http import STREAM_TYPE, Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matyan_client.transports.http import HttpClient

__all__ = ["last_line", "open_blob", "read_json_blob", "read_log_lines", "read_log_records"]

_PAGE = 5_000
_BY_CONTENT = re.compile(r"seq/([0-9a-f]{64})\.[A-Za-z0-9]+")
_RECORD_ID = "id:"
_BLOB_BATCH = f"{BACKEND}/runs/images/get-batch/"


# -- logs -----------------------------------------------------------------------------------------


def read_log_lines(
    http: HttpClient, run_hash: str, start: int, stop: int | None
) -> Iterator[tuple[int, str]]:
    """Terminal lines as (number, text)."""
    for step, line in _steps(http, run_hash, "logs/", start, stop):
        yield step, "" if line is None else str(line)


def read_log_records(
    http: HttpClient, run_hash: str, start: int, stop: int | None
) -> Iterator[LogRecord]:
    """Log messages; one that was delivered twice comes once."""
    seen: set[str] = set()
    for step, tree in _steps(http, run_hash, "log-records/", start, stop):
        record, identity = _log_record(step, tree)
        if identity is None or identity not in seen:
            yield record
        if identity is not None:
            seen.add(identity)


def last_line(http: HttpClient, run_hash: str) -> int:
    """The highest number of a terminal line, -1 if there is none."""
    tail = _page(http, run_hash, "logs/", None, None)
    return tail[-1][0] if tail else -1


def _log_record(step: int, tree: Any) -> tuple[LogRecord, str | None]:
    known = tree if isinstance(tree, dict) else {"message": tree}
    level = known.get("level")
    if not isinstance(level, int):
        named = known.get("log_level", logging.INFO)
        level = named if isinstance(named, int) else logging.getLevelName(str(named))
    place, identity = known.get("logger_info"), None
    if isinstance(place, list) and len(place) == 3 and str(place[2]).startswith(_RECORD_ID):
        identity = str(place[2])
        place = place[:2] if place[0] is not None else None
    record = LogRecord(
        step,
        str(known.get("message", "")),
        level if isinstance(level, int) else logging.INFO,
        float(known.get("timestamp") or 0.0),
        known.get("args"),
        place,
    )
    return record, identity


def _steps(
    http: HttpClient, run_hash: str, what: str, start: int, stop: int | None
) -> Iterator[tuple[int, Any]]:
    """(step, tree) in ascending order: the end first, to know where it is, then all before it."""
    tail = _page(http, run_hash, what, None, None)
    if not tail:
        return
    end = tail[-1][0] + 1 if stop is None else min(stop, tail[-1][0] + 1)
    at, width = start, _PAGE
    while at < min(end, tail[0][0]):
        page = _page(http, run_hash, what, at, min(at + width, tail[0][0], end))
        yield from page
        at += width
        # Lines may have gaps between their numbers.
        width = width * 4 if len(page) * 4 < _PAGE else _PAGE
    yield from (item for item in tail if start <= item[0] < end)


def _page(
    http: HttpClient, run_hash: str, what: str, start: int | None, stop: int | None
) -> list[tuple[int, Any]]:
    def read(answer: Answer) -> list[tuple[int, Any]]:
        return [(step, tree) for step, tree in answer.trees() if isinstance(step, int)]

    return http.call(
        "GET",
        run_path(run_hash, what),
        read,
        query={} if start is None else {"record_range": f"{start}:{stop}"},
        headers=EXACTLY,
        types=(STREAM_TYPE,),
        absent=list,
    )


# -- blobs ----------------------------------------------------------------------------------------


def open_blob(http: HttpClient, key: str) -> BinaryIO:
    """The bytes of a blob.

    Raises:
        BlobNotFoundError: they are not there.
        UnexpectedAnswerError: they are not those that were stored.
    """
    if key.startswith(BLOB_URI):
        return _by_token(http, key[len(BLOB_URI) :])
    run_hash, _, path = key.partition("/")
    file = _by_path(http, run_hash, path)
    if file is None and path.startswith("seq/"):
        file = _by_path(http, run_hash, named_path(path))
    if file is None:
        raise BlobNotFoundError(
            f"Run {run_hash!r} at {http.shown('')} has no file {path!r}; it may not be there yet."
        )
    _check_content(http, file, path)
    return file


def _by_path(http: HttpClient, run_hash: str, path: str) -> BinaryIO | None:
    try:
        file: BinaryIO | None = http.call(
            "GET",
            run_path(run_hash, "artifacts/download/"),
            Answer.spooled,
            query={"path": path},
            types=(),
            absent=lambda: None,
        )
    except ServerFailedError:
        if _is_latin(path.rpartition("/")[2]):
            raise
        return _from_archive(http, run_hash, path)  # 12.2.12
    return file


def read_json_blob(http: HttpClient, key: str) -> Any:
    """The JSON value kept under a key.

    Raises:
        BlobNotFoundError: it is not there.
        CodecError: it is no JSON.
    """
    with open_blob(http, key) as file:
        try:
            return json.loads(file.read())
        except ValueError as exc:
            raise CodecError(f"The blob {key!r} is not JSON: {exc}.") from exc


def _by_token(http: HttpClient, token: str) -> BinaryIO:
    """Bytes that a real server's token leads to."""

    def read(answer: Answer) -> BinaryIO | None:
        for _, blob in answer.trees():
            if isinstance(blob, bytes) and blob:
                return io.BytesIO(blob)
        return None

    found = http.call("POST", _BLOB_BATCH, read, body=[token], types=(STREAM_TYPE,), again=True)
    if found is None:
        raise BlobNotFoundError(
            f"{http.shown('')} has no bytes for an object it lists. They may not be uploaded yet, "
            "or its BLOB_URI_SECRET was changed since the object was listed."
        )
    return found


def _from_archive(http: HttpClient, run_hash: str, path: str) -> BinaryIO | None:
    """A file of the archive of all files of a run."""
    where = run_path(run_hash, "artifacts/download-all/")
    archive = http.call("GET", where, Answer.spooled, types=(), absent=lambda: None)
    if archive is None:
        return None
    file: BinaryIO = tempfile.TemporaryFile()
    try:
        with archive, zipfile.ZipFile(archive) as members, members.open(path) as member:
            shutil.copyfileobj(member, file, 1 << 20)
    except KeyError:
        file.close()
        return None
    except (zipfile.BadZipFile, EOFError, OSError) as exc:
        file.close()
        raise UnexpectedAnswerError(
            f"The archive of {http.shown(where)} cannot be read: {exc}.", url=http.shown(where)
        ) from exc
    file.seek(0)
    return file


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _check_content(http: HttpClient, file: BinaryIO, path: str) -> None:
    """What is addressed by its content has to be that."""
    named = _BY_CONTENT.fullmatch(path)
    if named is None:
        return
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    file.seek(0)
    if digest.hexdigest() != named[1]:
        file.close()
        raise UnexpectedAnswerError(
            f"The bytes of {path!r} at {http.shown('')} are not those that were stored.",
            url=http.shown(""),
        )
