"""Which cases cover which behaviour: every id has cases, is covered elsewhere, or says why not.

The ids are those of the lists of observed behaviour (R.. to M.., X..) and of usage patterns (U..).
A case's id begins with the id that it is mainly about; here is what that does not show.
"""

from __future__ import annotations

from conformance.case import CASES

__all__ = ["BY_OTHER_CASES", "ELSEWHERE", "IDS", "NOT_COVERED", "THIRD_PARTY", "uncovered"]


def _ids(letter: str, *ranges: tuple[int, int]) -> list[str]:
    return [f"{letter}{n:02}" for first, last in ranges for n in range(first, last + 1)]


IDS = [
    *_ids("U", (1, 25), (30, 39), (50, 52)),
    *_ids("R", (1, 19)),
    *_ids("P", (1, 9)),
    *_ids("T", (1, 13)),
    *_ids("S", (1, 12)),
    *_ids("Q", (1, 12)),
    *_ids("A", (1, 7)),
    *_ids("O", (1, 10)),
    *_ids("M", (1, 11)),
    "X01",
]

BY_OTHER_CASES: dict[str, tuple[str, ...]] = {
    "O08": ("U22-own-object-type", "P08-objects-as-parameters"),
}
"""Ids that cases with other ids are about as well."""

THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "accelerate": ("U05-a-tracker-class-in-the-style-of-accelerate",),
    "langchain": ("U14-a-callback-handler-in-the-style-of-langchain",),
    "ludwig": ("U32-a-callback-in-the-style-of-ludwig",),
    "mmengine": ("U04-a-visualiser-in-the-style-of-mmengine",),
    "aim-spacy": ("U12-entities-of-documents-in-the-style-of-aim-spacy",),
    "aim-mlflow": ("U24-a-synchroniser-in-the-style-of-aim-mlflow",),
}
"""Published libraries that use Aim, with the cases that make their calls."""

ELSEWHERE: dict[str, str] = {
    "T10": "benchmarks/track.py",
    "U52": "tests/unit/aim_compat/test_cli.py",
    "M09": "tests/unit/aim_compat/test_locations.py",
}
"""Ids that another file covers, since they need processes of their own, or measure."""

NOT_COVERED: dict[str, str] = {
    "R03": "Threads and files of Aim's own storage; nothing of them is an interface.",
    "R08": "What Aim reads when a folder of its RocksDB layout is missing.",
    "R10": "A second writer fails differently with each version of filelock, and is welcome here.",
    "T11": "A variable that makes Aim lose values; track() never waits here, with or without it.",
    "M08": "A notebook extension that starts Aim's web interface.",
    "M10": "Classes of Aim's own remote protocol.",
    "M11": "Framework adapters, which are not part of the SDK proper.",
    "O10": "Describes data sets of libraries that neither environment has.",
    "U15": "Needs a torch model; belongs to the framework adapters.",
    "U21": "Describes data sets of libraries that neither environment has.",
    "U25": "A notebook extension that starts Aim's web interface.",
    "X01": "Aim's own server, which the backends of this project stand in for.",
}
"""Ids that nothing covers, with the reason."""


def uncovered() -> list[str]:
    """Ids for which none of the above holds."""
    with_cases = {case_id.partition("-")[0] for case_id in CASES}
    known = with_cases.union(BY_OTHER_CASES, ELSEWHERE, NOT_COVERED)
    return [one for one in IDS if one not in known]
