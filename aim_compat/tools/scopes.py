"""Names of a module and what they may hold, scope by scope and branch by branch.

A scope knows what its names hold at the point that is being read (`now`), for code that runs in
order, and whatever they were ever given (`Facts.ever`), for functions that run some time later.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aim_compat.tools.values import ANY, Anything, LocalClass, Values, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "Definition",
    "Facts",
    "Scope",
    "State",
    "arguments_of",
    "assigned",
    "is_known",
    "joined",
]

Definition = ast.FunctionDef | ast.AsyncFunctionDef

State = dict[str, Values]
"""What names hold, and dotted paths (`args.run`); what is not in it is anything."""


class Facts:
    """What is true of the whole module, whichever way it is run; grows from pass to pass."""

    def __init__(self) -> None:
        self.ever: defaultdict[tuple[int, str], Values] = defaultdict(frozenset)
        """By scope and name."""
        self.attributes: defaultdict[tuple[int, str], Values] = defaultdict(frozenset)
        """By class of the module and name."""
        self.added: set[tuple[str, str]] = set()
        """Attributes the module gives to objects of Aim itself, by class and name."""
        self.parameters: defaultdict[tuple[int, str], Values] = defaultdict(frozenset)
        """By function and name, from calls."""
        self.returns: defaultdict[int, Values] = defaultdict(frozenset)
        """By function."""
        self.bases: defaultdict[int, Values] = defaultdict(frozenset)
        """By class of the module."""
        self.functions: dict[tuple[int, str], Definition] = {}
        """Methods, by class and name; other functions under their own place and no name."""
        self.stars: set[str] = set()
        """Modules of Aim all of whose names were imported."""
        self._bound: dict[ast.AST, tuple[set[str], set[str]]] = {}

    def returned(self, place: int, values: Values) -> None:
        """A function gives this."""
        self.returns[place] = join(self.returns[place], values)

    def bound(self, node: ast.AST) -> tuple[set[str], set[str]]:
        """Names that a module, class or function binds, and those it declares elsewhere."""
        if node not in self._bound:
            self._bound[node] = _bound(node)
        return self._bound[node]

    def size(self) -> int:
        """Grows whenever something was learned."""
        tables = (self.ever, self.attributes, self.parameters, self.returns)
        return sum(len(values) for table in tables for values in table.values())


@dataclass(slots=True)
class Scope:
    """A module, class or function."""

    node: ast.AST
    facts: Facts
    parent: Scope | None = None
    cls: LocalClass | None = None
    """The class whose method, or body, this is."""
    now: State = field(default_factory=dict)
    inner: list[State] = field(default_factory=list)
    """Names of the comprehensions and lambdas that are being read."""
    is_running: bool = True
    """Whether its own code is being read; later only `Facts.ever` counts."""
    own: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    """Names declared global or nonlocal."""

    def __post_init__(self) -> None:
        names, elsewhere = self.facts.bound(self.node)
        self.own = frozenset(names - elsewhere)
        self.elsewhere = frozenset(elsewhere)

    @property
    def is_class(self) -> bool:
        """Whether names in it are hidden from the functions in it."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        return self if self.parent is None else self.parent.module

    def give(self, name: str, values: Values) -> None:
        """A name is bound to something."""
        scope = self._owner(name)
        scope.facts.ever[id(scope.node), name] = join(
            scope.facts.ever[id(scope.node), name], values
        )
        for path in [path for path in scope.now if path.startswith(f"{name}.")]:
            del scope.now[path]
        if is_known(values):
            scope.now[name] = values
        else:
            scope.now.pop(name, None)

    def get(self, name: str) -> Values | None:
        """What a name may hold; None: no scope of the module has it."""
        for state in reversed(self.inner):
            if name in state:
                return state[name]
        scope: Scope | None = self
        while scope is not None:
            here = name in scope.own and not (scope.is_class and scope is not self)
            if here and not (scope.is_class and name not in scope.now):
                if scope.is_running:
                    return scope.now.get(name, ANY)
                return scope.facts.ever.get((id(scope.node), name), ANY)
            if scope.parent is None:  # bound by a function that declares it global
                return scope.facts.ever.get((id(scope.node), name))
            scope = scope.parent
        return None

    def _owner(self, name: str) -> Scope:
        if name not in self.elsewhere:
            return self
        scope = self.parent
        while scope is not None and scope.parent is not None:
            if name in scope.own and not scope.is_class:
                return scope
            scope = scope.parent
        return self.module


def is_known(values: Values) -> bool:
    """Whether there is anything to remember."""
    return not values or any(not isinstance(value, Anything) for value in values)


def joined(states: Iterable[State]) -> State:
    """What holds after one of several branches."""
    every = list(states)
    if len(every) == 1:
        return every[0]
    found: State = {}
    for name in {name: None for state in every for name in state}:
        values = join(*(state.get(name, ANY) for state in every))
        if is_known(values):
            found[name] = values
    return found


# -- which names a scope has -----------------------------------------------------------------------


def assigned(node: ast.AST) -> set[str]:
    """Names that a statement and what is in it bind in the scope around it."""
    names, _ = _bound(ast.Module(body=[node], type_ignores=[]))  # type: ignore[list-item]  # walked only
    return names


def _bound(scope: ast.AST) -> tuple[set[str], set[str]]:
    names: set[str] = set()
    elsewhere: set[str] = set()
    if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        names.update(argument.arg for argument in arguments_of(scope.args))
    pending: list[ast.AST] = []
    if isinstance(scope, ast.Lambda):
        pending.append(scope.body)
    else:
        pending += scope.body  # type: ignore[attr-defined]  # modules, classes and functions
    while pending:
        node = pending.pop()
        names.update(_binds(node))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, ast.comprehension):
            pending += [node.iter, *node.ifs]
        else:
            pending.extend(ast.iter_child_nodes(node))
    return names, elsewhere


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters, positional ones first."""
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return found + [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
