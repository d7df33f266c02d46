"""`aim-compat rewrite`: let files import aim_compat where they import aim.

A file changes as a whole or not at all: the new text is made first, has to be Python with the same
number of lines, and takes the old one's place in one step. A second run finds nothing to do.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aim_compat import _surface
from aim_compat._surface import Status
from aim_compat.tools import edits, files, names, notebooks, reading
from aim_compat.tools.files import Problem, Source, printable, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aim_compat.tools.reading import Reading

__all__ = ["Rewritten", "rewrite", "write"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(slots=True)
class Rewritten:
    """A file as it would be."""

    source: Source
    text: str
    remarks: list[str] = field(default_factory=list)
    """What is left although it names Aim, each with its place."""
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether anything would change."""
        return self.text != self.source.text

    def diff(self) -> Iterator[str]:
        """The change as a unified diff, line by line without line ends."""
        path = printable(self.source.path)
        old, new = _LINE.findall(self.source.text), _LINE.findall(self.text)
        for line in difflib.unified_diff(old, new, path, path):
            yield line.removesuffix("\n")
            if not line.endswith("\n"):
                yield "\\ No newline at end of file"


def rewrite(source: Source) -> Rewritten:
    """Read a file and make its new text; nothing is written.

    Raises:
        MissingDependencyError: something is to be changed, and libcst is not installed.
    """
    result = reading.read(source)
    done = Rewritten(source, source.text, problems=result.problems)
    if not result.python or (result.problems and result.notebook is None):
        return done
    if shadow := _shadow(source.path):
        if result.uses:
            done.remarks.append(f"left as it is: `import aim` in it may mean {printable(shadow)}")
        return done
    try:
        done.text = _new_text(result, done)
    except (notebooks.NotebookError, names.UnreadableError) as exc:
        done.problems.append(Problem(source.path, f"{exc}: left as it is"))
    return done


def _new_text(result: Reading, done: Rewritten) -> str:
    python, path = result.python, result.source.path
    tree = names.parse(python)
    planned, left = edits.plan(python, tree, result.uses)
    done.remarks += [
        f"{printable(path)}:{result.label(each.row)}: {each.message}"
        for each in sorted(left, key=lambda each: each.row)
    ]
    new = edits.apply(python, planned)
    names.parse(new)
    rows, new_rows = split_lines(python), split_lines(new)
    if len(rows) != len(new_rows):
        raise names.UnreadableError("its lines would not stay where they are")
    if result.notebook is None:
        return new
    changed = {
        row: line.rstrip("\r\n")
        for row, (was, line) in enumerate(zip(rows, new_rows, strict=True))
        if was != line
    }
    return result.notebook.with_rows({**changed, **_changed_magics(result.notebook)})


def _changed_magics(notebook: notebooks.Notebook) -> dict[int, str]:
    """`%load_ext aim`, if there is such an extension here."""
    row = _surface.find("aim", "load_ipython_extension")
    if row is None or row.status is Status.ABSENT:
        return {}
    return {
        cell.first_row + magic.row: reading.LOAD_EXTENSION.sub(r"\1aim_compat", magic.text)
        for cell in notebook.cells
        for magic in cell.magics
        if reading.LOAD_EXTENSION.match(magic.text)
    }


def _shadow(path: str) -> str:
    """A module of the user's own that a script beside it gets for `import aim`."""
    directory = os.path.dirname(path)
    if path == files.STDIN or os.path.exists(os.path.join(directory, "__init__.py")):
        return ""
    for other in ("aim.py", os.path.join("aim", "__init__.py")):
        found = os.path.join(directory, other)
        if os.path.exists(found) and not os.path.isdir(os.path.join(directory, "aim", "sdk")):
            return found
    return ""


def write(done: Rewritten) -> Problem | None:
    """Put the new text in the place of the old; None if that worked."""
    source = done.source
    try:
        old, new = source.encode(source.text), source.encode(done.text)
    except UnicodeError as exc:
        return Problem(source.path, f"not written: {exc}")
    return files.replace(source.path, old, new)
