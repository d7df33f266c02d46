"""Turns a checked syntax tree into a Python closure, and bounds what running it can cost.

There is no `eval` here: each node becomes a small function. Every loop and call draws on the budget
(`budget.py`), and what operations read and make is paid for by its size; running out is a
`QueryError`, which unlike an ordinary error of evaluation is never taken for "no match".
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from inspect import Parameter, Signature
from typing import Any

from matyan_client.exceptions import QueryError
from matyan_client.query.budget import CALLS_MAX, Budget
from matyan_client.query.names import guarded
from matyan_client.query.operations import (
    BINARY,
    COMPARE,
    UNARY,
    format_value,
    make_dict,
    make_set,
)
from matyan_client.query.proxy import Proxy

__all__ = ["ALLOWED", "ATTRIBUTE", "ITEM", "Code", "compile_tree"]

_LIGHT = frozenset({int, float, bool, type(None)})
_CHEAP = frozenset({bool, callable, id, isinstance, issubclass, len, slice})
"""Functions that look at no more than the outside of their arguments."""
_CHEAP_METHODS = frozenset({"endswith", "get", "items", "keys", "startswith", "values"})
ATTRIBUTE, ITEM = ".", "[]"
"""In a scope, the functions `(value, name)` and `(value, key)` that a dialect looks members up by;
no identifiers, so no query reaches them."""
_OUTER = ""  # no identifier: the scope around a comprehension, in the comprehension's
_MANY = 8  # literals from which a hash table beats looking at one by one

Code = Callable[[dict[str, Any], Budget], Any]


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
    return lambda env, budget: env[ATTRIBUTE](inner(env, budget), name)


def _subscript(node: Any) -> Code:
    inner, index = compile_tree(node.value), compile_tree(node.slice)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        value, key = inner(env, budget), index(env, budget)
        budget.read(key)
        found = env[ITEM](value, key)
        return budget.made(found) if isinstance(key, slice) else found

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
    left, right, apply = compile_tree(node.left), compile_tree(node.right), BINARY[type(node.op)]

    def code(env: dict[str, Any], budget: Budget) -> Any:
        budget.spend()
        a, b = left(env, budget), right(env, budget)
        budget.read(a)
        budget.read(b)
        return budget.made(apply(a, b))

    return code


def _unary_op(node: Any) -> Code:
    inner, apply = compile_tree(node.operand), UNARY[type(node.op)]
    return lambda env, budget: apply(inner(env, budget))


def _compare(node: Any) -> Code:
    first = compile_tree(node.left)
    rest = [
        (_comparison(op, value), compile_tree(value))
        for op, value in zip(node.ops, node.comparators, strict=True)
    ]
    if len(rest) == 1:
        apply, second = rest[0]
        return lambda env, budget: apply(first(env, budget), second(env, budget), budget)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        left, result = first(env, budget), None
        for apply, code_right in rest:
            right = code_right(env, budget)
            result = apply(left, right, budget)
            if not result:
                return result
            left = right
        return result

    return code


def _comparison(op: ast.cmpop, right: ast.expr) -> Callable[[Any, Any, Budget], Any]:
    """The operator `op`, paid for."""
    if isinstance(op, (ast.Is, ast.IsNot)):
        same = COMPARE[type(op)]
        return lambda a, b, budget: same(a, b)
    membership = isinstance(op, (ast.In, ast.NotIn))
    constants = _constants(right) if membership else None
    if constants is not None and len(constants) > _MANY:
        return _among(constants, isinstance(op, ast.In))
    apply = COMPARE[type(op)]

    def compare(a: Any, b: Any, budget: Budget) -> Any:
        if type(a) not in _LIGHT:
            budget.read(a)
        if type(b) not in _LIGHT and not (membership and isinstance(b, (dict, set, frozenset))):
            budget.read(b)
        return apply(a, b)

    return compare


def _constants(node: ast.expr) -> list[Any] | None:
    """The values of a list, tuple or set of literals."""
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return None
    values = [item.value for item in node.elts if isinstance(item, ast.Constant)]
    return values if len(values) == len(node.elts) else None


def _among(constants: list[Any], wanted: bool) -> Callable[[Any, Any, Budget], bool]:
    """`in` (or `not in`) a list of many literals, by hash where there is one."""
    table = make_set(constants)

    def among(a: Any, b: Any, budget: Budget) -> bool:
        budget.read(a)
        try:
            found = a in table
        except TypeError:  # no hash
            budget.read(b)
            found = a in b
        return found is wanted

    return among


def _if_exp(node: Any) -> Code:
    test, yes, no = compile_tree(node.test), compile_tree(node.body), compile_tree(node.orelse)
    return lambda env, budget: (yes if test(env, budget) else no)(env, budget)


def _collection(kind: Callable[[Iterable[Any]], Any]) -> Callable[[Any], Code]:
    def compiler(node: Any) -> Code:
        constants = _constants(node)
        if constants is not None:
            shared = kind(constants)  # nothing in a query can change it
            return lambda env, budget: shared
        items = [
            (isinstance(item, ast.Starred), compile_tree(_unstarred(item))) for item in node.elts
        ]

        def code(env: dict[str, Any], budget: Budget) -> Any:
            found: list[Any] = []
            for starred, item in items:
                value = item(env, budget)
                found.extend(_spending(value, budget)) if starred else found.append(value)
            return budget.made(kind(found))

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
                found.update(budget.made(dict(value(env, budget))))
            else:
                found[key(env, budget)] = value(env, budget)
        return budget.made(found)

    return code


def _bind(target: ast.expr) -> Callable[[dict[str, Any], Any], None]:
    if isinstance(target, ast.Name):
        name = target.id
        return lambda env, value: env.__setitem__(name, value)
    assert isinstance(target, (ast.Tuple, ast.List))
    parts = [_bind(_unstarred(item)) for item in target.elts]
    starred = [at for at, item in enumerate(target.elts) if isinstance(item, ast.Starred)]

    def bind(env: dict[str, Any], value: Any) -> None:
        values = list(value)
        if starred and len(values) >= len(parts) - 1:
            at, more = starred[0], len(values) - len(parts) + 1
            values[at : at + more] = [values[at : at + more]]
        if len(values) != len(parts):
            raise ValueError("wrong number of values to unpack")
        for part, item in zip(parts, values, strict=True):
            part(env, item)

    return bind


def _comprehension(
    generators: list[ast.comprehension], element: Code, *elements: ast.expr
) -> Callable[[dict[str, Any], Budget], Iterable[Any]]:
    loops = [
        (
            _bind(g.target),
            compile_tree(g.iter),
            [compile_tree(test) for test in g.ifs],
            _steps([*g.ifs, *elements]),
        )
        for g in generators
    ]

    def run(env: dict[str, Any], budget: Budget, depth: int = 0) -> Iterable[Any]:
        if depth == len(loops):
            yield element(env, budget)
            return
        bind, values, tests, steps = loops[depth]
        for value in values(env, budget):
            budget.spend(steps)
            bind(env, value)
            if all(test(env, budget) for test in tests):
                yield from run(env, budget, depth + 1)

    def start(env: dict[str, Any], budget: Budget) -> Iterable[Any]:
        budget.spend(20)  # the scope is a copy
        return run({**env, _OUTER: env}, budget)

    return start


def _steps(nodes: list[ast.expr]) -> int:
    """What going through these once costs, apart from what they pay for themselves."""
    return 1 + sum(1 for node in nodes for _ in ast.walk(node)) // 8


def _comp(kind: Callable[[Iterable[Any]], Any], *, lazy: bool = False) -> Callable[[Any], Code]:
    def compiler(node: Any) -> Code:
        run = _comprehension(node.generators, compile_tree(node.elt), node.elt)
        if lazy:
            return lambda env, budget: kind(run(env, budget))
        return lambda env, budget: budget.made(kind(run(env, budget)))

    return compiler


def _dict_comp(node: Any) -> Code:
    key, value = compile_tree(node.key), compile_tree(node.value)
    run = _comprehension(
        node.generators,
        lambda env, budget: (key(env, budget), value(env, budget)),
        node.key,
        node.value,
    )
    return lambda env, budget: budget.made(make_dict(run(env, budget)))


class _Function:
    """A lambda. Its body pays for what it does."""

    __slots__ = ("_bind", "_body", "_budget", "_env", "_steps")

    def __init__(
        self,
        bind: Callable[..., dict[str, Any]],
        body: Code,
        steps: int,
        env: dict[str, Any],
        budget: Budget,
    ) -> None:
        self._bind = bind
        self._body = body
        self._steps = steps
        self._env = env
        self._budget = budget

    def __call__(self, *values: Any, **named: Any) -> Any:
        budget = self._budget
        budget.spend(self._steps)
        bound = self._bind(values, named)
        if budget.calls >= CALLS_MAX:
            raise QueryError(f"The query calls lambdas within lambdas more than {CALLS_MAX} deep.")
        budget.calls += 1
        try:
            return self._body({**self._env, **bound, _OUTER: None}, budget)
        finally:
            budget.calls -= 1


def _lambda(node: Any) -> Code:
    body, steps = compile_tree(node.body), 10 + _steps([node.body])
    if _is_plain(node.args):
        plain = _binder([argument.arg for argument in node.args.args])
        return lambda env, budget: _Function(plain, body, steps, env, budget)
    parameters = _parameters(node.args)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        made = [
            Parameter(name, kind)
            if default is None
            else Parameter(name, kind, default=default(env, budget))
            for name, kind, default in parameters
        ]
        return _Function(_signed(Signature(made)), body, steps + 40, env, budget)

    return code


def _is_plain(arguments: ast.arguments) -> bool:
    return not (
        arguments.posonlyargs
        or arguments.kwonlyargs
        or arguments.vararg
        or arguments.kwarg
        or arguments.defaults
    )


def _binder(names: list[str]) -> Callable[..., dict[str, Any]]:
    """Binds what a call gives to plain parameters."""

    def bind(values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        given = {**dict(zip(names, values, strict=False)), **named}
        if len(values) + len(named) != len(names) or len(given) != len(names):
            raise TypeError(f"expected {len(names)} arguments, got {len(values) + len(named)}")
        return given

    return bind


def _signed(signature: Signature) -> Callable[..., dict[str, Any]]:
    """Binds what a call gives to parameters of every kind."""

    def bind(values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        bound = signature.bind(*values, **named)
        bound.apply_defaults()
        return bound.arguments

    return bind


def _parameters(arguments: ast.arguments) -> list[tuple[str, Any, Code | None]]:
    """(name, kind, default) of all parameters."""
    in_order: list[tuple[ast.arg, Any]]
    in_order = [(argument, Parameter.POSITIONAL_ONLY) for argument in arguments.posonlyargs]
    in_order += [(argument, Parameter.POSITIONAL_OR_KEYWORD) for argument in arguments.args]
    bare = len(in_order) - len(arguments.defaults)
    defaults = [None] * bare + [compile_tree(default) for default in arguments.defaults]
    found: list[tuple[str, Any, Code | None]] = [
        (argument.arg, kind, default)
        for (argument, kind), default in zip(in_order, defaults, strict=True)
    ]
    if arguments.vararg is not None:
        found.append((arguments.vararg.arg, Parameter.VAR_POSITIONAL, None))
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        default = None if value is None else compile_tree(value)
        found.append((argument.arg, Parameter.KEYWORD_ONLY, default))
    if arguments.kwarg is not None:
        found.append((arguments.kwarg.arg, Parameter.VAR_KEYWORD, None))
    return found


def _named(node: Any) -> Code:
    name, inner = node.target.id, compile_tree(node.value)

    def code(env: dict[str, Any], budget: Budget) -> Any:
        value = inner(env, budget)
        scope: dict[str, Any] | None = env
        while scope is not None:  # a comprehension binds in the scope around it, too (PEP 572)
            scope[name] = value
            scope = scope.get(_OUTER)
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
        if isinstance(called, Proxy):
            return called.query_call(*values, **named)
        if not callable(called):
            raise TypeError(f"{type(called).__name__!r} object is not callable")
        if type(called) is _Function:
            return called(*values, **named)
        if "key" in named:
            named["key"] = guarded(named["key"])
        if called not in _CHEAP:
            if getattr(called, "__name__", "") not in _CHEAP_METHODS:
                budget.read(getattr(called, "__self__", None))
            for value in (*values, *named.values()):
                budget.read(value)
        return budget.made(guarded(called)(*values, **named))

    return code


def _joined(node: Any) -> Code:
    parts = [compile_tree(value) for value in node.values]

    def code(env: dict[str, Any], budget: Budget) -> str:
        return "".join(part(env, budget) for part in parts)  # each has been paid for

    return code


def _formatted(node: Any) -> Code:
    inner = compile_tree(node.value)
    form = None if node.format_spec is None else compile_tree(node.format_spec)
    converters: dict[int, Callable[[Any], Any]] = {115: str, 114: repr, 97: ascii}
    convert = converters.get(node.conversion, lambda value: value)

    def code(env: dict[str, Any], budget: Budget) -> str:
        value = inner(env, budget)
        budget.read(value)
        text = format_value(convert(value), "" if form is None else form(env, budget))
        return str(budget.made(text))

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
    ast.Set: _collection(make_set),
    ast.Dict: _dict,
    ast.ListComp: _comp(list),
    ast.SetComp: _comp(make_set),
    ast.GeneratorExp: _comp(iter, lazy=True),
    ast.DictComp: _dict_comp,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named,
    ast.Call: _call,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
}

ALLOWED: frozenset[type[ast.AST]] = frozenset(_COMPILERS)
