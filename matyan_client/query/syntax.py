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
    from collections.abc import Iterator

__all__ = ["LENGTH_MAX", "check", "expression_of", "parse_expression"]

LENGTH_MAX = 20_000
"""Longest query, in characters."""
DEPTH_MAX = 80
"""Deepest nesting of a syntax tree."""

_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)
_IF = re.compile(r"\bif\b", re.IGNORECASE)
_CONTEXTS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_HELPERS = (ast.Starred, ast.comprehension, ast.arguments, ast.arg, ast.keyword)
_REASONS = {
    ast.Await: "await is not for queries.",
    ast.Yield: "yield is not for queries.",
    ast.YieldFrom: "yield is not for queries.",
}
_FORBIDDEN_CALLS = frozenset({"eval", "exec", "compile"})


def expression_of(text: str) -> tuple[str, int]:
    """The expression in a query, and where in the text it begins.

    A leading `select ... if` is dropped (protocol section 9.1), but only where `select` and `if`
    are words of their own: `selected == 1` is an expression. `select` without `if` selects all.
    """
    match = _SELECT.match(text)
    if match is None or _is_operand(text[match.end() :]):
        return text, 0
    found = _IF.search(text, match.end())
    return ("", len(text)) if found is None else (text[found.end() :], found.end())


def _is_operand(rest: str) -> bool:
    """Whether what follows the word `select` makes it a name in an expression."""
    return bool(re.match(r"\s*(==|!=|[<>=+*/%|&^.,\[(-]|in\b|is\b|and\b|or\b|not\s+in\b)", rest))


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
    lines = body.split("\n")
    # In parentheses line breaks are free; the line break at the end ends a comment.
    source = f"(\n{body}\n)"
    try:
        tree = ast.parse(source, mode="eval")
        # `a) or (b` closes our parenthesis; within brackets that shows.
        ast.parse(f"[\n{body}\n]", mode="eval")
    except SyntaxError as exc:
        reason = (exc.msg or "invalid syntax").split(" (<")[0]
        line, column = (exc.lineno or 2) - 2, (exc.offset or 1) - 1
        at = _position(lines, line, column, offset)
        raise QuerySyntaxError(
            f"The query does not parse: {reason}.", query=text, position=at
        ) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as exc:
        raise QuerySyntaxError(f"The query does not parse: {exc}.", query=text) from None

    def place(node: ast.AST) -> int | None:
        line = getattr(node, "lineno", None)
        if line is None:
            return None
        column = len(lines[line - 2].encode()[: node.col_offset].decode(errors="ignore"))  # type: ignore[attr-defined]  # nodes with a line have a column
        return _position(lines, line - 2, column, offset)

    check(tree.body, text, place)
    return tree.body


def _has_code(body: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in body.split("\n"))


def _position(lines: list[str], line: int, column: int, offset: int) -> int:
    line = min(max(line, 0), len(lines) - 1)
    return offset + sum(len(text) + 1 for text in lines[:line]) + min(column, len(lines[line]))


def _walk(node: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    stack = [(node, 1)]
    while stack:
        current, depth = stack.pop()
        yield current, depth
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(current))


def check(tree: ast.expr, text: str, place: object) -> None:
    """Refuse every node that is not for queries.

    Raises:
        QueryError: with the place of the first such node.
    """
    for node, depth in _walk(tree):
        reason = "The query is nested too deeply." if depth > DEPTH_MAX else _reason(node)
        if reason is not None:
            position = place(node)  # type: ignore[operator]  # a function of the node
            raise QueryError(f"The query is refused: {reason}", query=text, position=position)


def _reason(node: ast.AST) -> str | None:
    if isinstance(node, _CONTEXTS):
        return (
            "matrix multiplication is not for queries." if isinstance(node, ast.MatMult) else None
        )
    if type(node) in _REASONS:
        return _REASONS[type(node)]
    if type(node) not in ALLOWED and not isinstance(node, _HELPERS):
        return f"{type(node).__name__} is not for queries."
    if isinstance(node, ast.Name) and node.id.startswith("_"):
        return f"the name {node.id!r} begins with '_'."
    if isinstance(node, ast.arg) and node.arg.startswith("_"):
        return f"the name {node.arg!r} begins with '_'."
    if isinstance(node, ast.Attribute):
        if node.attr.startswith("_"):
            return (
                f"the attribute {node.attr!r} begins with '_'; a parameter of that name is "
                f"reached as [{node.attr!r}]."
            )
        if node.attr in ("format", "format_map"):
            return f"{node.attr} is not for queries."
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in _FORBIDDEN_CALLS:
            return f"{node.func.id} is not for queries."
        if any(keyword.arg is None for keyword in node.keywords):
            return "** is not for queries."
    if isinstance(node, ast.arguments) and (
        node.posonlyargs or node.kwonlyargs or node.vararg or node.kwarg or node.defaults
    ):
        return "a lambda in a query takes plain arguments only."
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
    return isinstance(node, ast.Name)
