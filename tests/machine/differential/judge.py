"""Comparing what real Aim and the drop-in were seen to do after one call."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from conformance.verdict import agrees

from differential.differences import DIFFERENCES

__all__ = ["compare"]


def compare(
    call: str,
    arguments: dict[str, Any],
    theirs: dict[str, Any],
    ours: dict[str, Any],
    explained: Counter[str],
) -> list[str]:
    """What differs and is not known to, in words.

    Args:
        call: name of the call.
        arguments: what it was given.
        theirs: what was seen of real Aim, by label.
        ours: what was seen of the drop-in.
        explained: counts known differences by name.
    """
    problems = []
    for label in [*theirs, *(label for label in ours if label not in theirs)]:
        aim, shim = theirs.get(label, "<not seen>"), ours.get(label, "<not seen>")
        if agrees(aim, shim):
            continue
        for difference in DIFFERENCES:
            if difference.explains(call, arguments, label, aim, shim):
                explained[difference.name] += 1
                break
        else:
            problems.append(
                f"{call}({_shown(arguments)}): {label}\n"
                f"    Aim        {json.dumps(aim)}\n"
                f"    aim_compat {json.dumps(shim)}"
            )
    return problems


def _shown(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
