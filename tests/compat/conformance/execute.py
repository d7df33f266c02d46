"""Executing a case in a directory of its own."""

from __future__ import annotations

import gc
import os
import traceback
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.case import Case
from conformance.subject import Subject
from conformance.world import World

__all__ = ["Outcome", "execute"]


@dataclass
class Outcome:
    """What came of a case."""

    observations: dict[str, Any]
    """What was seen, by label."""
    stopped: Exception | None = None
    """What kept the case from being carried out, outside of any observation."""


def execute(case: Case, subject: Subject, directory: Path, scratch: Path) -> Outcome:
    """Run a case with an existing, empty directory as its repository."""
    home = os.getcwd()
    os.chdir(directory)
    with ExitStack() as held:
        try:
            if not case.fresh:
                subject.prepare(str(directory), scratch)
            world = World(subject, str(directory), scratch, held)
            stopped = None
            with warnings.catch_warnings():
                # a script that warns goes on; pytest would make it an exception
                warnings.simplefilter("ignore")
                try:
                    case.body(world)
                except Exception as error:  # noqa: BLE001  # judged and reported by the caller
                    # its frames hold the runs that the case left open
                    traceback.clear_frames(error.__traceback__)
                    stopped = error
            return Outcome(world.observations, stopped)
        finally:
            os.chdir(home)
            # runs that the case left open are closed now, while their repository is served
            gc.collect()
