"""Executing a case in a directory of its own."""

from __future__ import annotations

import gc
import os
import warnings
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
    world = World(subject, str(directory), scratch)
    try:
        with subject.backend.serving(str(directory)) as world.location, warnings.catch_warnings():
            if not case.fresh:
                subject.prepare(world.location, scratch)
            # a script that warns goes on; pytest would make it an exception
            warnings.simplefilter("ignore")
            case.body(world)
        return Outcome(world.observations)
    except Exception as error:  # noqa: BLE001  # judged and reported by whoever called
        return Outcome(world.observations, error)
    finally:
        os.chdir(home)
        # runs that the case left open are closed now, while their directory exists
        gc.collect()
