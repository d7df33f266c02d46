"""Whatever form imports of Aim take, rewriting changes where names come from and nothing else."""

from __future__ import annotations

import ast
import sys
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aim_compat.tools import names
from aim_compat.tools.files import Source
from aim_compat.tools.rewrite import rewrite

pytest.importorskip("libcst", reason="the extra rewrite")

MODULES = {
    "aim": ["Run", "Repo", "Image", "Text"],
    "aim.sdk": ["Run", "Repo"],
    "aim.sdk.run": ["Run"],
    "aim.sdk.types": ["QueryReportMode"],
    "aim.storage.context": ["Context"],
}
ALIASES = st.sampled_from(["a", "aim", "R", "módulo"])


@st.composite
def imports(draw: st.DrawFn) -> tuple[str, str]:
    """An import and an expression that uses it."""
    module = draw(st.sampled_from(sorted(MODULES)))
    name = draw(st.sampled_from(MODULES[module]))
    alias = draw(st.none() | ALIASES)
    pad = draw(st.sampled_from(["", " ", "  "]))
    form = draw(st.sampled_from(["import", "several", "from", "lines", "text", "dunder", "star"]))
    bound = alias or (module if form in ("import", "several") else name)
    as_alias = f" as {alias}" if alias else ""
    if form == "import":
        return f"import{pad} {module}{as_alias}", f"{bound}.{name}"
    if form == "several":
        return f"import os,{pad} {module}{as_alias} ,{pad}sys", f"{bound}.{name}"
    if form == "from":
        return f"from {pad}{module} import{pad} {name}{as_alias}", bound
    if form == "lines":
        return f"from {module} import (  # π\n\n{pad}{name}{as_alias},\n)", bound
    quote = draw(st.sampled_from(["'", '"', '"""']))
    if form == "text":
        return (
            f"from importlib import import_module as im\nx = im({pad}r{quote}{module}{quote})",
            f"x.{name}",
        )
    if form == "dunder":
        return f"x = __import__({quote}{module}{quote}, fromlist=['{name}'])", f"x.{name}"
    return f"from {module} import *", name


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module that imports in several ways and keeps what it got, in `out`."""
    lines = ["out = []"]
    for number, (statement, use) in enumerate(draw(st.lists(imports(), min_size=1, max_size=5))):
        comment = draw(st.sampled_from(["", "  # import aim", "  # ü"]))
        keep = f"out.append({use})"
        shape = draw(st.sampled_from(["plain", "function", "try", "if", "class"]))
        if statement.startswith("from") and "*" in statement:
            shape = "plain"  # elsewhere it is no Python
        body = statement.split("\n") if "(" in statement.partition("\n")[0] else [statement]
        body = statement.split("\n")
        if "(  #" in statement:
            body = ["\n".join(body)]
        body[-1] += comment
        if shape == "plain":
            lines += [*body, keep]
        elif shape == "function":
            lines += [f"def f{number}():", *(f"\t{each}" for each in [*body, keep]), f"f{number}()"]
        elif shape == "try":
            lines += ["try:", *(f"  {each}" for each in body), "except ImportError: pass", keep]
        elif shape == "if":
            lines += ["if True:", *(f"    {each}" for each in [*body, keep])]
        else:
            lines += [f"class C{number}:", *(f"    {each}" for each in [*body, keep])]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    last = draw(st.sampled_from(["", end]))
    return end.join("\n".join(lines).split("\n")) + last


def run_against_stubs(text: str, top: str) -> list[str]:
    """Run a module where `top` is a package of stubs; what it kept, by the stubs' names."""
    made: dict[str, Any] = {}
    for module in MODULES:
        name = module.replace("aim", top, 1)
        made[name] = types.ModuleType(name)
        made[name].__path__ = []
        for each in MODULES[module]:
            setattr(made[name], each, f"{module}.{each}")
    for name in sorted(made):
        parent, _, last = name.rpartition(".")
        if parent in made:
            setattr(made[parent], last, made[name])
    made[f"{top}.storage"] = types.ModuleType(f"{top}.storage")
    made[f"{top}.storage"].__path__ = []  # type: ignore[attr-defined]  # makes it a package
    made[f"{top}.storage"].context = made[f"{top}.storage.context"]  # type: ignore[attr-defined]
    made[top].storage = made[f"{top}.storage"]
    kept: dict[str, Any] = {}
    held = {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if name.partition(".")[0] in ("aim", "aim_compat")
    }
    sys.modules.update(made)
    try:
        exec(compile(text, "generated", "exec"), kept)  # made by the strategy above
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]
        sys.modules.update(held)
    out: list[str] = kept["out"]
    return out


@settings(max_examples=200, deadline=None)
@given(modules())
def test_names_lead_to_the_same_things(text: str) -> None:
    expected = run_against_stubs(text, "aim")
    done = rewrite(Source("x.py", text))
    assert done.problems == []
    assert done.remarks == []
    assert run_against_stubs(done.text, "aim_compat") == expected
    assert not rewrite(Source("x.py", done.text)).is_changed
    assert done.text.replace("aim_compat", "aim").count("\n") == text.count("\n")
    for node in ast.walk(ast.parse(done.text)):
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] != "aim"
        elif isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] != "aim" for alias in node.names)


@settings(max_examples=100, deadline=None)
@given(modules())
def test_uses_are_the_same_before_and_after(text: str) -> None:
    before = {(use.kind, use.dotted) for use in names.uses(text)}
    after = {(use.kind, use.dotted) for use in names.uses(rewrite(Source("x.py", text)).text)}
    assert {use for use in after if use[1] != "aim"} == {use for use in before if use[1] != "aim"}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("aim.import from(),\\'\"#:=\n\r\t 1é@[]{}%!?")))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Rewriting never fails, and what it makes is Python if its input was."""
    done = rewrite(Source("x.py", text))
    if done.problems:
        assert done.text == text
    elif done.is_changed:
        ast.parse(done.text)
