"""`obj.storage`: the tree that holds all there is to one of Aim's objects (behaviour O03, O08).

Aim's `InMemoryTreeView` over dicts and lists: values are copied on the way in and on the way out.
"""

from __future__ import annotations

from copy import deepcopy
from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeAlias

from aim_compat.views import TreeArrayView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CustomObjectBase", "Deferred", "InMemoryTreeView", "TreeView", "resolved"]

Key: TypeAlias = "str | int"
Path: TypeAlias = "Key | tuple[Key, ...] | list[Key] | EllipsisType"


class CustomObjectBase:
    """What every object with a `storage` is an instance of."""

    storage: InMemoryTreeView


class Deferred:
    """A field that is worked out when it is first asked for."""

    __slots__ = ("compute",)

    def __init__(self, compute: Callable[[], Any]) -> None:
        self.compute = compute


class TreeView:
    """A tree of plain values by paths of keys; a path is a key, a tuple of keys, or `...` for all.

    What is common to Aim's views of trees; `InMemoryTreeView` is the one there is here.
    """

    __slots__ = ()

    def view(self, path: Path, resolve: bool = False) -> Any:
        """The part at a path, as a view or as the object that is there."""
        raise NotImplementedError

    def subtree(self, path: Path) -> Any:
        """The same as `view`."""
        return self.view(path)

    def collect(self, path: Path = (), strict: bool = True, resolve_objects: bool = False) -> Any:
        """A copy of the part at a path as dicts, lists, plain values and objects."""
        raise NotImplementedError

    def __getitem__(self, key: Path, /) -> Any:
        return self.collect(key)

    def get(self, path: Path = (), default: Any = None) -> Any:
        """The part at a path, or `default` where a key is missing."""
        try:
            return self[path]
        except KeyError:
            return default

    def __setitem__(self, key: Path, value: Any, /) -> None:
        raise NotImplementedError

    def set(self, path: Path, value: Any, strict: bool = True) -> None:
        """Put a value at a path."""
        del strict
        self[path] = value

    def __delitem__(self, key: Path, /) -> None:
        raise NotImplementedError

    def make_array(self, path: Path = ()) -> None:
        """Put an empty list at a path."""
        self[path] = []

    def keys(self, path: Path = (), level: int | None = None) -> Iterator[Key]:
        """Keys of the dict at a path."""
        raise NotImplementedError

    def keys_eager(self, path: Path = ()) -> list[Key]:
        """The same as a list."""
        return list(self.keys(path))

    def items(self, path: Path = ()) -> Iterator[tuple[Key, Any]]:
        """Keys and copies of the values of the dict at a path."""
        return iter(self.items_eager(path))

    def items_eager(self, path: Path = ()) -> list[tuple[Key, Any]]:
        """The same as a list."""
        return list(self.collect(path).items())

    def array(self, path: Path = (), dtype: Any = None) -> TreeArrayView:
        """The list at a path, or the dict with numbers for keys, as a view by position."""

        def read() -> tuple[list[int], list[Any]]:
            found = self.collect(path)
            items = found.items() if isinstance(found, dict) else enumerate(found)
            steps, values = zip(*sorted(items), strict=True) if found else ((), ())
            return list(steps), list(values)

        return TreeArrayView(read, dtype)

    def first_key(self, path: Path = ()) -> Key:
        """The first key of the dict at a path; KeyError if it is empty."""
        return self._end(path, 0)

    def last_key(self, path: Path = ()) -> Key:
        """The last key of the dict at a path; KeyError if it is empty."""
        return self._end(path, -1)

    def _end(self, path: Path, at: int) -> Key:
        keys = self.keys_eager(path)
        if not keys:
            raise KeyError(path)
        return keys[at]

    def preload(self) -> None:
        """Taken and not needed: everything is at hand."""

    def finalize(self, index: TreeView) -> None:
        """Taken and not needed: there is no index."""
        del index


class InMemoryTreeView(TreeView):
    """A tree in memory.

    Args:
        container: dicts and lists of plain values, `BLOB`s and objects.
        constructed: copy what is set; without, the tree shares it with the caller.
    """

    __slots__ = ("_constructed", "container")

    def __init__(self, container: Any, constructed: bool = True) -> None:
        self._constructed = constructed
        self.container = container

    def view(self, path: Path, resolve: bool = False) -> Any:
        """The part at a path, as a view of the same data, or as the object that is there.

        Raises:
            AssertionError: an empty path.
            KeyError: there is nothing.
        """
        del resolve
        keys = _keys(path)
        assert keys, "a path of at least one key is needed"
        found = self._at(keys)
        return found if isinstance(found, CustomObjectBase) else InMemoryTreeView(found)

    def collect(self, path: Path = (), strict: bool = True, resolve_objects: bool = False) -> Any:
        """A copy of the part at a path, everything without one.

        Raises:
            KeyError: there is nothing.
            NotImplementedError: `strict=False`, as in Aim.
        """
        if not strict:
            raise NotImplementedError("A tree in memory has no non-strict mode.")
        found = deepcopy(_settled(self._at(_keys(path))))
        return resolved(found) if resolve_objects else found

    def __setitem__(self, key: Path, value: Any, /) -> None:
        *above, last = _keys_to_change(key)
        self._at(above)[last] = deepcopy(value) if self._constructed else value

    def __delitem__(self, key: Path, /) -> None:
        *above, last = _keys_to_change(key)
        del self._at(above)[last]

    def _at(self, keys: list[Key]) -> Any:
        found = self.container
        for key in keys:
            if isinstance(found, CustomObjectBase):
                found = found.storage.container
            value = found[key]
            if isinstance(value, Deferred):
                value = found[key] = value.compute()
            found = value
        return found

    def keys(self, path: Path = (), level: int | None = 0) -> Iterator[Key]:
        """Keys of the dict at a path.

        Raises:
            NotImplementedError: `level` above 0, as in Aim.
        """
        if level:
            raise NotImplementedError("A tree in memory has no iteration by levels.")
        return iter(list(self._at(_keys(path))))

    def iterlevel(self, path: Path = (), level: int = 1) -> Iterator[tuple[Any, Any]]:
        """Not there in Aim either.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("A tree in memory has no iteration by levels.")

    def __contains__(self, key: object) -> bool:
        return key in self.container

    def __iter__(self) -> Iterator[Key]:
        return iter(self.container)

    def __len__(self) -> int:
        return len(self.container)

    def __getstate__(self) -> dict[str, Any]:
        """What is worked out later is worked out now: how does not leave the process."""
        return {"_constructed": self._constructed, "container": _settled(self.container)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["container"], state["_constructed"])  # type: ignore[misc]  # of this class

    def __repr__(self) -> str:
        return f"InMemoryTreeView({self.container!r:.200})"


def _keys(path: Path) -> list[Key]:
    if isinstance(path, EllipsisType):
        return []
    return [path] if isinstance(path, (str, int)) else list(path)


def _keys_to_change(path: Path) -> list[Key]:
    keys = _keys(path)
    assert keys, "the whole of a storage cannot be replaced or deleted; name a key"
    return keys


def _settled(value: Any) -> Any:
    """The value with every deferred field in it worked out, in place."""
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = item.compute() if isinstance(item, Deferred) else item
    return value


def resolved(value: Any) -> Any:
    """The value with every object in it as the dict of its fields."""
    if isinstance(value, CustomObjectBase):
        return resolved(value.storage.collect())
    if isinstance(value, dict):
        return {key: resolved(item) for key, item in value.items()}
    return [resolved(item) for item in value] if isinstance(value, list) else value
