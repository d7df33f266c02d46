"""AimQL: parameters of runs that do not all have the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import case
from conformance.mixture import see_found

if TYPE_CHECKING:
    from conformance.world import World


@case("U37", "a parameter that some runs lack", priority="A")
def some_lack_it(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.hparams.lr == 0.1",
        "run.hparams.lr != 0.1",
        "run.hparams.lr > 0.05",
        "run.hparams.lr <= 0.05",
        "not run.hparams.lr > 0.05",
        "run.hparams.lr",
        "not run.hparams.lr",
        "run.hparams.lr in [0.1, 0.01]",
        "run.hparams.lr not in [0.1]",
        "run.hparams.opt.name == 'SGD'",
        "run.hparams.opt.name != 'SGD'",
        "run.a == None",
        "run.a != None",
        "run.nested.a == 5 or run.a == 3",
    )


@case("A01", "the same parameter of different kinds", priority="A")
def different_kinds(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.archived in [True, False] and run.a == 3",
        "run.archived in [True, False] and run.a == '3'",
        "run.archived in [True, False] and run.a > 0",
        "run.archived in [True, False] and run.a > ''",
        "run.archived in [True, False] and run.hparams == 'text'",
        "run.archived in [True, False] and run.hparams.lr == 0.1",
        "run.archived in [True, False] and run.hparams.lr != 0.1",
        "run.archived in [True, False] and not run.hparams.lr",
        "run.archived in [True, False] and run.n == 0",
        "run.archived in [True, False] and run.n == None",
        "run.nested.a.b.c == 7",
        "run.nested.a.b.c != 7",
        "run.nested.a.b == None",
        "not run.nested.a.b",
        "run.nested.a > 1",
    )


@case("A01", "every way to a nested parameter", priority="A")
def ways(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.nested.a.b.c == 7",
        "run['nested'].a.b.c == 7",
        "run['nested']['a']['b']['c'] == 7",
        "run['nested', 'a', 'b', 'c'] == 7",
        "run['nested', 'a']['b', 'c'] == 7",
        "run.nested['a'].b['c'] == 7",
        "run.nested['a', 'b'].c == 7",
        "run[('nested', 'a', 'b', 'c')] == 7",
        "run['a',] == 3",
        "run['hparams', 'layers', 0] == 1",
        "run.hparams['layers'][2] == 3",
        "run.hparams[1] == 'one'",
        "run['hparams', 1] == 'one'",
        "run.hparams['1'] == 'one'",
        "run['dotted.key'] == 5",
        "run['nested.a.b.c'] == 7",
    )


@case("A01", "get, keys and items", priority="B")
def dict_methods(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.get('a') == 3",
        "run.get('nope') == None",
        "run.hparams.get('lr') == 0.1",
        "run.hparams.get('lr', 0) > 0.05",
        "run.hparams.get('nope', 7) == 7",
        "run.hparams.get('nope') == None",
        "run.nope.get('x') == None",
        "run.nope.get('x', 5) == 5",
        "run.hparams.nope.get('x') == None",
        "run.hparams.opt.get('name') == 'Adam'",
        "run.hparams.get(('opt', 'name')) == 'SGD'",
        "list(run.hparams.opt.keys()) == ['name']",
        "list(run.nope.keys()) == []",
        "list(run.nope.items()) == []",
        "[k for k, v in run.hparams.opt.items()] == ['name']",
        "any(v == 'SGD' for k, v in run.hparams.opt.items())",
        "'lr' in run.hparams.keys()",
        "sorted(run.hparams.opt.keys()) == ['b', 'name']",
    )


@case("A01", "dicts as values", priority="B")
def dicts(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.hparams.opt == {'name': 'SGD'}",
        "run.hparams.opt != {'name': 'SGD'}",
        "run.hparams.e == {}",
        "run.hparams.opt == None",
        "run.hparams.opt",
        "run.hparams.opt > {}",
        "len(run.hparams.opt) == 2",
        "'name' in run.hparams.opt",
        "'nope' in run.hparams.opt",
        "'lr' in run.hparams",
        "list(run.hparams.opt) == ['name']",
        "any(k == 'lr' for k in run.hparams)",
        "str(run.hparams.opt) == \"{'name': 'SGD'}\"",
        "'%s' % run.hparams.opt == \"{'name': 'SGD'}\"",
        "'SGD' in str(run.hparams)",
    )


@case("A01", "lists as values", priority="A")
def lists(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.l == ['x', 'y', 'zz']",
        "run.l != ['x', 'y', 'zz']",
        "run.l == ('x', 'y', 'zz')",
        "run.l == []",
        "run.hparams.le == []",
        "not run.l",
        "'x' in run.l",
        "2 in run.hparams.layers",
        "run.l[0] == 'x'",
        "run.l[0] != 'x'",
        "run.l[7] == None",
        "run.l[7] != 1",
        "not run.l[7]",
        "run.l['x'] != 1",
        "run.hparams.layers[0] + run.hparams.layers[1] == 3",
        "run.hparams.layers + [4] == [1, 2, 3, 4]",
        "max(run.hparams.layers) == 3",
        "sum(run.hparams.layers) == 6",
        "len(run.hparams.layers) == 1",
        "[x * 2 for x in run.hparams.layers] == [8]",
        "all(x > 1 for x in run.hparams.layers)",
        "run.hparams.layers > [0]",
        "run.hparams.ls[0].a == 1",
        "run.hparams.ls[1]['a'] == 'q'",
        "run.hparams.ls == [{'a': 1}, {'a': 'q'}]",
        "str(run.l) == \"['x', 'y', 'zz']\"",
        "list(run.l) == []",
    )


@case("A06", "None, stored and missing", priority="A")
def nothing(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.n == None",
        "run.n != None",
        "None == run.n",
        "run.n in [None]",
        "None in [run.n]",
        "run.n == run.nope",
        "run.n < 1",
        "run.n > 1",
        "not run.n",
        "run.n or True",
        "str(run.n) == 'None'",
        "f'{run.n}' == 'None'",
        "'%s' % run.n == 'None'",
        "len(run.n) == 0",
        "run.n + 1",
        "1 in run.n",
        "not (1 in run.n)",
        "[x for x in run.nope] == []",
        "run.nope() == None",
        "run.nope['x'] == None",
        "run.nope in [1, None]",
        "run.nope == False",
        "run.nope == 0",
        "run.nope == ''",
        "run.hparams.none == None",
        "run.hparams.nope in [None]",
        "run.hparams.nope in [1]",
        "bool(run.hparams.nope)",
    )


@case("A01", "children of values that have none", priority="C")
def childless(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.a.b == None",
        "run.a.b != 1",
        "not run.a.b",
        "run.a['b'] == None",
        "run.a['b'] != 1",
        "run.s.nope == None",
        "run.s.nope != 1",
        "run.s['x'] != 1",
        "run.f.nope.deeper != 1",
        "run.t.nope != 1",
        "run.l.nope != 1",
        "run.hparams.lr.x == None",
        "run.hparams.lr.x.y",
        "run.hparams.layers[7].x != 1",
    )


@case("A01", "numbers", priority="B")
def numbers(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.a + 1 == 4",
        "run.a - 1 == 2",
        "run.a * run.f == 4.5",
        "run.a / 2 == 1.5",
        "run.a // 2 == 1",
        "run.a % 2 == 1",
        "run.a ** 2 == 16",
        "-run.a == 4",
        "+run.a == 3",
        "~run.a == -4",
        "abs(run.a) == 4",
        "run.a & 1",
        "run.a | 4 == 7",
        "run.a ^ 1 == 2",
        "run.a << 1 == 6",
        "run.hparams.big == 2 ** 60",
        "run.hparams.big + 1 > 2 ** 60",
        "run.hparams.neg < 0",
        "run.hparams.nan == run.hparams.lr",
        "math.isnan(run.hparams.nan)",
        "round(run.f) == 2",
        "int(run.f) == 1",
        "float(run.a) == 3.0",
        "run.a == 3.0",
        "run.t == 1",
        "run.t == True",
        "run.t + 1 == 2",
        "run.a > run.hparams.lr > 0",
        "-10 < run.a < 0",
        "range(run.a)[2] == 2",
        "[10, 20, 30, 40][run.a] == 40",
        "{3: 'x'}[run.a] == 'x'",
        "'ab' * run.a == 'ababab'",
    )


@case("A01", "text", priority="A")
def text(w: World) -> None:
    see_found(
        w,
        "runs",
        "run.s == 'abc'",
        "run.s != 'abc'",
        "run.s > 'A'",
        "run.s < 'B'",
        "run.s in ['abc', 'x']",
        "'World' in run.s",
        "'World' not in run.s",
        "run.s + 'x' == 'abcx'",
        "'x' + run.s == 'xabc'",
        "len(run.s) == 3",
        "str(run.s).lower() == 'hello world'",
        "str(run.s)[0] == 'a'",
        "sorted(run.s) == ['a', 'b', 'c']",
        "run.u == 'naïve ü 日本'",
        "'日本' in run.u",
        "run.when > '2024-01'",
        "run.when < '2024'",
        "run.format == 'png'",
        "run.hparams.s == ''",
        "not run.hparams.s",
        "run['name'] == 'par'",
        "f'{run.s}!' == 'abc!'",
        "'%s-%d' % (run.s, run.a) == 'abc--4'",
        "run.s > 1",
        "run.s < None",
    )
