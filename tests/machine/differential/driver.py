"""Carrying out calls, given as data, on one subject; and saying what was seen.

The same code runs on either subject and never asks which one it is. Runs are referred to by the
number of the order in which they were made. A run is either open for writing, or everything
written is readable: real Aim cannot read a run whose writer lives in the same process.

Where something is sorted or left out before it is noted, a comment names the reason.
"""

from __future__ import annotations

import gc
import json
import time
import warnings
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from conformance.normalise import raised
from conformance.subject import Subject
from conformance.world import World

from differential.recipes import build

__all__ = ["Driver"]

GETTERS = {
    "metric": "get_metric",
    "images": "get_image_sequence",
    "audios": "get_audio_sequence",
    "texts": "get_text_sequence",
    "distributions": "get_distribution_sequence",
    "figures": "get_figure_sequence",
}
KINDS = tuple(GETTERS)
SECOND = "second"
"""Directory of the repository that runs are copied and moved to."""


class Driver:
    """One subject, one repository, and the runs made in it."""

    def __init__(self, subject: Subject, directory: Path, scratch: Path) -> None:
        subject.prepare(str(directory), scratch)
        self.directory = directory
        self._held = ExitStack()  # as long as the process lasts
        self._world = World(subject, str(directory), scratch, self._held)
        self._hashes: list[str] = []
        self._writers: dict[int, Any] = {}
        self._unread = False

    def do(self, call: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry out a call; what was seen, by label."""
        self._world.observations = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(self, call)(**build(arguments, self._world.aim))
        return self._world.observations

    def finish(self) -> None:
        """Close what is open."""
        for number in list(self._writers):
            self._writers.pop(number).close()
        gc.collect()

    # -- opening and closing -------------------------------------------------------------------

    def open(self, experiment: str | None) -> None:
        """A new run."""
        run = self._world.run(experiment=experiment)
        # so that no two runs are made in the same millisecond, which would leave their order open
        time.sleep(0.002)
        number = len(self._hashes)
        self._hashes.append(run.hash)
        self._writers[number] = run
        self._unread = True
        self._world.see("hash", lambda: run.hash)
        self._see_properties(run)

    def resume(self, number: int, experiment: str | None) -> None:
        """A finished run, opened to go on."""
        self._world.see("resume", lambda: self._resume(number, experiment))
        if number in self._writers:
            self._see_properties(self._writers[number])
            self._world.see("params", lambda: plain(self._writers[number].get(..., {})))

    def _resume(self, number: int, experiment: str | None) -> str:
        self._world.look_again()
        run = self._world.run(self._hashes[number], experiment=experiment)
        self._writers[number] = run
        self._unread = True
        return run.hash

    def close(self, number: int) -> None:
        """Close a run and let go of it."""
        run = self._writers.pop(number)
        self._world.see("close", run.close)
        del run
        gc.collect()

    # -- params --------------------------------------------------------------------------------

    def set_param(self, number: int, key: Any, value: Any, strict: bool) -> None:
        """Set a parameter and read it back."""
        run = self._writers[number]
        if strict:
            self._world.see("set", lambda: run.__setitem__(key, value))
        else:
            self._world.see("set", lambda: run.set(key, value, strict=False))
        self._world.see("item", lambda: plain(run[key]))
        self._world.see("all", lambda: in_order(run[...]))

    def get_param(self, number: int, key: Any, default: Any) -> None:
        """Read a parameter in all ways there are."""
        run = self._writers[number]
        self._world.see("item", lambda: plain(run[key]))
        self._world.see("get", lambda: plain(run.get(key)))
        self._world.see("get default", lambda: plain(run.get(key, default)))

    def delete_param(self, number: int, key: Any) -> None:
        """Remove a parameter."""
        run = self._writers[number]
        self._world.see("delete", lambda: run.__delitem__(key))
        self._world.see("all", lambda: in_order(run.get(..., {})))

    # -- tracking ------------------------------------------------------------------------------

    def track(
        self, number: int, value: Any, name: Any, step: Any, epoch: Any, context: Any
    ) -> None:
        """Track one value, or a dict of them."""
        run = self._writers[number]
        self._world.see(
            "track", lambda: run.track(value, name=name, step=step, epoch=epoch, context=context)
        )
        if isinstance(name, str):
            self._see_one_series(run, name, context)

    def track_many(self, number: int, values: list[Any], name: str, context: Any) -> None:
        """A loop without steps."""
        run = self._writers[number]
        self._world.see("loop", lambda: [run.track(v, name=name, context=context) for v in values])
        self._see_one_series(run, name, context)

    def series(self, number: int) -> None:
        """All series of a run that is being written."""
        self._see_series(self._writers[number])

    # -- properties, messages, artifacts -------------------------------------------------------

    def edit(self, number: int, attribute: str, value: Any) -> None:
        """Set one of the properties that can be set."""
        run = self._writers[number]
        self._world.see("set", lambda: setattr(run, attribute, value))
        self._world.see("get", lambda: getattr(run, attribute))

    def tag(self, number: int, add: bool, tag: str) -> None:
        """Add or remove a tag."""
        run = self._writers[number]
        self._world.see("tag", lambda: (run.add_tag if add else run.remove_tag)(tag))
        self._world.see("tags", lambda: list(run.tags))

    def say(self, number: int, level: str, message: str, extras: dict[str, Any]) -> None:
        """Log a message."""
        run = self._writers[number]
        self._world.see("log", lambda: getattr(run, f"log_{level}")(message, **extras))
        self._world.see("records", lambda: records(run))

    def artifact(self, number: int, content: bytes, name: str | None, set_uri: bool) -> None:
        """Keep a file, having said where to or not."""
        run = self._writers[number]
        if set_uri:
            target = Path(self._world.directory, "artifacts")
            self._world.see("uri", lambda: run.set_artifacts_uri(f"file://{target}"))
        path = self._world.file("notes.txt", content)
        self._world.see("log", lambda: run.log_artifact(path, name=name))
        self._world.see("names", lambda: sorted(run.artifacts))
        for key in sorted(run.artifacts):
            self._world.see(f"content of {key}", lambda key=key: self._content(run, key))

    def _content(self, run: Any, key: str) -> bytes:
        folder = Path(self._world.directory, "downloads")
        folder.mkdir(exist_ok=True)
        return Path(run.artifacts[key].download(str(folder))).read_bytes()

    def progress(self, number: int) -> None:
        """Report progress."""
        run = self._writers[number]
        self._world.see("progress", lambda: run.report_progress(expect_next_in=60))

    # -- managing ------------------------------------------------------------------------------

    def delete_run(self, number: int) -> None:
        """Delete a run that nobody writes."""
        self._world.see("delete", lambda: self._world.repo.delete_run(self._hashes[number]))
        self._forget()

    def _forget(self) -> None:
        self._unread = True
        self._world.look_again()

    def copy_run(self, number: int, move: bool) -> None:
        """Copy or move a run to a second repository."""
        second = Path(self._world.directory, SECOND)
        if not second.exists():
            self._world.other_repository(SECOND)
        there = self._world.aim.Repo.from_path(str(second))
        act = self._world.repo.move_runs if move else self._world.repo.copy_runs
        self._world.see("act", lambda: act([self._hashes[number]], there))
        if move:
            self._forget()
        self._world.sync(str(second))
        there = self._world.aim.Repo.from_path(str(second))
        self._world.see("runs there", lambda: len(there.list_all_runs()))
        run = there.get_run(self._hashes[number])
        self._world.see("found there", lambda: run is not None)
        if run is not None:
            self._see_run(run)

    # -- reading -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Close all runs and make what was written readable."""
        for number in list(self._writers):
            run = self._writers.pop(number)
            self._world.see(f"close {number}", run.close)
            del run
        gc.collect()
        if self._unread:
            self._world.sync()
            self._unread = False

    def list_runs(self) -> None:
        """Which runs there are."""
        repo = self._world.repo
        # in the order of random hashes on either subject
        self._world.see("list_all_runs", lambda: self._sorted(repo.list_all_runs()))
        self._world.see("iter_runs", lambda: self._sorted(run.hash for run in repo.iter_runs()))
        self._world.see(
            "order", lambda: [c.run.hash for c in self._world.query("runs", "").iter_runs()]
        )

    def read_run(self, number: int) -> None:
        """Everything one run holds."""
        run = self._world.repo.get_run(self._hashes[number])
        self._world.see("found", lambda: run is not None)
        if run is not None:
            self._see_run(run)
            self._world.see("artifacts", lambda: sorted(run.artifacts))
            self._world.see("records", lambda: records(run))
            self._world.see("frame", lambda: rows(run.dataframe()))

    def write_to_reader(self, number: int, key: Any) -> None:
        """What a run that only reads makes of writing."""
        run = self._world.repo.get_run(self._hashes[number])
        if run is None:
            return
        self._world.see("set", lambda: run.__setitem__(key, 1))
        self._world.see("delete", lambda: run.__delitem__(key))
        self._world.see("track", lambda: run.track(1.0, name="loss"))
        self._world.see("params", lambda: in_order(run.get(..., {})))

    def edit_reader(self, number: int, attribute: str, value: Any) -> None:
        """Set a property of a run that only reads."""
        run = self._world.repo.get_run(self._hashes[number])
        if run is not None:
            self._world.see("set", lambda: setattr(run, attribute, value))
            self._world.see("get", lambda: getattr(run, attribute))

    def query_runs(self, expression: str) -> None:
        """Runs that an expression finds."""
        self._world.see(
            "runs", lambda: [c.run.hash for c in self._world.query("runs", expression).iter_runs()]
        )

    def query_sequences(self, kind: str, expression: str) -> None:
        """Series that an expression finds."""
        found = lambda: self._world.query(kind, expression)  # noqa: E731  # built when looked at
        self._world.see(
            "series", lambda: [[s.run.hash, s.name, spelled(s.context.to_dict())] for s in found()]
        )
        self._world.see(
            "by run",
            lambda: [[c.run.hash, [s.name for s in c]] for c in found().iter_runs()],
        )

    def frames(self, expression: str, sequences: bool, options: dict[str, bool]) -> None:
        """The data frame of a query."""
        kind = "metrics" if sequences else "runs"
        self._world.see(
            "frame", lambda: rows(self._world.query(kind, expression).dataframe(**options))
        )

    def collect(self, deleted: bool) -> None:
        """What kinds of things a repository holds; and whether runs were deleted from it."""
        del deleted  # of interest to whoever compares
        repo = self._world.repo
        self._world.see("params", repo.collect_params_info)
        self._world.see(
            "sequences",
            lambda: {
                kind: {name: by_text(map(spelled, contexts)) for name, contexts in names.items()}
                for kind, names in repo.collect_sequence_info(KINDS).items()
            },
        )

    # -- looking -------------------------------------------------------------------------------

    def _sorted(self, hashes: Any) -> list[Any]:
        known = {run_hash: number for number, run_hash in enumerate(self._hashes)}
        return sorted(known[run_hash] for run_hash in hashes)

    def _see_run(self, run: Any) -> None:
        self._see_properties(run)
        self._world.see("read only", lambda: run.read_only)
        self._world.see("ended", lambda: (run.finalized_at, run.end_time, run.duration >= 0))
        self._world.see("params", lambda: in_order(run[...]))
        self._see_series(run)

    def _see_properties(self, run: Any) -> None:
        for name in ("name", "description", "experiment", "archived", "active", "created_at"):
            self._world.see(name, lambda name=name: getattr(run, name))
        self._world.see("tags", lambda: list(run.tags))

    def _see_series(self, run: Any) -> None:
        label = "metrics of an archived run" if run.archived else "metrics"
        self._world.see(
            label, lambda: [[m.name, spelled(m.context.to_dict())] for m in run.metrics()]
        )
        info = run.collect_sequence_info(KINDS)
        self._world.see("info", lambda: {kind: named(entries) for kind, entries in info.items()})
        for kind in KINDS:
            for entry in info[kind]:
                self._see_series_of(kind, run, entry["name"], entry["context"])

    def _see_one_series(self, run: Any, name: str, context: Any) -> None:
        try:
            made = self._world.context(context)
            for kind in KINDS:
                if getattr(run, GETTERS[kind])(name, made) is not None:
                    self._see_series_of(kind, run, name, context)
        except Exception as error:  # noqa: BLE001  # an exception is an observation here
            self._world.observations["series"] = raised(error, list)

    def _see_series_of(self, kind: str, run: Any, name: str, context: Any) -> None:
        where = f"{kind} {name} {json.dumps(spelled(context), default=repr)}"
        made = self._world.context(context)
        series = getattr(run, GETTERS[kind])(name, made)
        see = self._world.see
        see(f"{where}: data", lambda: plain(series.data.items_list()))
        see(f"{where}: first step", series.first_step)
        see(f"{where}: last step", series.last_step)
        if kind == "metric":
            # Aim's views of metrics are in the order of 64-bit hashes of steps
            see(f"{where}: values", lambda: sorted(map(repr, series.values.values_list())))
            see(f"{where}: frame", lambda: rows(series.dataframe()))
        else:
            see(f"{where}: values", lambda: plain(series.values.sparse_list()))
            see(f"{where}: list", lambda: plain(series.values.tolist()))
        if kind in ("images", "audios", "texts"):
            see(f"{where}: record length", series.record_length)


def plain(value: Any) -> Any:
    """A value with the objects in it told by what they hold."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    kind = type(value).__name__
    if kind == "Image":
        import numpy as np

        return [kind, value.json(), np.asarray(value.to_pil_image()).tolist()]
    if kind == "Text":
        return [kind, value.data]
    if kind == "Audio":
        return [kind, value.json(), value.get().read()]
    if kind == "Distribution":
        counts, edges = value.to_np_histogram()
        return [kind, counts.tolist(), edges.tolist()]
    if kind == "Figure":
        return [kind, value.to_plotly_figure().to_dict()["data"][0]["type"]]
    return value


def spelled(context: Any) -> Any:
    """A context in one of its spellings; which of several equal ones is kept is a matter of luck
    (Aim: of the series that was begun last)."""
    if isinstance(context, dict):
        return {key: spelled(context[key]) for key in sorted(context, key=repr)}
    return int(context) if isinstance(context, (bool, float)) else context


def in_order(value: Any) -> Any:
    """A value in which the order of keys can be told."""
    value = plain(value)
    if isinstance(value, dict):
        return [[key, in_order(item)] for key, item in value.items()]
    if isinstance(value, list):
        return [in_order(item) for item in value]
    return value


def named(entries: list[dict[str, Any]]) -> list[Any]:
    """Entries of `collect_sequence_info`, with their values where they are plain."""
    return [
        [entry["name"], spelled(entry["context"]), plain(entry.get("values"))] for entry in entries
    ]


def by_text(items: Iterable[Any]) -> list[Any]:
    """Items of which several may come from several runs, in the order of random run hashes."""
    return sorted(items, key=lambda item: json.dumps(item, default=repr, sort_keys=True))


def records(run: Any) -> Any:
    """Messages logged on a run."""
    found = run.get_log_records()
    if found is None:
        return None
    return [[r.message, r.level, r.json()] for r in found.values.values()]


def rows(frame: Any) -> Any:
    """A data frame, column by column."""
    if frame is None:
        return None
    # which dtype text columns have is a matter of the version of pandas
    return [
        [
            str(name),
            frame[name].dtype.name if frame[name].dtype.kind in "iufb" else "",
            frame[name].tolist(),
        ]
        for name in frame.columns
    ]
