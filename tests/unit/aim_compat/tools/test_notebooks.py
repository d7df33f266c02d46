"""Notebooks: their Python, what only IPython understands, and changes that touch no other byte."""

from __future__ import annotations

import ast
import json

import pytest

from aim_compat.tools import notebooks

CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": ["# import aim\n", "text"]},
    {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"source": ["import aim"]},
        "outputs": [{"output_type": "stream", "text": ["import aim"], "source": "x"}],
        "source": ["%load_ext aim\n", "import aim\n", "run = aim.Run(repo='é')"],
    },
    {"cell_type": "code", "source": [], "metadata": {}, "outputs": []},
    {"cell_type": "raw", "source": "import aim", "metadata": {}},
    {"cell_type": "code", "source": "run.track(1)\n!aim up\n", "metadata": {}, "outputs": []},
]


def text_of(cells: list[dict[str, object]] = CELLS, **more: object) -> str:
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def code(*sources: str | list[str]) -> str:
    return text_of([{"cell_type": "code", "metadata": {}, "source": each} for each in sources])


def test_code_cells_are_one_module() -> None:
    notebook = notebooks.parse(text_of())
    assert notebook.module == "pass\nimport aim\nrun = aim.Run(repo='é')\nrun.track(1)\npass\n"
    assert [cell.number for cell in notebook.cells] == [2, 5]
    cell, row = notebook.cell_at(3)
    assert (cell.number, row) == (5, 0)
    assert [(each.text, each.row) for cell in notebook.cells for each in cell.magics] == [
        ("%load_ext aim", 0),
        ("!aim up", 1),
    ]


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1\n"),
        ("if a:\n    !pip install aim\nfiles = !ls\nd = %pwd", "if a:\n    pass\npass\npass\n"),
        ("%%time\nrun.track(1)\n", "pass\nrun.track(1)\n"),
        ("%%capture out --no-stderr\nx = 1", "pass\nx = 1\n"),
        ("%%bash\nimport aim\n", "pass\npass\n"),
        ("\n%%writefile a.py\nimport aim\n", "pass\npass\npass\n"),
        ("aim.Run?\n?aim.Run\naim.Run??", "pass\npass\npass\n"),
        ("x = (1\n  % 2)\n", "x = (1\n  % 2)\n"),
        ("x = '''\n%s\n'''\n", "x = '''\n%s\n'''\n"),
        ("!ls\nx = (1\n% 2)\n", "pass\nx = (1\n% 2)\n"),
        ("pip install aim\nx = await y", "pass\nx = await y\n"),
        ("x = 1;\r\ny = 2", "x = 1;\ny = 2\n"),
        ("", ""),
    ],
)
def test_what_only_ipython_understands_is_passed_over(source: str, python: str) -> None:
    notebook = notebooks.parse(code(source))
    assert notebook.module == python
    assert not any(cell.problem for cell in notebook.cells)
    ast.parse(notebook.module)


def test_a_cell_that_is_no_python_costs_only_itself() -> None:
    first, second = notebooks.parse(code("print 'x'\ny", "x = 1")).cells
    assert first.problem.startswith("not Python")
    assert (first.python, second.python) == ("pass\npass\n", "x = 1\n")


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_changed_lines_are_all_that_changes(indent: int | None, ascii_only: bool) -> None:
    content = json.loads(text_of())
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    changed = notebooks.parse(text).with_rows(
        {0: "%load_ext aim_compat", 1: "import aim_compat as aim", 2: "run = ä", 4: "!x"}
    )
    content["cells"][1]["source"] = [
        "%load_ext aim_compat\n",
        "import aim_compat as aim\n",
        "run = ä",
    ]
    content["cells"][4]["source"] = "run.track(1)\n!x\n"
    assert changed == json.dumps(content, indent=indent, ensure_ascii=ascii_only)


def test_format_three_has_worksheets() -> None:
    cells = [
        {"cell_type": "heading", "source": "import aim"},
        {"cell_type": "code", "input": ["import aim\n", "x"], "outputs": [], "language": "python"},
    ]
    text = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3, "metadata": {}})
    notebook = notebooks.parse(text)
    assert notebook.module == "import aim\nx\n"
    assert '["import y\\n", "x"]' in notebook.with_rows({0: "import y"})


def test_lines_that_are_spread_are_not_changed() -> None:
    notebook = notebooks.parse(code(["import", " aim\n", "x\n"]))
    assert notebook.module == "import aim\nx\n"
    with pytest.raises(notebooks.NotebookError, match="spread"):
        notebook.with_rows({0: "import y"})


def test_other_languages_have_no_python() -> None:
    text = text_of(metadata={"kernelspec": {"language": "R"}})
    assert notebooks.parse(text).module == ""
    text = text_of(metadata={"language_info": {"name": "python"}})
    assert "import aim" in notebooks.parse(text).module


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        "{}",
        '{"cells": 3}',
        '{"cells": [',
        "import aim",
        "[" * 100_000,
        '{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=range(9),
)
def test_what_is_no_notebook_says_so(text: str) -> None:
    with pytest.raises(notebooks.NotebookError, match="not a notebook"):
        notebooks.parse(text)


@pytest.mark.parametrize(
    "cells",
    [
        [3, None, "x", [], {}],
        [{"cell_type": "code"}],
        [{"cell_type": "code", "source": 3}],
        [{"cell_type": "code", "source": [3, ["import aim"], {"source": "import aim"}]}],
        [{"cell_type": ["code"], "source": ["import aim"]}],
        [{"source": ["import aim"]}],
        [[{"cell_type": "code", "source": "import aim"}]],
    ],
    ids=range(7),
)
def test_cells_that_are_none_have_no_python(cells: list[object]) -> None:
    assert notebooks.parse(json.dumps({"cells": cells, "metadata": []})).module == ""
