"""Many processes, each with many runs open at once, on one repository: errors and missing points.

    python benchmarks/parallel.py [--processes 32] [--runs 20] [--points 100] [--nofile 256]

All processes start together. Each opens its runs, tracks into all of them in turn, closes them.
An exception, a warning or error this package logs, a run or point that a new process does not
read back: each is counted, and any of them makes the exit code 1. `--nofile` limits the open
files of every process, the reading one too, where the system knows such a limit.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any


def value(seed: int, process: int, run: int, step: int) -> float:
    """The point of one run at one step."""
    return random.Random(f"{seed}/{process}/{run}/{step}").random()


class Count(logging.Handler):
    """Counts what is logged, and keeps the first few texts."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def limit_files(count: int) -> None:
    """Lower the limit of open files; nothing where there is none to lower."""
    if count:
        try:
            import resource
        except ImportError:
            return
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def write(repo: str, process: int, runs: int, points: int, seed: int) -> dict[str, Any]:
    """One of the processes."""
    from matyan_client import Run

    logged = Count()
    logging.getLogger("matyan_client").addHandler(logged)
    errors: list[str] = []
    hashes: list[str] = []
    print("ready", flush=True)
    sys.stdin.readline()  # all start together
    try:
        open_runs = [Run(repo=repo, capture_terminal_logs=False) for _ in range(runs)]
        hashes = [run.hash for run in open_runs]
        for number, run in enumerate(open_runs):
            run["place"] = [process, number]
        for step in range(points):
            for number, run in enumerate(open_runs):
                run.track(value(seed, process, number, step), name="loss", step=step)
        for run in open_runs:
            run.close()
    except Exception:  # noqa: BLE001  # any of them is a finding, reported below
        errors.append(traceback.format_exc())
    return {"hashes": hashes, "errors": errors, "logged": logged.texts}


def read(repo: str, written: list[list[str]], points: int, seed: int) -> dict[str, int]:
    """Count runs and points that are not there."""
    from matyan_client import Repo

    store = Repo(repo)
    missing = {"runs missing": 0, "points missing": 0, "active": len(store.list_active_runs())}
    for process, hashes in enumerate(written):
        for number, run_hash in enumerate(hashes):
            run = store.get_run(run_hash)
            if run is None or run.get("place") != [process, number]:
                missing["runs missing"] += 1
            series = None if run is None else run.read_series("loss")
            there = {}
            if series is not None:
                there = dict(zip(map(int, series.steps), map(float, series.values), strict=True))
            missing["points missing"] += sum(
                there.get(step) != value(seed, process, number, step) for step in range(points)
            )
    return missing


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--runs", type=int, default=20, help="of each process")
    parser.add_argument("--points", type=int, default=100, help="of each run")
    parser.add_argument("--nofile", type=int, default=0, help="limit of open files, e.g. 256")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()

    if args.child:
        limit_files(args.nofile)
        task = json.loads(args.child)
        if "process" in task:
            print(json.dumps(write(**task)))
        else:
            task["written"] = json.loads(sys.stdin.read())
            print(json.dumps(read(**task)))
        return 0

    script = [sys.executable, os.path.abspath(__file__), "--nofile", str(args.nofile), "--child"]
    with tempfile.TemporaryDirectory() as place:
        shared = {"repo": str(Path(place, "repository")), "points": args.points, "seed": args.seed}
        writers = [
            subprocess.Popen(
                [*script, json.dumps({**shared, "process": number, "runs": args.runs})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(args.processes)
        ]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        start = time.perf_counter()
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        outputs = [writer.communicate()[0] for writer in writers]
        took = time.perf_counter() - start
        crashed = sum(writer.returncode != 0 for writer in writers)
        nothing = {"hashes": [], "errors": [], "logged": []}
        reports = [json.loads(out.splitlines()[-1]) if out else nothing for out in outputs]
        written = [report["hashes"] for report in reports]
        reader = subprocess.run(
            [*script, json.dumps(shared)],
            input=json.dumps(written),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    errors = [text for report in reports for text in report["errors"]]
    logged = [text for report in reports for text in report["logged"]]
    found = {
        "processes": args.processes,
        "runs": sum(map(len, written)),
        "points": sum(map(len, written)) * args.points,
        "crashed": crashed,
        "errors": len(errors),
        "warnings logged": len(logged),
        **json.loads(reader.stdout),
    }
    for what, count in found.items():
        print(f"{what:16} {count}")
    print(f"{'seconds':16} {took:.1f}")
    for text in (errors + logged)[:3]:
        print(text, file=sys.stderr)
    bad = crashed or errors or logged or found["runs missing"] or found["points missing"]
    bad = bad or found["active"] or found["runs"] != args.processes * args.runs
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
