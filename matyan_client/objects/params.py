"""The one place that turns parameter values into JSON values and back.

What JSON lacks is written as an object with the reserved key `__matyan__` that names the kind:

    bytes     {"__matyan__": "bytes", "base64": "..."}
    text      {"__matyan__": "text", "base64": "..."}         str with lone surrogates, as UTF-8
                                                              with `surrogatepass`
    int       {"__matyan__": "int", "hex": "..."}             int over 2,000 bits, which decimal
                                                              text readers may refuse
    map       {"__matyan__": "map", "items": [[key, value]]}  dict with int (or unusual) keys
    object    {"__matyan__": "object", "value": {...}}        Image, Audio, ...

A dict of the user's that has the key `__matyan__` itself is written as a map. NaN and the
infinities stay floats: JSON text made from the result must allow Python's tokens for them.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import math
import os
import reprlib
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from json import dumps
from typing import TYPE_CHECKING, Any, NoReturn

from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError
from matyan_client.objects._tensors import class_is, tensor_kind, to_nested_lists
from matyan_client.objects.base import Trackable

if TYPE_CHECKING:
    from matyan_client.typing import JSONValue

__all__ = ["MAX_DEPTH", "TAG", "from_json", "to_json", "well_formed"]

TAG = "__matyan__"
MAX_DEPTH = 128
"""Containers nested deeper than this are refused."""

_LARGE_INT_BITS = 2_000  # below the lowest limit Python lets users set for int to decimal text
_LARGE_INT = 1 << _LARGE_INT_BITS
_PLAIN: frozenset[type] = frozenset({type(None), bool, float})
_PLAIN_OR_INT = _PLAIN | {int}
_UNTAGGED = _PLAIN_OR_INT | {str}

_ACCEPTED = (
    "None, bool, int, float, str, bytes, lists, tuples, sets, dicts, numpy values and tensors, "
    "dataclasses, enums, paths, dates and times, Decimal, Fraction, UUID, Namespace, "
    "pydantic models and OmegaConf configs"
)


def to_json(
    value: Any,
    *,
    encode_object: Callable[[Trackable], dict[str, Any]] | None = None,
    path: str = "",
) -> JSONValue:
    """Turn a parameter value into a JSON value.

    | from | to |
    |---|---|
    | None, bool, int of any size, float, str | the same; subclasses become the plain type |
    | list, tuple, named tuple, range, deque | list |
    | set, frozenset | sorted list |
    | dict and other mappings, Namespace, dataclass, pydantic model, OmegaConf | dict, order kept |
    | numpy scalars and arrays, torch, TensorFlow and JAX tensors | number, nested lists |
    | enum member | its value |
    | path | str |
    | datetime, date, time, numpy datetime64 | ISO 8601 text |
    | timedelta | seconds as float |
    | Decimal, Fraction | the nearest float |
    | UUID | str |
    | bytes, bytearray, memoryview | tagged; comes back as bytes |
    | Image, Audio, Text, Distribution, Figure | tagged, by `encode_object` |

    Dict keys may be str, int (bool counts as int, both come back as int), enum members of those,
    and paths.

    Args:
        value: what the user gave.
        encode_object: stores a tracked object and returns its wire value; None refuses objects.
        path: dotted name of the value, for messages.

    Raises:
        InvalidTypeError: a value or key of a type that cannot be stored; names its dotted path.
        InvalidInputError: a container that holds itself, is nested too deep, or has two keys that
            become the same.
    """
    return _Encoder(encode_object, path).convert(value)


class _Encoder:
    __slots__ = ("_active", "_encode_object", "_root", "_trail")

    def __init__(
        self, encode_object: Callable[[Trackable], dict[str, Any]] | None, root: str
    ) -> None:
        self._encode_object = encode_object
        self._root = root
        self._trail: list[str | int] = []
        self._active: set[int] = set()  # ids of the containers around the current value

    def convert(self, value: Any) -> JSONValue:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is str:
            return _text(value)
        if kind is int:
            return _integer(value)
        if kind is dict:
            return self._mapping(value)
        if kind is list or kind is tuple:
            return self._sequence(value)
        return self._other(value)

    def _other(self, value: Any) -> JSONValue:
        if isinstance(value, enum.Enum):
            return self._nested(value, value.value)
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, int):
            return _integer(int.__int__(value))
        if isinstance(value, str):
            return _text(str.__str__(value))
        if isinstance(value, (dict, types.MappingProxyType)):
            return self._mapping(value)
        if isinstance(value, (list, tuple)):
            return self._sequence(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {
                TAG: "bytes",
                "base64": base64.b64encode(bytes(value)).decode("ascii"),
            }
        if isinstance(value, type):
            self._refuse(value)
        if isinstance(value, Trackable):
            return self._object(value)
        if tensor_kind(value) is not None:
            return self._tensor(value)
        if isinstance(value, (datetime.date, datetime.time)):  # a datetime is a date
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if class_is(value, "decimal", "Decimal") or class_is(value, "fractions", "Fraction"):
            return self._float(value)
        if class_is(value, "uuid", "UUID"):
            return str(value)
        if isinstance(value, os.PathLike):
            return self.convert(os.fspath(value))
        return self._container(value)

    def _container(self, value: Any) -> JSONValue:
        if dataclasses.is_dataclass(value):
            members = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            return self._nested(value, members)
        if class_is(value, "pydantic", "BaseModel"):
            return self._nested(value, self._pydantic(value))
        if class_is(value, "omegaconf", "Container"):
            return self._nested(value, self._omegaconf(value))
        if class_is(value, "argparse", "Namespace") or isinstance(value, types.SimpleNamespace):
            return self._nested(value, vars(value))
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, Set):
            return _sorted(self._sequence(value))
        if isinstance(value, Sequence):
            return self._sequence(value)
        self._refuse(value)

    def _nested(self, outer: Any, inner: Any) -> JSONValue:
        """Convert what stands for `outer`, noticing when it leads back to `outer`."""
        self._enter(outer)
        result = self.convert(inner)
        self._active.discard(id(outer))
        return result

    def _enter(self, container: object) -> None:
        if id(container) in self._active:
            raise InvalidInputError(
                f"Cannot store {self._where()}: it contains itself, and JSON cannot say that."
            )
        if len(self._active) >= MAX_DEPTH:
            raise InvalidInputError(
                f"Cannot store {self._where()}: it is nested more than {MAX_DEPTH} levels deep."
            )
        self._active.add(id(container))

    def _sequence(self, value: Iterable[Any]) -> list[JSONValue]:
        self._enter(value)
        items = list(value)
        kinds = set(map(type, items))
        if not kinds <= _PLAIN and not (
            kinds <= _PLAIN_OR_INT
            and all(-_LARGE_INT < i < _LARGE_INT for i in items if type(i) is int)
        ):
            trail = self._trail
            convert = self.convert
            for index, item in enumerate(items):
                if type(item) in _PLAIN:
                    continue
                trail.append(index)
                items[index] = convert(item)
                trail.pop()
        self._active.discard(id(value))
        return items

    def _mapping(self, value: Mapping[Any, Any]) -> dict[str, JSONValue]:
        self._enter(value)
        keys: list[Any] = list(value)
        ordinary = True
        if set(map(type, keys)) - {str}:
            keys = [key if type(key) is str else self._key(key) for key in keys]
            if len(set(keys)) != len(keys):
                twice = sorted(repr(key) for key in set(keys) if keys.count(key) > 1)
                raise InvalidInputError(
                    f"Cannot store {self._where()}: two of its keys become {twice[0]}."
                )
            ordinary = all(type(key) is str for key in keys)
        ordinary = ordinary and TAG not in value and all(map(_encodable, keys))
        trail = self._trail
        convert = self.convert
        items: list[JSONValue] = []
        for key, source in zip(keys, list(value), strict=True):
            item = value[source]
            if type(item) not in _PLAIN:
                trail.append(key)
                item = convert(item)
                trail.pop()
            items.append(item)
        self._active.discard(id(value))
        if ordinary:
            return dict(zip(keys, items, strict=True))
        names = [_text(key) if type(key) is str else _integer(key) for key in keys]
        return {
            TAG: "map",
            "items": [list(pair) for pair in zip(names, items, strict=True)],
        }

    def _key(self, key: Any) -> str | int:
        plain = key.value if isinstance(key, enum.Enum) else key
        if isinstance(plain, str):
            return str.__str__(plain)
        if isinstance(plain, int):
            return int(plain)
        if isinstance(plain, os.PathLike):
            return os.fsdecode(plain)
        if tensor_kind(plain) == "numpy" and getattr(plain, "shape", None) == ():
            item = plain.item()
            if isinstance(item, int):
                return int(item)
        raise InvalidTypeError(
            f"Cannot store {self._where()}: its key {_describe(key)} is of type "
            f"{_type_name(key)}; keys are str or int (or an enum or path that is one). "
            "Convert the key with str(...)."
        )

    def _object(self, value: Trackable) -> dict[str, JSONValue]:
        if self._encode_object is None:
            raise InvalidTypeError(
                f"Cannot store {self._where()}: {type(value).__name__} objects are not accepted "
                "here; use Run.track or a run parameter."
            )
        return {TAG: "object", "value": self._encode_object(value)}

    def _tensor(self, value: Any) -> JSONValue:
        try:
            nested, done = to_nested_lists(value)
        except InvalidInputError as exc:
            raise type(exc)(f"Cannot store {self._where()}: {exc}.") from exc
        return nested if done else self._nested(value, nested)

    def _float(self, value: Any) -> float:
        try:
            result = float(value)
            if math.isinf(result) and abs(value) != math.inf:
                raise OverflowError("too large")
        except (OverflowError, ValueError) as exc:
            raise InvalidInputError(
                f"Cannot store {self._where()}: {_describe(value)} has no value as a float. "
                "Store it as text with str(...)."
            ) from exc
        return result

    def _pydantic(self, value: Any) -> Any:
        dump = getattr(value, "model_dump", None) or value.dict
        try:
            return dump()
        except (ValueError, RecursionError) as exc:
            raise InvalidInputError(
                f"Cannot store {self._where()}: the pydantic model {_type_name(value)} "
                f"cannot be dumped ({exc})."
            ) from exc

    def _omegaconf(self, value: Any) -> Any:
        library = sys.modules["omegaconf"]
        try:
            return library.OmegaConf.to_container(value, resolve=True)
        except library.errors.OmegaConfBaseException as exc:
            raise InvalidInputError(
                f"Cannot store {self._where()}: the OmegaConf config cannot be resolved ({exc})."
            ) from exc

    def _where(self) -> str:
        name = self._root
        for part in self._trail:
            if isinstance(part, int):
                name += f"[{part}]"
            else:
                name += f".{part}" if name else part
        return f"parameter {name!r}" if name else "the value"

    def _refuse(self, value: object) -> NoReturn:
        raise InvalidTypeError(
            f"Cannot store {self._where()}: {_describe(value)} is of type {_type_name(value)}. "
            f"Accepted are {_ACCEPTED}. Convert it first, for example with str(...)."
        )


def _encodable(text: str) -> bool:
    """False for text with lone surrogates, which UTF-8 cannot carry."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: str) -> JSONValue:
    if _encodable(value):
        return value
    raw = value.encode("utf-8", "surrogatepass")
    return {TAG: "text", "base64": base64.b64encode(raw).decode("ascii")}


