"""Finding, reading and replacing the files that the tools are pointed at.

Whatever lies there, reading ends: only regular files are opened, links to directories are not
followed, and what cannot be read says why instead of stopping the rest. Knows nothing of Python
beyond how a source file declares its encoding.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import re
import stat
import sys
import tempfile
import tokenize
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "STDIN",
    "Problem",
    "Source",
    "find",
    "printable",
    "read",
    "read_stdin",
    "replace",
    "split_lines",
]

STDIN = "-"
"""The path that means standard input."""

MAX_SCRIPT_BYTES = 8 << 20
MAX_NOTEBOOK_BYTES = 64 << 20
"""Past these a file is generated, or data: it is named and skipped."""

_SUFFIXES = (".py", ".pyw", ".pyi", ".ipynb")
_SKIPPED_DIRECTORIES = frozenset({"__pycache__", "node_modules"})
_IS_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A file as text, with its own line ends; `bom` says whether a byte order mark came first."""

    path: str
    text: str
    encoding: str = "utf-8"
    bom: bool = False

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook rather than a script."""
        return self.path.endswith(".ipynb")

    def encode(self, text: str) -> bytes:
        """The bytes of the file, were this its text.

        Raises:
            UnicodeError: the encoding has no such characters.
        """
        return codecs.BOM_UTF8 * self.bom + text.encode(self.encoding)


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, or a place in one, that could not be dealt with, and why."""

    path: str
    message: str
    place: str = ""
    """The line from 1, or `cell 2:1`; empty: the whole file."""

    def __str__(self) -> str:
        place = f":{self.place}" if self.place else ""
        return f"{printable(self.path)}{place}: {self.message}"


def printable(path: str) -> str:
    """A path for a message: nothing in it moves the cursor or breaks the line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


def split_lines(text: str) -> list[str]:
    """Lines with their ends as Python sees them: LF, CRLF and CR end one, form feeds do not."""
    return _LINE.findall(text)


# -- finding -----------------------------------------------------------------------------------


def find(paths: Sequence[str]) -> Iterator[str | Problem]:
    """Files below some paths, each once, in the order of the paths and by name within each.

    A file that is named is taken whatever its suffix; of directories `*.py`, `*.pyw`, `*.pyi` and
    `*.ipynb`, without what is hidden, environments, `__pycache__` and `node_modules`.
    """
    seen: set[str] = set()
    for path in paths:
        found = _walk(path) if path != STDIN and os.path.isdir(path) else iter([path])
        for each in found:
            if isinstance(each, Problem):
                yield each
                continue
            real = each if each == STDIN else os.path.realpath(each)
            if real not in seen:
                seen.add(real)
                yield each


def _walk(top: str) -> Iterator[str | Problem]:
    problems: list[Problem] = []

    def note(exc: OSError) -> None:
        problems.append(Problem(str(exc.filename or top), _reason(exc)))

    for directory, below, names in os.walk(top, onerror=note):
        yield from problems
        problems.clear()
        below[:] = sorted(name for name in below if _is_worth_a_visit(directory, name))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield os.path.join(directory, name)
    yield from problems


def _is_worth_a_visit(directory: str, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED_DIRECTORIES:
        return False
    path = os.path.join(directory, name)
    return not any(os.path.exists(os.path.join(path, mark)) for mark in _IS_ENVIRONMENT)


# -- reading -----------------------------------------------------------------------------------


def read(path: str) -> Source | Problem:
    """The text of a regular file, decoded as Python would decode it."""
    if path == STDIN:
        return read_stdin()
    limit = MAX_NOTEBOOK_BYTES if path.endswith(".ipynb") else MAX_SCRIPT_BYTES
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            return Problem(path, "not a regular file")
        if found.st_size > limit:
            return Problem(path, f"{found.st_size} bytes are more than {limit}: not read")
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
        return Problem(path, _reason(exc))
    if len(data) > limit:
        return Problem(path, f"more than {limit} bytes: not read")
    return _decode(path, data)


def read_stdin() -> Source | Problem:
    """The text of standard input, a script."""
    data = sys.stdin.buffer.read(MAX_SCRIPT_BYTES + 1)
    if len(data) > MAX_SCRIPT_BYTES:
        return Problem(STDIN, f"more than {MAX_SCRIPT_BYTES} bytes: not read")
    return _decode(STDIN, data)


def _reason(exc: OSError | ValueError) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return "too many symbolic links" if exc.errno == errno.ELOOP else exc.strerror
    return str(exc)


def _decode(path: str, data: bytes) -> Source | Problem:
    if b"\0" in data:
        return Problem(path, "not text: there are NUL bytes in it")
    bom = data.startswith(codecs.BOM_UTF8)
    encoding = "utf-8"
    try:
        if not path.endswith(".ipynb"):
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if bom:
            data, encoding = data[len(codecs.BOM_UTF8) :], "utf-8"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a codec may find an escape in the text deprecated
            text = data.decode(encoding)
    except SyntaxError as exc:  # an encoding nobody knows, or a first line that is not UTF-8
        return Problem(path, str(exc.msg))
    except (UnicodeError, LookupError) as exc:  # LookupError: a codec that does not make text
        return Problem(path, f"not {encoding}: {exc}")
    return Source(path, text, encoding, bom)


# -- replacing ---------------------------------------------------------------------------------


def replace(path: str, old: bytes, new: bytes) -> Problem | None:
    """Give a file new contents in one step, or leave it as it is and say why.

    A link stays a link: what it leads to is replaced. The new file has the mode of the old. If the
    file does not hold `old`, somebody else changed it, or it says in other bytes what we read.
    """
    target = os.path.realpath(path)
    try:
        with open(target, "rb") as file:
            if file.read() != old:
                return Problem(path, "not written: its bytes are not those that were read")
        mode = stat.S_IMODE(os.stat(target).st_mode)
        if not mode & stat.S_IWUSR or not os.access(target, os.W_OK):
            return Problem(path, "read-only: not written")
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{os.path.basename(target)[:100]}.", suffix=".tmp", dir=os.path.dirname(target)
        )
    except OSError as exc:
        return Problem(path, f"not written: {_reason(exc)}")
    try:
        with open(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(target, temporary)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as exc:
        with contextlib.suppress(OSError):  # it may never have been made
            os.unlink(temporary)
        return Problem(path, f"not written: {_reason(exc)}")
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return None


def _keep_owner(old: str, new: str) -> None:
    """Let the group and owner stay, where the system has them and we may say so."""
    if hasattr(os, "chown"):
        was = os.stat(old)
        with contextlib.suppress(PermissionError):
            os.chown(new, was.st_uid, was.st_gid)
