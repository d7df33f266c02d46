"""The Python in a Jupyter notebook: one module out of its code cells, and the way back.

Cells become one text, in order, so that names live on from cell to cell. Lines that only IPython
understands become `pass`. Putting changed lines back touches their JSON strings and no other byte.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aim_compat.tools.files import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cell", "Magic", "Notebook", "NotebookError", "parse"]

_PYTHON_CELL = re.compile(r"%%(?:time|timeit|capture|prun|memit|mprun|python3?|pypy|debug)\b")
_ASSIGNS_MAGIC = re.compile(r"[\w.,\s\[\]]+=\s*[%!](?!=)")
_AUTOMAGICS = ("cd ", "ls ", "pip ", "conda ")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)
_RETRIES = 40


class NotebookError(ValueError):
    """The file is no notebook that can be read."""


@dataclass(frozen=True, slots=True)
class Magic:
    """A line for IPython: its text, and its row in the cell, from 0."""

    text: str
    row: int


@dataclass(slots=True)
class Cell:
    """A code cell: its text, and the module's text of it, line for line."""

    number: int
    """Of all cells, from 1."""
    text: str
    first_row: int = 0
    """The row of the module on which it starts, from 0."""
    python: str = ""
    problem: str = ""
    """Why it holds no Python for us."""
    problem_row: int = 0
    is_skipped: bool = False
    """Whether a magic makes the whole of it something else than Python."""
    magics: list[Magic] = field(default_factory=list)


class Notebook:
    """The code cells of a notebook's text."""

    def __init__(self, text: str, cells: list[Cell], spans: list[list[tuple[int, int]]]) -> None:
        self._text = text
        self._spans = spans
        self.cells = cells

    @property
    def module(self) -> str:
        """All cells as one module."""
        return "".join(cell.python for cell in self.cells)

    def cell_at(self, row: int) -> tuple[Cell, int]:
        """The cell of a row of the module (from 0), and the row within it (from 0)."""
        found = self.cells[0]
        for cell in self.cells:
            if cell.first_row <= row:
                found = cell
        return found, row - found.first_row

    def with_rows(self, changed: dict[int, str]) -> str:
        """The notebook's text with some rows of the module (text without line end) replaced.

        Raises:
            NotebookError: a row is spread over several strings of the file.
        """
        edits: list[tuple[int, int, str]] = []
        for cell, spans in zip(self.cells, self._spans, strict=True):
            rows = split_lines(cell.text)
            here = {
                row: changed[cell.first_row + row]
                for row in range(len(rows))
                if cell.first_row + row in changed
            }
            if here:
                edits += self._edits(cell, rows, here, spans)
        text = self._text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _edits(
        self, cell: Cell, rows: list[str], changed: dict[int, str], spans: list[tuple[int, int]]
    ) -> Iterator[tuple[int, int, str]]:
        position = 0  # in rows
        for start, end in spans:
            token = self._text[start:end]
            old = split_lines(json.loads(token))
            if old != rows[position : position + len(old)]:
                raise NotebookError(f"cell {cell.number}: a line is spread over several strings")
            new = [
                changed[row] + line[len(line.rstrip("\r\n")) :] if row in changed else line
                for row, line in enumerate(old, start=position)
            ]
            if new != old:
                yield start, end, json.dumps("".join(new), ensure_ascii=token.isascii())
            position += len(old)


