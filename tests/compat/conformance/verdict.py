"""Judging what a case saw: against Aim's golden, and against the ledger where we differ.

Real Aim must repeat its golden exactly. The drop-in must too, with one freedom: where Aim raises,
it may raise an error that more `except` clauses catch.
"""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field
from typing import Any

from conformance.execute import Outcome
from conformance.ledger import WHOLE_CASE, Entry

__all__ = ["Verdict", "agrees", "judge"]

_ABSENT = "<no such observation>"


@dataclass
class Verdict:
    """Outcome of one case."""

    problems: list[str] = field(default_factory=list)
    ledgered: list[Entry] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True when nothing is to be complained of."""
        return not self.problems


def agrees(expected: Any, seen: Any) -> bool:
    """Whether the drop-in's observation will do where this one is expected."""
    if isinstance(expected, dict) and "raises" in expected:
        return (
            isinstance(seen, dict)
            and set(expected["raises"]) <= set(seen.get("raises", ()))
            and set(expected.get("aim", ())) <= set(seen.get("aim", ()))
        )
    return _same(expected, seen)


def _same(expected: Any, seen: Any) -> bool:
    # as text, since True == 1 == 1.0 for Python and not for us
    return json.dumps(expected, sort_keys=True) == json.dumps(seen, sort_keys=True)


def judge(
    golden: dict[str, Any],
    outcome: Outcome,
    entries: dict[str, Entry],
    *,
    exactly: bool = False,
) -> Verdict:
    """Compare all observations of a case.

    Args:
        golden: what Aim did.
        outcome: what the subject did.
        entries: the ledger's entries of this case; none for real Aim.
        exactly: True for real Aim, which has no freedom.
    """
    verdict = Verdict()
    seen = outcome.observations
    same = _same if exactly else agrees
    if outcome.stopped is not None:
        error = "".join(traceback.format_exception(outcome.stopped))
        verdict.problems.append(f"the case could not be carried out:\n{error}")
    for label in [*golden, *(label for label in seen if label not in golden)]:
        expected, got = golden.get(label, _ABSENT), seen.get(label, _ABSENT)
        entry = entries.get(label)
        if entry is None:
            if not same(expected, got):
                verdict.problems.append(_difference(label, "Aim", expected, got))
        elif entry.state != "chance" and same(expected, got):
            verdict.problems.append(
                f"{label}: equals Aim, yet the ledger says {entry.state!r}: remove the entry."
            )
        elif entry.asserted and not agrees(entry.expected, got):
            verdict.problems.append(_difference(label, "ledger", entry.expected, got))
        else:
            verdict.ledgered.append(entry)
    whole = entries.get(WHOLE_CASE)
    if whole is None:
        return verdict
    if verdict.ok:
        return Verdict([f"the whole case equals Aim, yet the ledger says {whole.state!r}."])
    return Verdict([], [*verdict.ledgered, whole])


def _difference(label: str, source: str, expected: Any, got: Any) -> str:
    return f"{label}:\n    {source:7} {json.dumps(expected)}\n    subject {json.dumps(got)}"
