"""Where our server answers otherwise than the real ones, and why: data.

An entry that no question needs fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

__all__ = ["ANSWERS", "FRAME_ANSWERS"]


@dataclass(frozen=True)
class Answer:
    """A difference in one field, or in several: both patterns are those of `fnmatch`."""

    question: str
    path: str
    reason: str


class Answers:
    """All of them."""

    def __init__(self, entries: list[Answer]) -> None:
        self._entries = entries

    def find(self, question: str, path: str) -> Answer | None:
        """The entry about a field of an answer."""
        for entry in self._entries:
            if fnmatchcase(question, entry.question) and fnmatchcase(path, entry.path):
                return entry
        return None

    def unused(self, used: set[Answer]) -> list[Answer]:
        """Entries that nothing needed."""
        return [entry for entry in self._entries if entry not in used]


ANSWERS = Answers(
    [
        *(
            Answer(
                "GET /runs/search/run/*",
                f".answer.*.traces.metric.*.values.{member}",
                "The real server repeats the last value (12.2, 11); ours is what the name says.",
            )
            for member in ("first", "min", "max")
        ),
        *(
            Answer(
                "GET /runs/search/metric/*",
                f".answer.*.traces.*.{column}.{part}",
                "The real server sends no epochs and times (12.2, 10).",
            )
            for column in ("epochs", "timestamps")
            for part in ("shape", "blob")
        ),
        Answer(
            "POST /runs/{first}/images/get-batch/",
            ".answer.*",
            "Asked for the images of a metric, the real server makes empty images of its values.",
        ),
    ]
)

FRAME_ANSWERS: dict[str, tuple[list[object], list[object]]] = {}
"""By frame: replies of ours and of the real servers."""
