"""Draws results: tables, pairs, JSON. Colours and cuts to width on a terminal only."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "as_json",
    "confirm",
    "flat",
    "heading",
    "line",
    "moment",
    "pairs",
    "plain",
    "short",
    "size",
    "table",
]

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def _on_terminal() -> bool:
    return sys.stdout.isatty()


def _coloured() -> bool:
    return _on_terminal() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _paint(text: str, code: str) -> str:
    return f"{code}{text}{_RESET}" if _coloured() else text


def _one_line(text: str) -> str:
    """Without what would break a table or reach the terminal as a command."""
    return "".join(char if char.isprintable() else " " for char in text)


def line(text: str) -> None:
    """Print one line."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def heading(text: str) -> None:
    """Print a heading with a blank line before it."""
    line("")
    line(_paint(text, _BOLD))


def pairs(rows: Iterable[tuple[str, Any]]) -> None:
    """Print names and values below each other."""
    shown = [(_one_line(name), _one_line(str(value))) for name, value in rows]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        line(f"{_paint(name.ljust(width), _DIM)}  {value}".rstrip())


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print columns; on a terminal lines are cut at its width."""
    body = [[_one_line(cell) for cell in row] for row in rows]
    if not body:
        line(empty)
        return
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    limit = shutil.get_terminal_size().columns if _on_terminal() else None

    def joined(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join(padded).rstrip()[:limit]

    line(_paint(joined(header), _DIM))
    for cells in body:
        line(joined(cells))


def as_json(value: Any) -> None:
    """Print a value as JSON: numbers that are not finite become null, objects their text."""
    line(json.dumps(plain(value), indent=2, ensure_ascii=not _on_terminal()))


def plain(value: Any) -> Any:
    """A value as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def flat(params: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as dotted names and short values."""
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from flat(value, f"{name}.")
        else:
            yield name, short(value)


def short(value: Any) -> str:
    """A value on one line, at most 80 characters; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def moment(seconds: float) -> str:
    """A Unix time as local date and time."""
    return (
        dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
        .astimezone()
        .strftime("%Y-%m-%d %H:%M:%S")
    )


def size(size_bytes: int) -> str:
    """A size for people."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def confirm(question: str) -> bool:
    """Ask; anything but yes is no.

    Raises:
        InvalidInputError: there is nobody to ask.
    """
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise InvalidInputError("There is nobody to ask here; pass --yes to go ahead.")
    return answer.strip().lower() in ("y", "yes")
