"""Commands and options of `matyan-client`, and what each does.

Results go to stdout, as tables or as JSON; errors are one line on stderr and exit code 2.
`output.py` draws.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

import matyan_client
from matyan_client.cli import output, serving, sync
from matyan_client.exceptions import (
    InvalidInputError,
    MatyanError,
    NotFoundError,
    RepoError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matyan_client.repo import Repo

__all__ = ["main"]

_EXIT_ERROR = 2
_EXIT_INTERRUPTED = 130

_REPO_HELP = (
    "path or URL of the repository (default: MATYAN_BACKEND_URL, else the nearest .matyan "
    "directory upwards from here)"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; None: those of this process.

    Returns:
        The exit code: 0, 2 for an error, 130 when interrupted.
    """
    options = _parser().parse_args(argv)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except MatyanError as exc:
        first_line, _, rest = str(exc).partition("\n")
        # A refused query shows its place on the lines below the message.
        sys.stderr.write(f"matyan-client: {first_line}\n{rest + chr(10) if rest else ''}")
        return _EXIT_ERROR
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="matyan-client", description="Look into and look after repositories of runs."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    version = commands.add_parser("version", help="print the version")
    version.set_defaults(command=_version)

    status = commands.add_parser("status", help="what is in a repository, and what waits")
    status.add_argument("repo", metavar="REPO", nargs="?", help=_REPO_HELP)
    _add_json(status)
    status.set_defaults(command=_status)

    runs = commands.add_parser("runs", help="list, show and delete runs")
    actions = runs.add_subparsers(title="actions", metavar="ACTION", required=True)

    listing = actions.add_parser("ls", help="list runs, newest first")
    _add_repo(listing)
    listing.add_argument("-q", "--query", default="", help="MatyanQL, such as 'run.lr < 0.1'")
    listing.add_argument(
        "-n", "--limit", type=_positive, default=None, help="at most this many (default: all)"
    )
    _add_json(listing)
    listing.set_defaults(command=_list_runs)

    show = actions.add_parser("show", help="properties, parameters and sequences of one run")
    show.add_argument("hash", metavar="HASH", help="the run's hash, or how it begins")
    _add_repo(show)
    _add_json(show)
    show.set_defaults(command=_show_run)

    remove = actions.add_parser("rm", help="delete runs with everything they hold")
    remove.add_argument("hashes", metavar="HASH", nargs="+", help="hashes, or how they begin")
    _add_repo(remove)
    remove.add_argument("-y", "--yes", action="store_true", help="do not ask")
    remove.set_defaults(command=_remove_runs)

    sync.add_to(commands)

    server = commands.add_parser("server", help="serve a repository to other processes")
    serving.add_server(server)
    server.set_defaults(command=serving.run_server)
    return parser


def _add_repo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repo", metavar="REPO", default=None, help=_REPO_HELP)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _open(value: str | None) -> Repo:
    """Open a repository that is there; looking must not create one.

    Raises:
        RepoError: there is none.
    """
    repo = matyan_client.Repo(value)
    if repo.path is not None and not repo.path.is_dir():
        raise RepoError(
            f"There is no repository at {repo.url!r}. Name one with --repo, or go to a directory "
            "that has one."
        )
    return repo


def _full_hash(repo: Repo, start: str) -> str:
    """The hash of the one run whose hash begins like this.

    Raises:
        NotFoundError: there is none.
        InvalidInputError: there are several.
    """
    if repo.run_exists(start):
        return start
    found = [run_hash for run_hash in repo.list_all_runs() if run_hash.startswith(start)]
    if not found:
        raise NotFoundError(f"No run in {repo.url} has a hash that begins with {start!r}.")
    if len(found) > 1:
        raise InvalidInputError(
            f"{len(found)} runs have hashes that begin with {start!r}, such as {found[0]} and "
            f"{found[1]}; write more of it."
        )
    return found[0]


def _version(_options: argparse.Namespace) -> int:
    output.line(f"matyan-client {matyan_client.__version__}")
    return 0


def _status(options: argparse.Namespace) -> int:
    with _open(options.repo) as repo:
        # Asked first: it tells even of a deployment that does not answer.
        status: dict[str, Any] = repo.backend.status()  # type: ignore[attr-defined]  # all have it
        facts: dict[str, Any] = {"repository": repo.url, **status}
        services = status.get("services")
        if services is not None and services["backend"]["trouble"]:
            _print_status(facts, options.json)
            raise RepoError(services["backend"]["trouble"])
        kinds = tuple(repo.available_sequence_types())
        sequences = dict.fromkeys(kinds, 0)
        for traces in repo.collect_sequence_info(kinds).values():
            for kind, found in traces.items():
                sequences[kind] += len(found)
        facts["runs"] = repo.total_runs_count()
        facts["active"] = len(repo.list_active_runs())
        facts["sequences"] = sequences
    _print_status(facts, options.json)
    return 0


