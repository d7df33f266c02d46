"""Ours and real Aim, on this machine, in one sitting: what tracking costs and what it leaves.

    python benchmarks/track.py --aim-python .venv-aim/bin/python [--rounds 3] [--json FILE]

Subjects take turns within a round, in an order that alternates; figures are medians over rounds.
Every point of the throughput and run workloads is read back by another process: a missing one
ends the benchmark with exit code 1. Aim's index step, which its readers need, is not charged.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

ROWS = [
    ("median_us", "`track()` of a scalar, median, µs", "{:.2f}", "lower"),
    ("p99_us", "`track()`, 99th percentile, µs", "{:.1f}", "lower"),
    ("max_us", "`track()`, slowest call, µs", "{:.0f}", "lower"),
    ("points_per_s", "points per second, readable after `close()`", "{:.0f}", "higher"),
    ("runs_per_s", "runs opened, one param, one point, closed, per second", "{:.1f}", "higher"),
    ("bytes_per_point", "disk, bytes per point", "{:.0f}", "lower"),
    ("import_s", "`import Run, Repo`, seconds over a bare interpreter", "{:.3f}", "lower"),
    ("import_mb", "`import Run, Repo`, MB over a bare interpreter", "{:.1f}", "lower"),
]
"""Key, label, format, which way is better."""


class Failed(Exception):
    """A subject lost something, or broke."""


def child(python: str, *arguments: str) -> str:
    """Output of a process; its errors are ours."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MATYAN_", "AIM_"))}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [python, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise Failed(f"{' '.join(arguments[:3])} failed:\n{done.stderr[-3000:]}")
    return done.stdout


class Subject:
    """One of the packages compared."""

    def __init__(self, name: str, python: str, args: argparse.Namespace) -> None:
        self.name, self.python, self.args = name, python, args
        self.share = args.aim_share if name == "aim" else 1.0
        self.import_line = f"from {name} import Repo, Run"
        self.figures: dict[str, list[float]] = defaultdict(list)

    def work(self, workload: str, directory: str, **arguments: Any) -> dict[str, Any]:
        script = str(HERE / "workloads.py")
        out = child(self.python, script, self.name, workload, directory, json.dumps(arguments))
        result: dict[str, Any] = json.loads(out.splitlines()[-1])
        return result

    def round(self, seed: int) -> None:
        """Measure everything once."""
        args = self.args
        with tempfile.TemporaryDirectory() as place:
            found = self.work("latency", place, calls=int(args.calls * self.share), seed=seed)
            for key, value in found.items():
                self.figures[key].append(value)
        with tempfile.TemporaryDirectory() as place:
            points = 2 * int(args.points * self.share / 2)
            done = self.work("throughput", place, points=points, seed=seed)
            self.all_there(
                self.work("verify_throughput", place, points=points, seed=seed, hash=done["hash"]),
                f"{points} points",
            )
            self.figures["points_per_s"].append(points / done["seconds"])
        with tempfile.TemporaryDirectory() as place:
            runs = max(1, int(args.runs * self.share))
            done = self.work("runs", place, runs=runs, seed=seed)
            self.all_there(
                self.work("verify_runs", place, seed=seed, hashes=done["hashes"]), f"{runs} runs"
            )
            self.figures["runs_per_s"].append(runs / done["seconds"])
        with tempfile.TemporaryDirectory() as place:
            shape = {"runs": args.disk_runs, "series": 10, "points": 100}
            self.work("disk", place, seed=seed, **shape)
            size = sum(p.stat().st_size for p in Path(place).rglob("*") if p.is_file())
            self.figures["bytes_per_point"].append(size / (args.disk_runs * 1000))
        self.import_once()

    def all_there(self, found: dict[str, Any], what: str) -> None:
        if found["missing"]:
            raise Failed(f"{self.name}: {found['missing']} of {what} missing")

    def import_once(self) -> None:
        bare, loaded = (
            cost(self.python, ""),
            cost(self.python, f"from {self.name} import Repo, Run"),
        )
        for key, value in loaded.items():
            self.figures[key].append(value - bare[key])


# Linux first: there a child's ru_maxrss begins with its parent's.
PRINT_PEAK_MB = """
try:
    with open("/proc/self/status") as file:
        print(next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024)
except OSError:
    try:
        import resource, sys
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(peak / (1 << (20 if sys.platform == "darwin" else 10)))
    except ImportError:
        print(0)
"""


def cost(python: str, code: str) -> dict[str, float]:
    """What a process that runs `code` costs: seconds, and most memory in MB (0 if unknown)."""
    start = time.perf_counter()
    out = child(python, "-c", f"{code}\n{PRINT_PEAK_MB}")
    return {"import_s": time.perf_counter() - start, "import_mb": float(out.splitlines()[-1])}


def environment(subjects: list[Subject]) -> dict[str, str]:
    """What the figures depend on."""
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "system": platform.platform(),
        "python": platform.python_version(),
        "matyan-client": metadata.version("matyan-client"),
        "file system of the repositories": tempfile.gettempdir(),
    }
    for subject in subjects:
        if subject.name == "aim":
            code = "import sys; from importlib import metadata as m;"
            code += "print(m.version('aim'), 'on Python', sys.version.split()[0])"
            facts["aim"] = child(subject.python, "-c", code).strip()
    return facts


def table(subjects: list[Subject]) -> str:
    """The medians as Markdown; the last column compares the first subject with the last."""
    names = [subject.name for subject in subjects]
    lines = [
        f"| | {' | '.join(names)} | {names[0]} against {names[-1]} |",
        f"|---|{'---:|' * (len(names) + 1)}",
    ]
    for key, label, form, better in ROWS:
        medians = [statistics.median(subject.figures[key]) for subject in subjects]
        ours, theirs = medians[0], medians[-1]
        if better == "lower":
            ours, theirs = theirs, ours
        gain = f"{ours / theirs:.1f}x" if theirs > 0 and ours > 0 else "-"
        lines.append(f"| {label} | {' | '.join(map(form.format, medians))} | {gain} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--aim-python", help="interpreter that has Aim; without it: ours only")
    parser.add_argument("--subjects", default="matyan_client,aim_compat", help="ours to measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=200_000, help="track() calls timed one by one")
    parser.add_argument("--points", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--disk-runs", type=int, default=20)
    parser.add_argument(
        "--aim-share", type=float, default=0.1, help="share of calls, points and runs Aim does"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file for all figures")
    args = parser.parse_args()

    subjects = [Subject(name, sys.executable, args) for name in args.subjects.split(",")]
    if args.aim_python:
        subjects.append(Subject("aim", args.aim_python, args))
    try:
        facts = environment(subjects)
        for subject in subjects:
            cost(
                subject.python, f"from {subject.name} import Repo, Run"
            )  # compiles what is not compiled yet
        for number in range(args.rounds):
            for subject in subjects if number % 2 == 0 else reversed(subjects):
                print(f"round {number + 1} of {args.rounds}: {subject.name}", file=sys.stderr)
                subject.round(args.seed + number)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1

    print("\n".join(f"{name}: {fact}" for name, fact in facts.items()))
    shape = f"{args.calls} calls, {args.points} points, {args.runs} runs; Aim {args.aim_share:g} of"
    print(f"workload: {shape} that; seed {args.seed}; medians of {args.rounds} rounds\n")
    print(table(subjects))
    if args.json:
        figures = {subject.name: subject.figures for subject in subjects}
        report = {"environment": facts, "arguments": vars(args), "figures": figures}
        args.json.write_text(json.dumps(report, indent=1, default=str) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
