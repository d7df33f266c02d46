"""Tests of the suite itself: its books are in order, and it notices what is wrong."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conformance.case import CASES, by_priority, case
from conformance.execute import Outcome, execute
from conformance.goldens import Goldens
from conformance.ledger import Entry, Ledger, LedgerError
from conformance.mutants import MUTANTS, Mutant
from conformance.normalise import Normaliser
from conformance.subject import AIM_VERSION, Subject
from conformance.verdict import agrees, judge

HERE = Path(__file__).parent

ROW = {
    "case": "X01-case",
    "observation": "seen",
    "state": "better",
    "expected": "1",
    "reason": "A reason that says why and is long enough.",
    "behaviour": "X01",
}


def entry(state: str, expected: Any = None) -> dict[str, Entry]:
    better = state == "better"
    return {
        "seen": Entry("X01-case", "seen", state, ROW["reason"], "X01", expected, asserted=better)
    }


# --- a broken subject is caught -------------------------------------------------------------------


def problems(
    case_id: str, subject: Subject, ledger: Ledger, goldens: Goldens, where: Path
) -> set[str]:
    where.mkdir(parents=True)
    entries = {} if subject.is_original else ledger.of(case_id)
    outcome = execute(CASES[case_id], subject, where, where.parent.parent)
    golden = goldens.read(case_id)
    return set(judge(golden, outcome, entries, exactly=subject.is_original).problems)


@pytest.mark.parametrize("broken", MUTANTS, ids=lambda broken: broken.name)
def test_broken_subject_is_caught(
    broken: Mutant,
    subject: Subject,
    ledger: Ledger,
    goldens: Goldens,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for case_id in broken.caught_by:
        before = problems(case_id, subject, ledger, goldens, tmp_path / case_id / "sound")
        with monkeypatch.context() as patch:
            broken.breaks(subject.module, patch.setattr)
            after = problems(case_id, subject, ledger, goldens, tmp_path / case_id / "broken")
        assert after - before, f"{case_id} does not notice that {broken.name.replace('_', ' ')}."


# --- the books ------------------------------------------------------------------------------------


def test_every_case_has_a_golden_and_every_golden_a_case(goldens: Goldens, record: bool) -> None:
    if record:
        pytest.skip("goldens are being written")
    assert goldens.ids() == set(CASES)


def test_goldens_are_about_one_version_of_aim(goldens: Goldens) -> None:
    assert goldens.versions() == {AIM_VERSION}


def test_ledger_refers_to_what_exists(goldens: Goldens) -> None:
    assert (
        Ledger.load(HERE / "ledger").stale(
            {case_id: goldens.read(case_id) for case_id in goldens.ids()}
        )
        == []
    )


def test_common_usage_comes_first() -> None:
    order = [one.priority for one in by_priority()]
    assert order == sorted(order)
    assert len(order) >= 60


def test_two_cases_cannot_share_an_id() -> None:
    first = next(iter(CASES.values()))
    with pytest.raises(ValueError, match="Two cases"):
        case(first.id.split("-")[0], first.title)(first.body)


def test_a_golden_that_was_never_recorded_is_not_empty(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="Record it"):
        Goldens(tmp_path).read("X01-case")


def test_goldens_come_back_as_written(tmp_path: Path) -> None:
    goldens = Goldens(tmp_path)
    one = next(iter(CASES.values()))
    goldens.write(one, AIM_VERSION, {"seen": {"tuple": [1, None, "é"]}})
    assert goldens.read(one.id) == {"seen": {"tuple": [1, None, "é"]}}
    path = tmp_path / f"{one.id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "format": 0}), "utf-8")
    with pytest.raises(ValueError, match="format"):
        goldens.read(one.id)


# --- the ledger's own rules -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"reason": ""}, "gives no reason"),
        ({"reason": "because"}, "gives no reason"),
        ({"behaviour": "somewhere"}, "is not an id"),
        ({"state": "different"}, "neither"),
        ({"state": "gap"}, "expected"),
        ({"expected": "{"}, "not JSON"),
        ({"case": ""}, "names no case"),
        ({"observation": "*"}, "whole case"),
        ({"until": "later"}, "unknown keys"),
        ({"backend": "elsewhere"}, "is not among"),
    ],
)
def test_ledger_refuses(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(LedgerError, match=complaint):
        Ledger.from_rows([{**ROW, **change}])


def test_ledger_refuses_better_without_expectation() -> None:
    row = {key: value for key, value in ROW.items() if key != "expected"}
    with pytest.raises(LedgerError, match="expected"):
        Ledger.from_rows([row])


def test_ledger_refuses_the_same_entry_twice() -> None:
    with pytest.raises(LedgerError, match="twice"):
        Ledger.from_rows([ROW, ROW])


def test_an_entry_may_hold_on_some_backends_only() -> None:
    here, there = {**ROW, "backend": "served"}, {**ROW, "backend": ["stack", "embedded"]}
    ledger = Ledger.from_rows([here, {**there, "state": "gap", "expected": "2"}])
    assert [entry.expected for entry in ledger.on("served").entries] == [1]
    stack = ledger.on("stack").of("X01-case")
    assert judge({"seen": 0}, Outcome({"seen": 2}), stack).ledgered
    assert not judge({"seen": 0}, Outcome({"seen": 3}), stack).ok
    with pytest.raises(LedgerError, match="twice"):
        Ledger.from_rows([ROW, here])
    with pytest.raises(LedgerError, match="twice"):
        Ledger.from_rows([there, {**ROW, "backend": "stack"}])


def test_what_chance_decides_may_be_either_way_on_one_backend() -> None:
    row = {**{key: value for key, value in ROW.items() if key != "expected"}, "state": "chance"}
    entries = Ledger.from_rows([{**row, "backend": "stack"}]).of("X01-case")
    assert judge({"seen": 0}, Outcome({"seen": 0}), entries).ok
    assert judge({"seen": 0}, Outcome({"seen": 2}), entries).ok
    with pytest.raises(LedgerError, match="chance"):
        Ledger.from_rows([row])


def test_stale_entries_are_found() -> None:
    ledger = Ledger.from_rows([ROW])
    assert ledger.stale({"X01-case": {"seen": 0}}) == []
    assert "no such case" in ledger.stale({"X02-other": {"seen": 0}})[0]
    assert "no such observation" in ledger.stale({"X01-case": {"other": 0}})[0]


# --- judging --------------------------------------------------------------------------------------


def test_a_difference_is_a_problem() -> None:
    assert judge({"seen": 1}, Outcome({"seen": 1}), {}).ok
    assert not judge({"seen": 1}, Outcome({"seen": 2}), {}).ok
    assert not judge({"seen": 1}, Outcome({"seen": 1.0}), {}).ok
    assert not judge({"seen": 1}, Outcome({"seen": True}), {}).ok


def test_a_missing_or_new_observation_is_a_problem() -> None:
    assert not judge({"seen": 1}, Outcome({}), {}).ok
    assert not judge({}, Outcome({"seen": 1}), {}).ok


def test_a_better_observation_must_be_the_expected_one() -> None:
    assert judge({"seen": 0}, Outcome({"seen": 1}), entry("better", 1)).ledgered
    assert not judge({"seen": 0}, Outcome({"seen": 2}), entry("better", 1)).ok


@pytest.mark.parametrize("state", ["better", "gap"])
def test_an_unexpected_pass_is_a_problem(state: str) -> None:
    verdict = judge({"seen": 0}, Outcome({"seen": 0}), entry(state, 1))
    assert "remove the entry" in verdict.problems[0]


def test_a_gap_may_be_anything_but_a_pass() -> None:
    assert judge({"seen": 0}, Outcome({"seen": 5}), entry("gap")).ok


def test_a_case_that_falls_over_is_a_problem() -> None:
    outcome = Outcome({"seen": 1}, KeyError("x"))
    assert "KeyError" in judge({"seen": 1}, outcome, {}).problems[0]


def test_a_gap_of_a_whole_case_covers_it_until_it_passes() -> None:
    whole = {"*": Entry("X01-case", "*", "gap", ROW["reason"], "X01")}
    assert judge({"seen": 1}, Outcome({}, KeyError("x")), whole).ledgered
    assert "whole case equals Aim" in judge({"seen": 1}, Outcome({"seen": 1}), whole).problems[0]


def test_an_error_may_be_caught_by_more_but_not_by_fewer() -> None:
    aim = {"raises": ["Exception", "ValueError"]}
    assert agrees(aim, {"raises": ["Exception", "TypeError", "ValueError"]})
    assert not agrees(aim, {"raises": ["Exception", "TypeError"]})
    assert not agrees(aim, None)
    assert not agrees(None, aim)
    missing = {"raises": ["Exception", "RuntimeError"], "aim": ["MissingRunError"]}
    assert not agrees(missing, {"raises": ["Exception", "RuntimeError"]})


def test_the_original_has_no_freedom() -> None:
    seen = Outcome({"seen": {"raises": ["Exception", "KeyError", "ValueError"]}})
    assert not judge({"seen": {"raises": ["Exception", "ValueError"]}}, seen, {}, exactly=True).ok


# --- normalising ----------------------------------------------------------------------------------


def test_what_is_random_is_removed_and_nothing_else(tmp_path: Path) -> None:
    normalise = Normaliser(str(tmp_path))
    first, second = "0123456789abcdef01234567", "f" * 32
    assert normalise(f"{first} {second} {first}") == "<hash1> <hash2> <hash1>"
    assert normalise(str(tmp_path)) == "<repo>"
    assert normalise(os.path.join(tmp_path, "a", ".aim")) == "<repo>/a/<store>"
    assert normalise(os.path.join(tmp_path, ".matyan")) == "<repo>/<store>"
    assert normalise("<A object at 0x7f00a>") == "<A object at <address>>"
    now = datetime.datetime.now(datetime.timezone.utc)
    assert normalise(now.timestamp()) == "<time>"
    assert normalise(1e9) == 1e9
    assert normalise([1, 1.0, True, None, "é", float("nan")]) == [1, 1.0, True, None, "é", "<nan>"]
    assert normalise(0.1 + 0.2) == 0.3


def test_types_are_told_apart(tmp_path: Path) -> None:
    normalise = Normaliser(str(tmp_path))
    seen = [
        json.dumps(normalise(value))
        for value in ([1], (1,), {1}, {"a": 1}, {1: 1}, b"1", "1", 1, 1.0)
    ]
    assert len(set(seen)) == len(seen)


# --- running it -----------------------------------------------------------------------------------


def run_suite(*arguments: str, without: str = "") -> subprocess.CompletedProcess[str]:
    hide = f"sys.modules[{without!r}] = None; " if without else ""
    options = [str(HERE), "--collect-only", "-q", "-p", "no:cacheprovider", *arguments]
    code = f"import sys; {hide}import pytest; sys.exit(pytest.main({options!r}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_recording_needs_the_original() -> None:
    done = run_suite("--record", "--subject=aim_compat")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "goldens come from real Aim only" in done.stderr


def test_a_missing_original_is_an_error() -> None:
    done = run_suite("--subject=aim", without="aim")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "cannot be imported" in done.stderr