def _print_status(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.as_json(facts)
        return
    rows = [("repository", facts["repository"])]
    if "runs" in facts:
        sequences = facts["sequences"]
        tracked = ", ".join(f"{count} {kind}" for kind, count in sequences.items() if count)
        rows += [
            ("runs", f"{facts['runs']} ({facts['active']} active)"),
            ("sequences", f"{sum(sequences.values())}" + (f" ({tracked})" if tracked else "")),
        ]
    output.pairs(
        [*rows, *(_deployment_lines(facts) if "services" in facts else _disk_lines(facts))]
    )


def _disk_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    journals = facts["journals"]
    return [
        ("size", output.size(facts["size_bytes"])),
        ("journals", f"{journals} not yet applied" if journals else "all applied"),
    ]


def _deployment_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, service in facts["services"].items():
        trouble = service["trouble"]
        state = f"NOT AVAILABLE: {trouble}" if trouble else f"version {service['version']}"
        lines.append((name, f"{service['url']} {state}"))
    waiting = "nothing"
    if facts["waiting"]:
        waiting = f"{facts['waiting']}, in {facts['directory']}; send them with: matyan-client sync"
    lines.append(("to be sent", waiting))
    if facts["sent_by_others"]:
        lines.append(("being sent", f"by {facts['sent_by_others']} running processes"))
    return lines


def _list_runs(options: argparse.Namespace) -> int:
    with _open(options.repo) as repo:
        if options.limit is None:
            runs = repo.query_runs(options.query)
        else:
            pages = repo.query_runs(options.query, paginated=True, limit=options.limit)
            runs = next(iter(pages), [])  # type: ignore[arg-type]  # pages, as asked for
    if options.json:
        output.as_json(runs)
        return 0
    output.table(
        ("hash", "created", "state", "experiment", "name", "sequences", "tags"),
        [
            (
                info["hash"],
                output.moment(info["props"]["creation_time"]),
                _state(info["props"]),
                info["props"]["experiment"]["name"] or "",
                info["props"]["name"] or "",
                str(sum(len(found) for found in info["traces"].values())),
                " ".join(tag["name"] for tag in info["props"]["tags"]),
            )
            for info in runs
        ],
        empty="no runs",
    )
    return 0


def _state(props: dict[str, Any]) -> str:
    return "active" if props["active"] else "archived" if props["archived"] else "done"


def _show_run(options: argparse.Namespace) -> int:
    with _open(options.repo) as repo:
        run_hash = _full_hash(repo, options.hash)
        run = repo.get_run(run_hash)
        if run is None:
            raise NotFoundError(f"Run {run_hash!r} was deleted just now.")
        record = run.record(artifacts=True)
        params = run.get_param()
    if options.json:
        output.as_json({**output.plain(record), "params": output.plain(params)})
        return 0
    output.pairs(
        [
            ("hash", record.hash),
            ("name", record.name or ""),
            ("experiment", record.experiment or ""),
            ("description", record.description or ""),
            ("tags", " ".join(record.tags)),
            ("state", _state({"active": record.active, "archived": record.archived})),
            ("created", output.moment(record.created_at)),
            ("ended", "" if record.end_time is None else output.moment(record.end_time)),
        ]
    )
    output.heading("parameters")
    output.pairs(output.flat(params))
    output.heading("sequences")
    output.table(
        ("kind", "name", "context", "count", "last step", "last", "min", "max"),
        [
            (
                sequence.kind,
                sequence.name,
                output.short(sequence.context),
                output.short(sequence.count),
                output.short(sequence.last_step),
                *map(output.short, (sequence.last, sequence.min, sequence.max)),
            )
            for sequence in record.sequences or []
        ],
        empty="none",
    )
    output.heading("artifacts")
    output.table(
        ("path", "size", "type"),
        [
            (
                artifact.path,
                "" if artifact.size_bytes is None else output.size(artifact.size_bytes),
                artifact.content_type,
            )
            for artifact in record.artifacts or []
        ],
        empty="none",
    )
    return 0


def _remove_runs(options: argparse.Namespace) -> int:
    with _open(options.repo) as repo:
        hashes = list(dict.fromkeys(_full_hash(repo, start) for start in options.hashes))
        if not options.yes and not output.confirm(
            f"Delete {len(hashes)} run{'s' * (len(hashes) != 1)} from {repo.url}?"
        ):
            output.line("nothing deleted")
            return 1
        _, failed = repo.delete_runs(hashes)
    output.line(f"deleted {len(hashes) - len(failed)} of {len(hashes)}")
    if failed:
        raise NotFoundError(f"Not deleted: {', '.join(failed)}.")
    return 0
