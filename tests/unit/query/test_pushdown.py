"""Predicates: every run that matches satisfies all of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matyan_client.protocol.records import RunRecord, SequenceRecord
from matyan_client.query import MATYANQL, Predicate, Proxy, parse

scalars = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -1.5, float("inf"), 2**70, 10**30]),
    st.booleans(),
    st.sampled_from(["a", "b", "", "x" * 600, "x" * 600 + "y"]),
    st.none(),
)
comparisons = st.tuples(
    st.sampled_from(
        [
            "run.p.x",
            "run['p']['x']",
            "run['p', 'x']",
            "run.q",
            "run.name",
            "run.experiment",
            "run.created_at",
            "run.active",
            "run.archived",
        ]
    ),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    scalars,
    st.booleans(),
)


def text_of(parts: list[tuple[str, str, Any, bool]], joint: str) -> str:
    return joint.join(f"{v!r} {op} {s}" if flip else f"{s} {op} {v!r}" for s, op, v, flip in parts)


def satisfied(p: Predicate, run: RunRecord) -> bool:
    """What the predicate promises, read off the record, with numbers and texts ordered apart."""
    if p.subject == "param":
        value: Any = run.params
        for key in p.path:
            if not isinstance(value, dict) or key not in value:
                return False
            value = value[key]
    else:
        value = getattr(run, p.subject)
    if p.op == "in":
        return value in p.value
    if value is None or isinstance(value, str) != isinstance(p.value, str):
        return False
    return {
        "==": value == p.value,
        "<": value < p.value,
        "<=": value <= p.value,
        ">": value > p.value,
        ">=": value >= p.value,
    }[p.op]


@given(st.lists(comparisons, min_size=1, max_size=3), scalars, scalars, st.booleans())
def test_every_match_satisfies_every_predicate(
    parts: list[tuple[str, str, Any, bool]], x: Any, q: Any, archived: bool
) -> None:
    run = RunRecord(
        "h",
        name="a",
        experiment="b",
        created_at=1.0,
        archived=archived,
        active=True,
        params={"p": {"x": x}, "q": q},
    )
    for joint in (" and ", " or "):
        query = parse(text_of(parts, joint))
        if query.matches_run(run):
            assert all(satisfied(p, run) for p in query.predicates), (query, query.predicates)


def test_predicates_are_found_where_they_are() -> None:
    found = parse(
        "run.hparams.lr == 0.1 and 5 > run['a', 'b'] and 'prod' in run.tags and run.active"
        " and run.created_at >= datetime(1970, 1, 2) and run.experiment in ['x', 'y']"
        " and metric.name == 'loss' and not run.x == 1 and run.y != 2 and len(run.z) == 3",
        kind="metric",
    ).predicates
    assert found == (
        Predicate("param", "==", 0.1, ("hparams", "lr")),
        Predicate("param", "<", 5, ("a", "b")),
        Predicate("tag", "contains", "prod"),
        Predicate("active", "==", True),
        Predicate("created_at", ">=", 86400.0),
        Predicate("experiment", "in", ("x", "y")),
        Predicate("sequence", "==", "loss"),
        Predicate("archived", "==", False),
    )
    assert parse("run.a == 1 or run.b == 2").predicates == (Predicate("archived", "==", False),)


@given(
    st.lists(comparisons, min_size=1, max_size=3),
    st.sampled_from(["metric.name == 'm'", "metric.name in ['n', 'm']", "metric.last > 0"]),
    scalars,
)
def test_every_sequence_found_is_in_a_run_that_may_match(
    parts: list[tuple[str, str, Any, bool]], about: str, x: Any
) -> None:
    sequence = SequenceRecord("m", {}, "float", 1, last=1.0)
    run = RunRecord("h", name="a", params={"p": {"x": x}, "q": 1}, sequences=[sequence])
    query = parse(text_of(parts, " and ") + " and " + about, kind="metric")
    if query.matches_sequence(run, sequence):
        assert query.may_match(run)
        assert all(p.subject == "sequence" or satisfied(p, run) for p in query.predicates)


@given(
    st.sampled_from(["==", "<", "<=", ">", ">="]),
    st.floats(0, 4e9),
    st.integers(-2, 2),
    st.booleans(),
)
def test_dates_that_were_rounded(op: str, created_at: float, delta_us: int, flip: bool) -> None:
    """A dialect whose `created_at` is a datetime rounds to microseconds."""

    def moment(seconds: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).replace(tzinfo=None)

    class Run(Proxy):
        def __init__(self, run: RunRecord) -> None:
            self._run = run

        def query_getattr(self, name: str) -> Any:
            assert name == "created_at"
            return moment(self._run.created_at)

    dialect = dataclasses.replace(MATYANQL, datetime_as_seconds=False, run_proxy=Run)
    d = moment(created_at) + dt.timedelta(microseconds=delta_us)
    literal = (
        f"datetime({d.year}, {d.month}, {d.day}, {d.hour}, {d.minute}, {d.second}, {d.microsecond})"
    )
    text = f"{literal} {op} run.created_at" if flip else f"run.created_at {op} {literal}"
    run = RunRecord("h", created_at=created_at)
    query = parse(text, dialect=dialect)
    assert any(p.subject == "created_at" for p in query.predicates)
    if query.matches_run(run):
        assert all(satisfied(p, run) for p in query.predicates)


@pytest.mark.parametrize(
    "text",
    [
        "run.a == 1 or run.b == 2",
        "not run.a == 1",
        "run.a != 1",
        "run.a == None",
        "None == run.a",
        "run.a in [1, None]",
        "run.a in 'text'",
        "run.a in [1, *run.l]",
        "run.a not in [1]",
        "run.a is True",
        "run.a == run.b",
        "run.a == 1e999 - 1e999",
        "run.a[0] == 1",
        "run.a['x':] == 1",
        "run[run.a] == 1",
        "(run.a == 1) == False",
        "run.a == 1 if run.b else True",
        "run.name == '\\ud800'",
        "'\\ud800' in run.tags",
        "run.a == '\\ud800'",
        "run.created_at < 1000000000000000000000000000000",
        "run.created_at == True",
        "run.active == 1",
        "run.name < 'x'",
        "run.name == 5",
        "'x' == run.tags",
        "metric.name == 'x'",
        "(run := {'a': 1}) and run['a'] == 1",
        "(lambda run: run.a == 1)(run)",
        "[run.a == 1]",
        "len(run.a) == 1",
    ],
)
def test_none_where_it_is_not_sure(text: str) -> None:
    assert parse(text).predicates == (Predicate("archived", "==", False),)


@pytest.mark.parametrize(
    "subject",
    ["run.a.b", "run['a'].b", "run.a['b']", "run['a']['b']", "run['a', 'b']"],
)
def test_the_same_path_however_it_is_written(subject: str) -> None:
    wanted = Predicate("param", "==", 1, ("a", "b"))
    assert parse(f"{subject} == 1").predicates[0] == wanted
    assert parse(f"1 == {subject}").predicates[0] == wanted


def test_chains_and_signs() -> None:
    assert parse("-1 < run.a <= +2.5").predicates[:2] == (
        Predicate("param", ">", -1, ("a",)),
        Predicate("param", "<=", 2.5, ("a",)),
    )
    assert parse("run['name'] == 'x'").predicates[0] == Predicate("param", "==", "x", ("name",))
    assert parse("run.is_archived == True").predicates == (Predicate("archived", "==", True),)
    assert parse("run.archived").predicates == (
        Predicate("archived", "==", True),
        Predicate("archived", "==", False),
    )
