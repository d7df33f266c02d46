"""Sends what earlier processes left for deployments, until it is there or cannot be: the work of
`matyan-client sync`.

Journals of living processes are left to them. Whatever ends this, what is not sent stays where it
is, and the next call goes on from there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matyan_client.backends import select
from matyan_client.backends.left import Left, left_in
from matyan_client.backends.outbox import all_outboxes
from matyan_client.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from matyan_client.backends.outbox import Outbox

__all__ = ["Synced", "spools_to_send", "sync"]

GIVE_UP_S = 15.0
"""Trouble that lasts so long, without anything getting through, ends the attempt."""
LOOK_EVERY_S = 0.1


@dataclass(slots=True)
class Synced:
    """How it went with one deployment.

    Attributes:
        server: its URL.
        directory: where its spool is.
        sent_bytes: bytes of journals and blobs that were brought.
        left: what could not be.
        refused: messages the server did not take this time; they are kept in `directory`.
        elsewhere: journals of running processes, which send them themselves.
        trouble: why something is left, "" if nothing is.
    """

    server: str
    directory: str
    sent_bytes: int
    left: Left
    refused: int
    elsewhere: int
    trouble: str


def spools_to_send(server: str | None) -> list[Outbox]:
    """The spools of all deployments, or of one.

    Raises:
        InvalidInputError: nothing was ever written for that one on this machine.
    """
    found = all_outboxes()
    if server is None:
        return found
    url = select.check_url(server)
    chosen = [outbox for outbox in found if url in (outbox.backend_url, outbox.frontier_url)]
    if not chosen:
        known = ", ".join(sorted({outbox.backend_url for outbox in found})) or "none"
        raise InvalidInputError(
            f"Nothing was written for {url} on this machine. There are journals for: {known}."
        )
    return chosen


def sync(outbox: Outbox, tell: Callable[[int, int], None]) -> Synced:
    """Send what is in a spool.

    Args:
        outbox: the spool.
        tell: called with (bytes sent, bytes in all) again and again.
    """
    total = _weight(outbox)
    left = left_in(outbox, count=False)
    trouble, refused = "", 0
    if left or total:
        trouble, refused = _send(outbox, total, tell)
        left = left_in(outbox)
    return Synced(
        outbox.backend_url,
        str(outbox.directory),
        max(0, total - _weight(outbox)),
        left,
        refused,
        left.elsewhere,
        trouble if left else "",
    )


def _send(outbox: Outbox, total: int, tell: Callable[[int, int], None]) -> tuple[str, int]:
    from matyan_client.backends.remote import RemoteBackend

    backend = select.open_backend(outbox.backend_url, outbox.frontier_url)
    assert isinstance(backend, RemoteBackend)
    shipper = backend.shipper
    moved_at, weight = time.monotonic(), total
    with shipper.hurry():
        while not shipper.nothing_dead():
            if not shipper.recovers:
                shipper.recover()  # another process did until now, or a journal's has just died
            time.sleep(LOOK_EVERY_S)
            now = _weight(outbox)
            if now != weight:
                moved_at, weight = time.monotonic(), now
            total = max(total, weight)
            tell(total - weight, total)
            if time.monotonic() - moved_at > GIVE_UP_S and (
                shipper.trouble is not None or not shipper.recovers
            ):
                break
    trouble = shipper.trouble
    if trouble is None and not shipper.nothing_dead():
        return "another process is at it, and does not get on", shipper.outbox.refused
    return str(trouble or ""), shipper.outbox.refused


def _weight(outbox: Outbox) -> int:
    """Bytes that wait: journals nobody else looks after, and blobs."""
    return left_in(outbox, count=False).size_bytes + outbox.blob_bytes()
