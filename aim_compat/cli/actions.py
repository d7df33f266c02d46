"""Aim's commands as its notebook magic asks for them, with a result that tells how it went.

Facts of Aim 3.29.1 (`aim.cli.manager.manager`).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from aim_compat._surface import AIM_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "COMMANDS",
    "ManagerActionResult",
    "ManagerActionStatuses",
    "run_process",
    "run_up",
    "run_version",
    "validate_command",
]


class ManagerActionStatuses(enum.Enum):
    """How an action went."""

    Failed = (1,)
    Succeed = (2,)


class ManagerActionResult:
    """How an action went, and what it tells.

    Args:
        status: whether it worked.
        info: a `message` if it failed, else what the action is for.
    """

    def __init__(self, status: ManagerActionStatuses, info: dict[str, Any] | None = None) -> None:
        self.status = status
        self.info = info


def run_up(args: Mapping[str, Any]) -> ManagerActionResult:
    """Fails, and says what is there instead of Aim's UI."""
    from aim_compat.cli.main import elsewhere

    del args
    return ManagerActionResult(ManagerActionStatuses.Failed, {"message": elsewhere("up")})


def run_version(args: Mapping[str, Any]) -> ManagerActionResult:
    """The version of Aim that scripts see, as `version`."""
    del args
    return ManagerActionResult(ManagerActionStatuses.Succeed, {"version": AIM_VERSION})


COMMANDS = {"up": run_up, "version": run_version}


def validate_command(command: str) -> bool:
    """Whether there is such an action."""
    return command in COMMANDS


def run_process(command: str, args: Mapping[str, Any]) -> ManagerActionResult:
    """Do an action; one that there is not fails.

    Args:
        command: `up` or `version`.
        args: options of the command, by name with dashes.
    """
    action = COMMANDS.get(command)
    if action is None:
        return ManagerActionResult(ManagerActionStatuses.Failed, {"message": "Invalid operation"})
    return action(args)
