"""Every known behaviour and usage of Aim has a case, is covered elsewhere, or says why not."""

from __future__ import annotations

from pathlib import Path

from conformance.case import CASES
from conformance.coverage import BY_OTHER_CASES, ELSEWHERE, IDS, NOT_COVERED, THIRD_PARTY, uncovered

ROOT = Path(__file__).parents[2]


def test_every_id_is_covered_or_excluded_with_a_reason() -> None:
    assert uncovered() == []
    assert all(len(reason) > 20 for reason in NOT_COVERED.values())


def test_cases_are_about_known_ids() -> None:
    assert {case_id.partition("-")[0] for case_id in CASES} <= set(IDS)


def test_tables_refer_to_what_exists() -> None:
    named = [case for cases in (*BY_OTHER_CASES.values(), *THIRD_PARTY.values()) for case in cases]
    assert set(named) <= set(CASES)
    assert {*BY_OTHER_CASES, *ELSEWHERE, *NOT_COVERED} <= set(IDS)
    assert all((ROOT / path).is_file() for path in ELSEWHERE.values())


def test_most_ids_have_cases() -> None:
    assert len(NOT_COVERED) * 8 < len(IDS)


def test_third_party_libraries_have_cases() -> None:
    assert len(THIRD_PARTY) == 6
