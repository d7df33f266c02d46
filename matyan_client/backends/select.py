"""Decides which backend a `repo` value means, and hands out one backend per place and process.

http://…, https://…                  a deployment; where its writes go: `frontier_url`, else
                                     MATYAN_FRONTIER_URL unless MATYAN_BACKEND_URL names
                                     another deployment, else the same URL
file://…, a path, a pathlib.Path     embedded at <path>/.matyan (a path that ends in .matyan
                                     is taken as it is)
nothing, MATYAN_BACKEND_URL set      what that variable says
nothing                              embedded: nearest .matyan upwards from the working
                                     directory, else ./.matyan, created on first write
"""

from __future__ import annotations

import logging
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
)

if TYPE_CHECKING:
    from matyan_client.backends.base import Backend
    from matyan_client.backends.embedded import EmbeddedBackend
    from matyan_client.backends.remote import RemoteBackend
    from matyan_client.typing import Headers, Token

__all__ = [
    "DIRECTORY_NAME",
    "KEPT_OPEN",
    "check_url",
    "close_all",
    "connect",
    "forget",
    "is_url",
    "locate",
    "open_backend",
    "repository_exists",
]

log = logging.getLogger("matyan_client.backends")

DIRECTORY_NAME = ".matyan"

KEPT_OPEN = 8
"""How many backends may keep files open while they are idle."""

_open: dict[str | tuple[str, str], EmbeddedBackend | RemoteBackend] = {}
"""By location, or by the two URLs of a deployment; the one asked for last at the end."""
_lock = threading.Lock()


def is_url(value: object) -> bool:
    """Whether a value names a deployment by URL."""
    return isinstance(value, str) and value.lower().startswith(("http://", "https://"))


def locate(value: str | os.PathLike[str] | None = None) -> str:
    """Resolve a value to an HTTP(S) URL or the absolute path of a `.matyan` directory.

    Args:
        value: a URL, a path, or None for the default; see the table above.

    Raises:
        InvalidInputError: a URL of a kind we do not know, or one that `check_url` refuses.
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
        return check_url(text)
    if text.lower().startswith("file:"):
        text = _path_of_file_url(text)
    elif "://" in text:
        raise InvalidInputError(
            f"Cannot use {text!r} as a repository: expected a path, file://…, http://… or https://…"
        )
    return str(_directory(Path(text)))


def check_url(url: str) -> str:
    """A deployment's URL in the one form it is known by: scheme and host in lower case, no slash
    at the end.

    Raises:
        InvalidInputError: not an HTTP(S) URL, no host, a port that is none, or more than a place
            (credentials, a query). The message holds no credentials.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise InvalidInputError(f"Cannot use {_without_secrets(url)!r} as a URL: {exc}.") from exc
    shown = _without_secrets(url)
    if parts.scheme not in ("http", "https"):
        raise InvalidInputError(f"Cannot use {shown!r}: expected http://… or https://…")
    if "@" in parts.netloc:
        raise InvalidInputError(
            f"Cannot use {shown!r} with a user name or password in it. Give credentials by "
            "MATYAN_TOKEN or MATYAN_HEADERS, or with Repo.connect(url, token=...)."
        )
    if not host or any(char.isspace() or not char.isprintable() for char in url.strip()):
        raise InvalidInputError(f"Cannot use {shown!r}: expected a URL such as http://host:53800.")
    if parts.query or parts.fragment:
        raise InvalidInputError(f"Cannot use {shown!r}: a deployment's URL has no '?' and no '#'.")
    if port == 0:
        raise InvalidInputError(f"Cannot use {shown!r}: 0 is not a port one can connect to.")
    place = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        place = f"{place}:{port}"
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/")


