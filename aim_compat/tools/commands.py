"""The commands `check` and `rewrite`: arguments in, text and exit codes out."""

from __future__ import annotations

import functools
import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

from aim_compat.tools import files
from aim_compat.tools.files import STDIN, Problem, Source

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["add_to"]

_MANY = 200
"""From so many files on a terminal hears how far it is."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to a command line."""
    check = commands.add_parser("check", help="what of Aim some scripts use, and if it is here")
    check.add_argument("--json", action="store_true", help="as JSON")
    check.add_argument("--all", action="store_true", help="list what is supported, too")
    check.set_defaults(command=functools.partial(_while_read, _check))
    rewrite = commands.add_parser("rewrite", help="let scripts import aim_compat instead of aim")
    rewrite.add_argument("--write", action="store_true", help="change the files, not only show how")
    rewrite.set_defaults(command=functools.partial(_while_read, _rewrite))
    for parser in (check, rewrite):
        parser.add_argument(
            "paths",
            metavar="PATH",
            nargs="+",
            help="a script, a notebook, a directory, or - for standard input",
        )


def _while_read(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; if nobody reads its output any more, stop without a word."""
    try:
        code = command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what is still held back must go somewhere at exit
        os.close(nowhere)
        return 1
    return code


def _check(options: argparse.Namespace) -> int:
    from aim_compat.tools.check import check

    report = check(_progress(options.paths))
    if options.json:
        _print(json.dumps(report.as_json(), indent=1))
    else:
        for line in report.as_text(everything=options.all, colours=_has_colours(sys.stdout)):
            _print(line)
    return report.exit_code


def _rewrite(options: argparse.Namespace) -> int:
    from aim_compat.tools.rewrite import rewrite, write

    changed = problems = 0
    for found in _progress(options.paths):
        source = found if isinstance(found, Problem) else files.read(found)
        if isinstance(source, Problem):
            problems += _complain(source)
            continue
        done = rewrite(source)
        for problem in done.problems:
            problems += _complain(problem)
        for remark in done.remarks:
            _print(f"aim-compat: {remark}", sys.stderr)
        if source.path == STDIN and options.write:
            _write_stdout(source, done.text)
            continue
        if not done.is_changed:
            continue
        for line in done.diff():
            _print(_coloured(line) if _has_colours(sys.stdout) else line)
        failed = write(done) if options.write else None
        if failed is not None:
            problems += _complain(failed)
        else:
            changed += 1
    hint = "" if options.write or not changed else "; nothing is written without --write"
    verb = "changed" if options.write else "to change"
    noun = "file" if changed == 1 else "files"
    failures = f"; {problems} could not be dealt with" if problems else ""
    _print(f"aim-compat: {changed} {noun} {verb}{failures}{hint}", sys.stderr)
    return int(problems > 0)


# -- input and output ------------------------------------------------------------------------------


def _progress(paths: Sequence[str]) -> Iterator[str | Problem]:
    """The files below some paths; a terminal hears how many there were."""
    speaks = _is_terminal(sys.stderr)
    count = 0
    for count, found in enumerate(files.find(paths), start=1):
        if speaks and count % _MANY == 0:
            _print(f"\r{count} files", sys.stderr, end="")
        yield found
    if speaks and count >= _MANY:
        _print("\r\033[K", sys.stderr, end="")


def _complain(problem: Problem) -> int:
    _print(f"aim-compat: {problem}", sys.stderr)
    return 1


def _print(text: str, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print whatever the text holds: what the stream's encoding lacks is escaped."""
    stream = sys.stdout if stream is None else stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)


def _write_stdout(source: Source, text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(source.encode(text))
    sys.stdout.buffer.flush()


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _has_colours(stream: TextIO) -> bool:
    return _is_terminal(stream) and not os.environ.get("NO_COLOR")


def _coloured(line: str) -> str:
    colour = {"+": 32, "-": 31, "@": 36}.get(line[:1])
    return f"\033[{colour}m{line}\033[0m" if colour else line
