"""What the surface table says of each use of Aim: the one place where both meet."""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aim_compat import _surface
from aim_compat._surface import AIM_VERSION, Status
from aim_compat.tools.aim_types import QUERIES
from aim_compat.tools.expressions import is_module
from aim_compat.tools.uses import Kind, Use
from matyan_client.exceptions import MatyanError, QuerySyntaxError

if TYPE_CHECKING:
    from aim_compat._surface import Row

__all__ = ["State", "Verdict", "judge"]


class State(enum.Enum):
    """What became of what is used."""

    SUPPORTED = "supported"
    DIFFERS = "differs"
    ABSENT = "absent"
    UNKNOWN = "unknown"
    """Not a public name of Aim 3.29.1, as far as the table knows."""
    REFUSED = "refused"
    """A query that is not understood."""
    TEXT = "text"
    """A name in a string: whether it is used depends on what reads the string."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one use."""

    state: State
    name: str
    note: str = ""


_STATES = {
    Status.SUPPORTED: State.SUPPORTED,
    Status.DIFFERS: State.DIFFERS,
    Status.ABSENT: State.ABSENT,
}
_IN_TEXT = "a name in a string: it means Aim itself unless the program is run by `aim-compat run`."
_IN_SHELL = "not Python: `aim-compat --help` has the commands of Aim that are here."
_NOT_AIMS = f"not a public name of Aim {AIM_VERSION}: it fails there, too, or is an internal."


def judge(use: Use) -> Verdict | None:
    """What the table says of a use; None if there is nothing to say."""
    if use.kind in (Kind.MODULE, Kind.IMPORT_TEXT):
        return _module(use.module)
    if use.kind is Kind.IMPORT_COMPUTED:
        found = _module(use.module)
        return (
            found
            if found.state is not State.SUPPORTED
            else Verdict(State.TEXT, use.module, _IN_TEXT)
        )
    if use.kind is Kind.TEXT:
        return Verdict(State.TEXT, use.dotted, _IN_TEXT)
    if use.kind is Kind.SHELL:
        return Verdict(State.TEXT, use.detail, _IN_SHELL)
    if use.kind is Kind.CALL:
        row = _surface.find(use.module, f"{use.name}.__init__")
        is_new = row is not None and row.is_member and row.status is not Status.SUPPORTED
        return _of_row(row, use) if row is not None and is_new else None
    if use.kind is Kind.KEYWORD:
        return _keyword(use)
    if use.kind is Kind.QUERY:
        return _query(use)
    row = _surface.find(use.module, use.name)
    if row is None:
        return Verdict(State.UNKNOWN, use.dotted, _NOT_AIMS)
    if use.kind is Kind.MEMBER and row.status is Status.ABSENT and not row.is_member:
        return None  # said where the class was imported
    return _of_row(row, use)


def _of_row(row: Row, use: Use) -> Verdict:
    return Verdict(_STATES[row.status], use.dotted, row.note)


def _module(name: str) -> Verdict:
    if _surface.has_module(name):
        return Verdict(State.SUPPORTED, name)
    parent, _, last = name.rpartition(".")
    row = _surface.find(parent, last)
    if row is not None and is_module(name):
        return Verdict(_STATES[row.status], name, row.note)
    return Verdict(State.UNKNOWN, name, f"Aim {AIM_VERSION} has no such module.")


# -- keywords --------------------------------------------------------------------------------------


def _keyword(use: Use) -> Verdict | None:
    """A keyword that the callable does not take, or that its row speaks of."""
    owner, _, member = use.name.partition(".")
    row = _surface.find(use.module, f"{owner}.{member or '__init__'}")
    name = f"{use.dotted}({use.detail}=)"
    if row is not None and row.status is Status.ABSENT:
        return None  # said of the callable as a whole
    # Parameters whose names are words (step, context) stand in notes as words, too.
    named = re.escape(use.detail) + ("" if "_" in use.detail else "=")
    if row is not None and re.search(rf"\b{named}(?!\w)", row.note):
        return Verdict(_STATES[row.status], name, row.note)
    keywords = _keywords(use.module, owner, member)
    if keywords is None or use.detail in keywords:
        return None
    return Verdict(State.UNKNOWN, name, "there is no such keyword.")


@functools.cache
def _keywords(module: str, owner: str, member: str) -> frozenset[str] | None:
    """Keywords that a callable takes, from its signature here, which is Aim's; None: any."""
    row = _surface.find(module, owner)
    if row is None or not row.home:
        return None
    where, _, what = row.home.partition(":")
    try:
        found = getattr(importlib.import_module(where), what)
        parameters = inspect.signature(getattr(found, member) if member else found).parameters
    except (ImportError, AttributeError, TypeError, ValueError, MatyanError):
        return None  # a framework that is not installed; a property
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return None
    return frozenset(parameters)


# -- queries ---------------------------------------------------------------------------------------


def _query(use: Use) -> Verdict | None:
    from aim_compat.aimql import parse_aimql

    kind = QUERIES[use.name.rpartition(".")[2]]
    try:
        parse_aimql(use.detail, kind)
    except QuerySyntaxError as exc:
        return Verdict(State.REFUSED, use.dotted, str(exc).splitlines()[0])
    return None
