"""`run.meta_run_tree`: the little of Aim's storage tree that other packages use (U24).

What is set here is kept in the run under a name that is no parameter to Aim's users; `attrs`,
`traces` and `end_time` show what the run holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat._absent_members import with_absent_members
from aim_compat.errors import MissingKeyError
from aim_compat.params import HIDDEN, clean_value, look_up, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aim_compat.run_reading import RunReader

__all__ = ["MetaRunTree"]

_OWN = "tree"
"""Where below the hidden parameter it is."""

_SHOWN = ("attrs", "end_time", "traces")


@with_absent_members("aim.storage.containertreeview.ContainerTreeView")
class MetaRunTree:
    """A tree of plain values kept with a run."""

    def __init__(self, run: RunReader) -> None:
        self._run = run

    def __getitem__(self, key: Any) -> Any:
        return self.collect(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: Any) -> None:
        self._run._delete_path((HIDDEN, _OWN, *path_of(key)))

    def set(self, key: Any, value: Any, strict: bool = True) -> None:
        """Keep a value at a key or path of keys."""
        path = path_of(key)
        if path and path[0] in _SHOWN:
            raise KeyError(f"{path[0]!r} of meta_run_tree shows the run; set it on the run itself.")
        self._run._set_path((HIDDEN, _OWN, *path), clean_value(value, strict=strict))

    def get(self, key: Any, default: Any = None) -> Any:
        """The value at a key or path, or `default`."""
        try:
            return self.collect(key)
        except KeyError:
            return default

    def collect(self, key: Any = (), strict: bool = True) -> Any:
        """The value at a key or path; everything without one.

        Raises:
            MissingKeyError: there is nothing (a KeyError).
        """
        del strict
        path = path_of(key)
        try:
            return look_up(self._tree(path[0] if path else None), path)
        except MissingKeyError:
            raise MissingKeyError(path) from None

    def keys(self) -> Iterator[str | int]:
        """The keys at the top."""
        return iter(self._tree(None))

    def items(self) -> Iterator[tuple[str | int, Any]]:
        """Keys and values at the top."""
        return iter(self._tree(None).items())

    def _tree(self, top: str | int | None) -> dict[str | int, Any]:
        if top in _SHOWN:
            return {top: self._shown(str(top))} if top is not None else {}
        own = self._run._hidden(_OWN)
        if top is not None:
            return own
        return {**own, **{name: self._shown(name) for name in _SHOWN}}

    def _shown(self, name: str) -> Any:
        if name == "attrs":
            return self._run[...]
        if name == "end_time":
            return self._run.end_time
        return self._run._traces()
