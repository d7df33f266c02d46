"""Reading calls: what is made, by which keywords, what is queried, what is imported by its name."""

from __future__ import annotations

import ast

from aim_compat.tools.aim_types import QUERIES, given, items
from aim_compat.tools.expressions import AIM, Expressions, as_aim, is_aim, last_name
from aim_compat.tools.scopes import Definition, arguments_of, is_known
from aim_compat.tools.uses import Kind
from aim_compat.tools.values import (
    ANY,
    NOTHING,
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

__all__ = ["Calls"]

_IMPORTERS = frozenset(
    {
        "builtins.__import__",
        "importlib.import_module",
        "importlib.util.find_spec",
        "pytest.importorskip",
    }
)
_IMPORTERS_ANYWHERE = frozenset({"guard_import", "import_module", "importorskip"})
"""Those of libraries; langchain has the first."""
_METADATA = frozenset(
    f"importlib.metadata.{name}" for name in ("version", "distribution", "metadata", "requires")
)
_NAME_KEYWORDS = ("name", "modname", "module_name")
_FIRST_ARGUMENT = frozenset(
    {
        "contextlib.closing",
        "contextlib.nullcontext",
        "functools.partial",
    }
)
_SAME_ITEMS = frozenset({"iter", "list", "sorted", "reversed", "set", "tuple", "frozenset", "dict"})
_TAKING_METHODS = frozenset({"get", "pop", "popleft"})
_ADDING_METHODS = frozenset({"append", "add", "insert", "appendleft", "setdefault"})


class Calls(Expressions):
    """Reads calls on top of other expressions."""

    def _read_call(self, node: ast.Call) -> Values:
        called = self.read(node.func)
        arguments = [self.read(each) for each in node.args]
        keywords = {each.arg: self.read(each.value) for each in node.keywords}
        self.is_certain = len(called) == 1
        found = [self._called(value, node, arguments, keywords) for value in called]
        return join(*found) if found else ANY

    def _called(
        self,
        value: Value,
        node: ast.Call,
        arguments: list[Values],
        keywords: dict[str | None, Values],
    ) -> Values:
        if isinstance(value, Named):
            if is_aim(value.module):
                return self._make(value, node)
            return self._other(value.dotted, node, arguments, keywords)
        if isinstance(value, Bound):
            if isinstance(value.owner, Several):
                return self._on_several(value.owner, value.member, node, arguments)
            return self._on_object(value.owner, value.member, node, arguments, keywords)
        if isinstance(value, Function):
            definition = self.facts.functions.get((value.place, ""))
            if definition is not None:
                self._pass(definition, arguments, keywords, is_method=value.owner is not None)
            return self.facts.returns[value.place] or ANY
        if isinstance(value, LocalClass):
            return self._make_local(value, node, arguments, keywords)
        return self._unknown(node, arguments, keywords)

    def _unknown(
        self, node: ast.Call, arguments: list[Values], keywords: dict[str | None, Values]
    ) -> Values:
        """A function from elsewhere, by what its name says."""
        name = last_name(node.func)
        if name in _IMPORTERS_ANYWHERE:
            return self._import(name, node, arguments, keywords)
        if name in ("tqdm", "track") and arguments:
            return arguments[0]  # progress bars give what they are given
        if arguments and ("import" in name.lower() or "available" in name.lower()):
            module = self.module_by_text(arguments[0], node.args[0])
            return module if "import" in name.lower() else ANY
        return ANY

    # -- Aim's -------------------------------------------------------------------------------------

    def _make(self, cls: Named, node: ast.Call) -> Values:
        self.note(Kind.CALL, cls.module, cls.name, node.func)
        self._note_keywords(cls.module, cls.name, node)
        found = given(Object(cls), "()")
        if found is not None:
            return found
        return one(Object(cls)) if cls.name[:1].isupper() else ANY

    def _note_keywords(self, module: str, name: str, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg is not None:
                self.note(Kind.KEYWORD, module, name, keyword, keyword.arg)

    def _on_object(
        self,
        owner: Object,
        member: str,
        node: ast.Call,
        arguments: list[Values],
        keywords: dict[str | None, Values],
    ) -> Values:
        self._note_keywords(owner.cls.module, f"{owner.cls.name}.{member}", node)
        if member in QUERIES and owner.cls.name == "Repo":
            query = arguments[0] if arguments else keywords.get("query", NOTHING)
            at = node.args[0] if node.args else node
            for keyword in node.keywords:
                at = keyword.value if keyword.arg == "query" else at
            for value in query:
                if isinstance(value, Text):
                    self.note(Kind.QUERY, owner.cls.module, f"Repo.{member}", at, value.value)
        found = given(owner, f"{member}()")
        return ANY if found is None else found

    def _on_several(
        self, owner: Several, member: str, node: ast.Call, arguments: list[Values]
    ) -> Values:
        if member in _ADDING_METHODS and isinstance(node.func, ast.Attribute) and arguments:
            self.hold(node.func.value, arguments[-1])
        if member == "extend" and isinstance(node.func, ast.Attribute) and arguments:
            self.hold(node.func.value, items(arguments[0]))
        if member in _TAKING_METHODS or member == "setdefault":
            return join(owner.item, *arguments[1:2])
        if member in ("items", "popitem"):
            pair = one(Tuple((ANY, owner.item)))
            return one(Several(pair)) if member == "items" else pair
        return one(owner) if member in ("values", "copy", "union") else ANY

    # -- the module's own --------------------------------------------------------------------------

    def _pass(
        self,
        definition: Definition,
        arguments: list[Values],
        keywords: dict[str | None, Values],
        *,
        is_method: bool,
    ) -> None:
        """What is passed is what the parameters hold."""
        given_names = [*definition.args.posonlyargs, *definition.args.args]
        names = [each.arg for each in given_names][is_method:]
        passed = dict(zip(names, arguments, strict=False))
        known = {each.arg for each in arguments_of(definition.args)}
        passed.update({key: value for key, value in keywords.items() if key in known})
        for name, values in passed.items():
            if is_known(values):
                key = (id(definition), name)
                self.facts.parameters[key] = join(self.facts.parameters[key], values)

    def _make_local(
        self,
        cls: LocalClass,
        node: ast.Call,
        arguments: list[Values],
        keywords: dict[str | None, Values],
    ) -> Values:
        maker = self.facts.functions.get((cls.place, "__init__"))
        if maker is not None:
            self._pass(maker, arguments, keywords, is_method=True)
        else:  # a dataclass, or whatever makes it takes
            for name, values in keywords.items():
                if name is not None and is_known(values):
                    key = (cls.place, name)
                    self.facts.attributes[key] = join(self.facts.attributes[key], values)
            for base in self.facts.bases[cls.place]:
                if isinstance(base, Named) and is_aim(base.module):
                    self._make(base, node)
        return one(LocalObject(cls))

    # -- Python's ----------------------------------------------------------------------------------

    def _other(
        self,
        called: str,
        node: ast.Call,
        arguments: list[Values],
        keywords: dict[str | None, Values],
    ) -> Values:
        if called in _IMPORTERS:
            return self._import(called, node, arguments, keywords)
        if called in _METADATA and arguments:
            self.module_by_text(arguments[0], node.args[0])
            return ANY
        name = called.removeprefix("builtins.")
        first = arguments[0] if arguments else NOTHING
        if called in _FIRST_ARGUMENT and arguments:
            return first
        if called == "typing.cast" and len(node.args) == 2:
            return self.annotation(node.args[0])
        if name == "getattr" and len(node.args) >= 2:
            found = [
                self.attribute(first, value.value, node.args[1])
                for value in arguments[1]
                if isinstance(value, Text)
            ]
            return join(*found, *arguments[2:3]) if found else ANY
        if name == "super":
            return self._super()
        if name in _SAME_ITEMS:
            return one(Several(items(first)))
        if name in ("next", "min", "max") and len(arguments) == 1:
            return items(first)
        if name == "next":
            return join(items(first), *arguments[1:])
        if name == "filter" and len(arguments) == 2:
            return one(Several(items(arguments[1])))
        if name == "enumerate":
            return one(Several(one(Tuple((ANY, items(first))))))
        if name == "zip" and 0 < len(arguments) <= 8:
            return one(Several(one(Tuple(tuple(map(items, arguments))))))
        return ANY

    def _super(self) -> Values:
        cls = self.scope.cls
        found = [NOTHING]
        for base in self.facts.bases[cls.place] if cls is not None else ():
            if isinstance(base, LocalClass):
                found.append(one(LocalObject(base)))
            elif isinstance(base, Named) and is_aim(base.module):
                found.append(one(Object(base)))
        return join(*found) or ANY

    # -- imports by text ---------------------------------------------------------------------------

    def _import(
        self,
        called: str,
        node: ast.Call,
        arguments: list[Values],
        keywords: dict[str | None, Values],
    ) -> Values:
        """`import_module("aim.sdk")` and its like."""
        by_name = {each.arg: each.value for each in node.keywords}
        where = (
            node.args[0]
            if node.args
            else by_name.get("name", by_name.get("modname", by_name.get("module_name")))
        )
        if where is None:
            return ANY
        names = (
            arguments[0]
            if arguments
            else keywords.get("name", keywords.get("modname", keywords.get("module_name", ANY)))
        )
        package = node.args[1] if len(node.args) > 1 else by_name.get("package")
        found = [NOTHING]
        for value in names:
            if not isinstance(value, Text):
                continue
            text, at = value.value, where
            if text.startswith(".") and isinstance(package, ast.Constant):
                text, at = f"{package.value!s}.{text.lstrip('.')}", package
            module = as_aim(text)
            if not is_aim(module):
                found.append(ANY)
                continue
            kind = Kind.IMPORT_TEXT if isinstance(at, ast.Constant) else Kind.IMPORT_COMPUTED
            self.note(kind, module, "", at)
            if called != "importlib.util.find_spec":
                found.append(one(Module(AIM if called == "builtins.__import__" else module)))
        if not join(*found) and _literal_start(where).startswith(f"{AIM}."):
            self.note(Kind.IMPORT_COMPUTED, AIM, "", where)
        return join(*found) or ANY


def _literal_start(node: ast.expr) -> str:
    """The text with which an expression surely begins."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
