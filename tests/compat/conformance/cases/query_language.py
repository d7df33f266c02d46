"""AimQL: the language around the parameters, which is that of Python in bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def see_truth(w: World, *expressions: str) -> None:
    """Whether expressions hold for a single run."""
    with w.writing() as run:
        run["a"] = 3
        run["l"] = [1, 2]
        del run
    w.sync()
    for expression in expressions:
        w.see(expression, lambda e=expression: bool(w.count("runs", e)))


@case("A05", "plain values", priority="B")
def plain_values(w: World) -> None:
    see_truth(
        w,
        "1 < 2 < 3",
        "1 < 2 > 1",
        "1 == 1.0 == True",
        "1 == '1'",
        "'a' < 1",
        "0x1F == 31",
        "1_000 == 1e3",
        "1j == 1j",
        "'a' 'b' == 'ab'",
        r"r'\n' == '\\n'",
        "'''a''' == 'a'",
        "'\\u0041' == 'A'",
        "b'a' == b'a'",
        "None",
        "0",
        "()",
        "[0]",
        "{}",
        "''",
        "'0'",
        "not None",
        "lambda: 0",
        "None is None",
        "1 if [] else 0",
        "[] or 'x'",
    )


@case("A05", "operators", priority="B")
def operators(w: World) -> None:
    see_truth(
        w,
        "7 // 2 == 3",
        "7 % 2 == 1",
        "-7 // 2 == -4",
        "2 ** -1 == 0.5",
        "-1 ** 2 == -1",
        "1 << 4 == 16",
        "6 & 3 == 2",
        "(6 | 1) == 7",
        "6 ^ 3 == 5",
        "~1 == -2",
        "1 @ 2",
        "1 / 0",
        "1 % 0",
        "[1] + [2] == [1, 2]",
        "(1,) + (2,) == (1, 2)",
        "[0] * 3 == [0, 0, 0]",
        "{1, 2} & {2} == {2}",
        "{1} | {2} == {1, 2}",
        "{1, 2} - {1} == {2}",
        "{1} < {1, 2}",
        "{'a': 1} | {'b': 2} == {'a': 1, 'b': 2}",
        "not (1 and 0)",
        "1 and 0 or 2",
    )


@case("A05", "indices, slices and displays", priority="B")
def displays(w: World) -> None:
    see_truth(
        w,
        "[1, 2][0] == 1",
        "[1, 2][-1] == 2",
        "[1, 2, 3][1:] == [2, 3]",
        "[1, 2, 3][::2] == [1, 3]",
        "'abc'[::-1] == 'cba'",
        "[1][5]",
        "{'a': 1}['a'] == 1",
        "{'a': 1}['b']",
        "{'a': 1}.get('b') is None",
        "[*[1], 2] == [1, 2]",
        "(*[1], 2) == (1, 2)",
        "{**{'a': 1}} == {'a': 1}",
        "{run.a: 1}[3] == 1",
        "[x for x in range(3) if x] == [1, 2]",
        "[x * y for x in [1, 2] for y in [3]] == [3, 6]",
        "{x: y for x, y in [(1, 2)]} == {1: 2}",
        "{x for x in 'aab'} == {'a', 'b'}",
        "[a for a, *b in [(1, 2, 3)]] == [1]",
        "[x for (x, (y, z)) in [(1, (2, 3))]] == [1]",
        "sum(x for x in range(4)) == 6",
        "(x := 5) and x == 5",
        "[y := 1, y + 1] == [1, 2]",
        "[x for x in 5]",
        "[[x, y] for x in run.l for y in [x]] == [[1, 1], [2, 2]]",
    )


@case("A05", "lambdas", priority="C")
def lambdas(w: World) -> None:
    see_truth(
        w,
        "(lambda: 1)() == 1",
        "(lambda x: x + 1)(run.a) == 4",
        "(lambda x: x)(x=1) == 1",
        "(lambda x, y=2: x + y)(1) == 3",
        "(lambda x, y=2: x + y)(1, y=5) == 6",
        "(lambda *a: a)(1, 2) == (1, 2)",
        "(lambda **k: k)(a=1) == {'a': 1}",
        "(lambda x, /: x)(1) == 1",
        "(lambda *, x: x)(x=1) == 1",
        "(lambda x: x)()",
        "(lambda: 1)(2)",
        "(lambda f: f(2))(lambda n: n * 2) == 4",
        "sorted([1, -3, 2], key=lambda x: -x) == [2, 1, -3]",
        "max(['a', 'bbb'], key=len) == 'bbb'",
    )


@case("A05", "formatting", priority="B")
def formatting(w: World) -> None:
    see_truth(
        w,
        "f'{run.a}' == '3'",
        "f'{run.a}{1}' == '31'",
        "f'{1:03d}' == '001'",
        "f'{1.5:.2f}' == '1.50'",
        "f'{1:>{3}}' == '  1'",
        "f'{\"a\"!r}' == \"'a'\"",
        "f'{{}}' == '{}'",
        "'%d' % run.a == '3'",
        "'%s %s' % (1, 'b') == '1 b'",
        "'%(a)s' % {'a': 1} == '1'",
        "'%5.2f' % 1.5 == ' 1.50'",
        "'%*d' % (5, 1) == '    1'",
        "'%x' % 255 == 'ff'",
        "'%%' % () == '%'",
        "'%d' % 'x'",
        "'%s' % (1, 2)",
        "'{}'.format(1) == '1'",
        "str(run.l) == '[1, 2]'",
        "repr('a') == \"'a'\"",
    )


@case("A05", "methods of plain text", priority="B")
def text_methods(w: World) -> None:
    see_truth(
        w,
        "'aB'.lower() == 'ab'",
        "'aB'.upper() == 'AB'",
        "'ab'.title() == 'Ab'",
        "' a '.strip() == 'a'",
        "'a,b'.split(',') == ['a', 'b']",
        "'-'.join(['a', 'b']) == 'a-b'",
        "'aXa'.replace('X', '-') == 'a-a'",
        "'abc'.find('c') == 2",
        "'abc'.index('z')",
        "'aba'.count('a') == 2",
        "'abc'.startswith(('x', 'a'))",
        "'12'.isdigit()",
        "'a'.ljust(3) == 'a  '",
        "'a'.rjust(3, '-') == '--a'",
        "'a'.center(3) == ' a '",
        "'7'.zfill(3) == '007'",
        "'a\\tb'.expandtabs(2) == 'a b'",
        "'abc'.translate({97: 'X'}) == 'Xbc'",
        "'a.b'.partition('.') == ('a', '.', 'b')",
        "'abc'.removeprefix('a') == 'bc'",
        "'abc'.nope == None",
        "'abc'.nope",
        "not 'abc'.nope",
    )


@case("A05", "functions", priority="B")
def functions(w: World) -> None:
    see_truth(
        w,
        "abs(-1) == 1",
        "divmod(5, 2) == (2, 1)",
        "pow(2, 3) == 8",
        "pow(2, 3, 5) == 3",
        "round(1.567, 2) == 1.57",
        "round(2.5) == 2",
        "min(3, 1) == 1",
        "min([], default=4) == 4",
        "max('a', 'b') == 'b'",
        "max('a', 1)",
        "sum([1, 2], 3) == 6",
        "sum([[1], [2]], []) == [1, 2]",
        "sorted([2, 1], reverse=True) == [2, 1]",
        "any([])",
        "all([])",
        "len('abc') == 3",
        "len(5)",
        "int('ff', 16) == 255",
        "int('x')",
        "float('1e3') == 1000",
        "bool('')",
        "str(1.5) == '1.5'",
        "complex(1, 2).imag == 2",
        "list((1, 2)) == [1, 2]",
        "tuple([1]) == (1,)",
        "set([1, 1]) == {1}",
        "frozenset([1]) == {1}",
        "list(range(0, 10, 4)) == [0, 4, 8]",
        "hex(255) == '0xff'",
        "oct(8) == '0o10'",
        "chr(65) == 'A'",
        "ord('A') == 65",
        "isinstance(1, (str, int))",
        "issubclass(bool, int)",
        "callable(len)",
        "hash('a') == hash('a')",
        "same_type(1, 2)",
        "same_type(1, 'a')",
    )


@case("A05", "modules", priority="C")
def modules(w: World) -> None:
    see_truth(
        w,
        "math.pi > 3",
        "math.sqrt(16) == 4",
        "math.floor(1.5) == 1",
        "math.log10(100) == 2",
        "math.inf > 1",
        "math.factorial(5) == 120",
        "math.comb(5, 2) == 10",
        "math.perm(5, 2) == 20",
        "math.prod([2, 3]) == 6",
        "math.dist([0, 0], [3, 4]) == 5",
        "math.lcm(4, 6) == 12",
        "math.gcd(4, 6) == 2",
        "math.isclose(0.1 + 0.2, 0.3)",
        "math.sqrt(-1)",
        "math.nope == None",
        "random.random() <= 1",
        "random.randint(2, 2) == 2",
        "random.choice([7]) == 7",
        "random.sample([1], 1) == [1]",
        "len(random.choices([1], k=3)) == 3",
        "random.uniform(1, 1) == 1",
        "string.digits == '0123456789'",
        "'a' in string.ascii_lowercase",
        "string.capwords('a b') == 'A B'",
        "string.nope == None",
    )


@case("A05", "attributes of plain values", priority="C")
def attributes(w: World) -> None:
    see_truth(
        w,
        "(1).real == 1",
        "(5).bit_length() == 3",
        "(1.5).is_integer()",
        "(2.0).is_integer()",
        "(1.5).hex() != ''",
        "1j.imag == 1",
        "{'a': 1}.a == None",
        "[1].nope == None",
        "[1, 1].count(1) == 2",
        "[1, 2].index(2) == 1",
        "{'a': 1}.items() == {'a': 1}.items()",
        "{1}.union({2}) == {1, 2}",
        "{1, 2}.issuperset({1})",
        "{'a': 1}.copy() == {'a': 1}",
        "None.x == None",
        "None.x.y is None",
        "(1).nope is None",
    )


@case("A05", "names that are not there", priority="B")
def absent(w: World) -> None:
    see_truth(
        w,
        "open('x')",
        "print('x')",
        "getattr(run, 'a') == 3",
        "hasattr(run, 'a')",
        "type(run.a)",
        "vars(run)",
        "dir(run)",
        "globals()",
        "locals()",
        "map(str, [1])",
        "filter(None, [1])",
        "enumerate([1])",
        "reversed([1])",
        "iter([1])",
        "next([1])",
        "dict(a=1)",
        "object()",
        "super()",
        "input()",
        "bin(2)",
        "re.match('a', 'a')",
        "os.getcwd()",
        "sys.path",
        "np.array([1])",
        "a == 3",
        "metric.name == 'x'",
        "undefined or True",
        "True or undefined",
    )


@case("A05", "refused when the query is built", priority="A")
def refused(w: World) -> None:
    see_truth(
        w,
        "__import__('os')",
        "__builtins__",
        "run.__class__",
        "run.a.__class__",
        "''.__class__.__mro__",
        "().__class__.__bases__[0].__subclasses__()",
        "[].__class__",
        "(lambda: 1).__globals__",
        "(lambda _x: 1)(2)",
        "[_x for _x in [1]]",
        "f'{run.__class__}'",
        "(_y := 1)",
        "exec('1')",
        "eval('1')",
        "(yield 1)",
        "[x async for x in []]",
        "...",
        "*run.l",
        "x = 1",
        "import os",
        "1; 2",
        "def f(): pass",
        "run.a ==",
        "run.a === 3",
        "run.a && 1",
        "run.a <> 3",
        "!run.a",
        "run.a AND 1",
        "'unclosed",
        "run.a == “3”",
    )


@case("A05", "white space and lines", priority="B")
def layout(w: World) -> None:
    see_truth(
        w,
        "  run.a == 3  ",
        "\trun.a == 3",
        "\nrun.a == 3\n",
        "run.a\n== 3",
        "run.a == 3\nand\nrun.a > 1",
        "(run.a ==\n3)",
        "run . a == 3",
        "run\n.a == 3",
        "run [ 'a' ] == 3",
        "((run.a == 3))",
        "run.a==3 and(run.a>1)",
    )


@case("Q06", "SELECT before a query of runs", priority="B")
def select(w: World) -> None:
    see_truth(
        w,
        "SELECT run IF run.a == 3",
        "select run if run.a == 4",
        "Select x, y If run.a == 3",
        "SELECT * IF run.a == 3",
        "select",
        "  SELECT run IF run.a == 3  ",
        "SELECT run IF (run.a == 3 if True else False)",
    )


@case("A02", "dates", priority="B")
def dates(w: World) -> None:
    see_truth(
        w,
        "datetime(2020, 1, 1) < run.created_at",
        "run.created_at.year >= 2024",
        "run.created_at.date() >= datetime(2020, 1, 1).date()",
        "run.created_at.time().hour >= 0",
        "run.created_at.isoformat() > '2020'",
        "run.created_at.strftime('%Y') > '2020'",
        "run.created_at.weekday() in range(7)",
        "run.created_at.timestamp() > 0",
        "run.created_at.replace(year=2001).year == 2001",
        "run.created_at.tzinfo is None",
        "run.created_at.isocalendar()[1] < 54",
        "run.created_at.timetuple()[0] > 2020",
        "run.created_at.toordinal() > 700000",
        "run.created_at.nope == None",
        "run.created_at - run.created_at == timedelta(0)",
        "run.finalized_at >= run.created_at",
        "run.created_at + timedelta(days=1) > run.created_at",
        "run.created_at > '2020'",
        "run.created_at > 5",
        "run.created_at > datetime(2020, 13, 1)",
        "run.created_at > datetime.utcnow() - timedelta(hours=1)",
        "timedelta(days=1).total_seconds() == 86400",
        "timedelta(hours=25).days == 1",
        "datetime(year=2020, month=1, day=1).month == 1",
        "datetime.fromisoformat('2020-01-02').day == 2",
        "datetime.utcfromtimestamp(0).year == 1970",
        "datetime.min < datetime.max",
        "str(datetime(2020, 1, 1)) == '2020-01-01 00:00:00'",
        "f'{datetime(2020, 1, 1):%Y}' == '2020'",
        "run.creation_time > datetime(2020, 1, 1)",
        "run.end_time - run.creation_time < 100",
        "run.end_time == None",
    )
