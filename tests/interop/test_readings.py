"""Every writer, every server, every reader: what was written is what is read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import plan
import pytest
import read_ours
import read_rest
from differences import ABSENT, READERS, SERVERS, WRITERS, applying

pytestmark = pytest.mark.timeout(180)

COMBINATIONS = list(itertools.product(WRITERS, SERVERS, READERS))


def compare(writer: str, server: str, reader: str, readings: dict[str, Any]) -> list[str]:
    """What is wrong with readings, and which differences that should be there are not."""
    # as JSON, as the published client's are
    got = json.loads(json.dumps(readings))
    wanted = json.loads(json.dumps(plan.expected(more=writer != "published")))
    problems = []
    for label in [*wanted, *(label for label in got if label not in wanted)]:
        seen, told = got.get(label, ABSENT), wanted.get(label, ABSENT)
        differences = applying(writer, server, reader, label)
        for difference in differences[:1]:
            told = difference.seen(told)
        if seen != told:
            problems.append(f"{label}:\n    expected {told!r:.600}\n    read     {seen!r:.600}")
    return problems


@pytest.mark.parametrize(("writer", "server", "reader"), COMBINATIONS)
def test_what_was_written_is_read(
    writer: str,
    server: str,
    reader: str,
    written: Callable[[str, str], dict[str, str]],
    here: Callable[[str], Any],
    ask_published: Callable[..., dict[str, Any]],
) -> None:
    run_hash = written(writer, server)["first"]
    deployment = here(server)
    if reader == "published":
        readings = ask_published(deployment, [run_hash], [])["runs"][run_hash]
    else:
        read = read_ours.read if reader == "ours" else read_rest.read
        readings = read(deployment.backend_url, run_hash)
    problems = compare(writer, server, reader, readings)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("writer", "server", "reader"), COMBINATIONS)
def test_queries_find_the_same_runs(
    writer: str,
    server: str,
    reader: str,
    written: Callable[[str, str], dict[str, str]],
    here: Callable[[str], Any],
    ask_published: Callable[..., dict[str, Any]],
) -> None:
    names = {run_hash: name for name, run_hash in written(writer, server).items()}
    deployment = here(server)
    if reader == "published":
        found = ask_published(deployment, [], list(plan.QUERIES))["queries"]
    else:
        find = read_ours.find if reader == "ours" else read_rest.find
        found = {query: find(deployment.backend_url, query) for query in plan.QUERIES}
    seen = {
        query: sorted(names[run_hash] for run_hash in hashes if run_hash in names)
        for query, hashes in found.items()
    }
    assert seen == {query: sorted(runs) for query, runs in plan.QUERIES.items()}
