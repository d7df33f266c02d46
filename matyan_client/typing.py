"""Type aliases of the public API. Imports nothing of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import os

__all__ = ["Context", "Headers", "JSONValue", "ParamKey", "PathLike", "Token"]

JSONValue: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of them. (Recursive aliases cost
more in error messages than they catch.)"""

Context: TypeAlias = Mapping[str, Any]
"""Distinguishes sequences of one name, e.g. `{"subset": "train"}`; None and `{}` are the same."""

ParamKey: TypeAlias = "str | int"

PathLike: TypeAlias = "str | os.PathLike[str]"

Token: TypeAlias = "str | Callable[[], str] | None"
"""A bearer token, or what gives one each time it is needed."""

Headers: TypeAlias = "Mapping[str, str] | Callable[[], Mapping[str, str]] | None"
"""Request headers, or what gives them each time they are needed."""
