"""One file as the tools see it: its Python, the uses of Aim in it, and the way back to its lines.

A script is its own Python; of a notebook it is all code cells, one after the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from aim_compat.tools import names, notebooks
from aim_compat.tools.files import Problem, Source
from aim_compat.tools.uses import Kind, Span, Use

__all__ = ["LOAD_EXTENSION", "Reading", "read"]

LOAD_EXTENSION = re.compile(r"(\s*%(?:re)?load_ext\s+)(aim)(?=\s|$)")
_AIM_MAGIC = re.compile(r"\s*%%?aim\b")
_SHELL = re.compile(r"\s*!\s*(aim\s.*|python3?\s+-m\s+aim\b.*)")


@dataclass(slots=True)
class Reading:
    """What was found in a file."""

    source: Source
    python: str = ""
    uses: list[Use] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notebook: notebooks.Notebook | None = None

    def place(self, row: int) -> tuple[int, int]:
        """The cell (from 1; 0 in a script) and the line in it (from 1) of a row of the Python."""
        if self.notebook is None:
            return 0, row + 1
        cell, row = self.notebook.cell_at(row)
        return cell.number, row + 1

    def label(self, row: int) -> str:
        """The place as messages name it."""
        cell, line = self.place(row)
        return f"cell {cell}:{line}" if cell else f"{line}"


def read(source: Source) -> Reading:
    """Read a file; what cannot be read is among its problems."""
    reading = Reading(source)
    if not names.mentions_aim(source.text):
        return reading
    if source.is_notebook:
        try:
            reading.notebook = notebooks.parse(source.text)
        except notebooks.NotebookError as exc:
            reading.problems.append(Problem(source.path, str(exc)))
            return reading
        reading.python = reading.notebook.module
        for cell in reading.notebook.cells:
            _read_magics(reading, cell)
    else:
        reading.python = source.text
    try:
        reading.uses += names.uses(reading.python)
    except names.UnreadableError as exc:
        place = reading.label(exc.row)
        reading.problems.append(Problem(source.path, exc.reason, place))
    return reading


def _read_magics(reading: Reading, cell: notebooks.Cell) -> None:
    if cell.problem:
        if names.mentions_aim(cell.text):
            place = reading.label(cell.first_row + cell.problem_row)
            reading.problems.append(Problem(reading.source.path, cell.problem, place))
        return
    for magic in cell.magics:
        row = cell.first_row + magic.row
        span = Span(row, 0, row, len(magic.text))
        if LOAD_EXTENSION.match(magic.text) or _AIM_MAGIC.match(magic.text):
            use = Use(Kind.NAME, "aim", "load_ipython_extension", span, magic.text)
        elif shell := _SHELL.match(magic.text):
            use = Use(Kind.SHELL, "aim", "", span, shell[1].strip())
        elif magic.text.startswith("%%") and cell.is_skipped and names.mentions_aim(cell.text):
            use = Use(Kind.SHELL, "aim", "", span, magic.text)
        else:
            continue
        reading.uses.append(use)
