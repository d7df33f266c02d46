"""MatyanQL answers as the real server's plain evaluation does, and its index never disagrees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matyan_client.exceptions import QueryError
from matyan_client.protocol.messages import parse_time
from matyan_client.protocol.records import RunRecord, SequenceRecord
from matyan_client.query import Predicate, Query, parse

DIFFERENT = {
    "selected == 1": "an expression, not a `select` without `if` (a fault, 9.1)",
    "select diff if run.active == True": "the first `if` that is a word (a fault, 9.1)",
    "32 <= run.hparams.bs <= 64": "chains work (a fault, 9.5)",
    'run.metrics["loss", {"subset":"train"}].last < 1': "matches (a fault, 9.2)",
    '"{}".format(1) == "1"': "refused aloud instead of never matching (9.6)",
}


def records(vectors: dict[str, Any]) -> dict[str, RunRecord]:
    found = {}
    for letter, data in vectors["matyanql"]["dataset"].items():
        created = parse_time(data["created_at"])
        params = dict(data.get("params") or {})
        if "hparams" in data:
            params["hparams"] = data["hparams"]
        found[letter] = RunRecord(
            hash=data["hash"],
            name=data["name"],
            description="",
            experiment=data["experiment"],
            tags=data.get("tags", []),
            created_at=created,
            end_time=created + 90 if data.get("end_time") else None,
            active=data["active"],
            archived=data["archived"],
            params=params,
            sequences=[
                SequenceRecord(
                    m["name"], m["context"], "float", 5, last=m["last"], last_step=m["last_step"]
                )
                for m in data["metrics"]
            ],
        )
    return found


def matching(query: Query, runs: dict[str, RunRecord]) -> str:
    return "".join(letter for letter, run in runs.items() if query.matches_run(run))


def test_run_verdicts(vectors: dict[str, Any]) -> None:
    runs = records(vectors)
    wrong = []
    for case in vectors["matyanql"]["run_search"]:
        try:
            found = matching(parse(case["query"]), runs)
        except QueryError:
            found = "refused"
        direct = case["direct"]
        expected = "refused" if not isinstance(direct, str) or direct.strip("ABC") else direct
        if (found != expected) != (case["query"] in DIFFERENT):
            wrong.append((case["query"], found, direct))
    assert wrong == []


def test_metric_verdicts(vectors: dict[str, Any]) -> None:
    runs = records(vectors)
    for case in vectors["matyanql"]["metric_search"]:
        if not isinstance(case["endpoint"], dict):
            continue
        query = parse(case["query"], kind="metric")
        found = {
            letter: sorted(s.name for s in run.sequences or () if query.matches_sequence(run, s))
            for letter, run in runs.items()
            if query.may_match(run)
        }
        found = {letter: names for letter, names in found.items() if names}
        assert found == {k: sorted(v) for k, v in case["endpoint"].items()}, case["query"]


def test_datetime_verdicts(vectors: dict[str, Any]) -> None:
    runs = records(vectors)
    for case in vectors["matyanql"]["datetime_offset"]:
        query = parse(case["query"], tz_offset_min=case["x_timezone_offset"])
        assert matching(query, runs) == case["match"], case


RUN = RunRecord(
    hash="h",
    name="My Run",
    experiment="e",
    tags=["prod"],
    created_at=1e9,
    active=True,
    params={
        "hparams": {"bs": 32, "l": [1, 2], "s": "Text"},
        "__system_params": {"a": 1},
        "n": None,
    },
    sequences=[
        SequenceRecord("acc", {"s": "t"}, "float", 1, last=0.5, last_step=3),
        SequenceRecord("acc", {"s": "v"}, "float", 1, last=0.9, last_step=4),
    ],
)


@pytest.mark.parametrize(
    "text",
    [
        "16 <= run.hparams.bs <= 64",
        "run.metrics['acc', {'s': 'v'}].last > 0.8",
        "run.metrics['acc'].last == 0.5",
        "run['__system_params']['a'] == 1",
        "run['__system_params', 'a'] == 1",
        "run.nope.deep == None",
        "run.nope is None",
        "run.n is None",
        "not run.nope",
        "'bs' in run.hparams",
        "run.hparams == {'bs': 32, 'l': [1, 2], 's': 'Text'}",
        "run.tags.contains('prod')",
        "'x' not in run.tags",
        "run.duration == 0.0",
        "run.name.lower().startswith('my')",
        "run.hparams.s[::-1] == 'txeT'",
        "any(x > 1 for x in run.hparams.l)",
        "[x for x in run.hparams.l if x > 1] == [2]",
        "{x: x for x in run.hparams.l}[2] == 2",
        "(lambda x, y: x * y)(2, 16) == run.hparams.bs",
        "f'{run.hparams.bs:>5}' == '   32'",
        "'%s-%d' % (run.hparams.s, 3) == 'Text-3'",
        "(y := run.hparams.bs) and y == 32",
        "math.sqrt(16) == 4 and string.digits[0] == '0'",
        "run.created_at < datetime(2020, 1, 1)",
        "run.created_at == run.creation_time",
        "sorted(run.hparams.l)[0] == 1 and sum(run.hparams.l) == 3",
        "run.hash == 'h' # a comment",
        "\n  run.hash == 'h'\n  and run.active\n",
        "select runs if run.hash == 'h'",
        "SELECT x, y IF run.active",
        "select anything",
        "'#' != ''",
    ],
)
def test_what_matches(text: str) -> None:
    assert parse(text).matches_run(RUN)


@pytest.mark.parametrize(
    "text",
    [
        "run.nope > 1",
        "run.nope['x'] == None",
        "run['nope'] == None",
        "run.hparams.nope < 1",
        "nope",
        "nope == 1",
        "1 / 0",
        "run.hparams.bs > 'a'",
        "[t for t in run.tags]",
        "getattr(run, 'hash') == 'h'",
        "print(1) == None",
        "selected == 1",
        "run.archived",
        "run.hparams.keys()",
        "metric.name == 'acc'",
    ],
)
def test_what_does_not_match(text: str) -> None:
    assert not parse(text).matches_run(RUN)


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


def test_only_what_is_needed_is_asked_for() -> None:
    assert not parse("run.name == 'x' and run.active").needs_params
    assert parse("run.lr == 1").needs_params
    assert parse("run['name'] == 1").needs_params
    assert parse("run.metrics['a'].last > 1").needs_sequences
    assert not parse("run.lr == 1").needs_sequences
