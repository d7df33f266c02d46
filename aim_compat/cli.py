"""The command line `aim-compat` (also `python -m aim_compat`): runs scripts written for Aim, and
has those of Aim's commands that mean something here.

Everything goes through `aim_compat.Repo`, so paths mean what they mean in scripts.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
from typing import TYPE_CHECKING

from aim_compat._surface import AIM_VERSION
from matyan_client.exceptions import MatyanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aim_compat.repo import Repo

__all__ = ["main"]

_EXIT_FAILED = 1
_EXIT_ERROR = 2

_RUN_USAGE = """\
usage: aim-compat run script.py [ARG ...]
       aim-compat run -m module [ARG ...]
       aim-compat run -c code [ARG ...]
       aim-compat run - [ARG ...]

Runs a script or module as `python` does, except that `import aim` in it, in everything it imports
and in every Python process it starts means aim_compat. The script stays as it is; a real Aim that
is installed stays unused.
"""

_DESCRIPTION = f"""\
Runs scripts written for Aim {AIM_VERSION} on Matyan, unedited, and looks after their repositories.
"""

_ELSEWHERE = {
    "up": "Matyan's UI comes with its server; until then read runs with Repo, or list them with "
    "`matyan-client runs ls`.",
    "server": "a server for several people comes with the served release (`matyan-client server`); "
    "until then use a directory that all can reach.",
    "convert": "importing from TensorBoard, W&B and MLflow comes with `matyan-client convert`.",
    "storage": "there is nothing to reindex, prune, upgrade or restore: reads see what was just "
    "written, and what a killed process left is taken in by whoever opens the repository next.",
}
"""Commands of Aim that are not here, and what is instead."""

_RUNS_ELSEWHERE = {
    "close": "runs are never locked, and one whose process is gone ends by itself.",
    "cp": "use Repo(...).copy_runs(hashes, Repo(destination)).",
    "mv": "use Repo(...).move_runs(hashes, Repo(destination)).",
    "update-metrics": "there are no metrics of an older format here.",
    "upload": "a backup is a copy of the .matyan directory.",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; None: those of this process.

    Returns:
        The exit code: 0, 1 for an answer of no, 2 for an error; of `run`, that of the script.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"]:  # everything behind it belongs to the script
        return _run(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except MatyanError as exc:
        sys.stderr.write(f"aim-compat: {str(exc).splitlines()[0]}\n")
        return _EXIT_ERROR
    except KeyboardInterrupt:
        return 130
    return code


def _run(arguments: list[str]) -> int:
    from aim_compat import _launch

    if arguments[:1] == ["--"]:
        del arguments[0]
    first, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if first in ("-h", "--help"):
        print(_RUN_USAGE, end="")
        return 0
    if first == "-":
        return _launch.run_stdin(rest)
    option = first[:2]
    if option in ("-m", "-c"):
        value, args = (first[2:], rest) if first[2:] else ("".join(rest[:1]), rest[1:])
        if not value:
            sys.stderr.write(f"{_RUN_USAGE}aim-compat: {option} needs a value\n")
            return _EXIT_ERROR
        return _launch.run_module(value, args) if option == "-m" else _launch.run_code(value, args)
    if not first or first.startswith("-"):
        reason = f"unknown option {first}" if first else "nothing to run"
        sys.stderr.write(f"{_RUN_USAGE}aim-compat: {reason}\n")
        return _EXIT_ERROR
    return _launch.run_script(first, rest)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aim-compat", description=_DESCRIPTION)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    commands.add_parser("run", help="run a script with `import aim` meaning aim_compat")

    surface = commands.add_parser("surface", help="what of Aim is here, differs, or is absent")
    form = surface.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as the page docs/compatibility.md")
    surface.set_defaults(command=_surface)

    init = commands.add_parser("init", help="create a repository")
    init.add_argument("--repo", default="", help="where (default: here)")
    init.add_argument("-y", "--yes", action="store_true", help="replace one that is there")
    init.add_argument(
        "-s", "--skip-if-exists", action="store_true", help="leave one that is there as it is"
    )
    init.set_defaults(command=_init)

    version = commands.add_parser("version", help="the version of Aim that scripts see")
    version.set_defaults(command=_version)

    runs = commands.add_parser("runs", help="list and delete runs")
    runs.add_argument("--repo", default="", help="path or URL (default: as in scripts)")
    actions = runs.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("ls", help="list hashes")
    listing.set_defaults(command=_list_runs)
    remove = actions.add_parser("rm", help="delete runs")
    remove.add_argument("hashes", metavar="HASH", nargs="+", help="hashes; * and ? match any")
    remove.add_argument("-y", "--yes", action="store_true", help="do not ask")
    remove.set_defaults(command=_remove_runs)
    for name, text in _RUNS_ELSEWHERE.items():
        _add_elsewhere(actions, name, f"runs {name}", text)
    for name, text in _ELSEWHERE.items():
        _add_elsewhere(commands, name, name, text)
    return parser


def _add_elsewhere(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, title: str, text: str
) -> None:
    parser = commands.add_parser(
        name, help="not here: says what is instead", add_help=False, prefix_chars="\0"
    )
    parser.add_argument("rest", nargs="*")  # whatever Aim's command would take
    parser.set_defaults(command=lambda _options: _say_elsewhere(title, text))


def _say_elsewhere(title: str, text: str) -> int:
    sys.stderr.write(f"aim-compat: `aim {title}` is not here: {text}\n")
    return _EXIT_ERROR


def _surface(options: argparse.Namespace) -> int:
    from aim_compat import _surface_page

    if options.json:
        print(json.dumps(_surface_page.as_json(), indent=1))
    elif options.markdown:
        print(_surface_page.as_markdown(), end="")
    else:
        print(_surface_page.as_text(), end="")
    return 0


def _version(_options: argparse.Namespace) -> int:
    from matyan_client import __version__

    print(f"Aim v{AIM_VERSION} (aim_compat of matyan-client {__version__})")
    return 0


def _ask(question: str) -> bool:
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _init(options: argparse.Namespace) -> int:
    from aim_compat.repo import Repo

    path = options.repo or os.getcwd()
    if Repo.exists(path):
        if options.skip_if_exists:
            print(f"Repo exists at {path}. Skipped initialization.")
            return 0
        if not options.yes and not _ask(
            f"There is a repository at {path}. Delete all its runs and start anew?"
        ):
            return 0
        Repo.rm(path)
    Repo.from_path(path, init=True)
    print(f"Initialized a new Aim repository at {path}")
    return 0


def _open(path: str) -> Repo:
    from aim_compat.repo import Repo

    return Repo.from_path(path) if path else Repo.default_repo()


def _list_runs(options: argparse.Namespace) -> int:
    hashes = _open(options.repo).list_all_runs()
    print("\t".join(hashes))
    print(f"Total {len(hashes)} runs.")
    return 0


def _remove_runs(options: argparse.Namespace) -> int:
    repo = _open(options.repo)
    known = repo.list_all_runs()
    hashes: dict[str, None] = {}
    for pattern in options.hashes:
        found = fnmatch.filter(known, pattern)
        if not found:
            sys.stderr.write(f"aim-compat: no run matches {pattern!r}; nothing deleted\n")
            return _EXIT_FAILED
        hashes.update(dict.fromkeys(found))
    if not options.yes and not _ask(f"Delete {len(hashes)} runs with all they hold?"):
        return _EXIT_FAILED
    done, remaining = repo.delete_runs(list(hashes))
    if not done:
        sys.stderr.write(f"aim-compat: not deleted: {', '.join(remaining)}\n")
        return _EXIT_FAILED
    print(f"Successfully deleted {len(hashes)} runs.")
    return 0
