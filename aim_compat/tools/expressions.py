"""Reading expressions: what they may be, and which names of Aim they use.

`flow.py` reads the statements around them.
"""

from __future__ import annotations

import ast
import builtins
import re

from aim_compat import _surface
from aim_compat.tools.aim_types import (
    from_annotation,
    given,
    is_collection,
    items,
)
from aim_compat.tools.scopes import Facts, Scope, arguments_of, is_known
from aim_compat.tools.uses import Kind, Span, Use
from aim_compat.tools.values import (
    ANY,
    NOTHING,
    Anything,
    Bound,
    Function,
    LocalClass,
    LocalObject,
    Module,
    Named,
    Object,
    Several,
    Text,
    Tuple,
    Value,
    Values,
    join,
    one,
)

__all__ = ["AIM", "FOLLOWED", "OURS", "Expressions", "as_aim", "is_aim", "is_module", "last_name"]

AIM = "aim"
OURS = "aim_compat"

_OF_OURS_ALONE = frozenset({"install", "uninstall"})
FOLLOWED = frozenset({"contextlib", "functools", "importlib", "pytest", "sys", "typing"})
"""Other modules whose functions may hand out something of Aim."""
_UNIVERSAL = frozenset({*dir(object), *dir(type), "__dict__", "__wrapped__", "__qualname__"})
_DOTTED = re.compile(r"aim(\.[A-Za-z_]\w*)+")
_LONGEST_TEXT = 4000

Placed = ast.expr | ast.stmt | ast.alias | ast.keyword
"""What stands somewhere."""


def as_aim(module: str) -> str:
    """The module of Aim that a module of ours stands for; other names stay."""
    if module == OURS or module.startswith(OURS + "."):
        return AIM + module[len(OURS) :]
    return module


def is_aim(module: str) -> bool:
    """Whether this is Aim's package or a module in it."""
    return module == AIM or module.startswith(AIM + ".")


def is_module(dotted: str) -> bool:
    """Whether Aim has such a module, as far as the table knows."""
    if _surface.has_module(dotted):
        return True
    parent, _, name = dotted.rpartition(".")
    row = _surface.find(parent, name)
    return row is not None and row.name == "*" and (row.module == dotted or name.islower())


