"""What is lost, client by client: the published one and ours, on the same real servers.

    python benchmarks/losses.py --stack PATH/matyan-stack [--repeat 3] [--clients published,ours]

Each experiment is a training process of its own that tracks one metric. Then what can be read over
REST is counted, without either client. `matyan-stack` runs the real servers on loopback and has the
published client in its environment; give `--state` and `--port-base` if several run at once.
Prints a Markdown table; counts of several repetitions are separated by commas.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "faults"))

from chaos.deployments import Stack, matyan_client, wait_for  # noqa: E402  # after the path above
from chaos.reading import Reader  # noqa: E402  # as above

TRAINING = """
import os, resource, signal, sys, threading, time

run_hash, points, ending = sys.argv[1], int(sys.argv[2]), sys.argv[3]
from matyan_client import Run

def say(word):
    print(word, flush=True)
    sys.stdin.readline()

run = Run(run_hash=run_hash, capture_terminal_logs=False)
if ending == "server-away":
    run.track(0.0, name="loss", step=0)
    say("up")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    at = [0]
    def report():
        while True:
            time.sleep(1)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            print(at[0], grown // 1024, flush=True)
    threading.Thread(target=report, daemon=True).start()
    begin = time.perf_counter()
    for step in range(points):
        run.track(step * 0.5, name="loss", step=step)
        at[0] = step + 1
    took = time.perf_counter() - begin
    time.sleep(1.5)
    print("done", took, flush=True)
    os._exit(0)
begin = time.perf_counter()
for step in range(points):
    if ending == "frontier-down" and step == points // 2:
        say("half")
    run.track(step * 0.5, name="loss", step=step)
took = time.perf_counter() - begin
if ending == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif ending == "stays":
    say(f"tracked {took}")
    run.close()
elif ending != "no-close":
    run.close()
"""

PUBLISHED, OURS = "published", "ours"
SILENT_S = 20.0
"""A count that has not changed for so long will not change any more."""


class Client:
    """One of the two clients, and where it runs."""

    def __init__(self, name: str, python: Path, stack: Stack, spool: Path) -> None:
        self.name = name
        self.python = python
        self.place = spool.parent
        self.env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MATYAN_", "PYTHON"))
        }
        self.env["MATYAN_BACKEND_URL"] = stack.backend_url
        self.env["MATYAN_FRONTIER_URL"] = stack.frontier_url
        self.env["MATYAN_JOURNAL_DIR"] = str(spool)

    def start(self, run_hash: str, points: int, ending: str) -> subprocess.Popen[str]:
        """Start a training process."""
        return subprocess.Popen(
            [str(self.python), "-c", TRAINING, run_hash, str(points), ending],
            env=self.env,
            cwd=self.place,  # no package of the working directory
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def sync(self) -> float:
        """What a user does after a death; the published client has nothing to do it with."""
        begin = time.perf_counter()
        if self.name == OURS:
            subprocess.run(
                matyan_client("sync"), env=self.env, check=False, capture_output=True, timeout=300
            )
        return time.perf_counter() - begin


class Bench:
    """The experiments."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.reader = Reader(stack.backend_url)

    def readable(self, run_hash: str) -> int:
        """How many points have their value, once that does not change any more."""
        before, found = -1, -2
        while before != found:
            before = found
            time.sleep(1.0)  # what a dead process sent may still be in a socket
            self.stack.settle()
            points = self.reader.points(run_hash, "loss")
            found = sum(value == step * 0.5 for step, value in points)
        return found

    def ended(self, client: Client, points: int, ending: str) -> dict[str, Any]:
        """A process that ends in some way, and what is there of its points."""
        run_hash = uuid.uuid4().hex
        begin = time.perf_counter()
        process = client.start(run_hash, points, ending)
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            if ending == "frontier-down":
                process.stdout.readline()
                half = points // 2
                wait_for(
                    "the first half",
                    lambda: self.reader.last_step(run_hash, "loss") >= half - 1,
                )
                self.stack.stop()
                process.stdin.write("\n")
                process.stdin.flush()
            process.wait(300)
        took = time.perf_counter() - begin
        if process.returncode != (-signal.SIGKILL if ending == "killed" else 0):
            sys.exit(f"The training of {client.name} ended with {process.returncode}.")
        if ending == "frontier-down":
            self.stack.start()
        before = self.readable(run_hash)
        sync_s = client.sync()
        after = self.readable(run_hash)
        return {
            "points": points,
            "process_s": round(took, 1),
            "before_sync": before,
            "readable": after,
            "lost": points - after,
            "sync_s": round(sync_s, 1) if client.name == OURS else None,
            "active": self.reader.is_active(run_hash),
        }

    def until_readable(self, client: Client, points: int) -> dict[str, Any]:
        """How long it takes until every point of a burst can be read, with the process living."""
        run_hash = uuid.uuid4().hex
        process = client.start(run_hash, points, "stays")
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            tracked = float(process.stdout.readline().split()[1])
            begin = time.perf_counter() - tracked
            last, changed = -1, time.perf_counter()
            while last < points - 1 and time.perf_counter() - changed < SILENT_S:
                time.sleep(0.1)
                found = self.reader.last_step(run_hash, "loss")
                if found != last:
                    last, changed = found, time.perf_counter()
            seconds = changed - begin
            process.stdin.write("\n")
            process.stdin.flush()
            process.wait(300)
        found = self.readable(run_hash)
        return {
            "points": points,
            "track_us": round(tracked / points * 1e6, 1),
            "readable": found,
            "lost": points - found,
            "seconds": round(seconds, 1),
        }

    def away(self, client: Client, points: int, limit_s: float) -> dict[str, Any]:
        """Memory and speed of tracking while the frontier is away; it was there at the start."""
        run_hash = uuid.uuid4().hex
        process = client.start(run_hash, points, "server-away")
        reached, grown, took = 0, 0, None
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            self.stack.kill()
            process.stdin.write("\n")
            process.stdin.flush()
            begin = time.perf_counter()
            still = 0
            for line in process.stdout:
                words = line.split()
                if words[0] == "done":
                    took = float(words[1])
                    break
                still = still + 1 if int(words[0]) == reached else 0
                reached, grown = int(words[0]), int(words[1])
                if still >= SILENT_S or time.perf_counter() - begin > limit_s:
                    break
        finally:
            process.kill()
            process.communicate()
            self.stack.start()
        return {
            "points": points,
            "tracked": points if took is not None else reached,
            "rss_mb": grown,
            "seconds": None if took is None else round(took, 1),
        }


def joined(results: list[dict[str, Any]], name: str) -> str:
    """The values of several repetitions in one cell."""
    values = [result[name] for result in results]
    same = all(value == values[0] for value in values)
    return ", ".join(f"{value}" for value in (values[:1] if same else values))


def table(found: dict[str, dict[str, list[dict[str, Any]]]]) -> str:
    """Side by side, as Markdown."""
    names = {PUBLISHED: "published 0.3.0", OURS: "ours"}
    lines = [
        "| experiment | client | points | readable at its end | after `sync` | lost | active |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, clients in found.items():
        for client, results in clients.items():
            if "before_sync" not in results[0]:
                continue
            after = joined(results, "readable") if client == OURS else "-"
            lines.append(
                f"| {title} | {names[client]} | {joined(results, 'points')} "
                f"| {joined(results, 'before_sync')} | {after} | {joined(results, 'lost')} "
                f"| {joined(results, 'active')} |"
            )
    for title, clients in found.items():
        for client, results in clients.items():
            if "track_us" in results[0]:
                lines.append(
                    f"\n{title}, {names[client]}: {joined(results, 'readable')} of "
                    f"{joined(results, 'points')} after {joined(results, 'seconds')} s; "
                    f"{joined(results, 'track_us')} µs a call of track()."
                )
            elif "rss_mb" in results[0]:
                lines.append(
                    f"\n{title}, {names[client]}: {joined(results, 'tracked')} of "
                    f"{joined(results, 'points')} calls of track() returned "
                    f"(seconds for all: {joined(results, 'seconds')}); "
                    f"memory grew by {joined(results, 'rss_mb')} MB."
                )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stack", type=Path, required=True, help="the script matyan-stack")
    parser.add_argument("--state", type=Path, help="where the servers keep theirs; default: a new")
    parser.add_argument("--port-base", type=int, default=54500)
    parser.add_argument("--running", action="store_true", help="the servers run already")
    parser.add_argument("--clients", default=f"{PUBLISHED},{OURS}")
    parser.add_argument("--only", default="", help="run experiments whose title has this in it")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--away-points", type=int, default=5_000_000)
    parser.add_argument("--away-limit", type=float, default=240.0, help="seconds")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as place:
        stack = Stack(args.stack, args.state or Path(place, "stack"), args.port_base)
        pythons = {PUBLISHED: stack.python, OURS: Path(sys.executable)}
        clients = [
            Client(name, pythons[name], stack, Path(place, "spool"))
            for name in args.clients.split(",")
        ]
        bench = Bench(stack)
        experiments: dict[str, Callable[[Client], dict[str, Any]]] = {
            "killed right after track()": lambda it: bench.ended(it, 1_000, "killed"),
            "ends without close()": lambda it: bench.ended(it, 5_000, "no-close"),
            "a burst, then close()": lambda it: bench.ended(it, 20_000, "close"),
            "frontier down at close()": lambda it: bench.ended(it, 1_500, "frontier-down"),
            "time until readable": lambda it: bench.until_readable(it, 20_000),
            "frontier away": lambda it: bench.away(it, args.away_points, args.away_limit),
        }
        if not args.running:
            stack.up()
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        try:
            for title, experiment in experiments.items():
                if args.only not in title:
                    continue
                for client in clients:
                    for _ in range(args.repeat):
                        result = experiment(client)
                        print(json.dumps({"experiment": title, "client": client.name, **result}))
                        sys.stdout.flush()
                        found.setdefault(title, {}).setdefault(client.name, []).append(result)
        finally:
            if not args.running:
                stack.down()
    print()
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
