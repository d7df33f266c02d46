"""What `track.py` measures, one workload a process: workloads.py SUBJECT WORKLOAD DIRECTORY JSON.

Runs under the interpreter of the subject: `matyan_client`, `aim_compat`, or `aim` (the original).
Values are a function of seed and step, so that what is read back can be checked point by point.
Prints one line of JSON. Imports nothing but the standard library and the subject.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

SUBSETS = ("train", "val")


def values(seed: int, sequence: int, count: int) -> list[float]:
    """The points of one sequence."""
    rng = random.Random(seed * 1009 + sequence)
    return [rng.random() for _ in range(count)]


class Matyan:
    """`matyan_client` itself."""

    def __init__(self, directory: str) -> None:
        import matyan_client

        self.module, self.directory = matyan_client, directory

    def open(self) -> Any:
        return self.module.Run(repo=self.directory, capture_terminal_logs=False)

    def read(self) -> dict[str, dict[tuple[str, str], tuple[list[int], list[float]]]]:
        """Every point: run hash to (name, subset) to (steps, values)."""
        repo = self.module.Repo(self.directory)
        found: dict[str, Any] = {}
        for run_hash in repo.list_all_runs():
            run = repo.get_run(run_hash)
            found[run_hash] = {}
            for sequence in run.sequences("metric"):
                series = run.read_series(sequence.name, sequence.context)
                key = sequence.name, sequence.context.get("subset", "")
                found[run_hash][key] = list(map(int, series.steps)), list(map(float, series.values))
        return found


class Aim:
    """The original, or what takes its place: the same calls."""

    def __init__(self, directory: str, name: str) -> None:
        self.module = __import__(name)
        self.directory, self.original = directory, name == "aim"
        self.module.Repo.from_path(directory, init=True)

    def open(self) -> Any:
        return self.module.Run(
            repo=self.directory, system_tracking_interval=None, capture_terminal_logs=False
        )

    def read(self) -> dict[str, dict[tuple[str, str], tuple[list[int], list[float]]]]:
        """Every point, as above. The original's readers need an index first; it is not timed."""
        repo = self.module.Repo.from_path(self.directory)
        if self.original:
            from aim.sdk.index_manager import RepoIndexManager

            indexer = RepoIndexManager.get_index_manager(repo)
            for chunk in sorted((Path(repo.path) / "meta" / "chunks").iterdir()):
                indexer.index(chunk.name)
            repo.container_pool.clear()
        found: dict[str, Any] = {}
        for run_hash in repo.list_all_runs():
            found[run_hash] = {}
            for metric in repo.get_run(run_hash).metrics():
                steps, (numbers, *_) = metric.data.numpy()
                key = metric.name, metric.context.to_dict().get("subset", "")
                found[run_hash][key] = steps.tolist(), numbers.tolist()
        return found


def latency(subject: Any, *, calls: int, seed: int) -> dict[str, Any]:
    """Nanoseconds of each call of `track()`."""
    numbers = values(seed, 0, calls)
    clock = time.perf_counter_ns
    run = subject.open()
    track = run.track
    for i in range(50):
        track(0.5, name="warm-up", step=i)
    took = [0] * calls
    context = {"subset": "train"}
    for i, number in enumerate(numbers):
        start = clock()
        track(number, name="loss", step=i, context=context)
        took[i] = clock() - start
    run.close()
    took.sort()
    return {
        "median_us": took[calls // 2] / 1e3,
        "p99_us": took[calls * 99 // 100] / 1e3,
        "max_us": took[-1] / 1e3,
    }


def throughput(subject: Any, *, points: int, seed: int) -> dict[str, Any]:
    """Seconds from the first `track()` to the return of `close()`: then all is readable."""
    subject.open().close()
    columns = [values(seed, s, points // len(SUBSETS)) for s in range(len(SUBSETS))]
    run = subject.open()
    start = time.perf_counter()
    for i in range(points // len(SUBSETS)):
        for subset, column in zip(SUBSETS, columns, strict=True):
            run.track(column[i], name="loss", step=i, context={"subset": subset})
    run.close()
    return {"seconds": time.perf_counter() - start, "hash": run.hash}


def verify_throughput(subject: Any, *, points: int, seed: int, hash: str) -> dict[str, Any]:
    """Points of `throughput` that are not there, in a process that did not write them."""
    found = subject.read().get(hash, {})
    missing = 0
    for s, subset in enumerate(SUBSETS):
        expected = values(seed, s, points // len(SUBSETS))
        there = dict(zip(*found.get(("loss", subset), ((), ())), strict=True))
        missing += sum(there.get(i) != number for i, number in enumerate(expected))
    return {"missing": missing}


def runs(subject: Any, *, runs: int, seed: int) -> dict[str, Any]:
    """Seconds to open a run, set one param, track one point and close it, `runs` times."""
    subject.open().close()
    numbers = values(seed, 0, runs)
    hashes = []
    start = time.perf_counter()
    for i in range(runs):
        run = subject.open()
        run["index"] = i
        run.track(numbers[i], name="loss", step=0)
        run.close()
        hashes.append(run.hash)
    return {"seconds": time.perf_counter() - start, "hashes": hashes}


def verify_runs(subject: Any, *, seed: int, hashes: list[str]) -> dict[str, Any]:
    """Runs of `runs` whose point is not there."""
    found = subject.read()
    numbers = values(seed, 0, len(hashes))
    return {
        "missing": sum(
            found.get(run_hash, {}).get(("loss", "")) != ([0], [number])
            for run_hash, number in zip(hashes, numbers, strict=True)
        )
    }


def disk(subject: Any, *, runs: int, series: int, points: int, seed: int) -> dict[str, Any]:
    """Writes what `track.py` then weighs."""
    for r in range(runs):
        run = subject.open()
        for s in range(series):
            for i, number in enumerate(values(seed, r * series + s, points)):
                run.track(number, name=f"series-{s}", step=i)
        run.close()
    return {}


WORKLOADS = {
    f.__name__: f for f in (latency, throughput, verify_throughput, runs, verify_runs, disk)
}


def main() -> None:
    name, workload, directory, arguments = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    subject = Matyan(directory) if name == "matyan_client" else Aim(directory, name)
    result = WORKLOADS[workload](subject, **json.loads(arguments))
    print("\n" + json.dumps(result), flush=True)
    if name == "aim":
        os._exit(0)  # its threads keep the interpreter for a while, which is not the question


if __name__ == "__main__":
    main()
