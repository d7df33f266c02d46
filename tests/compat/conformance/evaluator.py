"""Evaluates expressions of AimQL on one subject, for comparisons of the two.

Run as a script with the name of a subject: makes a repository with a bit of everything, then for
each line of input, `[kind, expression]` as JSON, writes a line with what it finds.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.mixture import fill
from conformance.subject import Subject, open_subject

__all__ = ["Evaluator"]


class Evaluator:
    """A process that evaluates expressions on a subject.

    Args:
        python: the interpreter of the environment the subject is in.
        subject: its name.
    """

    def __init__(self, python: Path, subject: str) -> None:
        self._process = subprocess.Popen(
            [str(python), str(Path(__file__)), subject],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def ask(self, kind: str, expression: str) -> Any:
        """What `query_<kind>` finds, sorted; or at which stage a SyntaxError ended it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([kind, expression]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The subject died of {expression!r}.")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def evaluate(subject: Subject, directory: str, kind: str, expression: str) -> Any:
    """See `Evaluator.ask`."""
    off = subject.submodule("aim.sdk.types").QueryReportMode.DISABLED
    repo = subject.module.Repo.from_path(directory)
    stage = "built"
    try:
        found = getattr(repo, f"query_{kind}")(expression, report_mode=off)
        stage = "iterated"
        if kind == "runs":
            return sorted(one.run["i"] for one in found.iter_runs())
        rows = ([one.run["i"], one.name, one.context.to_dict()] for one in found)
        return sorted(rows, key=json.dumps)
    except SyntaxError:
        return f"SyntaxError when {stage}"


def main(name: str) -> None:
    logging.disable(logging.CRITICAL)
    subject = open_subject(name)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        directory = str(Path(scratch, "repository"))
        os.mkdir(directory)
        subject.prepare(directory, Path(scratch))
        fill(subject.module, directory)
        subject.sync(directory)
        for line in sys.stdin:
            kind, expression = json.loads(line)
            print(
                json.dumps(evaluate(subject, directory, kind, expression)), file=answers, flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1])
