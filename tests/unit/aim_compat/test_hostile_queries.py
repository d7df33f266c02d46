"""Hostile queries, in a process of their own with little memory: each ends as its list says."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
QUERIES = runpy.run_path(str(HERE / "hostile_queries.py"))
MEMORY = 1 << 30
WALL_SECONDS = 180

JUDGE = """
import json, logging, os, random, sys
import hostile_queries
import aim_compat as aim
from aim_compat.sdk.types import QueryReportMode
from matyan_client.exceptions import QueryError

section, directory, memory = sys.argv[1], sys.argv[2], int(sys.argv[3])
logging.disable(logging.CRITICAL)
run = aim.Run(repo=directory, system_tracking_interval=None, capture_terminal_logs=False)
run["a"], run["s"], run["l"], run["hparams"] = 3, "{0.__class__}", [1, 2], {"lr": 0.1}
run.track(1.0, name="loss")
run.close()
repo = aim.Repo.from_path(directory)
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, ValueError, OSError):
    pass  # no such limit on this system

def outcome(text):
    try:
        query = repo.query_runs(text, report_mode=QueryReportMode.DISABLED)
    except SyntaxError:
        return "refused"
    try:
        return "harmless" if list(query.iter_runs()) else "nothing"
    except QueryError:
        return "stopped"

def state():
    return [repo.get_run(run.hash)[...], random.getstate(), sorted(os.listdir("."))]

before = state()
for number, text in enumerate(getattr(hostile_queries, section)):
    print(number, flush=True)
    try:
        found = outcome(text)
    except BaseException as exc:
        found = repr(exc)
    print(json.dumps(found), flush=True)
print("unchanged" if state() == before else "changed")
"""


@pytest.mark.parametrize("section", ["REFUSED", "STOPPED", "NOTHING", "HARMLESS"])
def test_hostile_queries_end_as_they_should(section: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, section, str(tmp_path), str(MEMORY)],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=WALL_SECONDS,
        check=False,
    )
    lines = done.stdout.splitlines()
    texts = QUERIES[section]
    assert done.returncode == 0, (ascii(texts[int(lines[-1])])[:200], done.stderr[-2000:])
    assert lines.pop() == "unchanged"
    found = [json.loads(line) for line in lines[1::2]]
    wrong = {
        ascii(text)[:200]: outcome
        for text, outcome in zip(texts, found, strict=True)
        if outcome != section.lower()
    }
    assert wrong == {}


def test_there_are_many_of_them() -> None:
    sections = [QUERIES[name] for name in QUERIES["__all__"]]
    assert sum(map(len, sections)) >= 400
    assert all(len(section) == len(set(section)) for section in sections)
