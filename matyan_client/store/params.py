"""Parameters of runs in the database: exact replacement of subtrees, and the index of scalars."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from matyan_client.objects.params import from_json
from matyan_client.protocol import param_trees as trees
from matyan_client.protocol.records import StoredObject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

__all__ = [
    "decode_param",
    "index_path",
    "index_value",
    "read_params",
    "remove_param",
    "set_param",
]

_SEPARATOR = "\x1f"
INDEXED_TEXT_MAX = 512
"""How much of a text, in characters, goes into the index."""


def index_path(path: Iterable[str]) -> str:
    """One text for a path of keys."""
    return _clean(_SEPARATOR.join(path))


def index_value(value: Any) -> Any:
    """What the index holds for a scalar: monotonic, so that bounds stay bounds.

    Texts are cut, ints beyond 64 bits become doubles, beyond those infinite.
    """
    if isinstance(value, str):
        return _clean(value[:INDEXED_TEXT_MAX])
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def _clean(text: str) -> str:
    # SQLite takes no lone surrogates; JSON text escapes them, the index may blur them.
    return text.encode("utf-8", "replace").decode("utf-8")


def read_params(
    connection: sqlite3.Connection, run_ids: Sequence[int]
) -> dict[int, dict[Any, Any]]:
    """JSON values of all parameters of some runs, in the order they were first set."""
    found: dict[int, dict[Any, Any]] = {run_id: {} for run_id in run_ids}
    marks = ",".join("?" * len(run_ids))
    rows = connection.execute(
        f"SELECT run_id, key, value FROM params WHERE run_id IN ({marks}) ORDER BY run_id, place",
        run_ids,
    )
    for run_id, key, value in rows:
        found[run_id][_decode_key(key)] = json.loads(value)
    return found


def decode_param(value: Any) -> Any:
    """The parameter value of a JSON value; objects in it become `StoredObject`."""
    return from_json(value, decode_object=_stored_object)


def _stored_object(value: dict[str, Any]) -> StoredObject:
    fields = decode_param(value["fields"]) if "fields" in value else {}
    return StoredObject(value, fields if isinstance(fields, dict) else {})


def _encode_key(key: str | int) -> Any:
    # Lone surrogates again; "\x00" starts no sensible key.
    if isinstance(key, str) and not key.isascii():
        try:
            key.encode()
        except UnicodeEncodeError:
            return "\x01" + json.dumps(key)
    return key


def _decode_key(key: Any) -> Any:
    if isinstance(key, str) and key.startswith("\x01"):
        return json.loads(key[1:])
    return key


def set_param(
    connection: sqlite3.Connection,
    run_id: int,
    path: Sequence[str | int],
    value: Any,
    *,
    texts: bool = False,
) -> None:
    """Replace exactly the subtree at `path`; the empty path stands for all parameters.

    `texts`: a list on the way gets texts for keys, not numbers, when it becomes a dict.
    """
    if not path:
        connection.execute("DELETE FROM params WHERE run_id = ?", (run_id,))
        connection.execute("DELETE FROM param_index WHERE run_id = ?", (run_id,))
        for key, item in _items(value):
            _store(connection, run_id, key, item)
        return
    key, rest = path[0], path[1:]
    if rest:
        old = _load(connection, run_id, key)
        value = trees.put(old, rest, value, texts=texts)
    _store(connection, run_id, key, value)


def remove_param(connection: sqlite3.Connection, run_id: int, path: Sequence[str | int]) -> None:
    """Remove the subtree at `path`, if it is there."""
    if not path:
        set_param(connection, run_id, (), {})
        return
    key, rest = path[0], path[1:]
    if rest:
        old = _load(connection, run_id, key)
        new, found = trees.remove(old, rest)
        if found:
            _store(connection, run_id, key, new)
        return
    connection.execute(
        "DELETE FROM params WHERE run_id = ? AND key = ?", (run_id, _encode_key(key))
    )
    connection.execute(
        "DELETE FROM param_index WHERE run_id = ? AND key = ?",
        (run_id, _encode_key(key)),
    )


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict) and value.get(trees.TAG) == "map":
        return [(key, item) for key, item in value["items"]]
    return value.items() if isinstance(value, dict) else ()


def _load(connection: sqlite3.Connection, run_id: int, key: str | int) -> Any:
    row = connection.execute(
        "SELECT value FROM params WHERE run_id = ? AND key = ?",
        (run_id, _encode_key(key)),
    ).fetchone()
    return None if row is None else json.loads(row[0])


def _store(connection: sqlite3.Connection, run_id: int, key: str | int, value: Any) -> None:
    stored = _encode_key(key)
    connection.execute(
        "INSERT INTO params (run_id, key, value, place) VALUES (?1, ?2, ?3,"
        " (SELECT coalesce(max(place), 0) + 1 FROM params WHERE run_id = ?1))"
        " ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value",
        (run_id, stored, json.dumps(value, separators=(",", ":"))),
    )
    connection.execute("DELETE FROM param_index WHERE run_id = ? AND key = ?", (run_id, stored))
    if isinstance(key, str):
        connection.executemany(
            "INSERT INTO param_index (path, value, run_id, key) VALUES (?, ?, ?, ?)",
            [
                (index_path(path), index_value(from_json(scalar)), run_id, stored)
                for path, scalar in trees.leaves(value, (key,))
            ],
        )