def parse(text: str) -> Notebook:
    """Read a notebook (format 3 or 4).

    Raises:
        NotebookError: not JSON, or not a notebook.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise NotebookError("not a notebook: nested too deep") from None
    except ValueError as exc:
        raise NotebookError(f"not a notebook: {exc}") from None
    if not isinstance(content, dict) or not isinstance(
        content.get("cells", content.get("worksheets")), list
    ):
        raise NotebookError("not a notebook: it has no cells")
    language = _language(content)
    if language not in ("python", "ipython", "python3", ""):
        return Notebook(text, [], [])
    cells: list[Cell] = []
    spans: list[list[tuple[int, int]]] = []
    row = 0
    for number, source in _code_cells(content, text):
        lines = [json.loads(text[start:end]) for start, end in source]
        cell = Cell(number, "".join(lines), row)
        _understand(cell)
        row += len(split_lines(cell.python))
        cells.append(cell)
        spans.append(source)
    return Notebook(text, cells, spans)


def _language(content: dict[object, object]) -> str:
    metadata = content.get("metadata")
    for key in ("language_info", "kernelspec"):
        info = metadata.get(key) if isinstance(metadata, dict) else None
        name = info.get("name" if key == "language_info" else "language") if info else None
        if isinstance(name, str):
            return name.lower()
    return ""


# -- where the strings are -----------------------------------------------------------------------


def _code_cells(content: object, text: str) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Number of each code cell, and the spans of the strings that are its source."""
    sources: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for path, start, end in _strings(text):
        cell = path[: 4 if path[:1] == ("worksheets",) else 2]
        if path[len(cell) : len(cell) + 1] in (("source",), ("input",)) and (
            len(path) <= len(cell) + 2
        ):
            sources.setdefault(cell, []).append((start, end))
    for cell, spans in sources.items():
        found = content
        for step in cell:
            found = found[step]  # type: ignore[index]  # the path comes from the same JSON
        if isinstance(found, dict) and found.get("cell_type") == "code":
            yield int(str(cell[-1])) + 1, spans


def _strings(text: str) -> Iterator[tuple[tuple[object, ...], int, int]]:
    """Every string value of a JSON text, with its path; the text is known to be JSON."""
    path: list[object] = []
    is_key = False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            path.append(None if mark == "{" else 0)
            is_key = mark == "{"
        elif mark in "}]":
            path.pop()
            is_key = False
        elif mark == ",":
            if isinstance(path[-1], int):
                path[-1] += 1
            else:
                is_key = True
        elif mark == ":":
            is_key = False
        elif is_key:
            path[-1] = json.loads(mark)
        else:
            yield tuple(path), *token.span()


# -- what only IPython understands ---------------------------------------------------------------


def _understand(cell: Cell) -> None:
    """Fill in the Python of a cell; every line stays one line."""
    lines = split_lines(cell.text)
    bare = [line.rstrip("\r\n") for line in lines]
    first = next((row for row, line in enumerate(bare) if line.strip()), 0)
    if bare and bare[first].startswith("%%"):
        cell.magics.append(Magic(bare[first], first))
        if not _PYTHON_CELL.match(bare[first]):
            cell.is_skipped = True
            cell.python = "pass\n" * len(lines)
            return
        bare[first] = "pass"
    masked: list[int] = []
    error = _syntax_error(bare)
    if error:
        candidates = [row for row, line in enumerate(bare) if _looks_magic(line.strip())]
        masked, error = _mask(bare, candidates, error)
    if error:
        cell.problem = f"not Python: {error.msg}"
        cell.problem_row = max((error.lineno or 1) - 1, 0)
        cell.python = "pass\n" * len(lines)
        return
    cell.magics += [Magic(bare[row], row) for row in masked]
    cell.python = "".join(f"{line}\n" for line in _without(bare, masked))


def _looks_magic(line: str) -> bool:
    return (
        line.startswith(("%", "!", "?", *_AUTOMAGICS))
        or line.endswith("?")
        or _ASSIGNS_MAGIC.match(line) is not None
    )


def _mask(
    bare: list[str], candidates: list[int], error: SyntaxError
) -> tuple[list[int], SyntaxError | None]:
    """Which of the lines that look like magics are some, so that the rest is Python."""
    remaining = _syntax_error(_without(bare, candidates))
    if remaining is None:
        return candidates, None
    masked: list[int] = []
    last: SyntaxError | None = error
    for _ in range(_RETRIES):  # one of them was Python (`% b` on a line of its own): one by one
        row = (last.lineno or 1) - 1 if last else -1
        if row not in candidates or row in masked:
            break
        masked.append(row)
        last = _syntax_error(_without(bare, masked))
        if last is None:
            return masked, None
    return candidates, remaining


def _without(bare: list[str], masked: list[int]) -> list[str]:
    lines = list(bare)
    for row in masked:
        indent = len(lines[row]) - len(lines[row].lstrip())
        lines[row] = lines[row][:indent] + "pass"
    return lines


def _syntax_error(lines: list[str]) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("".join(f"{line}\n" for line in lines))
    except SyntaxError as exc:
        return exc
    except (ValueError, RecursionError, MemoryError) as exc:
        return SyntaxError(str(exc) or "nested too deep")
    return None
