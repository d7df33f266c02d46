"""Hostile queries are refused where they are written, or stopped when they cost too much."""

from __future__ import annotations

import pytest

from matyan_client.exceptions import QueryError, QuerySyntaxError
from matyan_client.protocol.records import RunRecord
from matyan_client.query import parse

RUN = RunRecord("h", name="n", params={"s": "text", "n": 3, "l": [1, 2]}, sequences=[])

REFUSED = [
    "run.__class__",
    "run._run",
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__",
    "[].__init__.__globals__",
    "__import__('os').system('true')",
    "__builtins__",
    "_x",
    "(lambda _x: 1)(2)",
    "[_x for _x in [1]]",
    "[x for x in [1] if x._y]",
    "run.s._",
    "'{0.__class__}'.format(run)",
    "'{}'.format_map({})",
    "str.format('{}', 1)",
    "run.format",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "(await run)",
    "(yield 1)",
    "(yield from [1])",
    "(lambda *a: a)(1)",
    "(lambda **k: k)()",
    "(lambda a=1: a)()",
    "dict(**{})",
    "[x async for x in []]",
    "[1 for run.x in [1]]",
    "[1 for run['x'] in [1]]",
    "1 @ 2",
    "9" * 5000,
    "(" * 300 + "1" + ")" * 300 + "+" + "+".join("1" for _ in range(3000)),
    "not " * 200 + "1",
    "x" * 30_000,
    f"{'[' * 90}1{']' * 90}",
]

MALFORMED = [
    "run.a =",
    "run.a = 1",
    "import os",
    "run.a == 1;",
    "(",
    ")",
    "run.a ==",
    "1 +",
    "def f(): pass",
    "run.a == 1) or (True",
    "lambda",
    "\x00",
    "x if",
    "'unclosed",
    ")(",
    "1\n)\n(2",
]

EXPENSIVE = [
    "9 ** 9 ** 9",
    "2 ** 100000",
    "1 << 10 ** 9",
    "(10 ** 1000) * (10 ** 1000)",
    "'a' * 10 ** 9",
    "10 ** 9 * 'a'",
    "[0] * 10 ** 9",
    "[[0] * 90000 for i in range(90000)]",
    "(1,) * 10 ** 8",
    "range(10 ** 10)",
    "list(range(10 ** 7))",
    "sum(range(10 ** 9))",
    "[x for x in range(99999) for y in range(99999)]",
    "any(False for x in range(99999) for y in range(99999))",
    "sum(1 for a in range(999) for b in range(999) for c in range(999))",
    "{x: y for x in range(9999) for y in range(9999)}",
    "'%999999999d' % 1",
    "'%*d' % (999999999, 1)",
    "f'{1:999999999}'",
    "f'{1:{10 ** 9}}'",
    "'x'.join(['a' * 90000] * 90000)",
    "('a' * 90000).replace('a', 'b' * 90000)",
    "(f := lambda n: f(n + 1)) and f(0)",
    "(f := lambda: [f(), f()]) and f()",
    "round(5, -10 ** 9)",
    "pow(9, 10 ** 9)",
    "bytes(10 ** 10)",
    "len('a' * 99999 + 'a' * 99999) > 0",
    "(s := 'aaaaaaaaaa') and [s := s + s for i in range(60)]",
]

HARMLESS_BUT_FALSE = [
    "open('x')",
    "getattr(run, 'hash')",
    "globals()",
    "type(run)",
    "run()",
    "math.factorial(10 ** 6)",
    "random.seed(1)",
    "datetime.mro()",
    "str.mro()",
    "run.s.encode()",
    "int.from_bytes",
    "'a'.ljust(10 ** 9)",
    "'a'.zfill(10 ** 9)",
    "'a'.expandtabs(10 ** 9)",
    "'a'.translate({})",
    "(x for x in [1]).gi_frame",
    "(lambda: 1).func_globals",
    "run.l.append(3)",
    "[].sort()",
    "re.match('(a+)+$', 'a' * 30 + 'b')",
    "complex(1).conjugate",
    "Exception('x').args",
    "sum([[1], [2]], [])",
    "int('9' * 9999) > 0",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refused_where_it_is_written(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text)


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed(text: str) -> None:
    with pytest.raises(QuerySyntaxError):
        parse(text)


@pytest.mark.parametrize("text", EXPENSIVE)
def test_stopped_when_it_costs_too_much(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text).matches_run(RUN)


@pytest.mark.parametrize("text", HARMLESS_BUT_FALSE)
def test_reaches_nothing(text: str) -> None:
    assert not parse(text).matches_run(RUN)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("run.a == 1 and run.__class__", 15),
        ("select x if run._y", 12),
        ("run.ok and\n  __import__('os')", 13),
        ("'é' and run._x", 8),
    ],
)
def test_errors_show_the_place(text: str, position: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.query == text
    lines = str(caught.value).split("\n")
    assert lines[-1].strip() == "^"


@pytest.mark.parametrize("query", [None, 5, b"run.a", ["run.a"]])
def test_what_is_no_text(query: object) -> None:
    with pytest.raises(TypeError):
        parse(query)  # type: ignore[arg-type]


def test_the_run_is_not_changed_by_a_query() -> None:
    before = repr(RUN)
    for text in EXPENSIVE + HARMLESS_BUT_FALSE:
        query = parse(text)
        try:
            query.matches_run(RUN)
        except QueryError:
            continue
    assert repr(RUN) == before
