"""Hostile queries are refused where they are written, or stopped when they cost too much."""

from __future__ import annotations

import random

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
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "(await run)",
    "(yield 1)",
    "(yield from [1])",
    "dict(**{})",
    "[x async for x in []]",
    "[1 for run.x in [1]]",
    "[1 for run['x'] in [1]]",
    "9" * 5000,
    "(" * 300 + "1" + ")" * 300 + "+" + "+".join("1" for _ in range(3000)),
    "not " * 200 + "1",
    "x" * 500_001,
    "eval",
    "exec",
    "f(_x=1)",
    "run.a and\r__import__('os')",
    "f'{run.__class__}'",
    "f'{1:{run.__class__}}'",
    "-" * 19_000 + "1",
    "not " * 4_900 + "1",
    "1 if 1 else " * 1_500 + "1",
    "**".join(["1"] * 6_000),
    "run" + ".a" * 9_000,
    "lambda:" * 2_800 + "1",
    "(_y := 1)",
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
    # compiled code that goes through something large, again and again
    "(l := list(range(90000))) and [1 for i in range(90000) if -1 in l]",
    "(l := list(range(90000))) and [1 for i in range(90000) if [i] in l]",
    "(l := list(range(90000))) and (m := list(range(90000))) and [i for i in l if l == m]",
    "(l := range(90000)) and [1 for i in range(30000) if max(l) < 0]",
    "(l := list(range(90000))) and [1 for i in range(90000) if l.count(-1)]",
    "(t := 'a' * 90000) and [1 for i in range(90000) if t.count('b')]",
    "(t := tuple(range(90000))) and (d := {1: 2}) and [1 for i in range(90000) if t not in d]",
    "(l := list(range(90000))) and [l[:] for i in range(90000)]",
    "(l := list(range(90000))) and [[*l] for i in range(90000)]",
    "(d := {i: i for i in range(20000)}) and [{**d} for i in range(90000)]",
    "[1 for i in range(99999) if " + " or ".join(["i < 0"] * 2000) + "]",
    "(f := lambda i: " + " or ".join(["i < 0"] * 2000) + ") and [f(i) for i in range(9999)]",
    # the same thing many times within something
    "(l := list(range(90000))) and str([l] * 90000)",
    "(l := list(range(90000))) and f'{[l] * 90000}'",
    "(l := list(range(90000))) and (m := list(range(90000))) and [l] * 90000 == [m] * 90000",
    "(t := (1,)) and [t := (t, t) for i in range(60)]",
    "[10 ** 1200] * 90000 == 1 or str([10 ** 1200] * 90000) or repr([10 ** 1200] * 90000)",
    "('%(a)s' * 15000) % {'a': 'x' * 90000}",
    "('%9999d' * 16000) % ((1,) * 16000)",
    "'%((a))99999999d' % {'(a)': 1}",
    "'%.99999999f' % 1.0",
    "f'" + "{1:9999}" * 2400 + "'",
    # nested too deeply for hash() or for being freed
    "(x := 1) and (l := [x := (x,) for i in range(90000)]) and {l[-1]}",
    "(z := [1]) and (l := [z := zip(z) for i in range(60000)]) and list(l[-1])",
    "(z := 1) and [z := slice(z) for i in range(30000)]",
    "(z := [1]) and (l := [z := (y for y in z) for i in range(60000)]) and list(l[-1])",
    # integers of one hash
    "{i * (2 ** 61 - 1) for i in range(50000)}",
    "{i * (2 ** 61 - 1): 1 for i in range(50000)}",
    "{1}.union([i * (2 ** 61 - 1) for i in range(50000)])",
    "sorted([[i * (2 ** 61 - 1) for i in range(50000)]], key=set)",
    "int('f' * 99999, 16) % 7 == 0",
    "datetime.strptime('a', 'a' * 90000)",
    "datetime.now().strftime('%c' * 9000)",
    "f'{datetime.now():" + "%c" * 300 + "}'",
    "sorted([10 ** 9], key=bytes)",
    "math.factorial(10 ** 6)",
    "'a'.ljust(10 ** 9)",
    "'a'.zfill(10 ** 9)",
    "'\\t'.expandtabs(10 ** 9)",
    "math.comb(10 ** 6, 10 ** 5)",
    "'a'.center(10 ** 9)",
]

HARMLESS_BUT_FALSE = [
    "'{0.__class__}'.format(run)",
    "'{}'.format_map({})",
    "str.format('{}', 1)",
    "run.format",
    "1 @ 2",
    "open('x')",
    "getattr(run, 'hash')",
    "globals()",
    "type(run)",
    "run()",
    "random.seed(1)",
    "datetime.mro()",
    "str.mro()",
    "run.s.encode()",
    "int.from_bytes",
    "(x for x in [1]).gi_frame",
    "(lambda: 1).func_globals",
    "run.l.append(3)",
    "[].sort()",
    "re.match('(a+)+$', 'a' * 30 + 'b')",
    "Exception('x').args",
    "int('9' * 9999) > 0",
    "Exception(1)",
    "str(bytes([97]), 'punycode')",
    "random.setstate(1)",
    "run.s.format_field",
    "f'{run:x}'",
    "'%s'.mod(1)",
    "string.Formatter",
    "string.Template('$x')",
    "map(str, [1])",
    "vars(run)",
    "dir(run)",
    "object()",
    "super()",
    "timedelta.resolution.x",
    "run['l'].clear()",
    "{1}.add(2)",
    "(1).to_bytes(10 ** 9, 'big')",
    "b'a'.hex()",
    "True if (lambda: 1)(1) else False",
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


def test_the_run_is_not_changed_by_a_query() -> None:
    before = repr(RUN)
    for text in EXPENSIVE[::8] + HARMLESS_BUT_FALSE:
        query = parse(text)
        try:
            query.matches_run(RUN)
        except QueryError:
            continue
    assert repr(RUN) == before


def test_the_shared_random_numbers_are_left_alone() -> None:
    state = random.getstate()
    assert parse("random.random() < 2").matches_run(RUN)
    assert random.getstate() == state


def test_what_is_large_in_a_run_can_be_asked_about() -> None:
    run = RunRecord("h", description="text " * 300_000, params={"l": [0.5] * 300_000, "n": 1})
    for text in (
        "len(run.l) == 300000",
        "max(run.l) == 0.5",
        "sum(run.l) > 1",
        "0.5 in run.l and run.l[-1] == 0.5",
        "'text' in run.description and run.description.lower().startswith('text')",
        "sorted(run.l)[0] == 0.5 and run.l[:2] == [0.5, 0.5]",
    ):
        assert parse(text).matches_run(run), text


def test_running_out_names_the_query() -> None:
    text = "sum(range(10 ** 9)) > 0"
    with pytest.raises(QueryError) as caught:
        parse(text).matches_run(RUN)
    assert caught.value.query == text
