"""Random expressions of AimQL over the repository of `oracle.py`.

Only what is meant to be the same on both subjects comes up. What differs on purpose is in
`docs/queries.md` and left out here by construction: methods, slices and negative indices of
parameters, `is` with parameters, hashes of missing parameters, names that only one of both has.
Nothing is compared with itself either: Aim keeps what it has looked up, and takes what is identical
for equal, be it NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Expressions"]

NUMBERS = [
    "run.i",
    "run.a",
    "run.f",
    "run.z",
    "run.hparams.lr",
    'run["hparams", "lr"]',
    'run["hparams"]["lr"]',
    "run.hparams.z",
    "run.hparams.neg",
    "run.nested.a.b.c",
    'run["nested", "a", "b", "c"]',
    "run.nested.a",
    'run["dotted.key"]',
    "run.hparams.layers[0]",
    "run.hparams.opt.b[1]",
    'run["hparams", "layers", 1]',
    'run.get("a")',
    'run.metrics["loss", {"subset": "train"}].last',
    'run.metrics["loss", {"subset": "train"}].min',
    'run.metrics["loss", {"fold": 1, "subset": "val"}].max',
    'run.metrics["loss"].first',
    'run.metrics["loss"].last_step',
    'run.metrics["acc"].last',
    'run.metrics["acc", {}].first_step',
    'run.metrics["zz"].last',
    "run.hparams[1]",
]
TEXTS = [
    "run.s",
    "run.u",
    "run.when",
    "run.hparams.opt.name",
    'run["hparams", "opt", "name"]',
    "run.format",
    "run.hparams.s",
    'run["name"]',
    "run.l[0]",
]
MISSING = [
    "run.nope",
    "run.hparams.nope",
    "run.nope.deep",
    "run.a.nope",
    "run.s.nope",
    'run["x", "y"]',
    'run["hparams", "nope"]',
    "run.n",
    "run.hparams.none",
    "run.nested.a.b.c.d",
    "run.hparams.layers[9]",
    'run.nope["x"]',
    'run.get("nope")',
    'run.metrics["loss"].nope',
    "run.is_archived",
]
LISTS = ["run.l", "run.hparams.layers", "run.hparams.opt.b", "run.hparams.le", "run.hparams.ls"]
DICTS = ["run.hparams", "run.hparams.opt", "run.hparams.e", "run.nested", 'run["hparams", "opt"]']
PLAIN_TEXTS = [
    "run.name",
    "run.experiment",
    "run.name.upper()",
    "run.name[0]",
    "run.name[:3]",
    "run.name.replace('n', 'm')",
    "run.experiment.split('-')[0]",
    'run.created_at.strftime("%Y-%m")',
    "str(run.a)",
    "str(run.nope)",
    "str(run.l)",
    'f"{run.a}-{run.i}"',
    'f"{run.nope}"',
    '"%s" % run.a',
    '"%s/%s" % (run.i, run.s)',
    "'|'.join(run.tags)",
    "'x' 'y'",
    "'Hello World'",
    "'abc'",
    "'3'",
    "''",
    '"naïve ü 日本"',
    "r'a\\b'",
    '"""a"""',
    "string.digits",
    "'abc'.center(7)",
    "'%5.2f' % 1.5",
    "'%(a)s' % {'a': run.a}",
]
PLAIN_NUMBERS = [
    "0",
    "1",
    "3",
    "-4",
    "0.1",
    "1e-2",
    "2.5",
    "0x10",
    "1_000",
    "True",
    "False",
    "len(run.l)",
    "len(run.hparams)",
    "len(run.tags)",
    "len(run.name)",
    "int(run.a)",
    "float(run.f)",
    "abs(run.a)",
    "round(run.f)",
    "max(run.a, 2)",
    "max([run.i, 1])",
    "sum(run.hparams.layers)",
    "sum([run.i, 1])",
    "math.floor(run.f)",
    "math.sqrt(16)",
    "math.pi",
    "math.gcd(12, 8)",
    "math.factorial(4)",
    "math.comb(5, 2)",
    "pow(2, 3)",
    "divmod(7, 2)[0]",
    "ord('a')",
    "int('12')",
    "int(run.nope)",
    "run.creation_time",
    "run.end_time",
    "run.created_at.year",
    "run.created_at.month",
    "run.created_at.timestamp()",
    "timedelta(days=1).days",
    "'hello'.count('l')",
    "'hello'.find('z')",
    "(lambda x: x + 1)(run.a)",
    "(lambda x, y=2: x * y)(3)",
    "(y := 5)",
    "run.name.nope",
    "math.nope",
    "None",
    "None.x",
    "[1, 2][1]",
    "{'k': 4}['k']",
    "{'k': 4}['z']",
    "{'k': 4}.get('z')",
    "[5, 6, 7][1:][0]",
    "1/0",
    "undefined",
    "(1 if run.i else 2)",
    "hash('a') * 0",
]
DATES = [
    "run.created_at",
    "run.finalized_at",
    "run.updated_at",
    "datetime(2020, 1, 1)",
    "datetime(2200, 12, 31, 23, 59)",
    "datetime.now()",
    "datetime.now() - timedelta(days=2)",
    "run.created_at + timedelta(hours=1)",
    "datetime(2020, 13, 1)",
    'datetime.fromisoformat("2021-02-03")',
    "run.created_at.replace(year=2001)",
]
FLAGS = [
    "run.active",
    "run.archived",
    'run.hparams.get("lr") == 0.1',
    'run.hparams.get("nope", 7) == 7',
    'run.nope.get("x") == None',
    "run.nope() == None",
    "run.a % 2 == 1",
    "run.t == True",
    "run.hparams.big == 2**60",
    "run.hparams.flag == False",
    "run.t",
    "run.hparams.flag",
    '"prod" in run.tags',
    '"zz" not in run.tags',
    '"lr" in run.hparams',
    '"lr" in run.hparams.keys()',
    "'x' in run.l",
    "2 in run.hparams.layers",
    '"World" in run.s',
    "run.name.startswith('My')",
    "run.name.lower() == 'my run'",
    "any(t == 'v2' for t in run.tags)",
    "any([x == 'x' for x in run.l])",
    "all(x > 0 for x in run.hparams.layers)",
    "any(k == 'lr' for k in run.hparams)",
    "any(v == 'Adam' for k, v in run.hparams.opt.items())",
    "[x for x in run.hparams.layers if x > 1] == [2, 3]",
    "{x: 1 for x in run.tags}",
    "sorted(run.hparams.layers)[0] == 1",
    "sorted(run.tags, key=lambda t: t[-1]) == run.tags",
    "isinstance(run.a, int)",
    "isinstance(run.s, str)",
    "isinstance(run.f, (int, float))",
    "bool(run.nope)",
    "bool(run.hparams.e)",
    "set([1, 2]) & {2}",
    "{1, 2} == {2, 1}",
    "run.tags == ['prod', 'v2']",
    "run.l == ['x', 'y', 'zz']",
    "run.hparams.opt == {'name': 'SGD'}",
    "run.hparams.ls[0].a == 1",
    "run.hparams.e == {}",
    "run.description",
    "run.metrics['loss'].last",
    "run.metrics['zz']",
    "None in [run.n]",
    "run.nope in [None, 1]",
    "math.isnan(run.hparams.nan)",
    "1 < run.a < 5",
    "random.random() <= 1",
]
SEQUENCE = [
    "{s}.name",
    "{s}.context",
    "{s}.context.subset",
    '{s}.context["subset"]',
    "{s}.context.fold",
    "{s}.context.nested.a",
    '{s}.context["nested"]["a"]',
    "{s}.first_step",
    "{s}.last_step",
    "{s}.version",
    "{s}.run.a",
    "{s}.run.i",
    "{s}.name.upper()",
    "{s}.name[0]",
    "len({s}.name)",
    "len({s}.context)",
    "str({s}.context)",
]
METRIC = ["metric.last", "metric.first", "metric.min", "metric.max", "metric.dtype"]
SEQUENCE_FLAGS = [
    '"subset" in {s}.context',
    '{s}.context == {{"subset": "train"}}',
    "{s}.context == {{}}",
    '{s}.context != {{"subset": "train"}}',
    '{s}.name.startswith("lo")',
    '{s}.name in ("loss", "tx", "im")',
    '{s}.context.subset in ["train", "val"]',
    "{s}.run.hparams.lr == 0.1",
    '{s}.run["hparams", "lr"] == 0.1',
    "{s}.nope == None",
    "not {s}.context",
    "{s}",
]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
ARITHMETIC = ["+", "-", "*", "/", "//", "**", "&", "|", "^", "<<", ">>"]


class Expressions:
    """Makes expressions.

    Args:
        choose: picks one of several.
        sequence: what a sequence is called in the search the expressions are for; empty: a search
            for runs.
    """

    def __init__(self, choose: Callable[[Sequence[str]], str], sequence: str = "") -> None:
        self._choose = choose
        self._sequence = sequence
        self._values = [
            *([NUMBERS] * 4),
            *([PLAIN_NUMBERS] * 3),
            *([TEXTS] * 2),
            *([PLAIN_TEXTS] * 2),
            MISSING,
            LISTS,
            DICTS,
            DATES,
        ]
        self._flags = FLAGS
        if sequence:
            own = [item.format(s=sequence) for item in SEQUENCE]
            self._values += [own + (METRIC if sequence == "metric" else [])] * 8
            self._flags = FLAGS + 3 * [item.format(s=sequence) for item in SEQUENCE_FLAGS]

    def _pick(self, *ways: str) -> str:
        return self._choose(ways)

    def whole(self) -> str:
        """A query."""
        text = self.truth(3)
        if self._sequence:
            return text
        form = self._pick(*["{}"] * 20, "SELECT run IF {}", "select x if {}", "  {}  ", "\n{}\n")
        return form.replace("{}", text)

    def truth(self, depth: int) -> str:
        """Something judged for truth."""
        way = (
            self._pick("flag", "compare", "compare")
            if depth == 0
            else self._pick(
                *["compare"] * 5,
                "flag",
                "and",
                "or",
                "and",
                "not",
                "brackets",
                "choice",
                "chain",
                "lines",
                "value",
                "among",
                "ornot",
                "listed",
            )
        )
        if self._sequence and way in ("not", "ornot", "choice"):
            return f"not {self._choose(self._flags)}"  # Aim takes what is in these apart
        if way == "flag":
            return self._choose(self._flags)
        if way == "value":
            return self.value(depth)
        if way == "compare":
            left, right = self.value(depth), self.value(depth)
            if left == right:
                right = "1"
            return f"{left} {self._choose(COMPARISONS)} {right}"
        if way == "chain":
            operands = [self.value(depth - 1) for _ in range(3)]
            if len(set(operands)) == 3:
                first, second = self._choose(COMPARISONS), self._choose(COMPARISONS)
                return f"{operands[0]} {first} {operands[1]} {second} {operands[2]}"
            return "True"
        if way == "among":
            how = self._pick("in", "not in")
            left, first, second = self.value(0), self.value(0), self.value(0)
            return f"{left} {how} [{first}, {second}]" if left not in (first, second) else "True"
        if way == "listed":
            items = [self.value(0) for _ in range(4)]
            how = self._pick("==", "!=")
            distinct = len(set(items)) == 4
            return (
                f"[{items[0]}, {items[1]}] {how} [{items[2]}, {items[3]}]" if distinct else "True"
            )
        inner = self.truth(depth - 1)
        if way == "not":
            return f"not {inner}"
        if way == "brackets":
            return f"({inner})"
        other = self.truth(depth - 1)
        if way == "lines":
            return f"({inner}\n  {self._pick('and', 'or')}\n{other})"
        if way == "choice":
            return f"({inner} if {other} else {self.truth(depth - 1)})"
        if way == "ornot":
            return f"{inner} or not ({other})"
        return f"{inner} {way} {other}"

    def value(self, depth: int) -> str:
        """Something to compare."""
        if depth > 0:
            way = self._pick(*["atom"] * 8, "math", "minus", "choice", "either")
            if self._sequence and way in ("choice", "either"):
                way = "atom"
            if way == "math":
                return f"({self.value(0)} {self._choose(ARITHMETIC)} {self.value(0)})"
            if way == "minus":
                return f"-{self.value(0)}"
            if way == "either":
                return f"({self.value(0)} {self._pick('and', 'or')} {self.value(0)})"
            if way == "choice":
                return f"({self.value(0)} if {self.truth(0)} else {self.value(0)})"
        return self._choose(self._values[int(self._pick(*map(str, range(len(self._values)))))])
