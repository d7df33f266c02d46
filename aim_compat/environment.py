"""Where the process runs, in the forms of Aim's helpers: packages, variables, git.

What `Run(log_system_params=True)` keeps is gathered by `matyan_client`, not here.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
from typing import Any

__all__ = ["get_environment_variables", "get_git_info", "get_installed_packages"]

_SECRETS = ("secret", "key", "token", "password")
_GIT_TIMEOUT_S = 5.0


def get_installed_packages() -> dict[str, str]:
    """Version by name, in lower case with dashes."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"] if distribution.metadata else None
        if name:
            # the first on the path is the one that gets imported
            found.setdefault(re.sub(r"[^A-Za-z0-9.]+", "-", name).lower(), distribution.version)
    return found


def get_environment_variables() -> dict[str, str]:
    """Environment variables but those whose name speaks of a secret, key, token or password."""
    return {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.lower() for word in _SECRETS)
    }


def get_git_info() -> dict[str, Any]:
    """Branch, remote and last commit of the working directory; empty outside a git work tree."""
    if (_git("rev-parse", "--is-inside-work-tree") or "").lower() != "true":
        return {}
    commit = (_git("log", "--pretty=format:%h/%ad/%an", "--date=iso-strict", "-1") or "").split("/")
    commit_hash, timestamp, author = commit if len(commit) == 3 else (None, None, None)
    return {
        "branch": _git("rev-parse", "--abbrev-ref", "HEAD"),
        "remote_origin_url": _git("config", "--get", "remote.origin.url"),
        "commit": {"hash": commit_hash, "timestamp": timestamp, "author": author},
    }


def _git(*arguments: str) -> str | None:
    """What git prints, None if it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
