"""`Query`: a parsed query, ready to be asked about records.

An ordinary error while a run is looked at (a missing name, a comparison of text with a number, a
division by zero) means that it does not match. A query that was refused, or that costs too much,
raises: it must never look like one that found nothing.
"""

from __future__ import annotations

import ast
import datetime as dt
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import InvalidInputError, QueryError
from matyan_client.query.budget import Budget
from matyan_client.query.evaluate import ATTRIBUTE, ITEM, Code, compile_tree
from matyan_client.query.matyanql import MATYANQL
from matyan_client.query.pushdown import Predicate, conjuncts, predicates_of
from matyan_client.query.syntax import parse_expression

if TYPE_CHECKING:
    from matyan_client.protocol.records import RunRecord, SequenceKind, SequenceRecord
    from matyan_client.query.dialect import Dialect

__all__ = ["Query", "parse"]


_SUMMARIES = ("first", "first_step", "min", "max")


class Query:
    """A query over runs (`kind` None) or over sequences of one kind. Made by `parse`.

    Attributes:
        text: as the user wrote it.
        dialect: the language it is in.
        kind: of the sequences searched for; None in a run search.
        predicates: each holds for every match; see `pushdown`.
        needs_params: whether it looks at parameters of runs.
        needs_sequences: whether it looks at `run.metrics`.
        needs_summaries: whether it looks at more of a metric than its last value.
    """

    def __init__(
        self, text: str, dialect: Dialect, kind: SequenceKind | None, tree: ast.expr | None
    ) -> None:
        self.text = text
        self.dialect = dialect
        self.kind = kind
        self._only_visible = dialect.default_filter(tree, text)
        name = None if kind is None else dialect.sequence_name(kind)
        bound = set() if tree is None else _bound(tree)
        self._sequence_name = name
        parts = [] if tree is None else list(conjuncts(tree))
        self._whole: Code | None = None if tree is None else compile_tree(tree)
        # A part may use what `:=` in another binds, so then they are not looked at one by one.
        apart = [] if bound else [part for part in parts if not _uses(part, name)]
        self._run_parts = [compile_tree(part) for part in apart]
        made: list[Predicate] = []
        if tree is not None and not bound & {"run", "datetime", name}:
            made += predicates_of(tree, reserved=dialect.reserved, sequence_name=name)
        if self._only_visible:
            made.append(Predicate("archived", "==", False))
        self.predicates: tuple[Predicate, ...] = tuple(made)
        self.needs_params = tree is not None and _touches_params(tree, dialect.reserved)
        self.needs_sequences = tree is not None and _mentions(tree, "metrics")
        self.needs_summaries = tree is not None and any(
            getattr(node, "attr", getattr(node, "value", None)) in _SUMMARIES
            for node in ast.walk(tree)
            if isinstance(node, (ast.Attribute, ast.Constant))
        )

    def __repr__(self) -> str:
        return f"<Query {self.text!r} ({self.dialect.name})>"

    def matches_run(self, run: RunRecord) -> bool:
        """Whether a run matches (run search).

        Raises:
            QueryError: looking at it costs too much.
        """
        if self._only_visible and run.archived:
            return False
        if self._whole is None:
            return True
        return self._holds(self._whole, self._names(run))

    def may_match(self, run: RunRecord) -> bool:
        """Whether a run's sequences need a look (sequence search): the parts of the query that
        only concern the run hold.

        Raises:
            QueryError: looking at it costs too much.
        """
        if self._only_visible and run.archived:
            return False
        names = self._names(run)
        return all(self._holds(part, names) for part in self._run_parts)

    def matches_sequence(self, run: RunRecord, sequence: SequenceRecord) -> bool:
        """Whether a sequence of a run matches (sequence search).

        Raises:
            QueryError: looking at it costs too much.
        """
        if self._only_visible and run.archived:
            return False
        if self._whole is None:
            return True
        names = self._names(run)
        names[str(self._sequence_name)] = self.dialect.sequence_proxy(run, sequence)
        return self._holds(self._whole, names)

    def _names(self, run: RunRecord) -> dict[str, Any]:
        dialect = self.dialect
        return {
            **dialect.names,
            ATTRIBUTE: dialect.get_attribute,
            ITEM: dialect.get_item,
            "run": dialect.run_proxy(run),
        }

    def _holds(self, code: Code, names: dict[str, Any]) -> bool:
        try:
            return bool(code(names, Budget()))
        except QueryError as exc:
            raise QueryError(exc.reason, query=self.text) from None
        except (RecursionError, MemoryError) as exc:
            raise QueryError(
                f"The query cannot be evaluated: {type(exc).__name__}.", query=self.text
            ) from None
        except Exception as exc:  # noqa: BLE001 - protocol 9.5: any error of evaluation is "no match"
            if self.dialect.on_error is not None:
                self.dialect.on_error(exc, self.text)
            return False


def parse(
    text: str,
    *,
    dialect: Dialect = MATYANQL,
    kind: SequenceKind | None = None,
    tz_offset_min: int = 0,
) -> Query:
    """Parse a query.

    Args:
        text: an expression; empty: every run that is not archived.
        dialect: the language it is in.
        kind: search for sequences of this kind; None: for runs.
        tz_offset_min: minutes east of UTC that `datetime(...)` is read in (protocol section 9.4).

    Raises:
        InvalidTypeError: not text.
        QuerySyntaxError: not a well-formed expression; shows where.
        QueryError: refused, with the reason and the place.
    """
    tree = parse_expression(text)
    if tree is not None and dialect.datetime_as_seconds:
        tree = _Seconds(tz_offset_min).visit(tree)
    try:
        return Query(text, dialect, kind, tree)
    except RecursionError:
        raise QueryError("The query is nested too deeply.", query=text) from None


class _Seconds(ast.NodeTransformer):
    """Replaces `datetime(<constants>)` by Unix seconds."""

    def __init__(self, tz_offset_min: int) -> None:
        if not -24 * 60 < tz_offset_min < 24 * 60:
            raise InvalidInputError(f"A zone is less than a day off UTC, not {tz_offset_min} min.")
        self._zone = dt.timezone(dt.timedelta(minutes=tz_offset_min))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        values = [item.value for item in node.args if isinstance(item, ast.Constant)]
        if (
            not isinstance(node.func, ast.Name)
            or node.func.id != "datetime"
            or node.keywords
            or len(values) != len(node.args)
        ):
            return node
        try:
            moment = dt.datetime(*values).replace(tzinfo=self._zone)  # type: ignore[arg-type]  # noqa: DTZ001 - the zone follows; what does not fit raises
        except (TypeError, ValueError, OverflowError):
            return node
        return ast.copy_location(ast.Constant(moment.timestamp()), node)


def _uses(tree: ast.expr, sequence_name: str | None) -> bool:
    """Whether a part concerns the sequence."""
    return any(isinstance(node, ast.Name) and node.id == sequence_name for node in ast.walk(tree))


def _bound(tree: ast.expr) -> set[str | None]:
    """The names that `:=` binds."""
    return {node.target.id for node in ast.walk(tree) if isinstance(node, ast.NamedExpr)}


def _touches_params(tree: ast.expr, reserved: frozenset[str]) -> bool:
    """Whether `run` is used in any other way than for its properties."""
    properties = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in reserved
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "run" and id(node) not in properties:
            return True
        if isinstance(node, ast.Attribute) and node.attr == "run":
            return True  # metric.run
    return False


def _mentions(tree: ast.expr, attribute: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == attribute for node in ast.walk(tree)
    )
