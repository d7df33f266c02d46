"""The ledger: differences between the drop-in and Aim that we know of, each with its reason.

An entry is about one observation of one case. `state = "better"` says what the drop-in does
instead (`expected`, JSON) and that is asserted; `state = "gap"` says that it does not do it yet.
A gap may be about a whole case (`observation = "*"`), which then need not get to its end.
An entry that names a backend, or several (`backend = "stack"`), holds on these only; a gap there
may say what is seen instead (`expected`). There, too, `state = "chance"` says that what is seen is
not decided, such as an order that depends on which message a server's worker took first.
An entry that refers to nothing, gives no reason, or is no longer true fails the run.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from conformance.backend import BACKENDS

__all__ = ["WHOLE_CASE", "Entry", "Ledger", "LedgerError"]

_BEHAVIOUR = re.compile(r"[A-Z]\d{2}")
_MIN_REASON = 20
WHOLE_CASE = "*"


class LedgerError(ValueError):
    """The ledger is not in order; `problems` lists everything wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The ledger is not in order:\n" + "\n".join(problems))


@dataclass(frozen=True)
class Entry:
    """One known difference."""

    case: str
    observation: str
    state: str
    reason: str
    behaviour: str
    expected: Any = None
    backend: tuple[str, ...] = ()
    """On which backends it holds; empty: on all."""
    asserted: bool = False
    """Whether `expected` is to be compared."""


class Ledger:
    """All known differences, by case and observation."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> list[Entry]:
        """All entries."""
        return list(self._entries)

    def on(self, backend: str) -> Ledger:
        """What of it holds on one backend."""
        return Ledger(
            [entry for entry in self._entries if not entry.backend or backend in entry.backend]
        )

    def of(self, case_id: str) -> dict[str, Entry]:
        """The entries of a case, by observation."""
        return {entry.observation: entry for entry in self._entries if entry.case == case_id}

    @classmethod
    def load(cls, folder: Path) -> Ledger:
        """Read a folder of TOML files, one for each file of cases.

        Raises:
            LedgerError: an entry is malformed, twice there, or has no reason.
        """
        rows: list[dict[str, Any]] = []
        for path in sorted(folder.glob("*.toml")):
            rows += tomllib.loads(path.read_text(encoding="utf-8")).get("difference", [])
        return cls.from_rows(rows)

    @classmethod
    def from_rows(cls, rows: list[dict[str, Any]]) -> Ledger:
        """A ledger from rows as they stand in the file; raises like `load`."""
        problems: list[str] = []
        entries: list[Entry] = []
        seen: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for row in rows:
            case, label = str(row.get("case", "")), str(row.get("observation", ""))
            where = f"{case} / {label}"
            problems += [f"{where}: {problem}" for problem in _problems(row)]
            backend = _backends(row)
            for other in seen.setdefault((case, label), []):
                if not other or not backend or set(other) & set(backend):
                    problems.append(f"{where}: is there twice.")
            seen[case, label].append(backend)
            if not problems:
                asserted = "expected" in row
                expected = json.loads(row["expected"]) if asserted else None
                known = {**row, "expected": expected, "backend": backend, "asserted": asserted}
                entries.append(Entry(**known))
        if problems:
            raise LedgerError(problems)
        return cls(entries)

    def stale(self, observations: dict[str, dict[str, Any]]) -> list[str]:
        """Entries that refer to no observation of any case (observations of Aim by case id)."""
        problems = []
        for entry in self.entries:
            if entry.case not in observations:
                problems.append(f"{entry.case} / {entry.observation}: there is no such case.")
            elif entry.observation not in {*observations[entry.case], WHOLE_CASE}:
                problems.append(f"{entry.case} / {entry.observation}: no such observation.")
        return problems


def _backends(row: dict[str, Any]) -> tuple[str, ...]:
    named = row.get("backend", ())
    return (named,) if isinstance(named, str) else tuple(named)


def _problems(row: dict[str, Any]) -> list[str]:
    problems = []
    allowed = {"case", "observation", "state", "reason", "behaviour", "expected", "backend"}
    if not set(_backends(row)) <= set(BACKENDS):
        problems.append(f"backend {row['backend']!r} is not among {sorted(BACKENDS)}.")
    if set(row) - allowed:
        problems.append(f"unknown keys {sorted(set(row) - allowed)}.")
    if not row.get("case") or not row.get("observation"):
        problems.append("names no case or no observation.")
    states = ("better", "gap", "chance") if "backend" in row else ("better", "gap")
    if row.get("state") not in states:
        problems.append(f"state {row.get('state')!r} is neither of {states}.")
    if len(str(row.get("reason", "")).strip()) < _MIN_REASON:
        problems.append("gives no reason.")
    if not _BEHAVIOUR.fullmatch(str(row.get("behaviour", ""))):
        problems.append(f"behaviour {row.get('behaviour')!r} is not an id such as 'T04'.")
    if row.get("observation") == WHOLE_CASE and row.get("state") != "gap":
        problems.append("only a gap can be about a whole case.")
    better, expected, local = row.get("state") == "better", "expected" in row, "backend" in row
    if better != expected and not (expected and local):
        problems.append("'better' needs an expected observation, 'gap' has none.")
    if "expected" in row:
        try:
            json.loads(row["expected"])
        except (TypeError, ValueError) as error:
            problems.append(f"expected is not JSON: {error}.")
    return problems
