"""Kill processes while they track, then count what is missing of what was acknowledged.

    python benchmarks/kill.py [--processes 200] [--points 1000] [--seed 1]

Each process sets a param, then tracks up to `--points` points into a repository all of them share.
After each call that returned it writes how many have into a memory-mapped file, which outlives it.
At a random moment it is killed (SIGKILL; TerminateProcess on Windows). Half of the processes
track as fast as they can, half pause between points. Then a new process reads everything back.
Exit code 1 if an acknowledged write is missing or has another value.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CELL = struct.Struct("<qq64s")
"""Points acknowledged, whether the param was, run hash."""


def value(seed: int, number: int, step: int) -> float:
    """The point that process `number` tracks at a step."""
    return random.Random(f"{seed}/{number}/{step}").random()


def write(cell: Path, repo: str, points: int, seed: int, number: int, pause_s: float) -> None:
    """What a process that gets killed does."""
    from matyan_client import Run

    numbers = [value(seed, number, step) for step in range(points)]
    with cell.open("r+b") as file, mmap.mmap(file.fileno(), CELL.size) as shared:
        run = Run(repo=repo, capture_terminal_logs=False)
        name = run.hash.encode()
        run["number"] = number
        CELL.pack_into(shared, 0, 0, 1, name)
        print("ready", flush=True)
        for step, point in enumerate(numbers):
            run.track(point, name="loss", step=step, context={"half": step % 2})
            struct.pack_into("<q", shared, 0, step + 1)
            if pause_s:
                time.sleep(pause_s)
        time.sleep(3600)  # never closed: every process dies by the signal


def read(cells: Path, repo: str, seed: int) -> dict[str, int]:
    """Compare what was acknowledged with what is there."""
    from matyan_client import Repo

    found = {"killed": 0, "acknowledged": 0, "read back": 0, "missing": 0, "not acknowledged": 0}
    found["params missing"] = 0
    store = Repo(repo)
    for cell in sorted(cells.iterdir()):
        count, has_param, name = CELL.unpack(cell.read_bytes())
        found["killed"] += 1
        found["acknowledged"] += count
        run_hash = name.rstrip(b"\0").decode()
        run = store.get_run(run_hash) if run_hash else None
        if run is None:
            found["missing"] += count
            found["params missing"] += has_param
            continue
        number = int(cell.name)
        found["params missing"] += bool(has_param) and run.get("number") != number
        there: dict[int, float] = {}
        for half in (0, 1):
            series = run.read_series("loss", {"half": half})
            if series is not None:
                there.update(zip(map(int, series.steps), map(float, series.values), strict=True))
        right = sum(there.get(step) == value(seed, number, step) for step in range(count))
        found["read back"] += right
        found["missing"] += count - right
        found["not acknowledged"] += sum(step >= count for step in there)
    return found


def kill_one(script: list[str], cell: Path, within_s: float, rng: random.Random) -> None:
    """Start a process, let it track for a random while of at most `within_s`, kill it."""
    cell.write_bytes(bytes(CELL.size))
    process = subprocess.Popen(script, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        if process.stdout.readline() != "ready\n":
            code = process.wait()
            sys.exit(f"A process ended before it tracked anything (exit code {code}).")
        time.sleep(rng.uniform(0, within_s))
        process.kill()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--pause-us", type=float, default=200, help="pause of every second process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()

    if args.child:
        task: dict[str, Any] = json.loads(args.child)
        cell = Path(task.pop("cell"))
        if task.pop("reads"):
            print(json.dumps(read(cell, **task)))
        else:
            write(cell, **task)
        return 0

    rng = random.Random(args.seed)
    script = [sys.executable, os.path.abspath(__file__), "--child"]
    with tempfile.TemporaryDirectory() as place:
        cells, repo = Path(place, "acknowledged"), str(Path(place, "repository"))
        cells.mkdir()
        for number in range(args.processes):
            pause_s = args.pause_us / 1e6 if number % 2 else 0.0
            cell = cells / str(number)
            task = {"cell": str(cell), "reads": False, "repo": repo, "points": args.points}
            task |= {"seed": args.seed, "number": number, "pause_s": pause_s}
            # About what all the points take: a call some 4 µs, a pause 60 µs more than asked for.
            within_s = args.points * (pause_s + 60e-6 if pause_s else 4e-6)
            kill_one([*script, json.dumps(task)], cell, within_s, rng)
        task = {"cell": str(cells), "reads": True, "repo": repo, "seed": args.seed}
        done = subprocess.run([*script, json.dumps(task)], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    for what, count in found.items():
        print(f"{what:17} {count}")
    lost = found["missing"] or found["params missing"] or found["killed"] != args.processes
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
