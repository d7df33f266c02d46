"""The table of `_surface.py` as plain values and as the page docs/compatibility.md."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aim_compat._surface import AIM_VERSION, Status, modules, names, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["as_json", "as_markdown", "as_text"]


def as_json() -> list[dict[str, Any]]:
    """The table as plain values."""
    return [{**asdict(row), "status": row.status.value} for row in rows()]


def as_markdown() -> str:
    """The table as docs/compatibility.md."""
    lines = [
        "# Compatibility with Aim",
        "",
        "<!-- Made by `python -m aim_compat surface --markdown`; do not edit. -->",
        "",
        f"`aim_compat` stands in for Aim {AIM_VERSION}. Names of Aim are in one of three lists.",
        "What is in none of them is not in Aim either, or is an internal that nobody outside is",
        "known to use; it fails as any missing name does.",
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
    ]
    return "\n".join(lines)


def as_text() -> str:
    """The table for a terminal: a line a name, and how many there are of each status."""
    lines = [f"{row.status.value:9}  {row.title}  {row.note}".rstrip() for row in rows()]
    counts = [f"{sum(row.status is status for row in rows())} {status.value}" for status in Status]
    return "\n".join([*lines, "", f"Aim {AIM_VERSION}: {', '.join(counts)}.", ""])


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
