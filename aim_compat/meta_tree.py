"""`run.meta_run_tree` and its siblings: Aim's storage tree of a run, as scripts read it (U24).

The trees show what the run holds, under Aim's names. What else is set is kept in the run under a
name that is no parameter to Aim's users. Knows nothing of how anything is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat._absent_members import with_absent_members
from aim_compat.context import context_from_wire
from aim_compat.errors import MissingKeyError
from aim_compat.key_order import key_order
from aim_compat.objects import CustomObjectBase, resolved
from aim_compat.objects.tree import TreeView
from aim_compat.params import HIDDEN, clean_value, look_up, path_of, writable_path
from aim_compat.sequences import class_of
from matyan_client.exceptions import ReadOnlyRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aim_compat.params import Path
    from aim_compat.run_reading import RunReader

__all__ = ["MetaRunTree", "meta_run_tree", "meta_tree"]

_OWN = "tree"
"""Where below the hidden parameter it is."""

_ATTRS = "attrs"


@with_absent_members("aim.storage.containertreeview.ContainerTreeView")
class MetaRunTree(TreeView):
    """A part of a run's tree; reads see what was written since the view was made.

    Args:
        run: the run.
        shown: what the run itself holds, by the name it has at the top.
        keeps: whether other names can be set, and parameters below `attrs`.
        above: the path of this part.
    """

    __slots__ = ("_above", "_keeps", "_run", "_shown")

    def __init__(
        self,
        run: RunReader,
        shown: dict[str, Callable[[RunReader], Any]],
        *,
        keeps: bool,
        above: Path = (),
    ) -> None:
        self._run = run
        self._shown = shown
        self._keeps = keeps
        self._above = above

    # -- reading ---------------------------------------------------------------------------------

    def view(self, path: Any, resolve: bool = False) -> Any:
        """The part at a path, there already or not; with `resolve`, an object that is there."""
        if resolve:
            found = self.get(path)
            if isinstance(found, CustomObjectBase):
                return found
        above = (*self._above, *path_of(path))
        return MetaRunTree(self._run, self._shown, keeps=self._keeps, above=above)

    def collect(self, path: Any = (), strict: bool = True, resolve_objects: bool = False) -> Any:
        """The value at a key or path; everything without one.

        Args:
            path: a key, a tuple of keys, or `...`.
            strict: taken and not needed.
            resolve_objects: give objects as dicts of their fields (P08).

        Raises:
            MissingKeyError: there is nothing (a KeyError).
        """
        del strict
        keys = path_of(path)
        try:
            found = self._at((*self._above, *keys))
        except KeyError:
            raise MissingKeyError(keys) from None
        return resolved(found) if resolve_objects else found

    def get(self, path: Any = (), default: Any = None, strict: bool = True) -> Any:
        """The value at a key or path, or `default`."""
        try:
            return self.collect(path, strict)
        except KeyError:
            return default

    def keys(self, path: Any = (), level: int | None = None) -> Iterator[Any]:
        """The keys at a path; with a `level`, tuples of that many."""
        if level is None:
            return iter(self._children(path))
        return (keys for keys, _ in self.iterlevel(path, level))

    def items_eager(self, path: Any = ()) -> list[tuple[Any, Any]]:
        """Keys and values at a path."""
        return list(self._children(path).items())

    def iterlevel(self, path: Any = (), level: int = 1) -> Iterator[tuple[Path, Any]]:
        """Paths of `level` keys, and what is there."""
        return _level(self._children(path), level)

    def _children(self, path: Any) -> dict[Any, Any]:
        found = self.collect(path)
        if isinstance(found, list):
            return dict(enumerate(found))
        return found if isinstance(found, dict) else {}

    def _at(self, path: Path) -> Any:
        if not path:
            shown = {name: read(self._run) for name, read in self._shown.items()}
            found = {name: value for name, value in shown.items() if value != {}}
            if self._keeps:
                found.update(self._run._hidden(_OWN))
            return {key: found[key] for key in sorted(found, key=key_order)}
        top, *rest = path
        if top == _ATTRS and rest:
            return self._run[tuple(rest)]
        if top not in self._shown:
            return look_up(self._run._hidden(_OWN) if self._keeps else {}, path)
        value = self._shown[str(top)](self._run)
        if value == {}:
            raise MissingKeyError(path)
        return look_up(value, tuple(rest))

    # -- writing ---------------------------------------------------------------------------------

    def __setitem__(self, key: Any, value: Any, /) -> None:
        self.set(key, value)

    def set(self, path: Any, value: Any, strict: bool = True) -> None:
        """Keep a value at a key or path of keys; below `attrs`, set a parameter of the run.

        Raises:
            KeyError: a name that shows what the run holds.
            ReadOnlyRunError: a tree that is only to read (a RuntimeError).
        """
        keys = self._writable(path)
        self._run._set_path(keys, clean_value(value, strict=strict))

    def __delitem__(self, key: Any, /) -> None:
        self._run._delete_path(self._writable(key))

    def _writable(self, path: Any) -> Path:
        keys = (*self._above, *writable_path(path))
        if not self._keeps:
            raise ReadOnlyRunError("This tree is only to read; set parameters on the run itself.")
        if keys and keys[0] == _ATTRS:
            return keys[1:]
        if keys and keys[0] in self._shown:
            raise KeyError(f"{keys[0]!r} of meta_run_tree shows the run; set it on the run itself.")
        return (HIDDEN, _OWN, *keys)


def meta_run_tree(run: RunReader) -> MetaRunTree:
    """The tree of one run: parameters, contexts, summaries of sequences, and what is set."""
    shown: dict[str, Callable[[RunReader], Any]] = {
        _ATTRS: lambda run: run[...],
        "contexts": _contexts,
        "end_time": lambda run: run.end_time,
        "traces": lambda run: run._traces(),
        "typed_traces": _by_sequence_type,
    }
    return MetaRunTree(run, shown, keeps=True)


def meta_tree(run: RunReader) -> MetaRunTree:
    """What Aim keeps for all runs at once, here of this run: names, not values."""
    shown: dict[str, Callable[[RunReader], Any]] = {
        _ATTRS: lambda run: run[...],
        "contexts": _contexts,
        "traces_types": _by_value_type,
    }
    return MetaRunTree(run, shown, keeps=False)


def _contexts(run: RunReader) -> dict[int, Any]:
    contexts = (context_from_wire(record.context) for record in run._sequences())
    return {context.idx: context.to_dict() for context in contexts}


def _by_sequence_type(run: RunReader) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for record in run._sequences():
        kind = class_of(record).sequence_name() or "sequence"
        _note(found, kind, context_from_wire(record.context).idx, record.name)
    return {kind: found[kind] for kind in sorted(found, key=key_order)}


def _by_value_type(run: RunReader) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for idx, by_name in run._traces().items():
        for name, summary in by_name.items():
            _note(found, summary["dtype"], idx, name)
    return {dtype: found[dtype] for dtype in sorted(found, key=key_order)}


def _note(found: dict[Any, Any], kind: str, idx: int, name: str) -> None:
    found.setdefault(kind, {}).setdefault(idx, {})[name] = 1


def _level(node: dict[Any, Any], level: int, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, value in node.items():
        if level <= 1:
            yield (*above, key), value
        elif isinstance(value, dict):
            yield from _level(value, level - 1, (*above, key))
