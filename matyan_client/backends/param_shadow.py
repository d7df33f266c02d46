"""What a run's parameters are, so that changes somewhere inside can be sent as servers take them.

Writers journal "this path becomes that"; a real server replaces whole subtrees and merges chains
of one-key objects (protocol section 4.5), so each top-level key that changed is sent whole, once
for all changes of a batch. Knows nothing of journals and connections.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from matyan_client.protocol.param_trees import TAG, child, put, remove, single_path
from matyan_client.protocol.wire import mark, no_chain, top_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ParamShadow"]

SPLIT_BYTES = 500_000
"""A top-level key larger than this is sent child by child."""


class ParamShadow:
    """Parameters of one run.

    Attributes:
        known: whether what the run held before is known.
    """

    def __init__(self) -> None:
        self.known = False
        self._new = False
        self._tree: dict[Any, Any] = {}
        self._early: list[tuple[dict[str, Any], bool]] = []
        """Changes seen before it was known what they change, and whether they are to be sent."""
        self._dirty: dict[Any, None] = {}
        self._sent: set[Any] = set()

    @property
    def dirty(self) -> bool:
        """Whether there is something to send."""
        return bool(self._dirty) or any(send for _, send in self._early)

    def learn(self, params: dict[str | int, Any] | None, *, new: bool = False) -> None:
        """Say what the run held before everything applied here.

        Args:
            params: stored JSON values; None for nothing.
            new: the run is new, so there is nothing to be replaced.
        """
        self.known, self._new = True, new
        self._tree = dict(params or {})
        early, self._early = self._early, []
        for fields, send in early:
            self.apply(fields, send=send)

    def apply(self, fields: dict[str, Any], *, send: bool = True) -> None:
        """Make a change.

        Args:
            fields: a `log_hparams` message.
            send: False: the server has it already.
        """
        if not self.known:
            self._early.append((fields, send))
            return
        changed = self._change(fields)
        if send:
            self._dirty.update(dict.fromkeys(changed))
        else:
            self._sent.update(changed)

    def _change(self, fields: dict[str, Any]) -> list[Any]:
        path, value = fields.get("path"), fields["value"]
        if fields.get("delete"):
            return self._remove(path or [])
        if path is None:
            if not value:
                return []
            path, value = single_path(value)
        else:
            for key in path:
                value = child(value, key)
        if not path:
            gone = [key for key in self._tree if key not in dict(_items(value))]
            self._tree = dict(_items(value))
            return [*gone, *self._tree]
        top, rest = path[0], path[1:]
        self._tree[top] = put(self._tree.get(top), rest, value)
        return [top]

    def _remove(self, path: list[Any]) -> list[Any]:
        if not path:
            gone = list(self._tree)
            self._tree = {}
            return gone
        top, rest = path[0], path[1:]
        if top not in self._tree:
            return []
        if rest:
            self._tree[top], _ = remove(self._tree[top], rest)
        else:
            del self._tree[top]
        return [top]

    def take(self) -> list[dict[str, Any]]:
        """The wire messages for what changed since the last call."""
        messages: list[dict[str, Any]] = []
        for key in self._dirty:
            replaces = key in self._sent or not self._new
            if key in self._tree:
                messages.extend(_set(top_key(key), self._tree[key], replaces))
            elif replaces:
                messages.append(_hparams(mark(top_key(key), None, replaces=True, deleted=True)))
            self._sent.add(key)
        self._dirty = {}
        return messages


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict) and value.get(TAG) == "map":
        return [(key, item) for key, item in value["items"]]
    return value.items() if isinstance(value, dict) else []


def _hparams(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "log_hparams", "value": value}


def _set(key: str, value: Any, replaces: bool) -> list[dict[str, Any]]:
    whole = mark(key, value, replaces=replaces)
    if _size(whole) <= SPLIT_BYTES or not _divisible(whole[key]):
        return [_hparams(whole)]
    # An empty marked object replaces all there was; what is in it follows one by one, each at the
    # end of a chain, which merges.
    opening = mark(key, {}, replaces=True, open_ended=True)
    return [_hparams(opening), *map(_hparams, _parts(whole[key], (key,)))]


def _divisible(value: Any) -> bool:
    return isinstance(value, dict) and value.get(TAG) in (None, "dict")


def _parts(marked: dict[str, Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for key, item in marked.items():
        if key == TAG:
            continue
        here = (*path, key)
        if _divisible(item) and _size(item) > SPLIT_BYTES:
            yield _chain(here, mark(key, {}, replaces=True, open_ended=True)[key])
            yield from _parts(item, here)
        else:
            yield _chain(here, no_chain(item))


def _chain(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
