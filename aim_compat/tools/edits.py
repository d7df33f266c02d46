"""What to change in a module's text so that it uses aim_compat: as few characters as possible.

Statements and strings that change are taken apart with libcst, so that their own spacing, comments
and quotes stay; nothing else is touched.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aim_compat import _surface
from aim_compat.tools.expressions import AIM, OURS, is_aim
from aim_compat.tools.files import split_lines
from aim_compat.tools.uses import Kind, Span, Use
from aim_compat.tools.verdicts import State, judge
from matyan_client.exceptions import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import libcst

__all__ = ["Edit", "Left", "apply", "plan", "require_libcst"]

_MOVED = {"aim.sdk.acme": "aim.acme", "aim.sdk.metric": "aim.sdk.sequences.metric"}
"""Modules as Aim's documentation spells them, and where they are."""

_RENAMED = {("Distribution", "distribution"): "samples"}
"""Keywords as Aim's documentation spells them, and as they are."""

_MODULE_TEXT = re.compile(r"aim(?=$|\.)")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of the text, by offset, and what comes in their place."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Left:
    """Something that may need a change and is left as it is."""

    row: int
    message: str


def require_libcst() -> None:
    """See that libcst is there.

    Raises:
        MissingDependencyError: it is not.
    """
    try:
        import libcst
    except ImportError as exc:
        raise MissingDependencyError(
            "libcst", extra="rewrite", purpose="aim-compat rewrite"
        ) from exc
    del libcst


def plan(text: str, tree: ast.Module, uses: Iterable[Use]) -> tuple[list[Edit], list[Left]]:
    """What to change, and what is left although it names Aim."""
    offsets = _Offsets(text)
    taken = any(isinstance(node, ast.Name) and node.id == OURS for node in ast.walk(tree))
    edits: list[Edit] = []
    left: list[Left] = []
    uses = list(uses)
    imports = [node for node in ast.walk(tree) if _imports_aim(node)]
    if imports or any(use.kind is Kind.IMPORT_TEXT for use in uses):
        require_libcst()
    for node in imports:
        if isinstance(node, ast.stmt):
            start, end = offsets.of_node(node)
            new = _rewritten_import(text[start:end], name_is_taken=taken)
            if new is None:
                left.append(Left(node.lineno - 1, "this import is not understood: left as it is"))
            elif new != text[start:end]:
                edits.append(Edit(start, end, new))
    for use in uses:
        start, end = offsets.of_span(use.span)
        if use.kind is Kind.IMPORT_TEXT:
            new = _rewritten_text(text[start:end])
            if new is None:
                left.append(Left(use.span.row, "this string is not understood: left as it is"))
            elif new != text[start:end]:
                edits.append(Edit(start, end, new))
        elif use.kind is Kind.KEYWORD:
            edits += _renamed_keyword(text, start, use)
        elif use.kind is Kind.IMPORT_COMPUTED:
            left.append(Left(use.span.row, "the module's name is computed: see what it becomes"))
        elif use.kind is Kind.TEXT:
            left.append(Left(use.span.row, f"the string {use.dotted!r} is left as it is"))
        elif use.kind is Kind.SHELL:
            left.append(Left(use.span.row, f"not Python, left as it is: {use.detail}"))
    return edits, left


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


