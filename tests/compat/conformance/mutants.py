"""Subjects broken on purpose, to show that the suite notices.

A mutant changes one method of the module under test, whichever that is, the way a plausible
defect would. Each names cases that have to fail on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["MUTANTS", "Mutant"]

Replace = Callable[[Any, str, Any], None]
"""Sets an attribute for the length of a test, as `monkeypatch.setattr` does."""


@dataclass(frozen=True)
class Mutant:
    """One deliberate defect."""

    name: str
    breaks: Callable[[Any, Replace], None]
    caught_by: tuple[str, ...]


MUTANTS: list[Mutant] = []


def mutant(*caught_by: str) -> Callable[[Callable[[Any, Replace], None]], None]:
    """Register a defect with the cases that must catch it."""

    def register(breaks: Callable[[Any, Replace], None]) -> None:
        MUTANTS.append(Mutant(breaks.__name__, breaks, caught_by))

    return register


@mutant("T04-automatic-steps", "S04-sampling-a-long-metric")
def every_tenth_point_is_lost(aim: Any, replace: Replace) -> None:
    track, calls = aim.Run.track, defaultdict(int)

    def lossy(self: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        calls[id(self)] += 1
        if calls[id(self)] % 10:
            track(self, value, *args, **kwargs)

    replace(aim.Run, "track", lossy)


@mutant("T04-automatic-steps", "U07-resume-by-hash")
def automatic_steps_start_at_one(aim: Any, replace: Replace) -> None:
    track, steps = aim.Run.track, defaultdict(int)

    def late(
        self: Any,
        value: Any,
        name: Any = None,
        step: Any = None,
        epoch: Any = None,
        *,
        context: Any = None,
    ) -> None:
        if step is None:
            key = (self.hash, name, str(context))
            steps[key] += 1
            step = steps[key]
        track(self, value, name, step, epoch, context=context)

    replace(aim.Run, "track", late)


@mutant("U02-explicit-step-epoch-and-context", "T07-contexts")
def contexts_are_dropped(aim: Any, replace: Replace) -> None:
    track = aim.Run.track

    def flat(self: Any, *args: Any, context: Any = None, **kwargs: Any) -> None:
        track(self, *args, context=None, **kwargs)

    replace(aim.Run, "track", flat)


@mutant("T01-rejected-values", "T03-names")
def bad_values_are_swallowed(aim: Any, replace: Replace) -> None:
    track = aim.Run.track

    def tolerant(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            track(self, *args, **kwargs)
        except Exception:  # noqa: BLE001  # the defect
            return

    replace(aim.Run, "track", tolerant)


@mutant("T01-rejected-values")
def bad_values_raise_something_else(aim: Any, replace: Replace) -> None:
    track = aim.Run.track

    def other(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            track(self, *args, **kwargs)
        except ValueError as error:
            raise RuntimeError(str(error)) from error

    replace(aim.Run, "track", other)


@mutant("U09-scalars-nested-dicts-tuple-paths-whole-tree", "P05-missing-keys-get-and-deletion")
def get_gives_the_default(aim: Any, replace: Replace) -> None:
    def empty(self: Any, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        return default

    replace(aim.Run, "get", empty)


@mutant("P03-value-types", "U09-scalars-nested-dicts-tuple-paths-whole-tree")
def ints_come_back_as_floats(aim: Any, replace: Replace) -> None:
    get_item = aim.Run.__getitem__

    def loose(self: Any, key: Any) -> Any:
        value = get_item(self, key)
        return float(value) if type(value) is int else value

    replace(aim.Run, "__getitem__", loose)


@mutant("R06-a-hash-that-does-not-exist")
def unknown_hash_makes_a_run(aim: Any, replace: Replace) -> None:
    init = aim.Run.__init__

    def lenient(self: Any, run_hash: Any = None, **kwargs: Any) -> None:
        try:
            init(self, run_hash, **kwargs)
        except RuntimeError:
            init(self, **kwargs)

    replace(aim.Run, "__init__", lenient)


@mutant("U08-name-description-tags-archive")
def tags_are_forgotten(aim: Any, replace: Replace) -> None:
    replace(aim.Run, "add_tag", lambda self, value: None)


@mutant("U32-runs-by-query", "A01-missing-parameters")
def queries_find_everything(aim: Any, replace: Replace) -> None:
    query = aim.Repo.query_runs

    def blind(self: Any, expression: str = "", *args: Any, **kwargs: Any) -> Any:
        return query(self, "", *args, **kwargs)

    replace(aim.Repo, "query_runs", blind)


@mutant("Q07-archived-runs")
def archived_runs_are_shown(aim: Any, replace: Replace) -> None:
    query = aim.Repo.query_runs

    def indiscreet(self: Any, expression: str = "", *args: Any, **kwargs: Any) -> Any:
        wider = f"({expression or True}) and run.archived in [True, False]"
        return query(self, wider, *args, **kwargs)

    replace(aim.Repo, "query_runs", indiscreet)


@mutant("U33-images-and-pixels", "U12-images")
def images_are_turned(aim: Any, replace: Replace) -> None:
    to_pil_image = aim.Image.to_pil_image
    replace(aim.Image, "to_pil_image", lambda self: to_pil_image(self).rotate(180))


@mutant("U50-delete")
def deleting_does_nothing(aim: Any, replace: Replace) -> None:
    replace(aim.Repo, "delete_run", lambda self, run_hash: True)


@mutant("U34-one-run-by-its-hash")
def unknown_runs_raise(aim: Any, replace: Replace) -> None:
    get_run = aim.Repo.get_run

    def strict(self: Any, run_hash: Any) -> Any:
        run = get_run(self, run_hash)
        if run is None:
            raise KeyError(run_hash)
        return run

    replace(aim.Repo, "get_run", strict)
