"""What the drop-in is known to do otherwise than Aim, seen by the machine: each once, with reason.

A difference that leaves the two repositories in different states would make everything after it
differ too. Such calls are not in the vocabulary; the cases of the conformance suite have them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["DIFFERENCES", "Difference"]

Explains = Callable[[str, dict[str, Any], str, Any, Any], bool]
"""Of the call, its arguments, the label of the observation, what Aim did and what we did."""


@dataclass(frozen=True)
class Difference:
    """One known difference."""

    name: str
    behaviour: str
    reason: str
    explains: Explains


DIFFERENCES: list[Difference] = []


def difference(behaviour: str, reason: str) -> Callable[[Explains], None]:
    """Register the decorated predicate as a known difference."""

    def register(explains: Explains) -> None:
        DIFFERENCES.append(Difference(explains.__name__, behaviour, reason, explains))

    return register


def _without_marks(frame: Any) -> Any:
    """A frame without the columns that stand for a run that has no params."""
    if not isinstance(frame, list):
        return frame
    marks = ({"object": "ObjectFlagType"}, "{}")
    return [
        column
        for column in frame
        if column[0] not in ("", "run") or not any(mark in column[2] for mark in marks)
    ]


@difference("P09", "Aim shows an internal mark of its storage in frames of a run without params.")
def frames_show_no_marks(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    return label == "frame" and _without_marks(aim) == _without_marks(shim)


@difference("S06", "Aim shows an internal mark where params or a context are empty; here it is {}.")
def empty_is_shown_as_empty(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    return label == "frame" and aim != shim and _shown(aim) == shim


def _shown(frame: Any) -> Any:
    """A frame with `{}` in place of the marks."""
    if isinstance(frame, list):
        return [_shown(item) for item in frame]
    return "{}" if frame == {"object": "ObjectFlagType"} else frame


@difference("Q11", "Aim lists params and series of deleted runs until somebody calls prune().")
def deleted_runs_are_forgotten(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    return call == "collect" and arguments["deleted"] and _holds(aim, shim)


def _holds(more: Any, fewer: Any) -> bool:
    """Whether one tree of dicts and lists has everything that another has."""
    if isinstance(more, dict) and isinstance(fewer, dict):
        return all(key in more and _holds(more[key], fewer[key]) for key in fewer)
    if isinstance(more, list) and isinstance(fewer, list):
        return all(item in more for item in fewer)
    return bool(more == fewer)


@difference("T01", "Aim keeps a numpy bool as a bool, Python's as an int; here both are ints.")
def numpy_bools_are_ints(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    plain = _bools_as_ints(aim)
    return plain == shim or (label.endswith("values") and sorted(plain) == shim)


def _bools_as_ints(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bools_as_ints(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_bools_as_ints(item) for item in value]
    if isinstance(value, str):
        return {"True": "1", "False": "0"}.get(value, value)
    return int(value) if isinstance(value, bool) else value


@difference(
    "R15", "Aim lists tags by when the repository first had them; here, as they were added."
)
def tags_in_the_order_of_adding(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    if label == "frame" and aim and shim:
        return len(aim) == len(shim) and all(
            a == b or a[0] == b[0] == "tags" for a, b in zip(aim, shim, strict=True)
        )
    return label == "tags" and isinstance(shim, list) and sorted(aim) == sorted(shim)


@difference("S08", "Aim has no minimum of a metric that is inf throughout, nor a maximum of -inf.")
def infinities_are_extremes(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    return label == "info" and aim == _without_infinite_extremes(shim)


def _without_infinite_extremes(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = {"min": "<inf>", "max": "<-inf>"}
        return {
            key: _without_infinite_extremes(item)
            for key, item in value.items()
            if dropped.get(key, value) != item
        }
    if isinstance(value, list):
        return [_without_infinite_extremes(item) for item in value]
    return value


@difference("R16", "Aim's bare AssertionError says nothing and is gone under python -O.")
def readers_say_why(call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any) -> bool:
    return (
        call == "write_to_reader"
        and label == "track"
        and "AssertionError" in aim["raises"]
        and "RuntimeError" in shim["raises"]
    )


@difference(
    "Q07", "Aim's run.metrics() is empty while the run is archived: its own query hides it."
)
def archived_runs_have_metrics(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    return label == "metrics of an archived run" and aim == []


@difference(
    "Q07", "Aim's queries of series list archived runs too, as runs without any that match."
)
def archived_runs_are_not_listed_as_empty(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    if label != "by run" or not isinstance(shim, list) or not isinstance(aim, list):
        return False
    return [entry for entry in aim if entry[1] or entry in shim] == shim


@difference("P05", "Aim raises KeyError for all of no params once some were deleted, {} before.")
def no_params_are_an_empty_dict(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    if label.startswith("get"):
        return arguments["key"] in (..., ()) and shim == {}
    everything = label in ("params", "all", "frame") or arguments.get("key") in (..., ())
    return (
        everything
        and isinstance(aim, dict)
        and "KeyError" in aim.get("raises", ())
        and (label == "frame" or not shim)
    )


@difference(
    "T04", "Aim cuts the fraction of a step off when it is read as a point, and nowhere else."
)
def steps_are_whole(call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any) -> bool:
    if label.endswith((": first step", ": last step")):
        return isinstance(aim, (bool, float)) and int(aim) == shim
    return label == "info" and _with_whole_steps(aim) == shim


def _with_whole_steps(value: Any) -> Any:
    if isinstance(value, dict):
        steps = ("first_step", "last_step")
        return {
            key: int(item) if key in steps else _with_whole_steps(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with_whole_steps(item) for item in value]
    return value


@difference("Q10", "Aim shows how it stores an object among params; here it has the object's name.")
def objects_in_params_have_names(
    call: str, arguments: dict[str, Any], label: str, aim: Any, shim: Any
) -> bool:
    if call != "collect" or label != "params":
        return False
    theirs, ours = _without_objects(aim), _without_objects(shim)
    return _holds(theirs, ours) if arguments["deleted"] else bool(theirs == ours)


def _without_objects(value: Any) -> Any:
    """A tree of example types in which an object is just that."""
    if isinstance(value, dict):
        kind = str(value.get("__example_type__", ""))
        if kind.startswith("aim.") or "CustomObjectFlagType" in kind:
            return "<object>"
        return {key: _without_objects(item) for key, item in value.items()}
    return [_without_objects(item) for item in value] if isinstance(value, list) else value
