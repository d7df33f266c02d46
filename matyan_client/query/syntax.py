"""From the text of a query to a checked syntax tree. Errors show where in the user's own text.

Nothing of the text is ever compiled to Python code: it is parsed, and each node must be one that
`evaluate.py` knows.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from matyan_client.exceptions import InvalidTypeError, QueryError, QuerySyntaxError
from matyan_client.query.evaluate import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LENGTH_MAX", "check", "expression_of", "parse_expression"]

LENGTH_MAX = 500_000
"""Longest query, in characters: room for a list of 10,000 hashes."""
DEPTH_MAX = 80
"""Deepest nesting of a syntax tree."""

_LINE_NOTE = re.compile(r" \(<.*| \(detected at line \d+\)| on line \d+", re.DOTALL)
_BREAK = re.compile(r"\r\n|\r|\n")
_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)
_IF = re.compile(r"\bif\b", re.IGNORECASE)
_CONTEXTS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_HELPERS = (ast.Starred, ast.comprehension, ast.arguments, ast.arg, ast.keyword)
_REASONS = {
    ast.Await: "await is not for queries.",
    ast.Yield: "yield is not for queries.",
    ast.YieldFrom: "yield is not for queries.",
}
_FORBIDDEN = frozenset({"eval", "exec", "compile"})
_TOO_DEEP = "The query is refused: it is nested too deeply."


def expression_of(text: str) -> tuple[str, int]:
    """The expression in a query, and where in the text it begins.

    A leading `select ... if` is dropped (protocol section 9.1), but only where `select` and `if`
    are words of their own: `selected == 1` is an expression. `select` without `if` selects all,
    unless what follows makes it a name in an expression, as in `select == 1`.
    """
    match = _SELECT.match(text)
    if match is None:
        return text, 0
    found = _IF.search(text, match.end())
    if found is None and _is_operand(text[match.end() :]):
        return text, 0
    return ("", len(text)) if found is None else (text[found.end() :], found.end())


def _is_operand(rest: str) -> bool:
    """Whether what follows the word `select` makes it a name in an expression."""
    return bool(re.match(r"\s*(==|!=|[<>.]|in\b|is\b|and\b|or\b|not\s+in\b)", rest))


def parse_expression(text: str) -> ast.expr | None:
    """Parse and check the expression of a query; None if it is empty.

    Raises:
        InvalidTypeError: not text.
        QuerySyntaxError: not a well-formed expression.
        QueryError: too long, too deep, or with something that is not for queries.
    """
    if not isinstance(text, str):
        raise InvalidTypeError(f"A query is text, not {text!r} of type {type(text).__name__!r}.")
    if len(text) > LENGTH_MAX:
        raise QueryError(f"The query has {len(text)} characters; {LENGTH_MAX} is the most.")
    body, offset = expression_of(text)
    if not _has_code(body):
        return None
    starts = [0, *(match.end() for match in _BREAK.finditer(body))]
    lines = _BREAK.split(body)

    def at(line: int, column: int) -> int:
        if line >= len(lines):  # our own closing bracket
            return len(body.rstrip())
        return starts[max(line, 0)] + min(max(column, 0), len(lines[max(line, 0)]))

    # In parentheses line breaks are free; the line break at the end ends a comment.
    source = f"(\n{body}\n)"
    try:
        tree = ast.parse(source, mode="eval")
        # `a) or (b` closes our parenthesis; within brackets that shows.
        ast.parse(f"[\n{body}\n]", mode="eval")
    except SyntaxError as exc:
        if "too many nested" in (exc.msg or ""):
            raise QueryError(_TOO_DEEP, query=text) from None
        reason = re.sub(_LINE_NOTE, "", (exc.msg or "invalid syntax").rstrip("?."))
        position = offset + at((exc.lineno or 2) - 2, (exc.offset or 1) - 1)
        if "parenthesis" in reason or "closed" in reason or "unmatched" in reason:
            reason, found = _bracket_fault(body) or (reason, position - offset)
            position = offset + found
        raise QuerySyntaxError(
            f"The query does not parse: {reason}.", query=text, position=position
        ) from None
    except (RecursionError, MemoryError):
        raise QueryError(_TOO_DEEP, query=text) from None
    except (ValueError, OverflowError) as exc:
        raise QuerySyntaxError(f"The query does not parse: {exc}.", query=text) from None

    def place(node: ast.AST) -> int:
        line = min(max(getattr(node, "lineno", 0) - 2, 0), len(lines) - 1)
        before = lines[line].encode()[: getattr(node, "col_offset", 0)]
        return offset + at(line, len(before.decode(errors="ignore")))

    check(tree.body, text, place)
    return tree.body


def _has_code(body: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in _BREAK.split(body))


def _bracket_fault(body: str) -> tuple[str, int] | None:
    """What is wrong with the brackets, and where, without the ones we put around."""
    opened: list[re.Match[str]] = []
    for match in _TOKEN.finditer(body):
        if match[0] in _CLOSING.values():
            opened.append(match)
        elif match[0] in _CLOSING:
            if not opened or opened.pop()[0] != _CLOSING[match[0]]:
                return f"{match[0]!r} closes nothing", match.start()
    return (f"{opened[-1][0]!r} was never closed", opened[-1].start()) if opened else None


_CLOSING = {")": "(", "]": "[", "}": "{"}
_TOKEN = re.compile(r"""#[^\r\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[()\[\]{}]""", re.DOTALL)


