"""Where a reading is not what was written, and why: data, each entry for some of the combinations.

An entry must be true in every combination it names, and whatever differs must have an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

__all__ = [
    "ABSENT",
    "ANYTHING",
    "DIFFERENCES",
    "READERS",
    "SERVERS",
    "WRITERS",
    "Difference",
    "applying",
]

WRITERS = ("ours", "aim", "published")
SERVERS = ("served", "real")
READERS = ("ours", "published", "rest")
ABSENT = "<no such reading>"
OURS = ("ours", "aim")
REMOTE = ("published", "rest")
COMPANION = (
    "What a real server cannot hold travels in a text beside it (`protocol.wire`), which other "
    "readers see as the text it is."
)


BY_NAME = (
    "A real server leads to a blob by the one object that names it, or as a file; so the images of "
    "a list are files, too."
)


@dataclass(frozen=True)
class Besides:
    """Equals what was written with files of ours beside it."""

    written: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return NotImplemented
        ours = {path for path in other if path.startswith("__matyan__/")}
        return len(ours) == 2 and self.written == {
            path: said for path, said in other.items() if path not in ours
        }


class _Anything:
    """Equals whatever there is."""

    def __eq__(self, other: object) -> bool:
        return other != ABSENT

    __hash__ = None  # type: ignore[assignment]  # never a key


ANYTHING = _Anything()


@dataclass(frozen=True)
class Difference:
    """One difference."""

    label: str
    """Of the reading; may hold wildcards of `fnmatch`."""
    seen: Callable[[Any], Any]
    """What is read instead, made of what was written."""
    reason: str
    writers: tuple[str, ...] = WRITERS
    servers: tuple[str, ...] = SERVERS
    readers: tuple[str, ...] = READERS


DIFFERENCES = [
    Difference(
        "epochs of *",
        lambda written: ABSENT,
        "No request of the published protocol gives the epochs of a metric (12.2, 10).",
        readers=REMOTE,
    ),
    Difference(
        "epochs of odd []",
        lambda written: [0, 1, 2, None],
        "What travels in a text beside a metric keeps its epoch.",
        writers=OURS,
        servers=("real",),
        readers=("ours",),
    ),
    Difference(
        "epochs of *",
        lambda written: [None] * len(written),
        "The real servers keep no epochs of metrics that could be read.",
        servers=("real",),
        readers=("ours",),
    ),
    Difference(
        "values of odd []",
        lambda written: [value if isinstance(value, float) else None for value in written],
        "JSON, which the published protocol has here, has no NaN and no infinity.",
        writers=OURS,
        servers=("served",),
        readers=REMOTE,
    ),
    *(
        Difference(label, seen, reason, writers=OURS, servers=("real",), readers=REMOTE)
        for label, seen, reason in (
            ("steps of odd []", lambda written: [3], COMPANION),
            ("values of odd []", lambda written: [4.0], COMPANION),
            (
                "images of several []",
                lambda written: [[step, items[:1]] for step, items in written],
                COMPANION,
            ),
            ("texts of __matyan__:*", lambda written: ANYTHING, COMPANION),
        )
    ),
    Difference(
        "texts",
        lambda written: ["__matyan__:float:odd []", "__matyan__:image:several []", *written],
        COMPANION,
        ("ours",),
        ("real",),
        REMOTE,
    ),
    Difference(
        "texts",
        lambda written: [
            "__matyan__:distribution:weights []",
            "__matyan__:float:odd []",
            "__matyan__:image:several []",
            *written,
        ],
        COMPANION + " A distribution of Aim's has more than such a server gives back.",
        ("aim",),
        ("real",),
        REMOTE,
    ),
    Difference(
        "param one",
        lambda written: {**written, "__matyan__": "dict"},
        "Where something may be there already a real server would merge, but for this mark.",
        ("aim",),
        ("real",),
        REMOTE,
    ),
    Difference("artifacts", Besides, BY_NAME, ("ours",), ("real",), REMOTE),
    Difference("artifacts", lambda written: Besides({}), BY_NAME, ("aim",), ("real",), REMOTE),
    Difference("artifacts", lambda written: {}, "None were written.", ("aim",)),
]


def applying(writer: str, server: str, reader: str, label: str) -> list[Difference]:
    """The entries about one reading."""
    return [
        one
        for one in DIFFERENCES
        if writer in one.writers
        and server in one.servers
        and reader in one.readers
        and fnmatchcase(label.replace("[", "<"), one.label.replace("[", "<"))
    ]
