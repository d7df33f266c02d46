"""Run parameters as Aim sees them: what may be stored, in which order it comes back.

Turns keys into paths and values into what `matyan_client.Run.set_param` takes, and stored trees
into plain Python values. Behaviour P01 to P08; where we take more than Aim, the table in
`clean_value` says so.
"""

from __future__ import annotations

import datetime as dt
import enum
import os
import sys
from pathlib import PurePath
from types import EllipsisType
from typing import TYPE_CHECKING, Any, TypeAlias

from aim_compat.errors import MissingKeyError, key_unsupported, value_unsupported
from aim_compat.key_order import key_order
from aim_compat.objects import CustomObjectBase, aim_type, list_to_wire, to_wire
from aim_compat.typenames import get_object_typename
from aim_compat.types import BLOB
from matyan_client.exceptions import InvalidInputError, OutOfRangeError
from matyan_client.objects import Blob
from matyan_client.objects.base import Trackable
from matyan_client.objects.params import MAX_DEPTH
from matyan_client.protocol.records import StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "HIDDEN",
    "Path",
    "clean_value",
    "example_types",
    "flatten",
    "look_up",
    "ordered",
    "path_of",
    "visible",
    "wire_list",
    "wire_object",
    "with_emptied_parents",
    "writable_path",
]

Path: TypeAlias = "tuple[str | int, ...]"

HIDDEN = "__aim_compat__"
"""The parameter that holds what Aim keeps beside a run's parameters (`run.meta_run_tree`,
artifacts); not shown among them."""

_FLATTEN_DEPTH = 3


def path_of(key: Any) -> Path:
    """The path a parameter key stands for: `...` and `()` are everything, tuples are paths.

    Raises:
        InvalidInputError: a key that is neither text nor an int (a ValueError, behaviour P04).
        OutOfRangeError: an int beyond 64 bits (an OverflowError).
    """
    if isinstance(key, EllipsisType):
        return ()
    parts = tuple(key) if isinstance(key, (tuple, list)) else (key,)
    return tuple(_checked_key(part) for part in parts)


def _checked_key(key: Any) -> str | int:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        number = int(key)
        if not -(1 << 63) <= number < 1 << 63:
            raise OutOfRangeError(f"A parameter key of {number.bit_length()} bits is too large.")
        return number
    raise key_unsupported(key)


def writable_path(key: Any) -> Path:
    """The path to write at; as `path_of`, but a key must not be empty (P04: Aim cannot read it)."""
    path = path_of(key)
    if "" in path:
        raise InvalidInputError("A parameter key must not be empty.")
    return path


def clean_value(value: Any, *, strict: bool) -> Any:
    """A parameter value in terms of what both packages store alike.

    | given | strict | not strict |
    |---|---|---|
    | None, bool, int, float, str, bytes, their subclasses | the value | the value |
    | list, tuple | list | list |
    | dict and subclasses, keys text or int | dict | dict |
    | OmegaConf config | resolved to dicts and lists | the same |
    | Image, Audio, ..., objects of one's own, BLOBs | the object | the object |
    | numpy scalar, path, date, time, enum member, set (better than Aim) | its value | `repr()` |
    | anything else | TypeError | `repr()` |

    Raises:
        InvalidTypeError: strict, and a value Aim's users would not expect to be stored (behaviour
            P03; a TypeError).
        InvalidInputError: a dict key that is neither text nor an int, or nesting without end.
    """
    return _clean(value, strict, 0)


