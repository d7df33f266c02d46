"""What Aim's tracked objects share: a registered type name and a `storage` tree beside the class.

The tree is a small stand-in for Aim's in-memory tree, enough for code that looks into
`obj.storage` (behaviour O03, O08). Knows nothing about the kinds of objects; those are the
files beside this one.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from aim_compat.types import BLOB
from matyan_client.exceptions import InvalidTypeError
from matyan_client.objects import Encoded, Text, Trackable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import EllipsisType

    from typing_extensions import Self

__all__ = [
    "CustomObject",
    "Deferred",
    "ObjectStorage",
    "caption_text",
    "comes_from",
    "is_array",
    "type_name",
]

_Class = TypeVar("_Class", bound="type[CustomObject]")


class Deferred:
    """A field that is worked out when it is first asked for."""

    __slots__ = ("compute",)

    def __init__(self, compute: Callable[[], Any]) -> None:
        self.compute = compute


class ObjectStorage:
    """The fields of one object: plain values, and bytes as `BLOB`."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str | int, Any] | None = None) -> None:
        self._fields: dict[str | int, Any] = dict(fields or {})

    def __getitem__(self, key: str | int | tuple[str | int, ...] | EllipsisType) -> Any:
        if key is ...:
            return self.collect()
        if isinstance(key, tuple):
            value: Any = self
            for part in key:
                value = value[part]
            return value
        value = self._fields[key]
        if isinstance(value, Deferred):
            value = self._fields[key] = value.compute()
        return value

    def __setitem__(self, key: str | int | EllipsisType, value: Any) -> None:
        if key is ...:
            self._fields = dict(value)
        else:
            self._fields[key] = value

    def __delitem__(self, key: str | int) -> None:
        del self._fields[key]

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str | int]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def get(self, key: str | int, default: Any = None) -> Any:
        """One field, or `default` if there is none."""
        return self[key] if key in self._fields else default

    def keys(self) -> Iterator[str | int]:
        """Names of the fields in the order they were set."""
        return iter(self._fields)

    def items(self) -> Iterator[tuple[str | int, Any]]:
        """Names and values of the fields."""
        return ((key, self[key]) for key in list(self._fields))

    def collect(self) -> dict[str | int, Any]:
        """All fields as a dict."""
        return dict(self.items())

    def __getstate__(self) -> tuple[dict[str | int, Any], dict[str | int, bytes]]:
        """Plain fields, and bytes read: how they are read does not leave the process."""
        fields = self.collect()
        blobs = {key: bytes(item) for key, item in fields.items() if isinstance(item, BLOB)}
        return {**fields, **blobs}, blobs

    def __setstate__(self, state: tuple[dict[str | int, Any], dict[str | int, bytes]]) -> None:
        fields, blobs = state
        self._fields = {**fields, **{key: BLOB(data) for key, data in blobs.items()}}

    def __repr__(self) -> str:
        return f"ObjectStorage({list(self._fields)})"


class CustomObject(Trackable):
    """Base of Aim's tracked objects.

    Subclasses of the five kinds in `objects.py` are tracked as their kind. A class of one's own
    works in this process; it cannot be tracked or kept as a parameter yet.
    """

    AIM_NAME: ClassVar[str]
    dtype: ClassVar[str] = "custom"
    registry: ClassVar[dict[str, type[CustomObject]]] = {}
    storage: ObjectStorage

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the object with an empty storage, so that `__init__` may fill it at once."""
        instance = super().__new__(cls)
        instance.storage = ObjectStorage()
        return instance

    def __init__(self) -> None:
        """Nothing to do; subclasses fill `storage`."""

    @staticmethod
    def alias(name: str, exist_ok: bool = True) -> Callable[[_Class], _Class]:
        """A class decorator that registers the class under a type name.

        Raises:
            ValueError: the name is taken and `exist_ok` is false.
        """

        def register(cls: _Class) -> _Class:
            if not exist_ok and name in CustomObject.registry:
                raise ValueError(f"Object type {name!r} is already registered.")
            CustomObject.registry[name] = cls
            return cls

        return register

    @staticmethod
    def by_name(name: str) -> type[CustomObject]:
        """The class registered under a type name; KeyError if there is none."""
        return CustomObject.registry[name]

    @classmethod
    def get_typename(cls) -> str:
        """The registered type name, such as `aim.image`."""
        return cls.AIM_NAME

    def json(self) -> dict[str, Any]:
        """Nothing, for objects without a reduced form of their own."""
        return {}

    def encode(self) -> Encoded:
        """Refuse: classes of one's own have no form on the wire yet.

        Raises:
            InvalidTypeError: always.
        """
        raise InvalidTypeError(
            f"{type(self).__name__} is a CustomObject of its own kind; those can be neither "
            "tracked nor stored as a parameter yet. Track its parts as Image, Text, Audio, "
            "Distribution or Figure, or store them as plain parameters."
        )

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Refuse, as `encode` does; the five kinds override it."""
        raise InvalidTypeError(f"Stored {value.get('type')!r} is not a kind of {cls.__name__}.")

    def __deepcopy__(self, memodict: dict[int, Any] | None = None) -> Self:
        twin = self.__class__.__new__(self.__class__)
        twin.storage = ObjectStorage(
            {
                key: value if isinstance(value, BLOB) else copy.deepcopy(value, memodict)
                for key, value in self.storage.items()
            }
        )
        return twin


def comes_from(value: object, library: str, name: str) -> bool:
    """Tell whether the value is of a library's class, without importing the library."""
    return any(
        cls.__name__ == name and cls.__module__.partition(".")[0] == library
        for cls in type(value).__mro__
    )


def is_array(value: object) -> bool:
    return comes_from(value, "numpy", "ndarray")


def type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def caption_text(caption: Any) -> str | None:
    """A caption as the protocol has it: text, or null for None."""
    if caption is None or isinstance(caption, str):
        return caption if caption is None or caption.isascii() else Text(caption).data
    return Text(str(caption)).data
