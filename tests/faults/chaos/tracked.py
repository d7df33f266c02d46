"""Lives in a training process: tracks, and notes which calls returned in a file that outlives it.

A note is written after the call, so what is noted must be there later; what is not noted, but was
on its way when the process died, may be.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from matyan_client import Image, Run, Text

__all__ = ["Tracked", "pause", "say", "value"]

# A shell starts what runs in the background with interrupts ignored, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)


def value(step: int, seed: int = 0) -> float:
    """What is tracked at a step: a number with all its digits."""
    return (step * 2654435761 % 4294967291 + seed) / 7.0


def say(*words: object) -> None:
    """A line for the test."""
    sys.__stdout__.write(" ".join(map(str, words)) + "\n")  # type: ignore[union-attr]  # there is one
    sys.__stdout__.flush()  # type: ignore[union-attr]  # as above


def pause(*words: object) -> None:
    """Say something, and wait for the test."""
    say(*words)
    sys.stdin.readline()


class Tracked:
    """A run, and the notes about it. `FAULT_NOTES` names the file."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._notes = os.open(
            os.environ["FAULT_NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        self.note(kind="run")

    def note(self, **facts: Any) -> None:
        """One line, in one write."""
        os.write(self._notes, json.dumps({"run": self.run.hash, **facts}).encode() + b"\n")

    def point(self, name: str, step: int, seed: int = 0) -> None:
        number = value(step, seed)
        self.run.track(number, name=name, step=step)
        self.note(kind="point", name=name, step=step, value=number)

    def points(self, name: str, count: int, start: int = 0, seed: int = 0) -> None:
        for step in range(start, start + count):
            self.point(name, step, seed)

    def automatic(self, name: str, number: float) -> None:
        """A point whose step is not given; the test knows which it must be."""
        self.run.track(number, name=name)
        self.note(kind="automatic", name=name, value=number)

    def text(self, name: str, step: int, data: str) -> None:
        self.run.track(Text(data), name=name, step=step)
        self.note(kind="text", name=name, step=step, value=data)

    def image(self, name: str, step: int, size: int = 64) -> None:
        """A picture whose bytes differ from every other one's."""
        import numpy as np
        from PIL import Image as Picture

        path = Path(os.environ["FAULT_NOTES"]).with_name(f"{self.run.hash}-{name}-{step}.png")
        noise = np.random.default_rng([step, size, *name.encode()])
        Picture.fromarray(noise.integers(0, 256, (size, size, 3), dtype=np.uint8)).save(path)
        self.run.track(Image(path.read_bytes()), name=name, step=step)
        self.note(kind="image", name=name, step=step, value=str(path))

    def artifact(self, name: str, size: int) -> None:
        """A file of some bytes; kept, so that the test can compare."""
        import random

        path = Path(os.environ["FAULT_NOTES"]).with_name(f"{self.run.hash}-{name}")
        path.write_bytes(random.Random(name).randbytes(size))
        self.run.log_artifact(path, name)
        self.note(kind="artifact", name=name, value=str(path))

    def record(self, message: str) -> None:
        self.run.log_info(message)
        self.note(kind="record", value=message)

    def param(self, key: str, given: Any) -> None:
        self.run[key] = given
        self.note(kind="param", name=key, value=given)