def _clean(value: Any, strict: bool, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise InvalidInputError(
            f"A parameter is nested more than {MAX_DEPTH} levels deep, or contains itself."
        )
    if value is None or type(value) in (bool, int, float, str, bytes):
        return value
    if isinstance(value, (int, float)):
        return value.__index__() if isinstance(value, int) else float(value)
    if isinstance(value, str):
        return value.value if isinstance(value, enum.Enum) else str.__str__(value)
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [_clean(item, strict, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_checked_key(key): _clean(item, strict, depth + 1) for key, item in value.items()}
    if isinstance(value, CustomObjectBase):
        return wire_object(value, depth + 1)
    if isinstance(value, BLOB):
        return Blob(value.load())
    if isinstance(value, Trackable):
        return value
    container = _omegaconf(value)
    if container is not None:
        return _clean(container, strict, depth + 1)
    if not strict:
        return repr(value)
    return _clean_better(value, depth)


def wire_object(item: CustomObjectBase, depth: int = 0) -> Trackable:
    """One of Aim's objects, or of one's own, as what `matyan_client` stores.

    Raises:
        InvalidTypeError: a field that cannot be stored (a TypeError, behaviour O08).
    """
    return to_wire(item, lambda fields: _clean(fields, True, depth))


def wire_list(items: Sequence[Any]) -> list[Trackable]:
    """A list that is tracked, as what `matyan_client` stores (behaviour T01, T08).

    Raises:
        InvalidTypeError: an item that cannot be stored (a TypeError).
    """
    first_type = get_object_typename(items[0])
    return list_to_wire(items, first_type, lambda value: clean_value(value, strict=True))


def _clean_better(value: Any, depth: int) -> Any:
    """What Aim refuses for no reason a user would want."""
    if isinstance(value, enum.Enum):
        return _clean(value.value, True, depth + 1)
    if isinstance(value, PurePath):
        return os.fspath(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return _sorted_list([_clean(item, True, depth + 1) for item in value])
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        item = value.item()
        if isinstance(item, (bool, int, float, str, bytes, dt.date)):
            return _clean(item, True, depth + 1)
    raise value_unsupported(value)


def _sorted_list(items: list[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=lambda item: (type(item).__name__, repr(item)))


def _omegaconf(value: Any) -> Any:
    library = sys.modules.get("omegaconf")
    if library is None or not isinstance(value, library.Container):
        return None
    return library.OmegaConf.to_container(value, resolve=True)


# -- reading ---------------------------------------------------------------------------------------


def ordered(value: Any, decode: Callable[[StoredObject], Any]) -> Any:
    """A stored tree as plain Python values: keys in Aim's order, objects decoded."""
    if isinstance(value, StoredObject):
        return decode(value)
    if isinstance(value, dict):
        return {key: ordered(value[key], decode) for key in sorted(value, key=key_order)}
    if isinstance(value, list):
        return [ordered(item, decode) for item in value]
    return value


def visible(params: dict[str, Any] | None) -> dict[str, Any]:
    """The parameters without what is kept beside them."""
    if not params:
        return {}
    if HIDDEN not in params:
        return params
    return {key: value for key, value in params.items() if key != HIDDEN}


def look_up(tree: Any, path: Path, decode: Callable[[StoredObject], Any] | None = None) -> Any:
    """The part of a stored tree at a path; paths lead into objects, too, if these can be decoded.

    Raises:
        MissingKeyError: there is nothing (a KeyError, behaviour P05).
    """
    node = tree
    for at, key in enumerate(path):
        if isinstance(node, StoredObject) and decode is not None:
            return _inside(decode(node), path, at)
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and isinstance(key, int) and 0 <= key < len(node):
            node = node[key]
        else:
            raise MissingKeyError(path)
    return node


def with_emptied_parents(tree: Any, path: Path) -> Path:
    """The path to delete so that no dict is left empty: Aim has none but those set so (P05)."""
    parents = [tree]
    for key in path[:-1]:
        node = parents[-1]
        if not isinstance(node, dict) or key not in node:
            return path
        parents.append(node[key])
    while len(path) > 1 and isinstance(parents[-1], dict) and list(parents[-1]) == [path[-1]]:
        path = path[:-1]
        parents.pop()
    return path


def _inside(found: Any, path: Path, at: int) -> Any:
    if isinstance(found, CustomObjectBase):
        try:
            return found.storage.collect(path[at:])
        except (KeyError, IndexError, TypeError):
            pass  # nothing there, or something that has no parts
    raise MissingKeyError(path)


def example_types(value: Any) -> Any:
    """The shape of a value with the type of each leaf, as `collect_params_info` shows it (Q10)."""
    if isinstance(value, dict):
        return {key: example_types(value[key]) for key in sorted(value, key=key_order)}
    if isinstance(value, StoredObject):
        dtype = str(value.value.get("type"))
        return {"__example_type__": aim_type(dtype) if dtype != "custom" else value.value["name"]}
    shape: dict[Any, Any] = {"__example_type__": str(type(value))}
    if isinstance(value, list):
        shape.update(enumerate(map(example_types, value)))
    return shape


def flatten(value: Any, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    """Leaves with their dotted names, as the columns of a data frame (behaviour P09, S06).

    Below three levels, and for lists and empty dicts, the leaf is JSON text; int keys are written
    `[1]`.
    """
    for key, item in value.items():
        if isinstance(key, int):
            name = f"{prefix}[{key}]"
        else:
            name = f"{prefix}.{key}" if prefix else key
        if isinstance(item, dict) and item and depth < _FLATTEN_DEPTH:
            yield from flatten(item, name, depth + 1)
        elif isinstance(item, (dict, list, tuple)):
            yield name, _json(item)
        else:
            yield name, item


def _json(value: Any) -> str:
    import json

    return json.dumps(value, default=str)
