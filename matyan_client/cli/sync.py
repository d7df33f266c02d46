"""`matyan-client sync`: sends what is kept on this machine for deployments that were away."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

from matyan_client.cli import output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from matyan_client.backends.sync import Synced

__all__ = ["add_to"]

_EXIT_LEFT = 1


def add_to(commands: Any) -> None:
    """Add the command to the program's."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "sync",
        help="send what is kept on this machine for servers that were away",
        description="Sends what earlier processes could not bring to their servers. It may be "
        "interrupted and run again at any time. Processes that are still running send their own.",
    )
    parser.add_argument(
        "--server", metavar="URL", default=None, help="only for this server (default: for all)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(command=_sync)


def _sync(options: argparse.Namespace) -> int:
    from matyan_client.backends.sync import spools_to_send, sync

    done = []
    for outbox in spools_to_send(options.server):
        with _Bar(outbox.backend_url) as bar:
            done.append(sync(outbox, bar.show))
    if options.json:
        output.as_json([dataclasses.asdict(each) for each in done])
    else:
        for each in done:
            for text in _told(each):
                output.line(text)
        if not done:
            output.line("nothing to send")
    return _EXIT_LEFT if any(each.left or each.refused for each in done) else 0


def _told(each: Synced) -> list[str]:
    told = []
    if each.sent_bytes:
        told.append(f"{each.server}: sent {output.size(each.sent_bytes)}")
    elif not each.left and not each.refused:
        told.append(f"{each.server}: nothing to send")
    if each.left:
        told.append(f"{each.server}: NOT SENT: {each.left}: {each.trouble}")
        told.append(f"  it is kept in {each.directory}; run this again when the server answers")
    if each.refused:
        told.append(
            f"{each.server}: NOT TAKEN by the server: {each.refused} messages, which are kept in "
            f"{each.directory}/refused with what it said"
        )
    if each.elsewhere:
        told.append(f"{each.server}: {each.elsewhere} journals are sent by running processes")
    return told


class _Bar:
    """A progress bar, on a terminal only."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Any = None
        self.show: Callable[[int, int], None] = self._show if sys.stderr.isatty() else _nothing

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _show(self, sent: int, total: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self._title, unit="B", unit_scale=True, total=total, file=sys.stderr
            )
        self._bar.total = total
        self._bar.n = max(0, sent)
        self._bar.refresh()


def _nothing(sent: int, total: int) -> None:
    del sent, total
