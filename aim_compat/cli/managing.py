"""What Aim's commands do to runs and repositories: `init`, `runs …`, `storage …`.

Each takes parsed options and returns an exit code: 0, or 1 when what was asked for was not done.
Everything goes through `aim_compat.Repo`, so paths mean what they mean in scripts.
"""

from __future__ import annotations

import fnmatch
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from aim_compat.repo import Repo

__all__ = [
    "close_runs",
    "copy_runs",
    "init",
    "list_runs",
    "move_runs",
    "nothing_to_upgrade",
    "prune",
    "reindex",
    "remove_runs",
    "restore",
]

_DONE = 0
_FAILED = 1


def _say(text: str) -> int:
    """Say why something was not done."""
    sys.stderr.write(f"aim-compat: {text}\n")
    return _FAILED


def _confirmed(options: argparse.Namespace, question: str) -> bool:
    """Whether `--yes` was given, or is answered."""
    if options.yes:
        return True
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _open(path: str) -> Repo:
    from aim_compat.repo import Repo

    return Repo.from_path(path) if path else Repo.default_repo()


def init(options: argparse.Namespace) -> int:
    """Make a repository; one that is there is emptied if the user says so."""
    from aim_compat.repo import Repo

    path = options.repo or os.getcwd()
    exists = Repo.exists(path)
    if exists:
        if options.yes and options.skip_if_exists:
            return _say("--yes and --skip-if-exists contradict each other; give one of them")
        if options.skip_if_exists:
            print(f"Repo exists at {path}. Skipped initialization.")
            return _DONE
        if not _confirmed(
            options, f"There is a repository at {path}. Delete all its runs and start anew?"
        ):
            return _DONE
        Repo.rm(path)
    repo = Repo.from_path(path, init=True)
    done = "Re-initialized empty" if exists else "Initialized a new"
    print(f"{done} Aim repository at {repo.root_path}")
    return _DONE


# -- runs ------------------------------------------------------------------------------------------


def _matching(repo: Repo, patterns: Sequence[str]) -> list[str] | None:
    """Hashes by patterns, each once; None, after saying so, if one given in full is unknown."""
    known = repo.list_all_runs()
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = fnmatch.filter(known, pattern)
        if not matches and not any(sign in pattern for sign in "*?["):
            _say(f"no run has the hash {pattern!r}; nothing was done")
            return None
        found.update(dict.fromkeys(matches))
    return list(found)


def list_runs(options: argparse.Namespace) -> int:
    """Print hashes, tab-separated, and how many they are."""
    repo = _open(options.repo)
    hashes = repo.list_corrupted_runs() if options.corrupted else repo.list_all_runs()
    print("\t".join(hashes))
    print(f"Total {len(hashes)} runs.")
    return _DONE


def remove_runs(options: argparse.Namespace) -> int:
    """Delete runs."""
    if not options.hashes and not options.corrupted:
        return _say("say which runs to delete, by hash or with --corrupted")
    repo = _open(options.repo)
    hashes = repo.list_corrupted_runs() if options.corrupted else _matching(repo, options.hashes)
    if hashes is None:
        return _FAILED
    if not hashes:
        print("No matching runs found.")
        return _DONE
    if not _confirmed(options, f"Delete {len(hashes)} runs with all they hold?"):
        return _FAILED
    done, remaining = repo.delete_runs(hashes)
    if not done:
        return _say(f"not deleted: {', '.join(remaining)}")
    print(f"Successfully deleted {len(hashes)} runs.")
    return _DONE


def copy_runs(options: argparse.Namespace) -> int:
    """Copy runs to another repository, which must be there."""
    source = _open(options.repo)
    return _transfer(options, source, source.copy_runs, "copied")


def move_runs(options: argparse.Namespace) -> int:
    """Move runs to another repository, which must be there."""
    source = _open(options.repo)
    return _transfer(options, source, source.move_runs, "moved")


def _transfer(
    options: argparse.Namespace,
    source: Repo,
    transfer: Callable[[list[str], Repo], tuple[bool, list[str]]],
    word: str,
) -> int:
    if not options.hashes:
        return _say("say which runs, by hash; '*' means all")
    hashes = _matching(source, options.hashes)
    if hashes is None:
        return _FAILED
    done, remaining = transfer(hashes, _open(options.destination))
    if not done:
        return _say(f"not {word}: {', '.join(remaining)}")
    print(f"Successfully {word} {len(hashes)} runs.")
    return _DONE


def close_runs(options: argparse.Namespace) -> int:
    """Nothing to do for runs that exist: none is locked, and what it tracked is safe."""
    if not options.hashes:
        return _say("say which runs, by hash")
    hashes = _matching(_open(options.repo), options.hashes)
    if hashes is None:
        return _FAILED
    print(
        f"Nothing to close in {len(hashes)} runs: runs are not locked here, and one whose process "
        "is gone ends by itself."
    )
    return _DONE


# -- storage ---------------------------------------------------------------------------------------


def reindex(options: argparse.Namespace) -> int:
    """Nothing to do: there is no index that could be behind."""
    repo = _open(options.repo)
    print(f"Nothing to reindex in {repo.root_path}: what was written is readable at once.")
    return _DONE


def prune(options: argparse.Namespace) -> int:
    """Nothing to do: what belonged to deleted runs only is gone with them."""
    repo = _open(options.repo)
    repo.prune()
    print(f"Nothing to prune in {repo.root_path}: what belonged to deleted runs went with them.")
    return _DONE


def nothing_to_upgrade(options: argparse.Namespace) -> int:
    """Nothing to do: there is one format."""
    repo = _open(options.repo)
    print(f"Nothing to upgrade in {repo.root_path}: all runs are in the one format there is.")
    return _DONE


def restore(options: argparse.Namespace) -> int:
    """Not possible: upgrades, which Aim makes backups before, do not happen here."""
    repo = _open(options.repo)
    return _say(
        f"{repo.root_path} has no backups of runs to restore: they belong to upgrades, which are "
        "not needed here. A backup is a copy of the .matyan directory."
    )