def _integer(value: int) -> JSONValue:
    if -_LARGE_INT < value < _LARGE_INT:
        return value
    return {TAG: "int", "hex": format(value, "x")}


def _sorted(items: list[JSONValue]) -> list[JSONValue]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=lambda item: (type(item).__name__, dumps(item, sort_keys=True)))


def _describe(value: object) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    return short.repr(value)


def _type_name(value: object) -> str:
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def from_json(
    value: JSONValue, *, decode_object: Callable[[dict[str, Any]], Any] | None = None
) -> Any:
    """Turn what `to_json` made back into Python values; the argument is left as it was.

    Args:
        value: a JSON value.
        decode_object: turns the wire value of a tracked object into the object; None leaves the
            wire value.

    Raises:
        CodecError: a tagged value that is malformed or of a kind this release does not know.
    """
    kind = type(value)
    if kind is dict:
        if TAG in value:
            return _untag(value, decode_object)
        return {
            key: item if type(item) in _UNTAGGED else from_json(item, decode_object=decode_object)
            for key, item in value.items()
        }
    if kind is list:
        if set(map(type, value)) <= _UNTAGGED:
            return list(value)
        return [
            item if type(item) in _UNTAGGED else from_json(item, decode_object=decode_object)
            for item in value
        ]
    return value


