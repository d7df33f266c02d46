"""Texts of queries, as Aim's helpers treat them before they are evaluated.

What a query means is in `aimql.py`; here it is parsed and asked, never run as Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat._absent_members import with_absent_members
from aim_compat.aimql import parse_aimql
from aim_compat.errors import query_parameter_unknown, query_parameter_unsupported

if TYPE_CHECKING:
    from matyan_client.query import Query as ParsedQuery

__all__ = [
    "Query",
    "RestrictedPythonQuery",
    "query_add_default_expr",
    "strip_query",
    "syntax_error_check",
]

_DEFAULT = "run.archived == False"


def strip_query(query: str) -> str:
    """The condition of a query in parentheses; without a `SELECT … IF` before it."""
    text = query.strip()
    if query.lower().startswith("select"):
        found = query.lower().find("if")
        text = "" if found < 0 else query[found + len("if") :]
    return f"({text.strip()})" if text else ""


def query_add_default_expr(query: str) -> str:
    """A query that leaves archived runs out unless it speaks of `run.archived`."""
    if not query:
        return _DEFAULT
    return query if "run.archived" in query else f"{_DEFAULT} and {query}"


def syntax_error_check(expr: str | None) -> None:
    """Nothing if a query is well formed.

    Raises:
        QuerySyntaxError: it is not, or is refused (a SyntaxError, behaviour Q06).
    """
    if expr:
        parse_aimql(strip_query(expr), None)


class Query:
    """A condition that can be asked about something.

    Args:
        expr: its text.
    """

    __slots__ = ("__weakref__", "expr")

    def __init__(self, expr: str) -> None:
        self.expr = expr

    def check(self, **params: Any) -> bool:
        """Whether it holds; subclasses say how that is found out."""
        raise NotImplementedError

    def __call__(self, **params: Any) -> bool:
        return self.check(**params)


@with_absent_members("aim.storage.query.RestrictedPythonQuery")
class RestrictedPythonQuery(Query):
    """An AimQL query, asked about one run or one of its sequences.

    Args:
        query: as for `repo.query_runs` and its like.

    Raises:
        QuerySyntaxError: malformed or refused (a SyntaxError).
    """

    __slots__ = ("_parsed",)

    allowed_params = frozenset(
        ("run", "metric", "images", "audios", "distributions", "figures", "texts")
    )

    def __init__(self, query: str) -> None:
        super().__init__(query_add_default_expr(strip_query(query)))
        self._parsed: dict[str, ParsedQuery] = {"run": parse_aimql(self.expr, None)}

    def __bool__(self) -> bool:
        return bool(self.expr)

    def check(self, **params: Any) -> bool:
        """Whether the query holds; an error while it is evaluated is logged, and means no.

        Args:
            params: `run=` a run, or `metric=`, `images=`, … a sequence, whose run it then is.

        Raises:
            QueryParameterError: (an AssertionError) no such name in queries.
            InvalidTypeError: neither a run nor a sequence of this package.
        """
        from aim_compat.base_run import BaseRun
        from aim_compat.sequences import Sequence

        unknown = sorted(params.keys() - self.allowed_params)
        if unknown:
            raise query_parameter_unknown(unknown[0], sorted(self.allowed_params))
        asked = next((name for name in params if name != "run"), "run")
        what = params.get(asked)
        run = what.run if isinstance(what, Sequence) else what
        if not isinstance(run, BaseRun) or (asked == "run") is isinstance(what, Sequence):
            raise query_parameter_unsupported(asked, what)
        record = run._fetch(params=True, sequences=True)
        if asked not in self._parsed:
            self._parsed[asked] = parse_aimql(self.expr, asked)  # type: ignore[arg-type]  # a kind
        parsed = self._parsed[asked]
        if not isinstance(what, Sequence):
            return parsed.matches_run(record)
        summary = what._summary()
        return summary is not None and parsed.matches_sequence(record, summary)
