"""Events and their handlers: `Caller`, `events.on.<name>` and the decorator `event`.

A handler is a method marked with one or more event names; a caller collects the handlers of the
objects registered with it and calls them by name (behaviour M04). Knows nothing of runs.
"""

from __future__ import annotations

import functools
import inspect
import logging
import traceback
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from aim_compat.errors import event_parameters_unsupported, handler_parameters_unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Method = TypeVar("Method", bound="Callable[..., Any]")

__all__ = [
    "CallbackHandler",
    "Caller",
    "On",
    "add_handler_event_name",
    "check_handler_method_params",
    "event",
    "get_handler_event_names",
    "handles_events",
    "on",
    "predefine_event",
]

log = logging.getLogger("aim.sdk.callbacks.caller")  # scripts know it by Aim's name

CallbackHandler: TypeAlias = Any
"""Any object with methods marked by `events.on`."""

_MARK = "_handled_events_set_"
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)


def handles_events(method: Any) -> bool:
    """Whether a method is a handler of any event."""
    return hasattr(method, _MARK)


def get_handler_event_names(method: Any) -> set[str]:
    """The events a method handles; empty for one that is no handler."""
    names: set[str] = getattr(method, _MARK, set())
    return names


def add_handler_event_name(method: Any, event_name: str) -> None:
    """Mark a method as a handler of one more event."""
    setattr(method, _MARK, {*get_handler_event_names(method), event_name})


def check_handler_method_params(method: Callable[..., Any]) -> None:
    """Refuse a method that cannot take whatever arguments an event comes with.

    Raises:
        HandlerSignatureError: (an AssertionError and ValueError) the first parameter is not `self`,
            the last not `**kwargs`, or one between them can only be given by position (M04).
    """
    parameters = list(inspect.signature(method).parameters.values())
    if (
        len(parameters) < 2
        or parameters[0].name != "self"
        or parameters[-1].kind is not inspect.Parameter.VAR_KEYWORD
        or any(parameter.kind in _BY_POSITION for parameter in parameters[1:-1])
    ):
        raise handler_parameters_unsupported(method)


class On:
    """Every attribute is a decorator that makes a method handle the event of that name."""

    def __getattr__(self, event_name: str) -> Callable[[Method], Method]:
        def mark(method: Method) -> Method:
            check_handler_method_params(method)
            add_handler_event_name(method, event_name)
            return method

        return mark


on = On()


class Caller:
    """Calls the handlers of events.

    Args:
        callbacks: objects whose handlers are registered at once.
    """

    def __init__(self, callbacks: Iterable[CallbackHandler] | None = None) -> None:
        self._handlers: dict[str, list[Callable[..., Any]]] = defaultdict(list)
        for each in callbacks or ():
            self.register(each)

    def register(self, callbacks: CallbackHandler) -> None:
        """Add the handlers of an object, by the names of its methods."""
        for _, method in inspect.getmembers(callbacks, handles_events):
            for event_name in get_handler_event_names(method):
                self._handlers[event_name].append(method)

    def _extra_kwargs(self) -> dict[str, Any]:
        """What every handler is given besides the event's own arguments."""
        return {"_caller_": self}

    def trigger(self, event_name: str, **kwargs: Any) -> None:
        """Call the handlers of an event; one that fails is logged, and the next is called.

        Args:
            event_name: any name; nothing happens if nobody handles it.
            kwargs: arguments for the handlers; they win over those the caller adds.
        """
        arguments = {**self._extra_kwargs(), **kwargs}
        for handler in self._handlers.get(event_name, ()):
            try:
                handler(**arguments)
            except Exception:  # noqa: BLE001  # a callback must not end the training it watches
                log.warning("Failed to run callback '%s'.", getattr(handler, "__name__", handler))
                log.warning("%s", traceback.format_exc())


def predefine_event(func: Callable[..., Any]) -> Callable[..., None]:
    """Make a method of a `Caller` trigger the event of its own name; its body never runs.

    Its parameters say what handlers may expect. They are given by keyword and not checked (M04).

    Raises:
        EventSignatureError: (an AssertionError) a parameter can only be given by position.
    """
    if any(each.kind in _BY_POSITION for each in inspect.signature(func).parameters.values()):
        raise event_parameters_unsupported(func)

    @functools.wraps(func)
    def trigger_event(self: Caller, **kwargs: Any) -> None:
        self.trigger(func.__name__, **kwargs)

    del trigger_event.__wrapped__  # its signature is as it says: any keywords
    return trigger_event


event = predefine_event
