"""AimQL against real Aim: random expressions find the same on both; what differs on purpose is in
`docs/queries.md`, row by row.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("hypothesis", reason="real Aim's environment has none, and needs none here")

from conformance.evaluator import Evaluator
from conformance.expressions import Expressions
from conformance.mixture import fill
from conformance.subject import AIM, SHIM
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import aim_compat
from matyan_client import Repo
from matyan_client.exceptions import QueryError
from matyan_client.query import parse

ROOT = Path(__file__).parents[2]
ORACLE = ROOT / ".venv-aim" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SEARCHES = {"runs": "", "metrics": "metric", "images": "images", "texts": "texts"}

pytestmark = pytest.mark.skipif(
    not ORACLE.exists(), reason="real Aim is not there (.venv-aim, see the Makefile)"
)


@pytest.fixture(scope="module")
def subjects(request: pytest.FixtureRequest) -> Iterator[tuple[Evaluator, Evaluator]]:
    if request.config.getoption("subject") == AIM:
        pytest.skip("compares both subjects; once is enough")
    pair = Evaluator(ORACLE, AIM), Evaluator(Path(sys.executable), SHIM)
    yield pair
    for one in pair:
        one.close()


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, str]:
    kind = draw(st.sampled_from(["runs", "runs", "metrics", "metrics", "images", "texts"]))
    expressions = Expressions(lambda ways: draw(st.sampled_from(ways)), SEARCHES[kind])
    return kind, expressions.whole()


@pytest.mark.timeout(120)
@settings(
    max_examples=600,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(query=queries())
def test_random_expressions_find_the_same(
    subjects: tuple[Evaluator, Evaluator], query: tuple[str, str]
) -> None:
    aim, ours = (one.ask(*query) for one in subjects)
    assert ours == aim


def rows_of_the_page() -> list[list[str]]:
    """Expression, and what becomes of it in MatyanQL, AimQL here, and Aim."""
    page = (ROOT / "docs" / "queries.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 6]
    return [[cell.strip().strip("`") for cell in row.split("|")[1:5]] for row in rows]


def verdict(found: object) -> str:
    """Whether the run that the page is about is among what was found."""
    if not isinstance(found, list):
        return "refused"
    return (
        "yes" if any(row == 0 or (isinstance(row, list) and row[0] == 0) for row in found) else "no"
    )


@pytest.mark.parametrize("row", rows_of_the_page(), ids=lambda row: row[0])
def test_the_page_says_where_the_languages_differ(
    row: list[str], subjects: tuple[Evaluator, Evaluator], matyan: Repo
) -> None:
    expression, in_matyanql, here, in_aim = row
    kind = "metrics" if "metric." in expression else "runs"
    aim, ours = subjects
    assert verdict(ours.ask(kind, expression)) == here
    assert verdict(in_repo(matyan, kind, expression)) == in_matyanql
    if in_aim != "hangs":
        assert verdict(aim.ask(kind, expression)) == in_aim


@pytest.fixture(scope="module")
def matyan(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    directory = tmp_path_factory.mktemp("matyanql")
    fill(aim_compat, str(directory))
    return Repo(directory)


def in_repo(repo: Repo, kind: str, expression: str) -> object:
    try:
        if kind == "runs":
            return [run.params["i"] for run in repo.backend.search_runs(parse(expression))]
        query = parse(expression, kind="metric")
        pairs = repo.backend.search_sequences("metric", query)
        return [run.params["i"] for run, found in pairs if found]
    except QueryError:
        return None
