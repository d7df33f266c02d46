"""The table of `_surface.py` as plain values, for a terminal, and as docs/compatibility.md.

The page also says which conformance cases use what: that comes from a file of the repository
(tests/compat/evidence.json) and is not part of the package.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aim_compat._surface import AIM_VERSION, Row, Status, definition, modules, names, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Evidence = Mapping[str, Sequence[str]]
    """Dotted name in Aim to the ids of the conformance cases that use it."""

__all__ = ["as_json", "as_markdown", "as_text"]

_SHOWN_CASES = 3


def as_json() -> list[dict[str, Any]]:
    """The table as plain values."""
    return [{**asdict(row), "status": row.status.value} for row in rows()]


def as_text() -> str:
    """The table for a terminal: a line a row, and how many there are of each state."""
    lines = [f"{row.status.value:9}  {row.title}  {row.note}".rstrip() for row in rows()]
    return "\n".join([*lines, "", f"Aim {AIM_VERSION}", *_counts(), ""])


def as_markdown(evidence: Evidence) -> str:
    """The table as docs/compatibility.md."""
    lines = [
        "# Compatibility with Aim",
        "",
        "<!-- Made by `python -m aim_compat surface --markdown`; do not edit. -->",
        "",
        f"`aim_compat` stands in for Aim {AIM_VERSION}. Names of Aim, and members of its classes,",
        "are supported, differ, or are absent. What is in none of the lists is not in Aim either,",
        "or is an internal that nobody outside is known to use; it fails as any missing name does.",
        "",
        *(f"- {count}" for count in _counts()),
        "",
        "## Differs",
        "",
        "Works, but not quite as in Aim. *better*: Aim refuses or garbles it, here it is right.",
        "",
        "| name | how |",
        "|---|---|",
        *(
            f"| `{row.title.removesuffix('.__init__')}` | {row.note} |"
            for row in rows()
            if row.status is Status.DIFFERS
        ),
        "",
        "## Absent",
        "",
        "Touching one of these raises an `AttributeError`, importing it an `ImportError`; either",
        "says what this table says.",
        "",
        "| name | why, and what instead |",
        "|---|---|",
        *_absent_lines(),
        "",
        "## Supported",
        "",
        "| module | names |",
        "|---|---|",
        *_supported_lines(),
        "",
        "## Functions and constants",
        "",
        "With the cases of the conformance suite (`tests/compat`) that use them and compare what",
        "they do with Aim. One that several modules hand out is listed at each.",
        "",
        *_proof_lines(_functions(), evidence),
        "",
        "## Members",
        "",
        "Of each class where Aim defines it; its subclasses have them, too.",
        *_member_lines(evidence),
        "",
    ]
    return "\n".join(lines)


def _counts() -> Iterator[str]:
    whole = Counter(row.status for row in rows() if row.name == "*")[Status.ABSENT]
    for kind, members in (("names", False), ("members", True)):
        found = Counter(row.status for row in rows() if row.is_member is members)
        found[Status.ABSENT] -= 0 if members else whole
        yield f"{kind}: " + ", ".join(f"{found[status]} {_WORDS[status]}" for status in Status)
    yield f"modules: {len(modules())} here, {whole} absent with all that is in them"


_WORDS = {Status.SUPPORTED: "supported", Status.DIFFERS: "differ", Status.ABSENT: "absent"}


def _absent_lines() -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows():
        if row.status is Status.ABSENT:
            group = (row.note, "") if row.name == "*" else (row.note, row.module)
            groups.setdefault(group, []).append(row.module if row.name == "*" else row.name)
    for (note, module), members in groups.items():
        shown = ", ".join(f"`{name}`" for name in members)
        yield f"| {f'`{module}`: ' if module else 'all of '}{shown} | {note} |"


def _supported_lines() -> Iterator[str]:
    for module in modules():
        here = names(module)
        if here:
            shown = ", ".join(f"`{name}`" for name in here)
            yield f"| `{module}` | {shown} |"


def _functions() -> list[Row]:
    return [
        row
        for row in rows()
        if row.status is not Status.ABSENT and not row.is_member and not definition(row.name)
    ]


def _member_lines(evidence: Evidence) -> Iterator[str]:
    classes: dict[str, list[Row]] = {}
    for row in rows():
        if row.is_member:
            classes.setdefault(f"{row.module}.{row.name.partition('.')[0]}", []).append(row)
    for dotted, members in sorted(classes.items()):
        yield f"\n### {dotted}\n"
        yield from _proof_lines(members, evidence)


def _proof_lines(listed: list[Row], evidence: Evidence) -> Iterator[str]:
    yield "| name | state | cases |"
    yield "|---|---|---|"
    for row in sorted(listed, key=lambda row: row.name if row.is_member else row.title):
        name = row.name.partition(".")[2] or row.title
        found = {case for each in _same(row) for case in evidence.get(each.title, ())}
        yield f"| `{name}` | {row.status.value} | {_abbreviated(sorted(found))} |"


def _same(row: Row) -> list[Row]:
    """The rows of the same function or constant, whichever module hands it out."""
    if row.is_member:
        return [row]
    if row.home:
        return [each for each in rows() if each.home == row.home]
    return [each for each in rows() if each.name == row.name and each.value == row.value]


def _abbreviated(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:_SHOWN_CASES])
    return shown + (f" and {len(ids) - _SHOWN_CASES} more" if len(ids) > _SHOWN_CASES else "")