def _without_secrets(url: str) -> str:
    scheme, separator, rest = url.strip().partition("://")
    netloc, slash, path = rest.partition("/")
    return f"{scheme}{separator}{netloc.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


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
    """Whether there is a repository at a located path, or a deployment at a URL.

    Raises:
        ServerError: no deployment answers at the URL, which does not mean that there is none.
    """
    if not is_url(location):
        return Path(location).is_dir()
    _open_deployment(location, None, named=True).check()
    return True


def open_backend(
    value: str | os.PathLike[str] | None = None, frontier_url: str | None = None
) -> Backend:
    """The backend a value means; the same one each time for the same place.

    Args:
        value: what `locate` takes.
        frontier_url: where a deployment takes writes, if not where the table says; a directory
            has no such place.

    Raises:
        InvalidInputError: a value or URL `locate` refuses.
    """
    location = locate(value)
    if is_url(location):
        return _open_deployment(location, frontier_url, named=bool(value))
    if frontier_url:
        log.warning(
            "The ingestion URL %r is not used: the repository is the directory %r.",
            frontier_url,
            location,
        )
    with _lock:
        backend = _open.pop(location, None)
        if backend is None:
            from matyan_client.backends.embedded import EmbeddedBackend

            backend = EmbeddedBackend(Path(location))
        _keep(location, backend)
        return backend


def connect(
    url: str,
    *,
    frontier_url: str | None = None,
    token: Token = None,
    headers: Headers = None,
    ca_file: str = "",
) -> Backend:
    """The backend of a deployment, with what it wants to know of us; from now on everything in
    this process that names the URL uses these.

    Args:
        url: the deployment's URL.
        frontier_url: where it takes writes, as for `open_backend`.
        token: bearer token, or what gives one each time; None: `MATYAN_TOKEN`.
        headers: more headers, or what gives them; None: `MATYAN_HEADERS`.
        ca_file: CA certificates to trust; empty: `MATYAN_CA_FILE`, else the system's.

    Raises:
        InvalidInputError: no URL of a deployment.
    """
    from matyan_client.backends.deployments import register

    if not is_url(url):
        raise InvalidInputError(f"Cannot connect to {url!r}: expected http://… or https://…")
    location = check_url(url)
    register(location, _frontier(location, frontier_url, True), token, headers, ca_file)
    return _open_deployment(location, None, named=True)


def _open_deployment(location: str, frontier_url: str | None, *, named: bool) -> RemoteBackend:
    from matyan_client.backends.deployments import endpoint_of
    from matyan_client.backends.remote import RemoteBackend

    endpoint = endpoint_of(
        location, _frontier(location, frontier_url, named), named=bool(frontier_url)
    )
    urls = (endpoint.backend_url, endpoint.frontier_url)
    with _lock:
        backend = _open.pop(urls, None)
        if not isinstance(backend, RemoteBackend):
            backend = RemoteBackend(endpoint)
        backend.use(endpoint)
        _keep(urls, backend)
        return backend


def _frontier(location: str, frontier_url: str | None, named: bool) -> str:
    """Where a deployment takes writes; `named`: it was not found by `MATYAN_BACKEND_URL`."""
    if frontier_url:
        return check_url(frontier_url)
    settings = Settings.from_environment()
    default = settings.backend_url
    # Of another deployment than the one it goes with it would be the wrong place.
    goes_with_it = not named or not is_url(default) or check_url(default) == location
    if settings.frontier_url and goes_with_it:
        return check_url(settings.frontier_url)
    return location


def _keep(place: str | tuple[str, str], backend: EmbeddedBackend | RemoteBackend) -> None:
    """Remember a backend, and let those idle longest rest. The lock is held."""
    _open[place] = backend
    for idle in list(_open.values())[:-KEPT_OPEN]:
        idle.rest()


def forget(location: str) -> None:
    """Close and drop the backend of a place, if one is open."""
    with _lock:
        backend = _open.pop(location, None)
    if backend is not None:
        backend.close()


def close_all() -> None:
    """Deliver what is left for all places, and close them; usable again afterwards."""
    for backend in list(_open.values()):
        backend.close()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
