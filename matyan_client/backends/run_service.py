"""What shipping asks of a deployment besides taking messages: a seam, so that this needs no HTTP.

Every method blocks, and raises ServerError if it did not get its answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RunFacts", "RunService"]


@dataclass(slots=True)
class RunFacts:
    """What a run on the server holds.

    Attributes:
        params: parameters as stored JSON values (`objects.params`, marks taken off).
        last_steps: highest step by (name, canonical context) of every sequence.
        next_line: number behind the last terminal line.
    """

    params: dict[str | int, Any] = field(default_factory=dict)
    last_steps: dict[tuple[str, str], int] = field(default_factory=dict)
    next_line: int = 0


class RunService(Protocol):
    """See above."""

    def facts(self, run_hash: str) -> RunFacts | None:
        """What a run holds, None if there is no such run."""
        ...

    def clear_tombstone(self, run_hash: str) -> None:
        """Let a run that was deleted be written again (8.2); nothing happens to others."""
        ...

    def clear_experiment(self, run_hash: str) -> None:
        """Take a run out of its experiment (8.2), which no message of a real server can."""
        ...

    def synced(self, run_hash: str) -> float | None:
        """The value of the sync metric (`wire.SYNC_NAME`), None if there is none."""
        ...

    def upload(self, run_hash: str, path: str, content_type: str, file: Path) -> None:
        """Bring a file's bytes to where `<run_hash>/<path>` is read from (5.3).

        Raises:
            ServerError: they are not there.
            OSError: the file cannot be read.
        """
        ...
