"""What of a query a deployment is told: predicates for our server, MatyanQL for a real one.

Both only narrow down; what comes is judged by the query itself. A real server's expression must
never exclude a run that our own evaluation would take: parameters travel in a form of their own
(`protocol.wire`), and its indexes answer otherwise than evaluation does (protocol section 9.8), so
that every part is written in a way no index is asked for, but where an index cannot be wrong.
"""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.param_trees import TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matyan_client.query import Predicate

__all__ = ["EVERYTHING", "as_json", "as_matyanql", "has_room", "of_runs", "of_sequences"]

EVERYTHING = "(run.archived == True or run.archived == False)"
"""All runs, archived ones included; answered by an index, so that no long transaction is open."""

_TEXT_MAX = 3_000
"""Longest expression, in characters; proxies take request lines of 8 kB."""


def as_json(predicates: Iterable[Predicate]) -> str:
    """Predicates as our server takes them, as far as a request has room for them."""
    kept: list[str] = []
    for p in predicates:
        text = json.dumps([p.subject, p.op, p.value, list(p.path)], separators=(",", ":"))
        if len(text) + sum(map(len, kept)) < _TEXT_MAX:
            kept.append(text)
    return f"[{','.join(kept)}]"


def as_matyanql(predicates: Iterable[Predicate]) -> str:
    """An expression that holds for every run that satisfies the predicates."""
    parts: list[str] = []
    base = EVERYTHING
    for predicate in predicates:
        if predicate.subject == "archived" and predicate.op == "==":
            base = f"(run.archived == {bool(predicate.value)})"
            continue
        part = _part(predicate)
        if part is not None and len(part) + sum(map(len, parts)) < _TEXT_MAX:
            parts.append(part)
    return " and ".join([base, *parts])


def of_runs(hashes: Iterable[str]) -> str:
    """An expression for exactly these runs, archived or not, that an index answers."""
    alternatives = " or ".join(f"run.hash == {run_hash!a}" for run_hash in hashes)
    return f"({alternatives}) and run.archived in (True, False)"


def has_room(expression: str) -> bool:
    """Whether a request has room for an expression."""
    return len(expression) <= _TEXT_MAX


def of_sequences(kind: str, names: Sequence[str], context: Mapping[str, Any] | None = None) -> str:
    """An expression for sequences of these names, and of one context if that can be said; for
    others that begin alike, too, if the names are too many."""
    part = f"{kind}.name in ({', '.join(map(ascii, names))},)"
    if not has_room(part):
        prefix = os.path.commonprefix(list(names))  # noqa: RUF071 - of names, by character
        part = f"{kind}.name.startswith({prefix!a})"
    if context is not None and _can_be_written(context):
        part += f" and {kind}.context == {dict(context)!a}"
    return part


def _can_be_written(context: Mapping[str, Any]) -> bool:
    text = canonical(context)
    return "NaN" not in text and "Infinity" not in text and len(text) < _TEXT_MAX


def _part(p: Predicate) -> str | None:
    if p.subject == "tag":
        return f"run.tags.contains({p.value!a})"
    if p.subject == "active":
        return f"(run.active in ({bool(p.value)},))"
    if p.subject in ("hash", "name", "experiment"):
        values = p.value if p.op == "in" else (p.value,)
        if p.subject == "name" and "" in values:
            return None  # what stands for no name
        if p.subject == "hash" and values:
            return "(" + " or ".join(f"run.hash == {value!a}" for value in values) + ")"
        return f"(run.{p.subject} in ({', '.join(map(ascii, values))},))" if values else None
    if p.subject == "created_at" and p.op != "in" and math.isfinite(p.value):
        return f"(run.created_at {p.op} {p.value!r})"
    if p.subject == "param" and p.path:
        values = p.value if p.op == "in" else (p.value,)
        if all(_is_writable(value) for value in values):
            wanted = f"({', '.join(map(ascii, values))},)" if p.op == "in" else ascii(p.value)
            return _param(f"run[{p.path[0]!a}]", p.path[1:], p.op, wanted)
    return None


def _is_writable(value: Any) -> bool:
    if isinstance(value, bool) or isinstance(value, str):
        return True
    if isinstance(value, int):
        return abs(value) < 1 << 64
    return isinstance(value, float) and math.isfinite(value)


def _param(place: str, rest: Sequence[str], op: str, wanted: str) -> str:
    """Holds unless the parameter is known not to be as wanted.

    Whatever is no plain value there (nothing but None is known to be none) may be one of our
    tagged forms.
    """
    if not rest:
        return (
            f"({place} {op} {wanted} if isinstance({place}, (int, float, str))"
            f" else {place} is not None)"
        )
    inner = _param(f"{place}[{rest[0]!a}]", rest[1:], op, wanted)
    return (
        f"(False if {place} is None else True if isinstance({place}, (int, float, str))"
        f" else {inner} if {rest[0]!a} in {place} else {TAG!a} in {place})"
    )
