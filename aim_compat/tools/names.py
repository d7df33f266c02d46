"""Every use of Aim in a module's text, with its place.

The text is parsed and read, never run: names are followed from where they are bound to where they
are used, through assignments, branches, functions and classes of the same module. The reading goes
by what Python would do in the usual case; where it cannot tell, it reports nothing.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import sys
import unicodedata
import warnings
from typing import TYPE_CHECKING

from aim_compat.tools.expressions import AIM
from aim_compat.tools.files import split_lines
from aim_compat.tools.flow import Flow
from aim_compat.tools.scopes import Facts
from aim_compat.tools.uses import Kind, Span, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["UnreadableError", "deep_recursion", "mentions_aim", "parse", "uses"]

_MOST_PASSES = 5
"""What a function returns is known only after it was read, and so on; two or three are usual."""

_DEEPEST = 8000
"""Frames of Python that reading may need: for expressions nested about a thousand deep."""


class UnreadableError(ValueError):
    """The text is no Python this Python can read."""

    def __init__(self, reason: str, row: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        """From 0."""


def mentions_aim(text: str) -> bool:
    """Whether the text can use Aim at all; if not there is no need to parse it."""
    if AIM in text:
        return True
    return not text.isascii() and AIM in unicodedata.normalize("NFKC", text)


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    """Let what is nested deep be read."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def parse(text: str) -> ast.Module:
    """The syntax tree of a module.

    Raises:
        UnreadableError: a syntax error, for this Python; or nested too deep.
    """
    try:
        with warnings.catch_warnings(), deep_recursion():
            warnings.simplefilter("ignore")  # `"\\d"` in other people's code is not our subject
            return ast.parse(text)
    except SyntaxError as exc:
        raise UnreadableError(f"not Python: {exc.msg}", max((exc.lineno or 1) - 1, 0)) from None
    except (ValueError, RecursionError, MemoryError) as exc:
        reason = "nested too deep" if not isinstance(exc, ValueError) else f"not Python: {exc}"
        raise UnreadableError(reason) from None


def uses(text: str, tree: ast.Module | None = None) -> list[Use]:
    """Every use of Aim in a module, in the order of the text.

    Raises:
        UnreadableError: as `parse`.
    """
    if not mentions_aim(text):
        return []
    tree = parse(text) if tree is None else tree
    facts = Facts()
    try:
        with deep_recursion():
            size = -1
            for _ in range(_MOST_PASSES):
                if facts.size() == size:
                    break
                size = facts.size()
                Flow(facts, is_final=False).module(tree)
            reader = Flow(facts, is_final=True)
            reader.module(tree)
    except RecursionError:
        raise UnreadableError("nested too deep") from None
    return sorted(_in_characters(_without_doubles(reader.uses), text), key=_order)


def _without_doubles(found: set[Use]) -> list[Use]:
    """A text that is imported by is not also just a text; a query is reported once."""
    imported = {use.span for use in found if use.kind is Kind.IMPORT_TEXT}
    return [use for use in found if not (use.kind is Kind.TEXT and use.span in imported)]


def _order(use: Use) -> tuple[Span, str, str, str]:
    return use.span, use.kind.value, use.dotted, use.detail


def _in_characters(found: list[Use], text: str) -> list[Use]:
    """`ast` counts columns in bytes of UTF-8."""
    if text.isascii():
        return found
    lines = split_lines(text)

    def column(row: int, offset: int) -> int:
        line = lines[row] if row < len(lines) else ""
        return offset if line.isascii() else len(line.encode()[:offset].decode(errors="ignore"))

    return [
        dataclasses.replace(
            use,
            span=Span(
                use.span.row,
                column(use.span.row, use.span.column),
                use.span.end_row,
                column(use.span.end_row, use.span.end_column),
            ),
        )
        for use in found
    ]
