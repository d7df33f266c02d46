"""The conformance cases: each against Aim's golden, or against the ledger where we differ."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from conformance.case import Case, by_priority
from conformance.execute import execute
from conformance.verdict import judge

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from conformance.evidence import Recorder
    from conformance.goldens import Goldens
    from conformance.ledger import Ledger
    from conformance.subject import Subject


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", by_priority(), ids=lambda case: case.id)
def test_case(
    case: Case,
    subject: Subject,
    goldens: Goldens,
    ledger: Ledger,
    tally: Counter,
    tmp_path: Path,
    scratch: Path,
    record: bool,
    recorder: Recorder | None,
) -> None:
    tally["ran"] += 1
    with recorder.during(case.id) if recorder else nullcontext():
        outcome = execute(case, subject, tmp_path, scratch)
    tally["observations"] += len(outcome.observations)
    if record and outcome.stopped is None:
        goldens.write(case, subject.version, outcome.observations)
        tally["recorded"] += 1
    entries = {} if subject.is_original else ledger.of(case.id)
    verdict = judge(goldens.read(case.id), outcome, entries, exactly=subject.is_original)
    assert verdict.ok, f"{case.id}: {case.title}\n" + "\n".join(verdict.problems)
    for entry in verdict.ledgered:
        tally[entry.state] += 1
    tally["ledgered"] += bool(verdict.ledgered)
    tally["passed"] += 1
