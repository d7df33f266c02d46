"""The command `server`: its options, and what it says."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import matyan_client
from matyan_client.cli import output
from matyan_client.config import Settings
from matyan_client.exceptions import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["add_server", "run_server"]

_PORT = 53800
_EVERYWHERE = ("", "0.0.0.0", "::")


def add_server(parser: argparse.ArgumentParser) -> None:
    """Give a parser the command's arguments."""
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        help="the repository, made if need be (default: the nearest .matyan directory upwards "
        "from here, else .matyan here)",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to serve at (default: this machine only)"
    )
    parser.add_argument(
        "--port", type=_port, default=_PORT, help=f"default: {_PORT}; 0: any that is free"
    )
    parser.add_argument(
        "--token",
        default=None,
        help="what clients must present (MATYAN_SERVER_TOKEN, which others cannot see in the list "
        "of processes)",
    )
    parser.add_argument(
        "--insecure-no-token",
        action="store_true",
        help="serve other machines without a token: whoever reaches it may read and delete all",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a name clients know the server by; may be repeated; '*': any",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="where a web UI is served from, such as https://ui.example.org; may be repeated "
        "(pages of this machine always may)",
    )
    parser.add_argument(
        "--public-url",
        metavar="URL",
        default=None,
        help="how clients reach the server, if a proxy in front changes that (default: as they "
        "say)",
    )
    parser.add_argument(
        "--max-upload-mb", type=_positive, default=5120, help="largest blob (default: 5120)"
    )
    parser.add_argument(
        "--max-connections", type=_positive, default=1000, help="at once (default: 1000)"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 16:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return int(text)


def run_server(options: argparse.Namespace) -> int:
    """Serve until interrupted.

    Raises:
        MissingDependencyError: the extra `server` is not installed.
        InvalidInputError: options that do not go together.
        RepoAccessError: the directory or the address cannot be used.
    """
    try:
        from matyan_client.server.app import DEFAULT_HOSTS, create_app
        from matyan_client.server.context import Limits
        from matyan_client.server.running import bind, check_exposure, serve
    except ModuleNotFoundError as exc:
        library = (exc.name or "").partition(".")[0]
        if library not in ("starlette", "uvicorn"):
            raise
        raise MissingDependencyError(library, extra="server", purpose="The server") from exc

    token = options.token or Settings.from_environment().server_token or None
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise InvalidInputError("A token is made of printable ASCII characters without spaces.")
    check_exposure(options.host, token, insecure=options.insecure_no_token)
    directory = _directory(options.directory)
    limits = Limits(upload_bytes=options.max_upload_mb << 20, connections=options.max_connections)
    app = create_app(
        directory,
        token=token,
        allowed_hosts=[*DEFAULT_HOSTS, *_own_names(options.host), *options.allow_host],
        allowed_origins=options.allow_origin,
        public_url=options.public_url,
        limits=limits,
    )
    listener = bind(options.host, options.port)
    url = _url(options.host, listener.getsockname()[1])
    serve(app, listener, limits, ready=_announcement(directory, url, token))
    return 0


def _directory(given: str | None) -> Path:
    location = matyan_client.Repo.locate(given)
    if given is None and "://" in location:
        location = matyan_client.Repo.locate(".")  # the variable names the server, perhaps us
    if "://" in location:
        raise InvalidInputError(f"{given!r} is a URL; the server needs a directory of its own.")
    return Path(location)


def _own_names(host: str) -> list[str]:
    """Names this machine goes by, if others may reach it at all."""
    if host in _EVERYWHERE:
        return [socket.gethostname(), socket.getfqdn()]
    return [host]


def _url(host: str, port: int) -> str:
    if host in _EVERYWHERE:
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announcement(directory: Path, url: str, token: str | None) -> Callable[[], None]:
    keyword = "set" if os.name == "nt" else "export"

    def announce() -> None:
        output.line(f"serving {directory} at {url}")
        output.line(f"  {keyword} MATYAN_BACKEND_URL={url}")
        output.line(f"  {keyword} MATYAN_FRONTIER_URL={url}")
        if token is not None:
            output.line(f"  {keyword} MATYAN_TOKEN=...  # the token")
        output.line(f"stop it with Ctrl-C, or SIGTERM to process {os.getpid()}")

    return announce
