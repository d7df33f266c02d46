"""Members of Aim's classes that are absent: touching one says why, and what to use instead.

Which they are says the table (`_surface.py`). A descriptor for each, so that it works on classes
and objects alike, asks for no metaclass that would get in the way of subclasses, and `hasattr`
stays False.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from aim_compat import _surface

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_absent_members"]

_Class = TypeVar("_Class", bound=type)


class _AbsentMember:
    """Raises when it is looked up; objects may set an attribute of its name all the same."""

    def __init__(self, row: _surface.Row) -> None:
        self._row = row

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise _surface.AbsentNameError(self._row, self._row.title)


def with_absent_members(dotted: str) -> Callable[[_Class], _Class]:
    """A class decorator: what the table calls absent in this class of Aim raises when touched.

    Args:
        dotted: the class in Aim, such as `aim.sdk.repo.Repo`.
    """
    module, _, name = dotted.rpartition(".")

    def complete(cls: _Class) -> _Class:
        for row in _surface.absent_members(module, name):
            setattr(cls, row.name.partition(".")[2], _AbsentMember(row))
        return cls

    return complete
