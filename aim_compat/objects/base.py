"""What Aim's objects share: a registered type name and a `storage` tree beside the class.

Users derive their own from `CustomObject` (behaviour O08). How objects are stored is in `wire.py`,
the kinds Aim brings are the files beside this one.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from aim_compat.objects.tree import CustomObjectBase, InMemoryTreeView
from matyan_client.objects import Text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CustomObject",
    "UnregisteredObject",
    "caption_beside",
    "caption_text",
    "comes_from",
    "is_array",
    "revive",
    "type_name",
]

log = logging.getLogger("aim_compat.objects")

_Class = TypeVar("_Class", bound=type[Any])


class CustomObject(CustomObjectBase):
    """Base of Aim's objects, and of those of one's own: what is in `storage` is what is stored.

    A class of one's own names its type in `AIM_NAME` and is registered under it with
    `@CustomObject.alias(...)`, so that objects are read back as this class.
    """

    AIM_NAME: ClassVar[str]
    """Name of the type, such as `aim.image`."""
    registry: ClassVar[dict[str, type]] = {}
    """Type name to class."""
    storage: InMemoryTreeView
    """All there is to the object: plain values, lists and dicts of them, `BLOB`s, other objects."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make the object with a storage, so that `__init__` may fill it at once."""
        instance = super().__new__(cls)
        instance.storage = kwargs.get("_storage") or InMemoryTreeView({})
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
                raise ValueError(f"CustomObject `{name}` is already registered")
            CustomObject.registry[name] = cls
            return cls

        return register

    @staticmethod
    def by_name(name: str) -> type:
        """The class registered under a type name; KeyError if there is none."""
        return CustomObject.registry[name]

    @classmethod
    def get_typename(cls) -> str:
        """The type name, such as `aim.image`; AttributeError if the class has none."""
        return cls.AIM_NAME

    def __deepcopy__(self, memodict: dict[int, Any] | None = None) -> Any:
        """An object of the same class with a copy of the storage, and nothing else."""
        twin = self.__class__.__new__(self.__class__, _storage=InMemoryTreeView(self.storage[...]))
        if memodict is not None:
            memodict[id(self)] = twin
        return twin

    def _aim_encode(self) -> tuple[str, dict[str | int, Any]]:
        return self.AIM_NAME, self.storage[...]

    @classmethod
    def _aim_decode(cls, aim_name: str, storage: InMemoryTreeView) -> Any:
        return cls.__new__(cls.by_name(aim_name), _storage=storage)


class UnregisteredObject(CustomObject):
    """An object whose class nobody registered in this process: its storage is all there.

    Aim cannot read such an object (KeyError).
    """

    def __repr__(self) -> str:
        return f"<UnregisteredObject {self.AIM_NAME!r} with {list(self.storage.keys())}>"


def revive(name: str, storage: InMemoryTreeView) -> Any:
    """An object of the class registered under a type name, around a storage that was read."""
    cls = CustomObject.registry.get(name) or _stand_in(name)
    return CustomObject.__new__(cls, _storage=storage)


@functools.cache
def _stand_in(name: str) -> type[UnregisteredObject]:
    log.warning(
        "There are stored objects of type %r, and no class is registered for it. Import the module "
        "with @CustomObject.alias(%r) to get them as what they are.",
        name,
        name,
    )
    return type("UnregisteredObject", (UnregisteredObject,), {"AIM_NAME": name})


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


def caption_beside(caption: Any) -> dict[str, Any]:
    """A caption that is more than text but can be kept: goes beside the text of it."""
    kept = isinstance(caption, (int, float, bytes, list, tuple, dict))
    return {"caption": caption} if kept else {}
