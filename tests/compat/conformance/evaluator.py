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

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.subject import Subject, open_subject

__all__ = ["Evaluator"]

QUIET: dict[str, Any] = {"system_tracking_interval": None, "capture_terminal_logs": False}


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


def fill(aim: Any, directory: str) -> None:
    """A few runs that differ in what they have, one of them archived, one almost empty."""
    run = aim.Run(repo=directory, experiment="exp-1", **QUIET)
    run.name, run.description = "My Run", "words here"
    run.add_tag("prod")
    run.add_tag("v2")
    run["i"], run["a"], run["f"], run["z"], run["t"], run["n"] = 0, 3, 1.5, 2.0, True, None
    run["s"], run["u"], run["when"], run["name"] = (
        "Hello World",
        "naïve ü 日本",
        "2024-05-01",
        "par",
    )
    run["dotted.key"], run["format"], run["l"] = 5, "png", ["x", "y", "zz"]
    run["nested"] = {"a": {"b": {"c": 7}}}
    run["hparams"] = {
        "lr": 0.1,
        "layers": [1, 2, 3],
        "flag": True,
        "none": None,
        "z": 0,
        "e": {},
        "le": [],
        "s": "",
        1: "one",
        "neg": -2.5,
        "nan": float("nan"),
        "big": 2**60,
        "ls": [{"a": 1}, {"a": "q"}],
        "opt": {"name": "Adam", "b": [0.9, 0.99]},
    }
    for context in ({"subset": "train"}, {"subset": "val", "fold": 1}, {}):
        for step, value in enumerate([3.0, 1.0, 2.0]):
            run.track(value, name="loss", step=step, context=context)
    for step, count in enumerate([5, 9, 7]):
        run.track(count, name="acc", step=step * 10, epoch=step)
    run.track(2.5, name="deep", context={"nested": {"a": 1}, "b": True, "l": [1, 2]})
    run.track(aim.Text("t"), name="tx")
    run.track(aim.Text("t"), name="tx2", context={"subset": "train"})
    run.track(aim.Image(np.zeros((2, 2), "uint8"), caption="c"), name="im", context={"s": 1})
    run.close()

    run = aim.Run(repo=directory, experiment="exp-2", **QUIET)
    run.name = "second"
    run.add_tag("dev")
    run["i"], run["a"], run["f"], run["t"], run["s"], run["when"] = 1, -4, 0.0, False, "abc", "2023"
    run["l"], run["nested"] = [], {"a": 5}
    run["hparams"] = {"lr": 0.01, "layers": [4], "opt": {"name": "SGD"}, "flag": False, "z": 7}
    for step, value in enumerate([0.5, 0.25]):
        run.track(value, name="loss", step=step + 5, context={"subset": "train"})
    run.close()

    run = aim.Run(repo=directory, **QUIET)
    run["i"], run["a"], run["hparams"], run["l"], run["n"] = 2, "3", "text", [1, 2.5, None, "x"], 0
    run.archived = True
    run.track(1.0, name="loss", context={"subset": "test"})
    run.close()

    run = aim.Run(repo=directory, **QUIET)
    run["i"] = 3
    run.track(float("nan"), name="loss")
    run.track(1.0, name="loss", step=5)
    run.close()


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
