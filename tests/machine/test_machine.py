"""The machine on the drop-in, and the machine on a drop-in that was broken on purpose."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.mutants import MUTANTS, Mutant
from conformance.subject import AIM_VERSION, Subject
from differential.differences import DIFFERENCES
from differential.judge import compare
from differential.machine import Differential
from differential.oracle import Oracle, OracleLostError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

FIXED_EXAMPLES = 45
MUTANT_EXAMPLES = 100
CAUGHT = ("automatic_steps_start_at_one", "contexts_are_dropped", "tags_are_forgotten")
"""Mutants of the conformance suite that random calls come across soon."""


def machine(
    oracle: Oracle, subject: Subject, scratch: Path, tally: Counter[str], explained: Counter[str]
) -> type[Differential]:
    """A machine that asks this oracle."""
    members = {
        "oracle": oracle,
        "subject": subject,
        "scratch": scratch,
        "tally": tally,
        "explained": explained,
    }
    return type("Differential", (Differential,), members)


def health(examples: int, steps: int, *, fixed: bool) -> settings:
    """Settings of Hypothesis: slow and filtering examples are in the nature of the matter."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=fixed,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # shrinking takes minutes against real Aim: on request only
        phases=[Phase.generate] if fixed else [Phase.generate, Phase.shrink],
    )


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Failing queries and mixed types are warned of by the thousand."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(0)
def test_both_do_the_same(
    oracle: Oracle,
    subject: Subject,
    tally: Counter[str],
    report: list[str],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    examples: int = pytestconfig.getoption("examples")
    steps: int = pytestconfig.getoption("steps")
    explained: Counter[str] = Counter()
    lost = oracle.lost
    try:
        run_state_machine_as_test(
            machine(oracle, subject, tmp_path, tally, explained),
            settings=health(examples or FIXED_EXAMPLES, steps, fixed=not examples),
        )
    finally:
        known = ", ".join(f"{name} {count}" for name, count in explained.most_common())
        report.append(
            f"machine: Aim {oracle.version} and {subject.name} {subject.version}: "
            f"{tally['examples']} examples, {tally['calls']} calls, "
            f"{tally['observations']} observations; {explained.total()} known differences "
            f"({known or 'none'}); real Aim was lost {oracle.lost - lost} times, "
            f"{tally['given up']} examples given up"
            + (f" (the last at {oracle.lost_at:.200})" if tally["given up"] else "")
        )
    assert tally["calls"] > examples
    assert tally["given up"] <= tally["examples"] // 10


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "broken", [one for one in MUTANTS if one.name in CAUGHT], ids=lambda one: one.name
)
def test_a_broken_drop_in_is_caught(
    broken: Mutant,
    oracle: Oracle,
    subject: Subject,
    tally: Counter[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken.breaks(subject.module, monkeypatch.setattr)
    with pytest.raises(AssertionError, match="aim_compat"):
        run_state_machine_as_test(
            machine(oracle, subject, tmp_path, tally, Counter()),
            settings=health(MUTANT_EXAMPLES, 25, fixed=True),
        )


def test_all_chosen_mutants_exist() -> None:
    assert set(CAUGHT) <= {one.name for one in MUTANTS}


def test_a_lost_oracle_comes_back(oracle: Oracle) -> None:
    assert oracle.version == AIM_VERSION
    oracle.begin()
    assert "hash" in oracle.do("open", {"experiment": None})
    lost = oracle.lost
    oracle.kill()
    with pytest.raises(OracleLostError):
        oracle.do("open", {"experiment": None})
    assert oracle.lost == lost + 1
    oracle.begin()
    assert "hash" in oracle.do("open", {"experiment": None})


def test_differences_are_in_order() -> None:
    names = [one.name for one in DIFFERENCES]
    assert len(names) == len(set(names))
    assert all(len(one.reason) > 20 for one in DIFFERENCES)


def test_an_unknown_difference_is_a_problem() -> None:
    explained: Counter[str] = Counter()
    assert compare("track", {"number": 0}, {"track": None}, {"track": None}, explained) == []
    (problem,) = compare("track", {"number": 0}, {"track": 1}, {"track": 2}, explained)
    assert "track(number=0): track" in problem
    assert compare("track", {}, {"seen": 1}, {}, explained)
    assert compare("track", {}, {}, {"seen": 1}, explained)
    assert not explained


def test_a_known_difference_is_counted() -> None:
    explained: Counter[str] = Counter()
    ours = {"metrics of an archived run": [["loss", {}]]}
    assert compare("series", {}, {"metrics of an archived run": []}, ours, explained) == []
    assert explained == {"archived_runs_have_metrics": 1}
