"""Turns a checked syntax tree into a Python closure, and bounds what running it can cost.

There is no `eval` here: each node becomes a small function. Every loop and call draws on a budget,
and operations that could make something huge are checked before they are carried out; running out
is a `QueryError`, which unlike an ordinary error of evaluation is never taken for "no match".
"""

from __future__ import annotations

import ast
import datetime as dt
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import QueryError
from matyan_client.query.proxy import Proxy

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "ALLOWED",
    "Budget",
    "Code",
    "Module",
    "check_size",
    "compile_tree",
    "get_attribute",
    "power",
]

STEPS_MAX = 200_000
"""Steps one evaluation may take: about a tenth of a second."""
INT_BITS_MAX = 4_096
SIZE_MAX = 100_000
"""Longest text, list or range an evaluation may make."""


class Budget:
    """What is left to one evaluation."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = STEPS_MAX

    def spend(self, steps: int = 1) -> None:
        """Take steps away.

        Raises:
            QueryError: none are left.
        """
        self.left -= steps
        if self.left < 0:
            raise QueryError(f"The query takes more than {STEPS_MAX} steps for a single run.")


Code = Callable[[dict[str, Any], Budget], Any]


class Module(Proxy):
    """A closed namespace, such as `math`, of members a query may use."""

    __slots__ = ("_members",)

    def __init__(self, module: ModuleType, names: Iterable[str]) -> None:
        self._members = {name: getattr(module, name) for name in names}

    def query_getattr(self, name: str) -> Any:
        """A member."""
        return self._members[name]


_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        "capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit"
        " islower isnumeric isspace istitle isupper join lower lstrip partition removeprefix"
        " removesuffix replace rfind rindex rpartition rsplit rstrip split splitlines startswith"
        " strip swapcase title upper".split()
    ),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    dict: frozenset({"get", "items", "keys", "values"}),
    set: frozenset({"difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"}),
    frozenset: frozenset(
        {"difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"}
    ),
    int: frozenset({"bit_length"}),
    float: frozenset({"is_integer"}),
    dt.datetime: frozenset(
        "year month day hour minute second microsecond date time timestamp weekday isoweekday"
        " isoformat strftime replace".split()
    ),
    dt.date: frozenset("year month day weekday isoweekday isoformat strftime".split()),
    dt.time: frozenset("hour minute second microsecond isoformat strftime".split()),
    dt.timedelta: frozenset("days seconds microseconds total_seconds".split()),
}
_STATIC: dict[Any, frozenset[str]] = {
    dt.datetime: frozenset(
        {"now", "utcnow", "today", "fromtimestamp", "fromisoformat", "strptime"}
    ),
    dt.timedelta: frozenset({"max", "min"}),
}
_GROWING = {"join", "replace"}


def get_attribute(value: Any, name: str) -> Any:
    """`value.name` as a query sees it.

    Raises:
        AttributeError: there is no such member, or it is not for queries.
    """
    if isinstance(value, Proxy):
        return value.query_getattr(name)
    if value is None:
        return None  # what is missing is None at every depth (protocol section 9.5)
    if isinstance(value, type):
        if name in _STATIC.get(value, ()):
            return getattr(value, name)
        raise AttributeError(f"{value.__name__!r} has no member {name!r} that a query may use")
    for kind in type(value).__mro__:
        if name in _METHODS.get(kind, ()):
            if name == "replace" and isinstance(value, str):
                return _safe_replace(value)
            if name == "join" and isinstance(value, str):
                return _safe_join(value)
            if name == "strftime":
                return _safe_strftime(value)
            return getattr(value, name)
    raise AttributeError(f"{type(value).__name__!r} has no attribute {name!r} that a query may use")


def _safe_replace(text: str) -> Callable[..., str]:
    def replace(old: str, new: str, count: int = -1) -> str:
        check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
        return text.replace(old, new, count)

    return replace


def _safe_join(text: str) -> Callable[[Iterable[str]], str]:
    def join(parts: Iterable[str]) -> str:
        listed = list(parts)
        check_size(sum(map(len, listed)) + len(text) * len(listed))
        return text.join(listed)

    return join


def _safe_strftime(moment: Any) -> Callable[[str], str]:
    def strftime(form: str) -> str:
        check_size(len(form) * 64)
        return str(moment.strftime(form))

    return strftime


def check_size(size: int) -> None:
    """Refuse to make something huge.

    Raises:
        QueryError: it would be.
    """
    if size > SIZE_MAX:
        raise QueryError(f"The query makes a value of {size} elements; {SIZE_MAX} is the most.")


# -- operators ------------------------------------------------------------------------------------


def _multiply(a: Any, b: Any) -> Any:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, (str, bytes, list, tuple)) and isinstance(other, int):
            check_size(len(one) * max(other, 0))
    _check_bits(a, b, lambda x, y: x + y)
    return a * b


def power(a: Any, b: Any) -> Any:
    """`a ** b`, unless the result is huge."""
    if isinstance(a, int) and isinstance(b, int):
        bits = a.bit_length() * max(b, 0)
        if bits > INT_BITS_MAX and a not in (0, 1, -1):
            raise QueryError(f"The query computes an integer of about {bits} bits.")
    return a**b


def _left_shift(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b > INT_BITS_MAX:
        raise QueryError(f"The query computes an integer of {a.bit_length() + b} bits.")
    return a << b


def _check_bits(a: Any, b: Any, of: Callable[[int, int], int]) -> None:
    if isinstance(a, int) and isinstance(b, int):
        bits = of(a.bit_length(), b.bit_length())
        if bits > INT_BITS_MAX:
            raise QueryError(f"The query computes an integer of {bits} bits.")


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes, list, tuple)) and isinstance(b, (str, bytes, list, tuple)):
        check_size(len(a) + len(b))
    return a + b


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes)):
        form = a if isinstance(a, str) else a.decode("latin-1")
        _check_format(form)
        result = a % b
        check_size(len(result))
        return result
    return a % b


def _check_format(form: str) -> None:
    digits = ""
    for char in form:
        if char.isdigit():
            digits += char
            if len(digits) > 4:
                raise QueryError("The query formats a text with a width of five digits or more.")
        else:
            digits = ""
        if char == "*":
            raise QueryError("The query formats a text with a computed width.")


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: operator.sub,
    ast.Mult: _multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _modulo,
    ast.Pow: power,
    ast.LShift: _left_shift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def _contains(item: Any, container: Any) -> bool:
    if isinstance(container, Proxy):
        return container.query_contains(item)
    return item in container


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: _contains,
    ast.NotIn: lambda a, b: not _contains(a, b),
}


# -- nodes ----------------------------------------------------------------------------------------


def compile_tree(node: ast.expr) -> Code:
    """A closure that evaluates `node`, which `syntax.check` has allowed."""
    return _COMPILERS[type(node)](node)


def _constant(node: Any) -> Code:
    value = node.value
    return lambda env, budget: value


def _name(node: Any) -> Code:
    name = node.id

    def code(env: dict[str, Any], budget: Budget) -> Any:
        try:
            return env[name]
        except KeyError:
            raise NameError(f"name {name!r} is not defined") from None

    return code


def _attribute(node: Any) -> Code:
    inner, name = compile_tree(node.value), node.attr
    return lambda env, budget: get_attribute(inner(env, budget), name)


def _subscript(node: Any) -> Code:
    inner, index = compile_tree(node.value), compile_tree(node.slice)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        value, key = inner(env, budget), index(env, budget)
        return value.query_getitem(key) if isinstance(value, Proxy) else value[key]

    return code


def _slice(node: Any) -> Code:
    none = _constant(ast.Constant(None))
    parts = [none if p is None else compile_tree(p) for p in (node.lower, node.upper, node.step)]
    return lambda env, budget: slice(*(part(env, budget) for part in parts))


def _bool_op(node: Any) -> Code:
    parts = [compile_tree(value) for value in node.values]
    stop = isinstance(node.op, ast.Or)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        value: Any = None
        for part in parts:
            value = part(env, budget)
            if bool(value) is stop:
                return value
        return value

    return code


def _bin_op(node: Any) -> Code:
    left, right, apply = compile_tree(node.left), compile_tree(node.right), _BINARY[type(node.op)]

    def code(env: dict[str, Any], budget: Budget) -> Any:
        budget.spend()
        return _weighed(apply(left(env, budget), right(env, budget)), budget)

    return code


def _weighed(value: Any, budget: Budget) -> Any:
    """`value`, having paid for its size if it is something that was made just now."""
    if isinstance(value, _SIZED):
        size = len(value)
        check_size(size)
        budget.spend(size >> 3)
    return value


_SIZED = (str, bytes, list, tuple, set, frozenset, dict, range)


def _unary_op(node: Any) -> Code:
    inner, apply = compile_tree(node.operand), _UNARY[type(node.op)]
    return lambda env, budget: apply(inner(env, budget))


def _compare(node: Any) -> Code:
    first = compile_tree(node.left)
    rest = [
        (_COMPARE[type(op)], compile_tree(value))
        for op, value in zip(node.ops, node.comparators, strict=True)
    ]
    if len(rest) == 1:
        apply, second = rest[0]
        return lambda env, budget: apply(first(env, budget), second(env, budget))

    def code(env: dict[str, Any], budget: Budget) -> Any:
        left, result = first(env, budget), None
        for apply, code_right in rest:
            right = code_right(env, budget)
            result = apply(left, right)
            if not result:
                return result
            left = right
        return result

    return code


def _if_exp(node: Any) -> Code:
    test, yes, no = compile_tree(node.test), compile_tree(node.body), compile_tree(node.orelse)
    return lambda env, budget: (yes if test(env, budget) else no)(env, budget)


def _collection(kind: Callable[[Iterable[Any]], Any]) -> Callable[[Any], Code]:
    def compiler(node: Any) -> Code:
        items = [
            (isinstance(item, ast.Starred), compile_tree(_unstarred(item))) for item in node.elts
        ]

        def code(env: dict[str, Any], budget: Budget) -> Any:
            found: list[Any] = []
            for starred, item in items:
                value = item(env, budget)
                found.extend(_spending(value, budget)) if starred else found.append(value)
            return kind(found)

        return code

    return compiler


def _unstarred(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node


def _spending(values: Iterable[Any], budget: Budget) -> Iterable[Any]:
    for value in values:
        budget.spend()
        yield value


def _dict(node: Any) -> Code:
    items = [
        (None if key is None else compile_tree(key), compile_tree(value))
        for key, value in zip(node.keys, node.values, strict=True)
    ]

    def code(env: dict[str, Any], budget: Budget) -> Any:
        found: dict[Any, Any] = {}
        for key, value in items:
            if key is None:
                found.update(value(env, budget))
            else:
                found[key(env, budget)] = value(env, budget)
        return found

    return code


def _bind(target: ast.expr) -> Callable[[dict[str, Any], Any], None]:
    if isinstance(target, ast.Name):
        name = target.id
        return lambda env, value: env.__setitem__(name, value)
    assert isinstance(target, (ast.Tuple, ast.List))
    parts = [_bind(item) for item in target.elts]

    def bind(env: dict[str, Any], value: Any) -> None:
        values = list(value)
        if len(values) != len(parts):
            raise ValueError("wrong number of values to unpack")
        for part, item in zip(parts, values, strict=True):
            part(env, item)

    return bind


def _comprehension(
    generators: list[ast.comprehension], element: Code
) -> Callable[[dict[str, Any], Budget], Iterable[Any]]:
    loops = [
        (_bind(g.target), compile_tree(g.iter), [compile_tree(test) for test in g.ifs])
        for g in generators
    ]

    def run(env: dict[str, Any], budget: Budget, depth: int = 0) -> Iterable[Any]:
        if depth == len(loops):
            yield element(env, budget)
            return
        bind, values, tests = loops[depth]
        for value in values(env, budget):
            budget.spend()
            bind(env, value)
            if all(test(env, budget) for test in tests):
                yield from run(env, budget, depth + 1)

    return lambda env, budget: run(dict(env), budget)


def _comp(kind: Callable[[Iterable[Any]], Any]) -> Callable[[Any], Code]:
    def compiler(node: Any) -> Code:
        run = _comprehension(node.generators, compile_tree(node.elt))
        return lambda env, budget: kind(run(env, budget))

    return compiler


def _dict_comp(node: Any) -> Code:
    key, value = compile_tree(node.key), compile_tree(node.value)
    run = _comprehension(
        node.generators, lambda env, budget: (key(env, budget), value(env, budget))
    )
    return lambda env, budget: dict(run(env, budget))


def _lambda(node: Any) -> Code:
    names = [argument.arg for argument in node.args.args]
    body = compile_tree(node.body)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        def call(*values: Any) -> Any:
            budget.spend(50)  # a call nests the interpreter's own stack
            if len(values) != len(names):
                raise TypeError(f"expected {len(names)} arguments, got {len(values)}")
            return body({**env, **dict(zip(names, values, strict=True))}, budget)

        return call

    return code


def _named(node: Any) -> Code:
    name, inner = node.target.id, compile_tree(node.value)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        value = env[name] = inner(env, budget)
        return value

    return code


def _call(node: Any) -> Code:
    function = compile_tree(node.func)
    arguments = [
        (isinstance(item, ast.Starred), compile_tree(_unstarred(item))) for item in node.args
    ]
    keywords = [(keyword.arg, compile_tree(keyword.value)) for keyword in node.keywords]

    def code(env: dict[str, Any], budget: Budget) -> Any:
        budget.spend(5)
        called = function(env, budget)
        values: list[Any] = []
        for starred, argument in arguments:
            value = argument(env, budget)
            values.extend(_spending(value, budget)) if starred else values.append(value)
        named = {name: value(env, budget) for name, value in keywords}
        if isinstance(called, Proxy) or not callable(called):
            raise TypeError(f"{type(called).__name__!r} object is not callable")
        return _weighed(called(*values, **named), budget)

    return code


def _joined(node: Any) -> Code:
    parts = [compile_tree(value) for value in node.values]

    def code(env: dict[str, Any], budget: Budget) -> str:
        return str(_weighed("".join(part(env, budget) for part in parts), budget))

    return code


def _formatted(node: Any) -> Code:
    inner = compile_tree(node.value)
    form = None if node.format_spec is None else compile_tree(node.format_spec)
    converters: dict[int, Callable[[Any], Any]] = {115: str, 114: repr, 97: ascii}
    convert = converters.get(node.conversion, lambda value: value)

    def code(env: dict[str, Any], budget: Budget) -> str:
        value = convert(inner(env, budget))
        spec = "" if form is None else form(env, budget)
        _check_format(spec)
        return format(value, spec)

    return code


_COMPILERS: dict[type[ast.AST], Callable[[Any], Code]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.BoolOp: _bool_op,
    ast.BinOp: _bin_op,
    ast.UnaryOp: _unary_op,
    ast.Compare: _compare,
    ast.IfExp: _if_exp,
    ast.List: _collection(list),
    ast.Tuple: _collection(tuple),
    ast.Set: _collection(set),
    ast.Dict: _dict,
    ast.ListComp: _comp(list),
    ast.SetComp: _comp(set),
    ast.GeneratorExp: _comp(iter),
    ast.DictComp: _dict_comp,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named,
    ast.Call: _call,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
}

ALLOWED: frozenset[type[ast.AST]] = frozenset(_COMPILERS)
