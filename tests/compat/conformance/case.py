"""What a case is, and the registry of all of them.

A case is a function of a `World` that uses only Aim's public API and notes what it sees. It never
learns which subject it runs on. Files keep cases by subject matter; they run in the order of how
common the usage is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.world import World

__all__ = ["CASES", "Case", "by_priority", "case"]

Body = Callable[["World"], None]

CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """One conformance case."""

    id: str
    """Stable id, `<behaviour>-<words>`; names the golden and is what the ledger refers to."""
    title: str
    priority: str
    """A: in quick-start material or several integrations, B: documented, C: rare."""
    body: Body
    fresh: bool
    """True: starts in a directory that holds no repository (cases about creating one)."""


def case(
    behaviour: str, title: str, *, priority: str = "B", fresh: bool = False
) -> Callable[[Body], Body]:
    """Register the decorated function as a case about a behaviour (`U07`, `T04`, ...)."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    case_id = f"{behaviour}-{words}"

    def register(body: Body) -> Body:
        if case_id in CASES:
            raise ValueError(f"Two cases are called {case_id!r}.")
        if priority not in ("A", "B", "C"):
            raise ValueError(f"Case {case_id!r}: priority {priority!r} is not A, B or C.")
        CASES[case_id] = Case(case_id, title, priority, body, fresh)
        return body

    return register


def by_priority() -> list[Case]:
    """All cases, the most common usage first."""
    return sorted(CASES.values(), key=lambda one: (one.priority, one.id[0] != "U"))
