"""What an expression can be, as far as Aim is concerned.

A value says no more than the tools need: a module, a class or function of Aim, an object of one of
its classes, something that holds such objects, text. `Values` are the possibilities of one
expression; nothing known is `ANY`, and None, which is what a name holds before it holds a run, is
no possibility at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ANY",
    "NOTHING",
    "Anything",
    "Bound",
    "Function",
    "LocalClass",
    "LocalObject",
    "Module",
    "Named",
    "Object",
    "Several",
    "Text",
    "Tuple",
    "Value",
    "Values",
    "join",
    "one",
]


class Value:
    """One possibility."""

    __slots__ = ()

    @property
    def depth(self) -> int:
        """How deep values are nested in it."""
        return 0


@dataclass(frozen=True, slots=True)
class Anything(Value):
    """Something else."""


@dataclass(frozen=True, slots=True)
class Module(Value):
    """A module, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Named(Value):
    """What a module defines: a class, a function, a constant."""

    module: str
    name: str

    @property
    def dotted(self) -> str:
        """Its full name."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Object(Value):
    """An object of a class of Aim, and what it holds, for collections."""

    cls: Named
    item: Values = frozenset()

    @property
    def depth(self) -> int:
        return _deeper(self.item)


@dataclass(frozen=True, slots=True)
class Bound(Value):
    """A method of such an object, of the class itself, or of something with items."""

    owner: Object | Several
    member: str

    @property
    def depth(self) -> int:
        return _deeper((self.owner,))


@dataclass(frozen=True, slots=True)
class Several(Value):
    """A list, dict, iterator: anything that gives items."""

    item: Values

    @property
    def depth(self) -> int:
        return _deeper(self.item)


@dataclass(frozen=True, slots=True)
class Tuple(Value):
    """A tuple of known length."""

    parts: tuple[Values, ...]

    @property
    def depth(self) -> int:
        return max((_deeper(part) for part in self.parts), default=1)


@dataclass(frozen=True, slots=True)
class Text(Value):
    """A string that is known."""

    value: str


@dataclass(frozen=True, slots=True)
class Function(Value):
    """A function of the module that is read, by its place."""

    place: int
    owner: LocalObject | None = None
    """The object whose method it is."""


@dataclass(frozen=True, slots=True)
class LocalClass(Value):
    """A class of the module that is read, by its place."""

    place: int


@dataclass(frozen=True, slots=True)
class LocalObject(Value):
    """An object of such a class."""

    cls: LocalClass


Values = frozenset[Value]

NOTHING: Values = frozenset()
ANY: Values = frozenset({Anything()})

_MOST = 12
_DEEPEST = 4


def _deeper(values: Iterable[Value]) -> int:
    return 1 + max((value.depth for value in values), default=0)


def one(value: Value) -> Values:
    """This and nothing else; what is nested too deep is anything."""
    return frozenset({value}) if value.depth <= _DEEPEST else ANY


def join(*values: Values) -> Values:
    """Any of these; past a dozen, first texts that name nothing of Aim are anything, then all."""
    found: Values = NOTHING.union(*values)
    if len(found) > _MOST:
        found = frozenset(v for v in found if not isinstance(v, Text) or _names_aim(v)) | ANY
    return found if len(found) <= _MOST else ANY


def _names_aim(text: Text) -> bool:
    return text.value.partition(".")[0] in ("aim", "aim_compat")
