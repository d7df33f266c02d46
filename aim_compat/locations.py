"""What a repository path of Aim's means here: maps Aim's paths and variables onto Matyan's.

X, X/.aim, X/.matyan        the directory X/.matyan
aim://host:port             http://host:port
http://…, https://…         as they are
nothing                     AIM_REPO, MATYAN_BACKEND_URL, else the nearest directory upwards
                            that has a .matyan or .aim, else the working directory
__AIM_REPO_NAME__=NAME      X/NAME/.matyan instead of X/.matyan, and NAME looked for upwards
AIM_COMPAT_REDIRECT=URL     URL instead of every path on this machine
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import InvalidTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "clean_repo_path",
    "default_root",
    "get_aim_repo_name",
    "is_remote_path",
    "locate",
    "search_aim_repo",
    "work_directory",
]

_AIM = ".aim"
_OURS = ".matyan"
_REMOTE = "aim://"


def is_remote_path(path: Any) -> bool:
    """Whether a path starts with exactly `aim://` (behaviour Q01)."""
    return isinstance(path, str) and path.startswith(_REMOTE)


def _is_url(path: str) -> bool:
    """Whether a path is a deployment's URL."""
    return path.lower().startswith(("http://", "https://"))


def clean_repo_path(repo_path: Any) -> str:
    """The root directory a path means: absolute, `~` expanded, without `.aim` at its end (Q01)."""
    if not repo_path:
        return ""
    if not isinstance(repo_path, (str, os.PathLike)):
        raise InvalidTypeError(
            f"A repository path is text or a Path, not {repo_path!r} of type "
            f"{type(repo_path).__name__!r}."
        )
    text = os.fspath(repo_path).strip()
    if is_remote_path(text):
        return text.rstrip("/")
    if _is_url(text):
        return text.rstrip("/")
    if text.lower().startswith("file://"):
        text = text[len("file://") :]
    text = os.path.abspath(os.path.expanduser(text))
    if Path(text).name == _OURS:
        return str(Path(text).parent)
    if text.endswith(_AIM):
        text = text[: -len(_AIM)]
    return text.rstrip("/\\") or os.path.abspath(os.sep)


def default_root() -> str:
    """The root directory (or URL) used when none is named."""
    named = os.environ.get("AIM_REPO") or os.environ.get("MATYAN_BACKEND_URL")
    if named:
        return clean_repo_path(named)
    found, _ = search_aim_repo(os.getcwd())
    return found or os.getcwd()


def search_aim_repo(path: str | os.PathLike[str]) -> tuple[str | None, bool]:
    """The nearest directory, from a path upwards, that has a repository, and whether there is."""
    start = Path(os.path.abspath(path))
    own = get_aim_repo_name()
    names = (_OURS, _AIM) if own == _AIM else (own,)
    for place in (start, *start.parents):
        if any((place / name).is_dir() for name in names):
            return str(place), True
    return None, False


def get_aim_repo_name() -> str:
    """What Aim would call its directory in a repository."""
    return os.environ.get("__AIM_REPO_NAME__") or _AIM


@contextmanager
def work_directory(path: str | os.PathLike[str]) -> Iterator[None]:
    """Another working directory for the time of a `with` block; for the whole process."""
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def locate(path: Any = None) -> str:
    """What `matyan_client` is to open for a path of Aim's: a `.matyan` directory or a URL.

    Raises:
        InvalidTypeError: neither text nor a path.
    """
    root = default_root() if path is None else clean_repo_path(path) or os.getcwd()
    if is_remote_path(root):
        return f"http://{root[len(_REMOTE) :]}"
    if _is_url(root):
        return root
    redirect = os.environ.get("AIM_COMPAT_REDIRECT")
    if redirect:
        return _locate_redirect(redirect)
    name = get_aim_repo_name()
    directory = Path(root) if name == _AIM else Path(root) / name
    return str(directory / _OURS)


def _locate_redirect(target: str) -> str:
    """Where AIM_COMPAT_REDIRECT leads: a URL, or a directory."""
    if is_remote_path(target):
        return f"http://{target[len(_REMOTE) :].rstrip('/')}"
    return target.rstrip("/") if _is_url(target) else str(Path(clean_repo_path(target)) / _OURS)
