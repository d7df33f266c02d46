"""The state machine: random sequences of calls, made on real Aim and on the drop-in alike."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from conformance.subject import Subject
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from differential import vocabulary
from differential.driver import Driver
from differential.judge import compare
from differential.oracle import Oracle, OracleLostError
from differential.recipes import is_object

__all__ = ["Differential"]

_MOST_RUNS = 4
_MOST_OPEN = 2
picks = st.integers(0, 11)
"""Chooses among the runs there are."""


class Differential(RuleBasedStateMachine):
    """Both subjects, one call at a time."""

    oracle: ClassVar[Oracle]
    subject: ClassVar[Subject]
    scratch: ClassVar[Path]
    tally: ClassVar[Counter[str]]
    explained: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.open_: list[int] = []
        self.gone: set[int] = set()
        self.tagged: set[int] = set()
        self.settled = True
        self.directory = Path(tempfile.mkdtemp(dir=self.scratch))
        self.shim = Driver(self.subject, self.directory, self.scratch)
        self.tally["examples"] += 1
        self.given_up = False
        """Real Aim was lost: the rest of the example does nothing, and takes the same course."""
        self._ask(self.oracle.begin)

    def both(self, call: str, **arguments: Any) -> None:
        """Carry out a call on both and compare."""
        theirs = self._ask(lambda: self.oracle.do(call, arguments))
        if theirs is None:
            return
        ours = self.shim.do(call, arguments)
        self.tally["calls"] += 1
        self.tally["observations"] += len(theirs)
        problems = compare(call, arguments, theirs, ours, self.explained)
        assert not problems, "\n".join(problems)

    def _ask(self, question: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        if self.given_up:
            return None
        try:
            return question()
        except OracleLostError:
            self.tally["given up"] += 1
            self.given_up = True
            return None

    def teardown(self) -> None:
        self.shim.finish()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _open(self, pick: int) -> int:
        return self.open_[pick % len(self.open_)]

    def _any(self, pick: int) -> int:
        return pick % self.made

    # -- opening and closing -------------------------------------------------------------------

    @precondition(lambda self: self.made < _MOST_RUNS and len(self.open_) < _MOST_OPEN)
    @rule(experiment=st.sampled_from([None, "e1", "é 2"]))
    def open(self, experiment: str | None) -> None:
        self.both("open", experiment=experiment)
        self.open_.append(self.made)
        self.made += 1
        self.settled = False

    @precondition(lambda self: len(self.open_) < min(self.made, _MOST_OPEN))
    @rule(pick=picks, experiment=st.sampled_from([None, None, "e2"]))
    def resume(self, pick: int, experiment: str | None) -> None:
        closed = [number for number in range(self.made) if number not in self.open_]
        number = closed[pick % len(closed)]
        self.both("resume", number=number, experiment=experiment)
        if number not in self.gone:
            self.open_.append(number)
            self.settled = False

    @precondition(lambda self: self.open_)
    @rule(pick=picks)
    def close(self, pick: int) -> None:
        number = self._open(pick)
        self.both("close", number=number)
        self.open_.remove(number)

    @precondition(lambda self: not self.settled)
    @rule()
    def settle(self) -> None:
        self.both("settle")
        self.open_.clear()
        self.settled = True

    # -- writing -------------------------------------------------------------------------------

    @precondition(lambda self: self.open_)
    @rule(
        pick=picks,
        key=vocabulary.keys,
        value=vocabulary.param_values,
        strict=st.sampled_from([True, True, False]),
    )
    def set_param(self, pick: int, key: Any, value: Any, strict: bool) -> None:
        if key in (..., ()) and not isinstance(value, dict):
            return  # Aim lets all parameters be a number; ours refuses it (excluded: see README)
        self.both("set_param", number=self._open(pick), key=key, value=value, strict=strict)

    @precondition(lambda self: self.open_)
    @rule(pick=picks, key=vocabulary.keys, default=st.sampled_from([None, 0, "x"]))
    def get_param(self, pick: int, key: Any, default: Any) -> None:
        self.both("get_param", number=self._open(pick), key=key, default=default)

    @precondition(lambda self: self.open_)
    @rule(pick=picks, key=vocabulary.keys)
    def delete_param(self, pick: int, key: Any) -> None:
        self.both("delete_param", number=self._open(pick), key=key)

    @precondition(lambda self: self.open_)
    @rule(
        pick=picks,
        value=vocabulary.track_values,
        name=vocabulary.names,
        step=vocabulary.steps,
        epoch=vocabulary.epochs,
        context=vocabulary.contexts,
    )
    def track(self, pick: int, value: Any, name: str, step: Any, epoch: Any, context: Any) -> None:
        if (isinstance(step, (bool, float)) or step == 2**40) and is_object(value):
            return  # see the vocabulary
        self.both(
            "track",
            number=self._open(pick),
            value=value,
            name=name,
            step=step,
            epoch=epoch,
            context=context,
        )

    @precondition(lambda self: self.open_)
    @rule(pick=picks, values=vocabulary.loops, name=vocabulary.names, context=vocabulary.contexts)
    def track_many(self, pick: int, values: list[Any], name: str, context: Any) -> None:
        self.both("track_many", number=self._open(pick), values=values, name=name, context=context)

    @precondition(lambda self: self.open_)
    @rule(
        pick=picks,
        values=vocabulary.tracked_dicts,
        name=st.sampled_from([None, None, None, "loss"]),
        step=vocabulary.whole_steps,
        context=vocabulary.contexts,
    )
    def track_dict(
        self, pick: int, values: dict[str, Any], name: Any, step: Any, context: Any
    ) -> None:
        self.both(
            "track",
            number=self._open(pick),
            value=values,
            name=name,
            step=step,
            epoch=None,
            context=context,
        )

    @precondition(lambda self: self.open_)
    @rule(pick=picks)
    def series(self, pick: int) -> None:
        self.both("series", number=self._open(pick))

    @precondition(lambda self: self.open_)
    @rule(
        pick=picks,
        what=st.one_of(
            st.tuples(st.sampled_from(["name", "description", "experiment"]), vocabulary.texts),
            st.tuples(st.just("description"), st.just(None)),
            st.tuples(st.just("archived"), st.booleans()),
        ),
    )
    def edit(self, pick: int, what: tuple[str, Any]) -> None:
        self.both("edit", number=self._open(pick), attribute=what[0], value=what[1])

    @precondition(lambda self: self.open_)
    @rule(pick=picks, add=st.sampled_from([True, True, False]), tag=vocabulary.tags)
    def tag(self, pick: int, add: bool, tag: str) -> None:
        number = self._open(pick)
        self.both("tag", number=number, add=add, tag=tag)
        self.tagged.add(number)

    @precondition(lambda self: self.open_)
    @rule(
        pick=picks,
        level=st.sampled_from(["debug", "info", "warning", "error"]),
        message=vocabulary.texts,
        extras=st.dictionaries(st.sampled_from(["lr", "batch"]), st.integers(0, 3)),
    )
    def say(self, pick: int, level: str, message: str, extras: dict[str, Any]) -> None:
        self.both("say", number=self._open(pick), level=level, message=message, extras=extras)

    @precondition(lambda self: self.open_)
    @rule(
        pick=picks,
        content=st.binary(max_size=4),
        name=st.sampled_from([None, "cfg", "sub/cfg.txt"]),
        set_uri=st.sampled_from([True, True, False]),
    )
    def artifact(self, pick: int, content: bytes, name: str | None, set_uri: bool) -> None:
        self.both("artifact", number=self._open(pick), content=content, name=name, set_uri=set_uri)

    @precondition(lambda self: self.open_)
    @rule(pick=picks)
    def progress(self, pick: int) -> None:
        self.both("progress", number=self._open(pick))

    # -- managing and reading ------------------------------------------------------------------

    @precondition(lambda self: self.made and self.settled)
    @rule(pick=picks)
    def delete_run(self, pick: int) -> None:
        number = self._any(pick)
        if number not in self.tagged:  # Aim gives its tags to the next run, whose row has its id
            self.both("delete_run", number=number)
            self.gone.add(number)
            self.settled = False

    @precondition(lambda self: self.made and self.settled)
    @rule(pick=picks, move=st.booleans())
    def copy_run(self, pick: int, move: bool) -> None:
        number = self._any(pick)
        if number not in self.gone and not (move and number in self.tagged):
            # Aim hangs on a run that is not there, and see `delete_run`
            self.both("copy_run", number=number, move=move)
            if move:
                self.gone.add(number)
                self.settled = False

    @precondition(lambda self: self.made and self.settled)
    @rule()
    def list_runs(self) -> None:
        self.both("list_runs")

    @precondition(lambda self: self.made and self.settled)
    @rule(pick=picks)
    def read_run(self, pick: int) -> None:
        self.both("read_run", number=self._any(pick))

    @precondition(lambda self: self.made and self.settled)
    @rule(pick=picks, key=vocabulary.keys)
    def write_to_reader(self, pick: int, key: Any) -> None:
        self.both("write_to_reader", number=self._any(pick), key=key)

    @precondition(lambda self: self.made and self.settled)
    @rule(
        pick=picks,
        what=st.one_of(
            st.tuples(st.sampled_from(["name", "description", "experiment"]), vocabulary.texts),
            st.tuples(st.just("archived"), st.booleans()),
        ),
    )
    def edit_reader(self, pick: int, what: tuple[str, Any]) -> None:
        self.both("edit_reader", number=self._any(pick), attribute=what[0], value=what[1])

    @precondition(lambda self: self.made and self.settled)
    @rule(expression=vocabulary.run_queries)
    def query_runs(self, expression: str) -> None:
        self.both("query_runs", expression=expression)

    @precondition(lambda self: self.made and self.settled)
    @rule(
        query=st.sampled_from(["metrics", "metrics", *vocabulary.KINDS]).flatmap(
            lambda kind: st.tuples(st.just(kind), vocabulary.sequence_queries(kind))
        )
    )
    def query_sequences(self, query: tuple[str, str]) -> None:
        self.both("query_sequences", kind=query[0], expression=query[1])

    @precondition(lambda self: self.made and self.settled)
    @rule(expression=vocabulary.run_queries, props=st.booleans(), params=st.booleans())
    def run_frame(self, expression: str, props: bool, params: bool) -> None:
        options = {"include_props": props, "include_params": params}
        self.both("frames", expression=expression, sequences=False, options=options)

    @precondition(lambda self: self.made and self.settled)
    @rule(
        expression=vocabulary.sequence_queries("metrics"),
        name=st.booleans(),
        context=st.booleans(),
        run=st.booleans(),
    )
    def metric_frame(self, expression: str, name: bool, context: bool, run: bool) -> None:
        options = {"include_name": name, "include_context": context, "include_run": run}
        self.both("frames", expression=expression, sequences=True, options=options)

    @precondition(lambda self: self.made and self.settled)
    @rule()
    def collect(self) -> None:
        self.both("collect", deleted=bool(self.gone))
