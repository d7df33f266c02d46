"""Warnings about what goes away; `import aim` leaves one of them on the package (behaviour M05).

Imports nothing of this package.
"""

from __future__ import annotations

import logging

__all__ = ["DEFAULT_MSG_TEMPLATE", "deprecation_warning", "python_version_deprecation_check"]

log = logging.getLogger("aim.utils.deprecation")  # scripts know it by Aim's name

DEFAULT_MSG_TEMPLATE = "This functionality will be removed in"


def python_version_deprecation_check() -> None:
    """Nothing to warn of: every Python this package runs on is supported."""


def deprecation_warning(
    *, remove_version: str, msg: str, remove_msg_template: str = DEFAULT_MSG_TEMPLATE
) -> None:
    """Log what is deprecated, and from which version of Aim on it is gone.

    Args:
        remove_version: that version.
        msg: what is deprecated.
        remove_msg_template: start of the second line.
    """
    log.warning("%s", msg)
    log.warning("%s Aim version %s", remove_msg_template, remove_version)