def _untag(value: dict[str, Any], decode_object: Callable[[dict[str, Any]], Any] | None) -> Any:
    kind = value[TAG]
    inner: Any = None
    try:
        if kind == "bytes":
            return base64.b64decode(value["base64"], validate=True)
        if kind == "text":
            raw = base64.b64decode(value["base64"], validate=True)
            return raw.decode("utf-8", "surrogatepass")
        if kind == "int":
            return int(value["hex"], 16)
        if kind == "map":
            inner = {from_json(key): item for key, item in value["items"]}
        elif kind == "object":
            inner = dict(value["value"])
    except CodecError:
        raise
    except (KeyError, TypeError, ValueError) as exc:  # binascii.Error is a ValueError
        raise CodecError(
            f"Stored value is not a well-formed {kind!r}: {_describe(value)}."
        ) from exc
    # Outside of the try: an error of decode_object is not one of the tagged value.
    if kind == "map":
        return {key: from_json(item, decode_object=decode_object) for key, item in inner.items()}
    if kind != "object":
        raise CodecError(
            f"Stored value is of the unknown kind {kind!r}; a newer release may have written it."
        )
    return inner if decode_object is None else decode_object(inner)


def well_formed(value: JSONValue) -> JSONValue:
    """A JSON value of unknown origin as something that `from_json` can read.

    What has the reserved key, but is none of the tagged values above, is taken for a dict of
    somebody's own.
    """
    if isinstance(value, list):
        return [well_formed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG in value:
        if _is_tagged(value):
            return value
        return {TAG: "map", "items": [[key, well_formed(item)] for key, item in value.items()]}
    return {key: well_formed(item) for key, item in value.items()}


def _is_tagged(value: dict[str, Any]) -> bool:
    stored = value.get("value")
    if value[TAG] == "object" and not isinstance(stored, dict):
        return False
    try:
        found = from_json(value)
        if isinstance(stored, dict) and "fields" in stored:
            from_json(stored["fields"])
    except CodecError:
        return False
    return value[TAG] != "map" or all(type(key) in (str, int) for key in found)
