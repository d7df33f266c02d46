"""Turns a checked syntax tree into a Python closure, and bounds what running it can cost.

There is no `eval` here: each node becomes a small function. Every loop and call draws on a budget,
and what the operations make is paid for by its size; running out is a `QueryError`, which unlike an
ordinary error of evaluation is never taken for "no match".
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from matyan_client.exceptions import QueryError
from matyan_client.query.operations import (
    BINARY,
    COMPARE,
    UNARY,
    check_format,
    check_size,
    get_attribute,
)
from matyan_client.query.proxy import Proxy

__all__ = ["ALLOWED", "Budget", "Code", "compile_tree"]

STEPS_MAX = 200_000
"""Steps one evaluation may take: about a tenth of a second."""


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
    left, right, apply = compile_tree(node.left), compile_tree(node.right), BINARY[type(node.op)]

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
    inner, apply = compile_tree(node.operand), UNARY[type(node.op)]
    return lambda env, budget: apply(inner(env, budget))


def _compare(node: Any) -> Code:
    first = compile_tree(node.left)
    rest = [
        (COMPARE[type(op)], compile_tree(value))
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
        check_format(spec)
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
