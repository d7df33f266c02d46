"""AimQL against real Aim: random expressions find the same on both.

What differs on purpose is in `docs/queries.md` and does not come up here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.evaluator import Evaluator
from conformance.expressions import Expressions
from conformance.subject import AIM, SHIM

pytest.importorskip("hypothesis", reason="real Aim's environment has none, and needs none here")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

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
