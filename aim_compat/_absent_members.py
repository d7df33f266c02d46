"""Members of Aim's classes that are absent: touching one says why, and what to use instead.

Which they are says the table (`_surface.py`). A descriptor for each, so that it works on classes
and objects alike, asks for no metaclass that would get in the way of subclasses, and `hasattr`
stays False.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from aim_compat import _surface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["with_absent_members"]

_Class = TypeVar("_Class", bound=type)


class _AbsentMember:
    """Raises when it is looked up; objects may set an attribute of its name all the same."""

    def __init__(self, row: _surface.Row, asked: str) -> None:
        self._row = row
        self._asked = asked

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise _surface.AbsentNameError(self._row, self._asked)


def with_absent_members(dotted: str, *, here: Iterable[str] = ()) -> Callable[[_Class], _Class]:
    """A class decorator: what the table calls absent in a class of Aim raises when touched.

    Args:
        dotted: the class in Aim, such as `aim.sdk.repo.Repo`. If the table has it as absent, the
            decorated class stands in for it, and what is absent is what it does not have.
        here: members that work although the class has no attribute of their name.
    """
    module, _, name = dotted.rpartition(".")

    def complete(cls: _Class) -> _Class:
        for member in _surface.members(dotted):
            row = _surface.find(module, f"{name}.{member}")
            if row is None or row.status is not _surface.Status.ABSENT or member in here:
                continue
            if row.is_member or not hasattr(cls, member):
                setattr(cls, member, _AbsentMember(row, f"{dotted}.{member}"))
        return cls

    return complete
