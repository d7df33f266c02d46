"""Decides which backend a `repo` value means, and hands out one backend per place and process.

http://…, https://…                  a deployment
file://…, a path, a pathlib.Path     embedded at <path>/.matyan (a path that ends in .matyan
                                     is taken as it is)
nothing, MATYAN_BACKEND_URL set      what that variable says
nothing                              embedded: nearest .matyan upwards from the working
                                     directory, else ./.matyan, created on first write
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from matyan_client.config import Settings
from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    RepoAccessError,
    RepoError,
)

if TYPE_CHECKING:
    from matyan_client.backends.base import Backend
    from matyan_client.backends.embedded import EmbeddedBackend

__all__ = [
    "DIRECTORY_NAME",
    "KEPT_OPEN",
    "forget",
    "is_url",
    "locate",
    "open_backend",
    "repository_exists",
]

DIRECTORY_NAME = ".matyan"

KEPT_OPEN = 8
"""How many backends may keep files open while they are idle."""

_open: dict[str, EmbeddedBackend] = {}
"""By location, the one asked for last at the end."""
_lock = threading.Lock()


def is_url(value: object) -> bool:
    """Whether a value names a deployment by URL."""
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def locate(value: str | os.PathLike[str] | None = None) -> str:
    """Resolve a value to an HTTP(S) URL or the absolute path of a `.matyan` directory.

    Args:
        value: a URL, a path, or None for the default; see the table above.

    Raises:
        InvalidInputError: a URL of a kind we do not know.
        InvalidTypeError: neither text nor a path.
        RepoAccessError: the path, or where `.matyan` would be, is a file.
    """
    if value is None or value == "":
        value = Settings.from_environment().backend_url or None
        if value is None:
            return str(_default_directory())
    if not isinstance(value, (str, os.PathLike)):
        raise InvalidTypeError(
            f"A repository is a path or a URL, not {value!r} of type {type(value).__name__!r}."
        )
    text = os.fspath(value)
    if not isinstance(text, str):
        raise InvalidTypeError(f"A repository path must be text, not {text!r}.")
    if is_url(text):
        return text.rstrip("/")
    if text.lower().startswith("file:"):
        text = _path_of_file_url(text)
    elif "://" in text:
        raise InvalidInputError(
            f"Cannot use {text!r} as a repository: expected a path, file://…, http://… or https://…"
        )
    return str(_directory(Path(text)))


def _path_of_file_url(url: str) -> str:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.netloc not in ("", "localhost"):
        # file://relative/path, as people write it
        return unquote(parts.netloc) + path
    if sys.platform == "win32" and len(path) > 2 and path[0] == "/" and path[2] == ":":
        return path[1:]
    return path or "."


def _directory(path: Path) -> Path:
    try:
        path = path.expanduser()
    except RuntimeError as exc:
        raise InvalidInputError(f"Cannot resolve {str(path)!r}: {exc}.") from exc
    path = Path(os.path.abspath(path))
    directory = path if path.name == DIRECTORY_NAME else path / DIRECTORY_NAME
    for place in (path, directory):
        if place.exists() and not place.is_dir():
            raise RepoAccessError(
                f"Cannot use {str(path)!r} as a repository: {str(place)!r} is a file. "
                "Give a directory."
            )
    return directory


def _default_directory() -> Path:
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / DIRECTORY_NAME).is_dir():
            return place / DIRECTORY_NAME
    return here / DIRECTORY_NAME


def repository_exists(location: str) -> bool:
    """Whether there is an embedded repository at a located path (URLs: assumed)."""
    return is_url(location) or Path(location).is_dir()


def open_backend(value: str | os.PathLike[str] | None = None) -> Backend:
    """The backend a value means; the same one each time for the same place.

    Raises:
        RepoError: a deployment URL (this release has the embedded backend only).
        InvalidInputError: a value `locate` refuses.
    """
    location = locate(value)
    if is_url(location):
        raise RepoError(
            f"Cannot use {location!r}: this release has no remote backend yet. Give a path, or "
            "nothing for a repository in the working directory."
        )
    with _lock:
        backend = _open.pop(location, None)
        if backend is None:
            from matyan_client.backends.embedded import EmbeddedBackend

            backend = EmbeddedBackend(Path(location))
        _open[location] = backend
        for idle in list(_open.values())[:-KEPT_OPEN]:
            idle.rest()
        return backend


def forget(location: str) -> None:
    """Close and drop the backend of a place, if one is open."""
    with _lock:
        backend = _open.pop(location, None)
    if backend is not None:
        backend.close()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
