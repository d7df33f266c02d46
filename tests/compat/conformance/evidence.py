"""Which names and members of the drop-in a case uses: the evidence behind docs/compatibility.md.

While a case runs on the drop-in, what the table lists is watched: a member is noted when code that
belongs to neither package asks for it, be it by an attribute, an operator or `with`. What the
packages do among themselves proves nothing. Watching changes no behaviour.
"""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

__all__ = ["Recorder", "read_evidence", "unproven", "wanting", "write_evidence"]

Evidence = dict[str, list[str]]
"""What is proven (its dotted name in Aim) to the ids of the cases that prove it."""

_HARNESS = tuple(str(Path(__file__).with_name(f"{name}.py")) for name in ("subject", "execute"))
_MISSING: Any = object()

MADE_BY_US = {
    f"aim.{name}.__init__"
    for name in (
        "sdk.sequence.SequenceData",
        "sdk.sequence.SequenceV1Data",
        "sdk.sequence.SequenceV2Data",
        "storage.treearrayview.TreeArrayView",
    )
}
"""What scripts are given and do not make: needs no case."""


class Recorder:
    """Notes what is used while a case runs.

    Args:
        table: the drop-in's `_surface` module.
    """

    def __init__(self, table: Any) -> None:
        self._table = table
        self._case: str | None = None
        self._seen: dict[str, set[str]] = defaultdict(set)
        self.cases: set[str] = set()
        """The cases that ran to their end."""
        self._inside = _HARNESS + tuple(
            str(Path(str(importlib.import_module(name).__file__)).parent)
            for name in ("aim_compat", "matyan_client")
        )
        self._is_inside = functools.cache(lambda filename: filename.startswith(self._inside))
        self._methods: list[tuple[type, str, Any, str]] = []
        self._posts: list[tuple[type, str, Any, Any]] = []
        for row in _here(table):
            if row.is_member:
                self._post(row, *_member(row))
        for row, cls, member, original in _overrides(table):
            self._post(row, cls, member, original)
        self._titles = {
            (row.module, row.name): [row.title]
            for row in _here(table)
            if not row.is_member and not _is_class(row)
        }

        def look_up(module: ModuleType, name: str) -> Any:
            if name != "__name__":
                where = "aim" + module.__name__[len("aim_compat") :]
                self._note(self._titles.get((where, name), ()))
            return ModuleType.__getattribute__(module, name)

        self._look_up = look_up
        self._package = type("WatchedPackage", (ModuleType,), {"__getattribute__": look_up})

    def _post(self, row: Any, cls: type, member: str, original: Any) -> None:
        """Prepare a watcher for a member of a class."""
        if original is None and member.startswith("__"):
            return  # Python itself reads `__hash__ = None`
        # what a class only inherits is used for its base, too
        titles = [row.title] + [
            title
            for base, name, same, title in self._methods
            if name == member and same is original and issubclass(cls, base)
        ]
        note = functools.partial(self._note, titles)
        if hasattr(original, "__get__"):
            self._methods.append((cls, member, original, row.title))
            kind = _WatchedData if hasattr(original, "__set__") else _Watched
            watcher: Any = kind(note, original)
        else:
            watcher = _WatchedValue(note, member, original)
        self._posts.append((cls, member, watcher, vars(cls).get(member, _MISSING)))

    @contextmanager
    def during(self, case_id: str) -> Iterator[None]:
        """Watch, and note what is used as used by this case."""
        for cls, member, watcher, _ in self._posts:
            type.__setattr__(cls, member, watcher)  # past enum's own, which protects members
        package = importlib.import_module("aim_compat")
        aliases = importlib.import_module("aim_compat._aliases").AliasModule
        aliases.__getattribute__ = self._look_up
        package.__class__ = self._package
        self._case = case_id
        try:
            yield
        finally:
            self._case = None
            package.__class__ = ModuleType
            del aliases.__getattribute__
            for cls, member, _, own in self._posts:
                if own is _MISSING:
                    type.__delattr__(cls, member)
                else:
                    type.__setattr__(cls, member, own)
        self.cases.add(case_id)

    def _note(self, titles: Sequence[str]) -> None:
        """Something was asked for; whoever asked is up the stack, beyond this file."""
        if not titles or self._case is None:
            return
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        if frame is not None and not self._is_inside(frame.f_code.co_filename):
            for title in titles:
                self._seen[title].add(self._case)

    def evidence(self) -> Evidence:
        """What was used so far."""
        return {title: sorted(cases) for title, cases in sorted(self._seen.items())}


