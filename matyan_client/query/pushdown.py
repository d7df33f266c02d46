"""The parts of a query an index can answer, as neutral predicates.

A predicate is necessary for a match, never sufficient: whoever uses it may get runs that do not
match, and lets the query decide. Where a construct is not fully understood there is no predicate.
"""

from __future__ import annotations

import ast
import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Op", "Predicate", "conjuncts", "predicates_of"]

Op = Literal["==", "<", "<=", ">", ">=", "in", "contains"]

_OPS: dict[type[ast.cmpop], Op] = {
    ast.Eq: "==",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FLIPPED: dict[Op, Op] = {"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PROPERTIES: dict[str, tuple[type, set[str]]] = {
    "hash": (str, {"==", "in"}),
    "name": (str, {"==", "in"}),
    "experiment": (str, {"==", "in"}),
    "archived": (bool, {"=="}),
    "is_archived": (bool, {"=="}),
    "active": (bool, {"=="}),
    "created_at": (float, {"==", "<", "<=", ">", ">="}),
    "creation_time": (float, {"==", "<", "<=", ">", ">="}),
}
_SUBJECTS = {"is_archived": "archived", "creation_time": "created_at"}


@dataclass(frozen=True, slots=True)
class Predicate:
    """Something every matching run satisfies.

    Attributes:
        subject: `hash`, `name`, `experiment`, `archived`, `active`, `created_at` (Unix seconds),
            `tag`, `param`, or `sequence` (the run has a sequence of that name).
        op: how it relates to `value`; `contains` for tags only.
        value: a scalar; a tuple of scalars for `in`.
        path: keys from the top, for `param`.
    """

    subject: str
    op: Op
    value: Any
    path: tuple[str, ...] = ()


def conjuncts(tree: ast.expr) -> Iterator[ast.expr]:
    """The parts of an expression that all must hold."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for value in tree.values:
            yield from conjuncts(value)
    else:
        yield tree


def predicates_of(
    tree: ast.expr, *, reserved: frozenset[str], sequence_name: str | None
) -> Iterator[Predicate]:
    """Predicates of an expression.

    Args:
        tree: the expression.
        reserved: attributes of `run` that are not parameters.
        sequence_name: what a sequence is called in this search, None in a run search.
    """
    for part in conjuncts(tree):
        if isinstance(part, ast.Compare):
            operands = [part.left, *part.comparators]
            for op, left, right in zip(part.ops, operands, operands[1:], strict=False):
                yield from _of_pair(op, left, right, reserved, sequence_name)
        elif isinstance(part, ast.Attribute) and _is_run(part.value):
            if part.attr in ("archived", "is_archived", "active") and part.attr in reserved:
                yield Predicate(_SUBJECTS.get(part.attr, part.attr), "==", True)


def _of_pair(
    op: ast.cmpop,
    left: ast.expr,
    right: ast.expr,
    reserved: frozenset[str],
    sequence_name: str | None,
) -> Iterator[Predicate]:
    if isinstance(op, ast.In):
        if _property_of(right) == "tags" and isinstance(left, ast.Constant):
            if isinstance(left.value, str) and _is_indexable(left.value):
                yield Predicate("tag", "contains", left.value)
            return
        values = _literals(right)
        if values is not None:
            yield from _make(left, "in", values, reserved, sequence_name)
        return
    name = _OPS.get(type(op))
    if name is None:
        return
    known, value = _literal(right)
    if known:
        yield from _make(left, name, value, reserved, sequence_name)
        return
    known, value = _literal(left)
    if known:
        yield from _make(right, _FLIPPED[name], value, reserved, sequence_name)


def _make(
    subject: ast.expr,
    op: Op,
    value: Any,
    reserved: frozenset[str],
    sequence_name: str | None,
) -> Iterator[Predicate]:
    values = value if op == "in" else (value,)
    if not all(_is_indexable(item) for item in values):
        return
    attribute = _property_of(subject)
    if attribute in _PROPERTIES and attribute in reserved:
        kinds, ops = _PROPERTIES[attribute]
        if op not in ops:
            return
        attribute = _SUBJECTS.get(attribute, attribute)
        if attribute == "created_at":
            yield from _times(attribute, op, value)
        elif all(isinstance(item, kinds) for item in values):
            yield Predicate(attribute, op, value)
        return
    if sequence_name is not None and op in ("==", "in"):
        if (
            isinstance(subject, ast.Attribute)
            and subject.attr == "name"
            and isinstance(subject.value, ast.Name)
            and subject.value.id == sequence_name
            and all(isinstance(item, str) for item in values)
        ):
            yield Predicate("sequence", op, value)
            return
    path = _path(subject, reserved)
    if path and not any(isinstance(item, dt.datetime) for item in values):
        yield Predicate("param", op, value, tuple(path))


def _times(subject: str, op: Op, value: Any) -> Iterator[Predicate]:
    """Datetimes without a zone are UTC here, and their microseconds may have been rounded to."""
    if isinstance(value, dt.datetime):
        moment = value.replace(tzinfo=dt.timezone.utc).timestamp()
        if op in ("==", ">", ">="):
            yield Predicate(subject, ">=", moment - _ROUNDING_S)
        if op in ("==", "<", "<="):
            yield Predicate(subject, "<=", moment + _ROUNDING_S)
    elif isinstance(value, float) or (type(value) is int and abs(value) < 1 << 53):
        yield Predicate(subject, op, float(value))


_ROUNDING_S = 1e-6


def _is_indexable(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    if isinstance(value, str):  # what has lone surrogates no index takes as it is
        return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
    return isinstance(value, (int, dt.datetime))


def _is_run(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "run"


def _property_of(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) and _is_run(node.value) else None


def _path(node: ast.expr, reserved: frozenset[str]) -> list[str] | None:
    """Keys of a parameter: `run.a["b"].c`, `run["a", "b"]`."""
    if isinstance(node, ast.Attribute):
        if _is_run(node.value):
            return None if node.attr in reserved else [node.attr]
        path = _path(node.value, reserved)
        return None if path is None else [*path, node.attr]
    if isinstance(node, ast.Subscript):
        keys = _keys(node.slice)
        if keys is None:
            return None
        if _is_run(node.value):
            return keys
        path = _path(node.value, reserved)
        return None if path is None else [*path, *keys]
    return None


def _keys(node: ast.expr) -> list[str] | None:
    parts: Sequence[ast.expr] = node.elts if isinstance(node, ast.Tuple) else [node]
    keys = [part.value for part in parts if isinstance(part, ast.Constant)]
    if len(keys) != len(parts) or not all(isinstance(key, str) for key in keys) or not keys:
        return None
    return [str(key) for key in keys]


def _literal(node: ast.expr) -> tuple[bool, Any]:
    if isinstance(node, ast.Constant):
        return True, node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        known, value = _literal(node.operand)
        if known and isinstance(value, (int, float)):
            return True, -value if isinstance(node.op, ast.USub) else +value
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "datetime"
        and not node.keywords
    ):
        arguments = [_literal(argument) for argument in node.args]
        if all(known and isinstance(value, int) for known, value in arguments):
            try:
                return True, dt.datetime(*(value for _, value in arguments))  # noqa: DTZ001 - naive, as the query means it
            except (TypeError, ValueError, OverflowError):
                return False, None
    return False, None


def _literals(node: ast.expr) -> tuple[Any, ...] | None:
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return None
    found = [_literal(item) for item in node.elts]
    return tuple(value for _, value in found) if all(known for known, _ in found) else None
