"""Has what must not be half done come to rest before a fork, and go on after it on both sides."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Forking", "rest_at_forks"]


class Forking(Protocol):
    """Something with threads, locks or files."""

    def before_fork(self) -> None:
        """Hold still."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Forget what is the parent's, and go on."""


def rest_at_forks(members: Collection[Forking]) -> None:
    """Call the members, those there are at each fork, around every fork of this process."""
    resting: list[Forking] = []

    def before() -> None:
        for member in list(members):
            member.before_fork()
            resting.append(member)

    def after_in_parent() -> None:
        while resting:
            resting.pop().after_fork_in_parent()

    def after_in_child() -> None:
        while resting:
            resting.pop().after_fork_in_child()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=before, after_in_parent=after_in_parent, after_in_child=after_in_child
        )