def _walk(tree: ast.AST) -> Iterator[tuple[ast.AST, int, ast.AST]]:
    """(node, depth, the node or the nearest around it that has a place), in the text's order."""
    stack = [(tree, 1, tree)]
    while stack:
        node, depth, around = stack.pop()
        placed = node if hasattr(node, "lineno") else around
        yield node, depth, placed
        children = [(child, depth + 1, placed) for child in ast.iter_child_nodes(node)]
        stack.extend(reversed(children))


def check(tree: ast.expr, text: str, place: Callable[[ast.AST], int]) -> None:
    """Refuse every node that is not for queries.

    Raises:
        QueryError: with the place of the first such node.
    """
    for node, depth, placed in _walk(tree):
        reason = "it is nested too deeply." if depth > DEPTH_MAX else _reason(node)
        if reason is not None:
            raise QueryError(f"The query is refused: {reason}", query=text, position=place(placed))


def _reason(node: ast.AST) -> str | None:
    if isinstance(node, _CONTEXTS):
        return None
    if type(node) in _REASONS:
        return _REASONS[type(node)]
    if type(node) not in ALLOWED and not isinstance(node, _HELPERS):
        return f"{type(node).__name__} is not for queries."
    name = node.id if isinstance(node, ast.Name) else getattr(node, "arg", None)
    if name is not None and name.startswith("_"):
        return f"the name {name!r} begins with '_'."
    if isinstance(node, ast.Name) and name in _FORBIDDEN:
        return f"{name} is not for queries."
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        return (
            f"the attribute {node.attr!r} begins with '_'; a parameter of that name is "
            f"reached as [{node.attr!r}]."
        )
    if isinstance(node, ast.Call):
        if any(keyword.arg is None for keyword in node.keywords):
            return "** is not for queries."
    if isinstance(node, ast.comprehension):
        if node.is_async:
            return "async is not for queries."
        if not _is_plain_target(node.target):
            return "a comprehension in a query binds plain names only."
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return "a number in the query is too long." if node.value.bit_length() > 4096 else None
    return None


def _is_plain_target(node: ast.expr) -> bool:
    if isinstance(node, (ast.Tuple, ast.List)):
        return all(map(_is_plain_target, node.elts))
    if isinstance(node, ast.Starred):
        return _is_plain_target(node.value)
    return isinstance(node, ast.Name)
