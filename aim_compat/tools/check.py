"""`aim-compat check`: every name of Aim that some files use, and what became of it here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aim_compat._surface import AIM_VERSION
from aim_compat.tools import files, reading
from aim_compat.tools.files import Problem, Source, printable
from aim_compat.tools.verdicts import State, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Finding", "Report", "check", "check_source"]

_STOPS = (State.ABSENT, State.REFUSED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One use of Aim."""

    path: str
    cell: int
    """Of a notebook, from 1; 0 in a script."""
    line: int
    """From 1, in its cell or file."""
    column: int
    """From 1, in characters."""
    kind: str
    state: State
    name: str
    note: str

    @property
    def place(self) -> str:
        """Where it is, as compilers write it."""
        cell = f"cell {self.cell}:" if self.cell else ""
        return f"{printable(self.path)}:{cell}{self.line}:{self.column}"


@dataclass(slots=True)
class Report:
    """What was found in all files."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many uses are in each state."""
        counted = Counter(finding.state for finding in self.findings)
        return {state.value: counted[state] for state in State}

    @property
    def files_with_aim(self) -> int:
        """How many files use Aim."""
        return len({finding.path for finding in self.findings})

    @property
    def exit_code(self) -> int:
        """1 if anything is absent or refused, or a file could not be read."""
        return int(bool(self.problems) or any(f.state in _STOPS for f in self.findings))

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "aim_version": AIM_VERSION,
            "files": self.files,
            "files_with_aim": self.files_with_aim,
            "counts": self.counts,
            "uses": [
                {
                    "file": finding.path,
                    "cell": finding.cell or None,
                    "line": finding.line,
                    "column": finding.column,
                    "kind": finding.kind,
                    "name": finding.name,
                    "state": finding.state.value,
                    "note": finding.note,
                }
                for finding in self.findings
            ],
            "problems": [
                {"file": problem.path, "place": problem.place or None, "message": problem.message}
                for problem in self.problems
            ],
        }

    def as_text(self, *, everything: bool, colours: bool) -> Iterator[str]:
        """The report for people, line by line: what is supported is counted only, unless asked."""
        said: set[tuple[str, str]] = set()
        for finding in self.findings:
            if finding.state is State.SUPPORTED and not everything:
                continue
            state = finding.state.value
            if colours:
                state = f"\033[{_COLOURS[finding.state]}m{state}\033[0m"
            line = f"{finding.place}: {state} {finding.name}"
            key = (finding.name, finding.note)
            if finding.note and key not in said:  # once is enough
                line += f": {finding.note}"
                said.add(key)
            yield line
        for problem in self.problems:
            yield f"{problem}"
        yield self._summary()

    def _summary(self) -> str:
        counts = ", ".join(f"{count} {state}" for state, count in self.counts.items() if count)
        files = "1 file" if self.files == 1 else f"{self.files} files"
        line = f"{files}, {self.files_with_aim} with Aim: {counts or 'nothing of Aim'}"
        return line + (f"; {len(self.problems)} could not be read" if self.problems else "")


_COLOURS = {
    State.SUPPORTED: 32,
    State.DIFFERS: 33,
    State.ABSENT: 31,
    State.UNKNOWN: 35,
    State.REFUSED: 31,
    State.TEXT: 36,
}


def check(found: Iterable[str | Problem]) -> Report:
    """Read some files and report on all of them."""
    report = Report()
    for path in found:
        source = path if isinstance(path, Problem) else files.read(path)
        report.files += 1
        if isinstance(source, Problem):
            report.problems.append(source)
            continue
        findings, problems = check_source(source)
        report.findings += findings
        report.problems += problems
    return report


def check_source(source: Source) -> tuple[list[Finding], list[Problem]]:
    """What one file uses, in the order of its text, and what in it could not be read."""
    result = reading.read(source)
    findings = []
    for use in sorted(result.uses, key=lambda use: use.span):
        verdict = judge(use)
        if verdict is not None:
            cell, line = result.place(use.span.row)
            findings.append(
                Finding(
                    source.path,
                    cell,
                    line,
                    use.span.column + 1,
                    use.kind.value,
                    verdict.state,
                    verdict.name,
                    verdict.note,
                )
            )
    return findings, result.problems
