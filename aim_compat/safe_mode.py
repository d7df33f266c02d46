"""Safe mode: what happens with an error of a `Run` call. By default it is raised (behaviour R18).

One setting for the whole process, as in Aim. Knows nothing of runs.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "disable_safe_mode",
    "enable_safe_mode",
    "exception_resistant",
    "handled",
    "noexcept",
    "set_exception_callback",
]

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("aim.ext.exception_resistant")  # scripts know it by Aim's name

ExceptionCallback: TypeAlias = "Callable[[Exception, Callable[..., Any]], Any]"

_SHOWN_ERRORS = 6
"""Errors of one function that `exception_resistant` prints."""


def _warn(error: Exception, function: Callable[..., Any]) -> None:
    log.warning('Exception "%s" raised in function "%s"', error, function.__name__)


_callback: ExceptionCallback | None = None


def enable_safe_mode() -> None:
    """From now on errors of `Run` calls are logged as warnings, each time, and not raised."""
    set_exception_callback(_warn)


def disable_safe_mode() -> None:
    """Errors are raised again."""
    global _callback
    _callback = None


def set_exception_callback(callback: ExceptionCallback) -> None:
    """Have errors of `Run` calls given to a function, which may raise.

    Args:
        callback: takes the exception and the function it came from; the call then returns None.
    """
    global _callback
    _callback = callback


def handled(error: Exception, function: Callable[..., Any]) -> bool:
    """Give an error to whoever wants errors; False if nobody does and it is to be raised."""
    if _callback is None:
        return False
    _callback(error, function)
    return True


def noexcept(func: Callable[P, R]) -> Callable[P, R | None]:
    """Put a function under the rule above; it returns None when an error was not raised."""

    @functools.wraps(func)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return func(*args, **kwargs)
        except Exception as error:  # raised again unless the user chose otherwise
            if not handled(error, func):
                raise
            return None

    return guarded


def exception_resistant(silent: bool) -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """A decorator that makes errors of a function printed lines, or nothing; None is returned.

    Args:
        silent: print nothing; else the first six errors of each function are printed.
    """

    def decorate(func: Callable[P, R]) -> Callable[P, R | None]:
        failures = 0

        @functools.wraps(func)
        def resistant(*args: P.args, **kwargs: P.kwargs) -> R | None:
            nonlocal failures
            try:
                return func(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # what the decorator is for
                if silent:
                    return None
                failures += 1
                _print_failure(func.__name__, error, failures)
                return None

        return resistant

    return decorate


def _print_failure(name: str, error: Exception, count: int) -> None:
    if count == 1:
        text = f"`{name}` failed; the program goes on all the same.\n`{name}`: {error}"
    elif count <= _SHOWN_ERRORS:
        text = f"`{name}`: {error}"
    elif count == _SHOWN_ERRORS + 1:
        text = f"`{name}`: further errors are not shown."
    else:
        return
    print(text)  # noqa: T201  # to standard output, as Aim does
