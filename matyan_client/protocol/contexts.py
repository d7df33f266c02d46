"""Contexts: what a caller may give, the one text that stands for a context, and its id.

Key order does not matter; the types of values do: 1, 1.0 and true make three contexts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from matyan_client.exceptions import InvalidInputError, InvalidTypeError

__all__ = ["canonical", "check_context", "context_id"]


def canonical(context: Mapping[str, Any] | None) -> str:
    """The text that identifies a context (protocol section 7.4); "" for none and for `{}`."""
    if not context:
        return ""
    return json.dumps(context, sort_keys=True, separators=(",", ":"))


def context_id(context: Mapping[str, Any] | None) -> int:
    """The number the wire knows a context by (protocol section 7.4); 0 for none and for `{}`."""
    text = canonical(context)
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) if text else 0


def check_context(context: object) -> dict[str, Any]:
    """A context as a plain dict of JSON values; numpy scalars become Python's.

    Raises:
        InvalidTypeError: not a mapping, a key that is not text, or a value JSON cannot hold.
    """
    if context is None:
        return {}
    if not isinstance(context, Mapping):
        raise InvalidTypeError(
            f"A context is a mapping such as {{'subset': 'train'}}, not {context!r:.100} of type "
            f"{type(context).__name__!r}."
        )
    return {_check_key(key): _plain(value, str(key)) for key, value in context.items()}


def _check_key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidTypeError(f"The keys of a context are text, not {key!r}.")
    return str(key)


def _plain(value: Any, where: str) -> Any:
    if value is None or value.__class__ in (str, int, float, bool):
        return value
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {_check_key(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "size", 1) == 1:
        try:
            found = item()
        except (TypeError, ValueError, RuntimeError) as exc:
            raise InvalidInputError(f"Context value {where} cannot be used: {exc}.") from exc
        if found.__class__ in (str, int, float, bool):
            return found
    raise InvalidTypeError(
        f"Context value {where} is {value!r:.100} of type {type(value).__name__!r}; expected text, "
        "a number, a bool, None, or lists and dicts of these."
    )
