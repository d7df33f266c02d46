"""Every code block of the documentation runs, page by page, in a directory of its own.

Blocks of a page run in order and share their state: Python blocks one namespace, shell blocks the
directory. A `text` block is what the block before it printed, with `...` for what varies. A comment
in front of a block says what else is to be done with it:

    <!-- file: train.py -->          it is a file of that name, not something to run
    <!-- not run: why -->            it needs what a test cannot have
    <!-- raises: QueryError -->      it ends with this error, which is the point of it
"""

from __future__ import annotations

import doctest
import itertools
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(
    r"^(?:<!-- (?P<kind>file|not run|raises): (?P<what>.+?) -->\n+)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.M | re.S,
)
RUNS = ("python", "sh")
SHOWN = ("text", "json", "toml", "yaml", "dockerfile", "ini", "diff")
"""Languages of blocks that are looked at: output, and files somebody may have."""

DRIVER = r"""
import contextlib, io, json, subprocess, sys, traceback, warnings
warnings.simplefilter("error")
names = {"__name__": "__main__"}
with open(sys.argv[1], encoding="utf-8") as plan:
    steps = json.load(plan)
for step in steps:
    if step["kind"] == "file":
        with open(step["what"], "w", encoding="utf-8", newline="\n") as file:
            file.write(step["text"])
        continue
    said, error = io.StringIO(), None
    if step["language"] == "sh":
        done = subprocess.run(
            ["sh", "-e", "-c", step["text"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8",
        )
        said.write(done.stdout)
        if done.returncode and step["kind"] != "raises":
            sys.exit(f"line {step['line']}: exit code {done.returncode}\n{done.stdout}")
    else:
        try:
            with contextlib.redirect_stdout(said):
                exec(compile(step["text"], f"{step['page']}:{step['line']}", "exec"), names)
        except Exception as exc:
            error = type(exc).__name__
            if step["kind"] != "raises":
                traceback.print_exc()
                sys.exit(f"line {step['line']}: {error}")
            said.write(f"{error}: {exc}\n")
        if step["kind"] == "raises" and error != step["what"]:
            sys.exit(f"line {step['line']}: {step['what']} expected, it was {error}")
    print(json.dumps([step["line"], said.getvalue()]))
"""


@dataclass
class Block:
    """A fenced block and what is to be done with it."""

    page: str
    line: int
    language: str
    text: str
    kind: str
    what: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("indent")) + 1
        body = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.M)
        kind, what = match["kind"] or "", match["what"] or ""
        found.append(Block(page.name, line, match["language"], body, kind, what))
    assert len(found) * 2 == len(re.findall(r"^ *```", text, re.M)), "a fence is not read"
    return found


WITH_CODE = [
    page
    for page in PAGES
    if any(block.language in RUNS and block.kind != "not run" for block in blocks(page))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_say_what_they_are(page: Path) -> None:
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        assert block.language in (*RUNS, *SHOWN), f"{where}: language {block.language!r}"
        if block.kind == "not run":
            assert len(block.what) > 10, f"{where}: say why it is not run"


@pytest.mark.skipif(os.name == "nt", reason="shell blocks are for sh")
@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = blocks(page)
    steps = [
        vars(block)
        for block in found
        if block.kind == "file" or (block.language in RUNS and block.kind != "not run")
    ]
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(steps), "utf-8")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(plan)],
        cwd=here,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{page.name}: {done.stderr}\n{done.stdout}"
    said = dict(json.loads(line) for line in done.stdout.splitlines())
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    for before, block in itertools.pairwise(found):
        if block.language == "text" and before.line in said:
            got = said[before.line]
            assert checker.check_output(block.text, got, flags), (
                f"{page.name}:{before.line} printed\n{got}\nand the page says\n{block.text}"
            )
