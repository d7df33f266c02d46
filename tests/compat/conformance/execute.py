"""Executing a case in a directory of its own."""

from __future__ import annotations

import gc
import os
import warnings
from pathlib import Path
from typing import Any

from conformance.case import Case
from conformance.subject import Subject
from conformance.world import World

__all__ = ["execute"]


def execute(case: Case, subject: Subject, directory: Path, scratch: Path) -> dict[str, Any]:
    """Run a case with an existing, empty directory as its repository; its observations by label."""
    home = os.getcwd()
    os.chdir(directory)
    try:
        if not case.fresh:
            subject.prepare(str(directory), scratch)
        world = World(subject, str(directory))
        with warnings.catch_warnings():
            # a script that warns goes on; pytest would make it an exception
            warnings.simplefilter("ignore")
            case.body(world)
        return world.observations
    finally:
        os.chdir(home)
        # runs that the case left open are closed now, while their directory exists
        gc.collect()