class Expressions:
    """Reads the expressions of one module; `uses` grows while `is_final`."""

    def __init__(self, facts: Facts, *, is_final: bool) -> None:
        self.facts = facts
        self.is_final = is_final
        self.uses: set[Use] = set()
        self.is_certain = True
        """Whether what is being called can be nothing else."""
        self.scope: Scope

    # -- what was used -----------------------------------------------------------------------------

    def note(self, kind: Kind, module: str, name: str, node: Placed, detail: str = "") -> None:
        """Remember a use."""
        if not self.is_final or (module == AIM and name.partition(".")[0] in _OF_OURS_ALONE):
            return
        row, column = node.lineno - 1, node.col_offset
        end_row = (node.end_lineno or node.lineno) - 1
        end_column = column if node.end_col_offset is None else node.end_col_offset
        if isinstance(node, ast.Attribute) and kind is Kind.MEMBER:
            row, column = end_row, end_column - len(node.attr.encode())
        span = Span(row, column, end_row, end_column)
        is_certain = self.is_certain or kind is not Kind.KEYWORD
        self.uses.add(Use(kind, module, name, span, detail, is_certain))

    def note_member(self, owner: Named, member: str, node: Placed, *, is_certain: bool) -> None:
        """Remember the use of a member; of one that Aim lacks only if it is certain."""
        row = _surface.find(owner.module, f"{owner.name}.{member}")
        known = row is not None or (
            is_certain
            and _surface.definition(owner.name) is not None
            and member not in _UNIVERSAL
            and given(Object(owner), member) is None
            and (owner.name, member) not in self.facts.added
        )
        if known:
            self.note(Kind.MEMBER, owner.module, f"{owner.name}.{member}", node)

    # -- expressions -------------------------------------------------------------------------------

    def read(self, node: ast.expr | None) -> Values:
        """What an expression may be."""
        if node is None:
            return NOTHING
        reader = getattr(self, f"_read_{type(node).__name__.lower()}", None)
        if reader is not None:
            found: Values = reader(node)
            return found
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.read(child)
        return ANY

    def _read_constant(self, node: ast.Constant) -> Values:
        if node.value is None:
            return NOTHING
        if not isinstance(node.value, str) or len(node.value) > _LONGEST_TEXT:
            return ANY
        if _DOTTED.fullmatch(node.value):
            module, _, name = node.value.rpartition(".")
            first = node.value.split(".")[1]
            if is_module(f"{AIM}.{first}") or _surface.find(AIM, first) is not None:
                self.note(Kind.TEXT, module, name, node)
        return one(Text(node.value))

    def _read_joinedstr(self, node: ast.JoinedStr) -> Values:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.read(part.value)
                self.read(part.format_spec)
        return ANY

    def _read_name(self, node: ast.Name) -> Values:
        found = self.scope.get(node.id)
        if found is not None:
            return found
        for module in sorted(self.facts.stars):
            if _surface.find(module, node.id) is not None:
                self.note(Kind.NAME, module, node.id, node)
                return one(Named(module, node.id))
        return one(Named("builtins", node.id)) if hasattr(builtins, node.id) else ANY

    def _read_attribute(self, node: ast.Attribute) -> Values:
        return self.attribute(self.read(node.value), node.attr, node)

    def _read_namedexpr(self, node: ast.NamedExpr) -> Values:
        values = self.read(node.value)
        self.bind(node.target, values)
        return values

    def _read_binop(self, node: ast.BinOp) -> Values:
        operands: list[ast.expr] = []  # a long sum is deep on the left
        spine: ast.expr = node
        is_sum = True
        while isinstance(spine, ast.BinOp):
            operands.append(spine.right)
            is_sum = is_sum and isinstance(spine.op, ast.Add)
            spine = spine.left
        parts = [self.read(each) for each in [spine, *reversed(operands)]]
        texts = [v.value for part in parts if len(part) == 1 for v in part if isinstance(v, Text)]
        if is_sum and len(texts) == len(parts) and sum(map(len, texts)) <= _LONGEST_TEXT:
            return one(Text("".join(texts)))
        if is_sum and any(isinstance(v, Several) for part in parts for v in part):
            return join(*parts)
        return ANY

    def _read_boolop(self, node: ast.BoolOp) -> Values:
        return join(*map(self.read, node.values))

    def _read_ifexp(self, node: ast.IfExp) -> Values:
        self.read(node.test)
        return join(self.read(node.body), self.read(node.orelse))

    def _read_await(self, node: ast.Await) -> Values:
        return self.read(node.value)

    def _read_starred(self, node: ast.Starred) -> Values:
        return items(self.read(node.value))

    def _read_tuple(self, node: ast.Tuple) -> Values:
        parts = tuple(map(self.read, node.elts))
        if len(parts) > 8 or any(isinstance(each, ast.Starred) for each in node.elts):
            return one(Several(join(*parts)))
        return one(Tuple(parts)) if any(map(is_known, parts)) else ANY

    def _read_list(self, node: ast.List | ast.Set) -> Values:
        return one(Several(join(*map(self.read, node.elts))))

    _read_set = _read_list

    def _read_dict(self, node: ast.Dict) -> Values:
        for key in node.keys:
            self.read(key)
        found = []
        for key, value in zip(node.keys, node.values, strict=True):
            values = self.read(value)
            found.append(items(values) if key is None else values)
        return one(Several(join(*found)))

    def _read_compare(self, node: ast.Compare) -> Values:
        left = self.read(node.left)
        for right in node.comparators:
            if Named("sys", "modules") in self.read(right):
                self.module_by_text(left, node.left)
        return ANY

    def _read_subscript(self, node: ast.Subscript) -> Values:
        base = self.read(node.value)
        index = self.read(node.slice)
        return join(*(self._item(value, node, index) for value in base)) if base else ANY

    def _item(self, value: Value, node: ast.Subscript, index: Values) -> Values:
        if isinstance(value, Tuple) and isinstance(node.slice, ast.Constant):
            place = node.slice.value
            if isinstance(place, int) and -len(value.parts) <= place < len(value.parts):
                return value.parts[place]
        if isinstance(value, (Several, Tuple)):
            return one(value) if isinstance(node.slice, ast.Slice) else items(one(value))
        if isinstance(value, Object):
            action = {"Load": "get", "Store": "set", "Del": "del"}[type(node.ctx).__name__]
            self.note_member(value.cls, f"__{action}item__", node.value, is_certain=False)
        if value == Named("sys", "modules"):
            return self.module_by_text(index, node.slice)
        return ANY

    def module_by_text(self, names: Values, node: ast.expr) -> Values:
        """`sys.modules["aim"]`."""
        found = [NOTHING]
        for value in names:
            if isinstance(value, Text) and is_aim(as_aim(value.value)):
                self.note(Kind.TEXT, as_aim(value.value), "", node)
                found.append(one(Module(as_aim(value.value))))
        return join(*found) or ANY

    def _read_lambda(self, node: ast.Lambda) -> Values:
        self.read_defaults(node.args)
        self.scope.inner.append({each.arg: ANY for each in arguments_of(node.args)})
        self.read(node.body)
        self.scope.inner.pop()
        return ANY

    def _read_listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Values:
        return one(Several(self._comprehension(node.generators, [node.elt])))

    _read_setcomp = _read_generatorexp = _read_listcomp

    def _read_dictcomp(self, node: ast.DictComp) -> Values:
        return one(Several(self._comprehension(node.generators, [node.key, node.value])))

    def _comprehension(self, parts: list[ast.comprehension], results: list[ast.expr]) -> Values:
        self.scope.inner.append({})
        for part in parts:
            self.bind(part.target, items(self.read(part.iter)), is_inner=True)
            for test in part.ifs:
                self.read(test)
        found = [self.read(each) for each in results]
        self.scope.inner.pop()
        return found[-1]

    def _read_yield(self, node: ast.Yield) -> Values:
        values = self.read(node.value)
        if is_known(values) and isinstance(self.scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.facts.returned(id(self.scope.node), one(Several(values)))
        return ANY

    # -- annotations -------------------------------------------------------------------------------

    def annotation(self, node: ast.expr | None) -> Values:
        """Objects of what an annotation names."""
        if node is None:
            return ANY
        return from_annotation(node, self._named_type)

    def _named_type(self, node: ast.expr) -> Values:
        found = []
        for value in self.read(node):
            if isinstance(value, Named) and is_aim(value.module):
                found.append(one(Object(value)))
            elif isinstance(value, LocalClass):
                found.append(one(LocalObject(value)))
            else:
                found.append(ANY)
        return join(*found) or ANY

    def read_defaults(self, arguments: ast.arguments) -> None:
        """Defaults of parameters are read where the function is made."""
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            self.read(default)

    # -- attributes --------------------------------------------------------------------------------

    def attribute(self, base: Values, name: str, node: ast.expr) -> Values:
        """What an attribute of one of these may be."""
        is_certain = not any(isinstance(value, Anything) for value in base)
        found = [self._attribute_of(value, name, node, is_certain) for value in base]
        return join(*found) if found else ANY

    def _attribute_of(self, value: Value, name: str, node: ast.expr, is_certain: bool) -> Values:
        if isinstance(value, Module):
            return self._of_module(value, name, node)
        if isinstance(value, Named):
            if not is_aim(value.module):
                return one(Named(value.dotted, name)) if value.module in FOLLOWED else ANY
            self.note_member(value, name, node, is_certain=is_certain)
            return one(Bound(Object(value), name))
        if isinstance(value, Object):
            self.note_member(value.cls, name, node, is_certain=is_certain)
            found = given(value, name)
            return one(Bound(value, name)) if found is None else found
        if isinstance(value, Several):
            return one(Bound(value, name))
        if isinstance(value, (LocalObject, LocalClass)):
            return self._of_local(value, name, node)
        path = _path(node)
        return self.scope.now.get(path, ANY) if path else ANY

    def _of_module(self, module: Module, name: str, node: ast.expr) -> Values:
        dotted = f"{module.name}.{name}"
        if not is_aim(module.name):
            return one(Named(module.name, name))
        row = _surface.find(module.name, name)
        if row is not None and row.name == name:
            self.note(Kind.NAME, module.name, name, node)
            return one(Named(module.name, name))
        if is_module(dotted):
            return one(Module(dotted))
        if module.name == AIM and is_module(f"{AIM}.sdk.{name}"):
            return one(Module(f"{AIM}.sdk.{name}"))  # importing leaves it there (behaviour M05)
        if name not in _UNIVERSAL and not (name.startswith("__") and name.endswith("__")):
            self.note(Kind.NAME, module.name, name, node)
        return one(Named(module.name, name))

    def _of_local(self, value: LocalObject | LocalClass, name: str, node: ast.expr) -> Values:
        owner = value if isinstance(value, LocalObject) else None
        cls = value.cls if isinstance(value, LocalObject) else value
        found = NOTHING
        seen: set[int] = set()
        pending = [cls]
        while pending:
            each = pending.pop(0)
            if each.place in seen:
                continue
            seen.add(each.place)
            found = join(found, self.facts.attributes.get((each.place, name), NOTHING))
            method = self.facts.functions.get((each.place, name))
            if method is not None:
                decorators = {last_name(each) for each in method.decorator_list}
                if decorators & {"property", "cached_property"}:
                    return join(found, self.facts.returns[id(method)]) or ANY
                return join(found, one(Function(id(method), owner)))
            if found:
                return found
            for base in self.facts.bases[each.place]:
                if isinstance(base, LocalClass):
                    pending.append(base)
                elif isinstance(base, Anything):
                    found = join(found, self._passed_on(each, name))
                elif isinstance(base, Named) and is_aim(base.module):
                    self.note_member(base, name, node, is_certain=False)
                    given_by_base = given(Object(base), name)
                    return (
                        one(Bound(Object(base), name)) if given_by_base is None else given_by_base
                    )
        return found or ANY

    def _passed_on(self, cls: LocalClass, name: str) -> Values:
        """An attribute that a base from elsewhere sets: `__init__` likely passes it on."""
        maker = self.facts.functions.get((cls.place, "__init__"))
        passed = self.facts.ever.get((id(maker), name), NOTHING)
        return join(passed, ANY) if is_known(passed) and passed else NOTHING

    # -- binding -----------------------------------------------------------------------------------

    def bind(self, target: ast.expr, values: Values, *, is_inner: bool = False) -> None:
        """Something is assigned to a name, an attribute, an item, or several at once."""
        if isinstance(target, ast.Name):
            if is_inner:
                self.scope.inner[-1][target.id] = values
            else:
                self.scope.give(target.id, values)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, values)
        elif isinstance(target, ast.Subscript):
            self._read_subscript(target)
            self.hold(target.value, values)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, one(Several(values)), is_inner=is_inner)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for place, each in enumerate(target.elts):
                self.bind(each, _unpacked(values, place, target.elts), is_inner=is_inner)

    def _bind_attribute(self, target: ast.Attribute, values: Values) -> None:
        base = self.read(target.value)
        for value in base:
            if isinstance(value, (LocalObject, LocalClass)):
                cls = value.cls if isinstance(value, LocalObject) else value
                key = (cls.place, target.attr)
                self.facts.attributes[key] = join(self.facts.attributes[key], values)
            elif isinstance(value, Object):
                self.note_member(value.cls, target.attr, target, is_certain=False)
                self.facts.added.add((value.cls.name, target.attr))
            elif isinstance(value, (Module, Named)):  # something of Aim is replaced
                self._attribute_of(value, target.attr, target, is_certain=False)
        path = _path(target)
        if path and is_known(values):
            self.scope.now[path] = values

    def hold(self, container: ast.expr, values: Values) -> None:
        """Something is put into what a name or attribute stands for."""
        if not is_known(values) or not values:
            return
        item = one(Several(values))
        if isinstance(container, ast.Name):
            held = self.scope.get(container.id)
            if held is not None:
                self.scope.give(container.id, join(held, item))
        elif isinstance(container, ast.Attribute):
            for value in self.read(container.value):
                if isinstance(value, LocalObject):
                    key = (value.cls.place, container.attr)
                    self.facts.attributes[key] = join(self.facts.attributes[key], item)


def _path(node: ast.expr) -> str:
    """`a.b` as text, for plain names only."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, or of what is called."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _unpacked(values: Values, place: int, targets: list[ast.expr]) -> Values:
    starred = any(isinstance(each, ast.Starred) for each in targets)
    found = [NOTHING]
    for value in values:
        if isinstance(value, Tuple) and len(value.parts) == len(targets) and not starred:
            found.append(value.parts[place])
        elif isinstance(value, Object) and is_collection(value) and len(targets) == 2:
            # With QueryReportMode.PROGRESS_TUPLE: the collection and how far the query is.
            found.append(one(value) if place == 0 else ANY)
        else:
            found.append(items(one(value)))
    return join(*found)