class _Watched:
    """Stands where a method of a class was, and gives what that would."""

    def __init__(self, note: Callable[[], None], original: Any) -> None:
        self.note = note
        self.original = original

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        self.note()
        return self.original.__get__(instance, owner)


class _WatchedData(_Watched):
    """The same for properties and slots, which are asked to set, too."""

    def __set__(self, instance: object, value: object) -> None:
        self.note()
        self.original.__set__(instance, value)

    def __delete__(self, instance: object) -> None:
        self.original.__delete__(instance)


class _WatchedValue:
    """Stands for an attribute that objects have; and the class, if there is an original."""

    def __init__(self, note: Callable[[], None], name: str, original: Any) -> None:
        self.note = note
        self.name = name
        self.original = original

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        found = getattr(instance, "__dict__", {}).get(self.name, self.original)
        if instance is None:
            found = self.original
        if found is _MISSING:
            raise AttributeError(
                f"{getattr(owner, '__name__', owner)!r} object has no attribute {self.name!r}"
            )
        self.note()
        return found

    def __set__(self, instance: object, value: object) -> None:
        self.note()
        vars(instance)[self.name] = value

    def __delete__(self, instance: object) -> None:
        if vars(instance).pop(self.name, _MISSING) is _MISSING:
            raise AttributeError(self.name)


def _here(table: Any) -> list[Any]:
    """The rows of what works here, those of bases before those of their subclasses.

    Not of adapters: tests/frameworks has those.
    """
    rows = [
        row
        for row in table.rows()
        if row.status is not table.Status.ABSENT
        and not table.missing_library(row.module)
        and row.module.rpartition(".")[2] not in table.FRAMEWORKS
    ]
    return sorted(rows, key=lambda row: len(table.lineage(row.name.partition(".")[0])))


def _member(row: Any) -> tuple[type, str, Any]:
    """The class, the member's name, and what the class has there."""
    owner, _, member = row.name.partition(".")
    module = importlib.import_module("aim_compat" + row.module[len("aim") :])
    cls = getattr(module, owner)
    if issubclass(cls, enum.Enum) and member in cls.__members__:
        return cls, member, cls[member]
    return cls, member, inspect.getattr_static(cls, member, _MISSING)


def _overrides(table: Any) -> Iterator[tuple[Any, type, str, Any]]:
    """What a class has of its own that Aim's inherits: row of the base, class, member, it."""
    members = [row for row in _here(table) if row.is_member]
    for row in _here(table):
        if row.is_member or table.definition(row.name) != row.title or not _is_class(row):
            continue
        bases = tuple(f"{base}." for base in table.lineage(row.name)[1:])
        for inherited in members:
            member = inherited.name.partition(".")[2]
            if inherited.title.startswith(bases) and (
                table.find(row.module, f"{row.name}.{member}") is inherited
            ):
                own = inspect.getattr_static(_class(row), member, _MISSING)
                if own is not _MISSING and own is not _member(inherited)[2]:
                    yield inherited, _class(row), member, own


# -- what is proven ------------------------------------------------------------------------------


def wanting(table: Any) -> dict[str, set[str]]:
    """What has to be proven, to the names under which that can happen.

    Members, functions and constants. A function or constant that several modules hand out is one;
    classes are proven by their members.
    """
    found: dict[str, set[str]] = {}
    first: dict[Any, str] = {}
    for row in sorted(_here(table), key=lambda row: row.title):
        if row.is_member:
            _, member, original = _member(row)
            if not (original is None and member.startswith("__")) and row.title not in MADE_BY_US:
                found[row.title] = {row.title}
        elif row.name != "__all__" and not _is_class(row):
            title = first.setdefault(row.home or (row.name, repr(row.value)), row.title)
            found.setdefault(title, set()).add(row.title)
    return found


def _class(row: Any) -> Any:
    module, _, name = row.home.partition(":")
    return getattr(importlib.import_module(module), name) if module else None


def _is_class(row: Any) -> bool:
    return isinstance(_class(row), type)


def unproven(wanted: dict[str, set[str]], evidence: Evidence) -> list[str]:
    """What no case proves."""
    return [
        title for title, names in wanted.items() if not any(evidence.get(name) for name in names)
    ]


def read_evidence(file: Path) -> Evidence:
    """What was proven when it was last written."""
    if not file.exists():
        return {}
    found: Evidence = json.loads(file.read_text(encoding="utf-8"))
    return found


def write_evidence(file: Path, evidence: Evidence) -> None:
    """Keep what is proven."""
    file.write_text(json.dumps(evidence, indent=1) + "\n", encoding="utf-8")
