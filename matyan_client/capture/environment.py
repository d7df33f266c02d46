"""Facts about where a run runs: executable, arguments, packages, environment, git state.

Nothing that looks like a secret is taken along.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

__all__ = ["system_params"]

_SECRET = re.compile(r"secret|key|token|password|passwd|credential|auth", re.IGNORECASE)
GIT_TIMEOUT_S = 2.0


def system_params() -> dict[str, Any]:
    """What `__system_params` holds (protocol section 7.6)."""
    return {
        "executable": sys.executable,
        "arguments": list(sys.argv),
        "packages": _packages(),
        "env_variables": {
            name: _without_credentials(value)
            for name, value in sorted(os.environ.items())
            if not _SECRET.search(name)
        },
        "git_info": _git_info(),
    }


def _packages() -> dict[str, str]:
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"] if distribution.metadata else None
        if name and name not in found:
            found[name] = distribution.version
    return dict(sorted(found.items()))


def _without_credentials(text: str) -> str:
    """A URL without user and password; anything else as it is."""
    if "://" not in text or "@" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=GIT_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _git_info() -> dict[str, Any]:
    """Branch, remote and commit; empty outside a repository or without git."""
    commit = _git("log", "-1", "--format=%H%n%cI%n%an <%ae>")
    if not commit:
        return {}
    commit_hash, timestamp, author = ([*commit.split("\n"), "", ""])[:3]
    return {
        "branch": _git("rev-parse", "--abbrev-ref", "HEAD") or "",
        "remote_origin_url": _without_credentials(
            _git("config", "--get", "remote.origin.url") or ""
        ),
        "commit": {"hash": commit_hash, "timestamp": timestamp, "author": author},
    }