class _Offsets:
    """Offsets in a text of places that are given by row and column."""

    def __init__(self, text: str) -> None:
        self._lines = split_lines(text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def of_span(self, span: Span) -> tuple[int, int]:
        """Start and end of a span."""
        return (
            self._starts[span.row] + span.column,
            self._starts[span.end_row] + span.end_column,
        )

    def of_node(self, node: ast.stmt) -> tuple[int, int]:
        """Start and end of a statement."""
        end_row, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._of_bytes(node.lineno - 1, node.col_offset), self._of_bytes(
            end_row - 1, end_column
        )

    def _of_bytes(self, row: int, column: int) -> int:
        line = self._lines[row]
        return self._starts[row] + len(line.encode()[:column].decode(errors="ignore"))


# -- imports ---------------------------------------------------------------------------------------


def _imports_aim(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and is_aim(node.module or "")
    return isinstance(node, ast.Import) and any(is_aim(alias.name) for alias in node.names)


def _rewritten_import(code: str, *, name_is_taken: bool) -> str | None:
    """An import statement of Aim as one of ours; None if it comes out wrong."""
    import libcst

    module = libcst.parse_module(code)
    (line,) = module.body
    if not isinstance(line, libcst.SimpleStatementLine) or module.code != code:
        return None
    (statement,) = line.body
    if isinstance(statement, libcst.ImportFrom):
        if statement.module is None:
            return None
        new: libcst.BaseSmallStatement = statement.with_changes(module=_ours(statement.module))
    elif isinstance(statement, libcst.Import):
        new = statement.with_changes(names=_ours_in(statement.names, name_is_taken))
    else:
        return None
    changed: str = module.with_changes(body=[line.with_changes(body=[new])]).code
    return changed


def _ours_in(
    aliases: Iterable[libcst.ImportAlias], name_is_taken: bool
) -> list[libcst.ImportAlias]:
    """`import aim.sdk.run` binds `aim`: so must what comes in its place, after it was found."""
    import libcst

    renamed: list[libcst.ImportAlias] = []
    binds_aim = needs_aim = False
    for alias in aliases:
        name = alias.evaluated_name
        if is_aim(name):
            asname = alias.asname
            if asname is None and name == AIM:
                asname, binds_aim = _as(AIM), True
            elif asname is None:
                needs_aim = True
                if name_is_taken:  # do not bind what the module uses otherwise
                    asname = _as(f"_{name.replace('.', '_')}")
            alias = alias.with_changes(name=_ours(alias.name), asname=asname)
        renamed.append(alias)
    if needs_aim and not binds_aim:
        renamed[-1] = renamed[-1].with_changes(comma=_comma())
        renamed.append(libcst.ImportAlias(libcst.Name(OURS), asname=_as(AIM)))
    return renamed


def _as(name: str) -> libcst.AsName:
    import libcst

    return libcst.AsName(libcst.Name(name))


def _comma() -> libcst.Comma:
    import libcst

    return libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" "))


def _ours(name: libcst.BaseExpression) -> libcst.BaseExpression:
    """A dotted name of Aim as one of ours, with its spacing."""
    import libcst

    dotted = "".join(libcst.Module([]).code_for_node(name).split())
    moved = _MOVED.get(dotted, "")
    if moved and not _surface.has_module(dotted) and _surface.has_module(moved):
        return libcst.parse_expression(OURS + moved[len(AIM) :])
    if isinstance(name, libcst.Attribute):
        return name.with_changes(value=_ours(name.value))
    return libcst.Name(OURS) if isinstance(name, libcst.Name) and name.value == AIM else name


# -- strings and keywords --------------------------------------------------------------------------


def _rewritten_text(code: str) -> str | None:
    """A string that names a module of Aim, in its own quotes; None if it is put together."""
    import libcst

    node = libcst.parse_expression(code)
    first = node
    while isinstance(first, libcst.ConcatenatedString):
        first = first.left
    if not isinstance(first, libcst.SimpleString):
        return None
    if first.raw_value == OURS or first.raw_value.startswith(f"{OURS}."):
        return code
    if not _MODULE_TEXT.match(first.raw_value):
        return None
    quoted = first.prefix + first.quote
    new = first.with_changes(value=quoted + OURS + first.raw_value[len(AIM) :] + first.quote)
    changed = new if first is node else node.deep_replace(first, new)
    return libcst.Module([]).code_for_node(changed) if isinstance(changed, libcst.CSTNode) else None


def _renamed_keyword(text: str, start: int, use: Use) -> Iterator[Edit]:
    """A keyword that only the documentation has, where the callable is surely Aim's."""
    new = _RENAMED.get((use.name, use.detail))
    verdict = judge(use) if new else None
    if new and verdict and verdict.state is State.UNKNOWN and use.is_certain:
        end = start + len(use.detail)
        if text[start:end] == use.detail:
            yield Edit(start, end, new)
