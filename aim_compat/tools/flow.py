"""Reading statements in the order in which they run: branches apart, functions last."""

from __future__ import annotations

import ast
from collections import deque
from typing import TYPE_CHECKING

from aim_compat import _surface
from aim_compat.tools.aim_types import class_of, items
from aim_compat.tools.calls import Calls
from aim_compat.tools.expressions import AIM, FOLLOWED, OURS, as_aim, is_aim, is_module
from aim_compat.tools.scopes import Definition, Scope, arguments_of, assigned, joined
from aim_compat.tools.uses import Kind
from aim_compat.tools.values import (
    ANY,
    NOTHING,
    Function,
    LocalClass,
    LocalObject,
    Module,
    Named,
    Object,
    Several,
    Values,
    join,
    one,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aim_compat.tools.scopes import Facts, State

__all__ = ["Flow"]


class Flow(Calls):
    """Reads a whole module, once."""

    def __init__(self, facts: Facts, *, is_final: bool) -> None:
        super().__init__(facts, is_final=is_final)
        self._later: deque[tuple[Definition, Scope, LocalClass | None]] = deque()

    def module(self, tree: ast.Module) -> None:
        """Read a module: its statements, then the bodies of its functions."""
        self.scope = Scope(tree, self.facts)
        self.block(tree.body)
        self.scope.is_running = False
        while self._later:
            self._function(*self._later.popleft())

    def block(self, statements: Sequence[ast.stmt]) -> bool:
        """Read statements; False if what follows them is not reached."""
        is_reached = True
        for statement in statements:
            is_reached = self.statement(statement) and is_reached
        return is_reached

    def statement(self, node: ast.stmt) -> bool:
        """Read one statement; False if what follows it is not reached."""
        reader = getattr(self, f"_do_{type(node).__name__.lower()}", None)
        if reader is not None:
            return reader(node) is not False
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.read(child)
        return not isinstance(node, (ast.Raise, ast.Break, ast.Continue))

    # -- imports -----------------------------------------------------------------------------------

    def _do_import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = as_aim(alias.name)
            top = name.partition(".")[0]
            if is_aim(name):
                if name == alias.name or is_module(name):
                    self.note(Kind.MODULE, name, "", alias)
                bound = alias.asname or alias.name.partition(".")[0]
                self.scope.give(bound, one(Module(name if alias.asname else AIM)))
            else:
                known = one(Module(name if alias.asname else top)) if top in FOLLOWED else ANY
                self.scope.give(alias.asname or top, known)

    def _do_importfrom(self, node: ast.ImportFrom) -> None:
        module = as_aim(node.module or "")
        for alias in node.names:
            if node.level or not is_aim(module):
                followed = not node.level and module.partition(".")[0] in FOLLOWED
                named = one(Named(module, alias.name)) if followed else ANY
                if module == "importlib" and alias.name == "util":
                    named = one(Module("importlib.util"))
                if alias.name != "*":
                    self.scope.give(alias.asname or alias.name, named)
            elif alias.name == "*":
                self.note(Kind.MODULE, module, "", alias)
                self.facts.stars.add(module)
            else:
                self.scope.give(alias.asname or alias.name, self._imported(node, module, alias))

    def _imported(self, node: ast.ImportFrom, module: str, alias: ast.alias) -> Values:
        dotted = f"{module}.{alias.name}"
        row = _surface.find(module, alias.name)
        is_ours = (node.module or "").partition(".")[0] == OURS
        if (row is None or row.name != alias.name) and is_module(dotted):
            self.note(Kind.MODULE, dotted, "", alias)
            return one(Module(dotted))
        if row is not None or not is_ours:  # names of ours alone are nobody's business
            self.note(Kind.NAME, module, alias.name, alias)
        return one(Named(module, alias.name))

    # -- definitions -------------------------------------------------------------------------------

    def _do_functiondef(self, node: Definition) -> None:
        for decorator in node.decorator_list:
            self.read(decorator)
        self.read_defaults(node.args)
        self.facts.functions[id(node), ""] = node
        cls = None
        if self.scope.is_class:
            cls = self.scope.cls
            if cls is not None:
                self.facts.functions[cls.place, node.name] = node
        if node.returns is not None:
            self.facts.returned(id(node), self.annotation(node.returns))
        self._later.append((node, self.scope, cls))
        self.scope.give(node.name, one(Function(id(node))))

    _do_asyncfunctiondef = _do_functiondef

    def _do_classdef(self, node: ast.ClassDef) -> None:
        for each in [*node.decorator_list, *(keyword.value for keyword in node.keywords)]:
            self.read(each)
        place = id(node)
        self.facts.bases[place] = join(self.facts.bases[place], *map(self.read, node.bases))
        outer = self.scope
        self.scope = Scope(node, self.facts, outer, LocalClass(place))
        self.block(node.body)
        for name in self.scope.own:
            if (place, name) not in self.facts.functions:
                key = (place, name)
                values = self.facts.ever[place, name]
                self.facts.attributes[key] = join(self.facts.attributes[key], values)
        self.scope.is_running = False
        self.scope = outer
        self.scope.give(node.name, one(LocalClass(place)))

    def _function(self, node: Definition, outer: Scope, cls: LocalClass | None) -> None:
        """The body of a function: by now all that is around it has been read."""
        method_of = cls
        while cls is None and outer.cls is not None and not outer.is_class:
            cls = outer.cls  # a function in a method: super() and self are the method's
        self.scope = Scope(node, self.facts, outer, cls)
        arguments = arguments_of(node.args)
        defaults = self._defaults(node.args, len(arguments))
        for argument, default in zip(arguments, defaults, strict=True):
            self.scope.give(argument.arg, self._parameter(node, argument, default))
        kinds = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
        if method_of is not None and arguments and "staticmethod" not in kinds:
            is_class = "classmethod" in kinds
            first = one(method_of) if is_class else one(LocalObject(method_of))
            self.scope.give(arguments[0].arg, first)
        if node.args.vararg is not None or node.args.kwarg is not None:
            for extra in (node.args.vararg, node.args.kwarg):
                if extra is not None:
                    values = ANY if extra.annotation is None else self.annotation(extra.annotation)
                    self.scope.give(extra.arg, one(Several(values)))
        self.block(node.body)
        self.scope.is_running = False

    def _parameter(self, node: Definition, argument: ast.arg, default: Values) -> Values:
        if argument.annotation is not None:
            return self.annotation(argument.annotation)
        passed = self.facts.parameters.get((id(node), argument.arg), NOTHING)
        if argument.arg == "run" and any(map(_is_event, node.decorator_list)):
            passed = join(passed, one(Object(class_of("Run"))))
        return join(passed, default, ANY)

    def _defaults(self, arguments: ast.arguments, count: int) -> list[Values]:
        """What each parameter holds if nothing is passed; they were read where it was made."""
        positional = [*arguments.posonlyargs, *arguments.args]
        found: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        found += [*arguments.defaults, *arguments.kw_defaults]
        quiet, self.is_final = self.is_final, False
        values = [NOTHING if each is None else self.read(each) for each in found]
        self.is_final = quiet
        return values + [NOTHING] * (count - len(values))

    def _do_return(self, node: ast.Return) -> bool:
        values = self.read(node.value)
        self.facts.returned(id(self.scope.node), values)
        return False

    # -- bindings ----------------------------------------------------------------------------------

    def _do_assign(self, node: ast.Assign) -> None:
        values = self.read(node.value)
        for target in node.targets:
            self.bind(target, values)

    def _do_annassign(self, node: ast.AnnAssign) -> None:
        declared = self.annotation(node.annotation)
        values = self.read(node.value)
        known = declared if declared != ANY else values
        if node.value is not None or self.scope.is_class:
            self.bind(node.target, join(known, values) if values != ANY else known)
        elif declared != ANY and isinstance(node.target, ast.Name):
            self.scope.give(node.target.id, declared)

    def _do_augassign(self, node: ast.AugAssign) -> None:
        values = self.read(node.value)
        if isinstance(node.target, ast.Name):
            held = self.scope.get(node.target.id)
            self.scope.give(node.target.id, join(held or ANY, values, ANY))
        else:
            self.read(node.target)
            if isinstance(node.target, ast.Attribute):
                self.hold(node.target, items(values))

    def _do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.give(target.id, ANY)
            else:
                self.read(target)

    def _do_with(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            values = self.read(item.context_expr)
            if item.optional_vars is not None:
                entered = [
                    value.item if isinstance(value, Several) else one(value) for value in values
                ]
                self.bind(item.optional_vars, join(*entered) if entered else ANY)
        return self.block(node.body)

    _do_asyncwith = _do_with

    # -- branches ----------------------------------------------------------------------------------

    def _do_if(self, node: ast.If) -> bool:
        ends: list[State] = []
        while True:  # a long chain of elif is deep
            self.read(node.test)
            before = dict(self.scope.now)
            self._narrow(node.test)
            if self.block(node.body):
                ends.append(self.scope.now)
            self.scope.now = before
            if len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If):
                break
            node = node.orelse[0]
        if self.block(node.orelse):
            ends.append(self.scope.now)
        return self._meet(ends)

    def _meet(self, ends: list[State]) -> bool:
        if ends:
            self.scope.now = joined(ends)
        return bool(ends)

    def _narrow(self, test: ast.expr) -> None:
        """`isinstance(x, Run)` says what x is."""
        tests = test.values if isinstance(test, ast.BoolOp) else [test]
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
            return
        for each in tests:
            if (
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Name)
                and each.func.id == "isinstance"
                and len(each.args) == 2
                and isinstance(each.args[0], ast.Name)
            ):
                classes = each.args[1]
                named = classes.elts if isinstance(classes, ast.Tuple) else [classes]
                values = join(*map(self._named_type, named))
                if values != ANY:
                    self.scope.now[each.args[0].id] = values

    def _do_assert(self, node: ast.Assert) -> None:
        self.read(node.test)
        self.read(node.msg)
        self._narrow(node.test)

    def _do_for(self, node: ast.For | ast.AsyncFor) -> None:
        values = self.read(node.iter)
        self._loop(node, lambda: self.bind(node.target, items(values)))

    _do_asyncfor = _do_for

    def _do_while(self, node: ast.While) -> None:
        self._loop(node, lambda: self.read(node.test))

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, start: Callable[[], object]) -> None:
        """What a loop binds may come from its last round, and it may run no round at all."""
        for name in assigned(node):
            held = self.scope.get(name)
            ever = self.facts.ever.get((id(self.scope.node), name), NOTHING)
            if held is not None and name in self.scope.own:
                values = join(held, ever)
                self.scope.now[name] = values
        before = dict(self.scope.now)
        start()
        self.block(node.body)
        self.scope.now = joined([before, self.scope.now])
        self.block(node.orelse)

    def _do_try(self, node: ast.Try) -> bool:
        before = dict(self.scope.now)
        ends: list[State] = []
        reached = self.block(node.body)
        failed = joined([before, dict(self.scope.now)])
        if reached and self.block(node.orelse):
            ends.append(self.scope.now)
        for handler in node.handlers:
            self.scope.now = dict(failed)
            self.read(handler.type)
            if handler.name:
                self.scope.give(handler.name, ANY)
            if self.block(handler.body):
                ends.append(self.scope.now)
        if not ends:
            self.scope.now = failed
        reached = self._meet(ends)
        return self.block(node.finalbody) and reached

    _do_trystar = _do_try

    def _do_match(self, node: ast.Match) -> bool:
        self.read(node.subject)
        before = dict(self.scope.now)
        ends: list[State] = [before]
        for case in node.cases:
            self.scope.now = dict(before)
            self._capture(case.pattern)
            self.read(case.guard)
            if self.block(case.body):
                ends.append(self.scope.now)
        return self._meet(ends)

    def _capture(self, pattern: ast.pattern) -> None:
        for part in ast.walk(pattern):
            if isinstance(part, ast.expr):
                continue
            if isinstance(part, ast.MatchClass):
                self.read(part.cls)
            elif isinstance(part, ast.MatchValue):
                self.read(part.value)
            elif isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                inner = part.pattern if isinstance(part, ast.MatchAs) else None
                of_class = inner.cls if isinstance(inner, ast.MatchClass) else None
                self.scope.give(part.name, self._named_type(of_class) if of_class else ANY)

    def _do_expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # text alone is documentation
            self.read(node.value)


def _is_event(decorator: ast.expr) -> bool:
    """`@events.on.epoch_ended`: Aim's callbacks get their run as a keyword."""
    return (
        isinstance(decorator, ast.Attribute)
        and isinstance(decorator.value, ast.Attribute)
        and decorator.value.attr == "on"
    )
