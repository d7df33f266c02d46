"""Reads the arguments of `aim-compat` (also `python -m aim_compat`) and runs the command.

Options and defaults are Aim's; what the commands do is in `managing.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aim_compat._surface import AIM_VERSION
from aim_compat.cli import managing
from aim_compat.tools import commands as tools
from matyan_client.exceptions import MatyanError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[[argparse.Namespace], int]
    Parsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["elsewhere", "main"]

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
    "runs upload": "a backup is a copy of the .matyan directory.",
}
"""Commands of Aim that are not here, and what is instead."""


def elsewhere(command: str) -> str:
    """Why a command of Aim is not here, and what is instead."""
    return f"`aim {command}` is not here: {_ELSEWHERE[command]}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; None: those of this process.

    Returns:
        The exit code: 0, 1 if what was asked for was not done, 2 if it cannot be asked for; of
        `run`, that of the script.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"]:  # everything behind it belongs to the script
        return _run(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except MatyanError as exc:
        sys.stderr.write(f"aim-compat: {str(exc).splitlines()[0]}\n")
        return _EXIT_FAILED
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
    parser.add_argument("-v", "--verbose", action="store_true", help="taken and not needed")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    commands.add_parser("run", help="run a script with `import aim` meaning aim_compat")

    surface = commands.add_parser("surface", help="what of Aim is here, differs, or is absent")
    form = surface.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as the page docs/compatibility.md")
    surface.add_argument(
        "--evidence",
        type=Path,
        default=Path("tests", "compat", "evidence.json"),
        metavar="FILE",
        help="which conformance cases use what, for the page (default: %(default)s, if there)",
    )
    surface.set_defaults(command=_surface)

    init = _add(commands, "init", managing.init, "create a repository")
    init.add_argument("--repo", default="", help="where (default: here)")
    init.add_argument("-y", "--yes", action="store_true", help="replace one that is there")
    init.add_argument(
        "-s", "--skip-if-exists", action="store_true", help="leave one that is there as it is"
    )
    _add(commands, "version", _version, "the version of Aim that scripts see")
    _add_runs(_add_group(commands, "runs", "list, delete, copy and move runs"))
    _add_storage(_add_group(commands, "storage", "upkeep that Aim needs; nothing to do here"))
    tools.add_to(commands)
    for name in ("up", "server", "convert"):
        _add_elsewhere(commands, name, name)
    return parser


def _add_runs(actions: Parsers) -> None:
    listing = _add(actions, "ls", managing.list_runs, "list hashes")
    listing.add_argument("--corrupted", action="store_true", help="damaged runs only")
    remove = _add(actions, "rm", managing.remove_runs, "delete runs", hashes=True, yes=True)
    remove.add_argument("--corrupted", action="store_true", help="all damaged runs")
    for name, command in (("cp", managing.copy_runs), ("mv", managing.move_runs)):
        word = "copy" if name == "cp" else "move"
        transfer = _add(actions, name, command, f"{word} runs to another repository", hashes=True)
        transfer.add_argument("--destination", required=True, help="path or URL of the other")
    _add(actions, "close", managing.close_runs, "nothing to do", hashes=True, yes=True)
    _add(actions, "update-metrics", managing.nothing_to_upgrade, "nothing to do", yes=True)
    _add_elsewhere(actions, "upload", "runs upload")


def _add_storage(actions: Parsers) -> None:
    _add(actions, "reindex", managing.reindex, "nothing to do", yes=True)
    _add(actions, "prune", managing.prune, "nothing to do")
    _add(actions, "restore", managing.restore, "says what is instead", hashes=True, yes=True)
    upgrade = actions.add_parser("upgrade", help="nothing to do")
    formats = upgrade.add_subparsers(title="formats", metavar="FORMAT", required=True)
    _add(formats, "3.11+", managing.nothing_to_upgrade, "nothing to do", hashes=True, yes=True)


def _add_group(commands: Parsers, name: str, text: str) -> Parsers:
    group = commands.add_parser(name, help=text)
    group.add_argument("--repo", default="", help="path or URL (default: as in scripts)")
    return group.add_subparsers(title="actions", metavar="ACTION", required=True)


def _add(
    commands: Parsers,
    name: str,
    command: Command,
    text: str,
    *,
    hashes: bool = False,
    yes: bool = False,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text)
    if hashes:
        parser.add_argument("hashes", metavar="HASH", nargs="*", help="hashes; * and ? match any")
    if yes:
        parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.set_defaults(command=command)
    return parser


def _add_elsewhere(commands: Parsers, name: str, title: str) -> None:
    parser = commands.add_parser(
        name, help="not here: says what is instead", add_help=False, prefix_chars="\0"
    )
    parser.add_argument("rest", nargs="*")  # whatever Aim's command would take
    parser.set_defaults(command=lambda _options: _say_elsewhere(title))


def _say_elsewhere(title: str) -> int:
    sys.stderr.write(f"aim-compat: {elsewhere(title)}\n")
    return _EXIT_ERROR


def _surface(options: argparse.Namespace) -> int:
    from aim_compat import _surface_page

    if options.json:
        print(json.dumps(_surface_page.as_json(), indent=1))
    elif options.markdown:
        read = options.evidence.is_file()
        cases = json.loads(options.evidence.read_text(encoding="utf-8")) if read else {}
        print(_surface_page.as_markdown(cases), end="")
    else:
        print(_surface_page.as_text(), end="")
    return 0


def _version(_options: argparse.Namespace) -> int:
    from matyan_client import __version__

    print(f"Aim v{AIM_VERSION} (aim_compat of matyan-client {__version__})")
    return 0
