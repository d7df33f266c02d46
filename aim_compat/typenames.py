"""Aim's names for the types of values in series: `float`, `list(aim.image)`, …, and what fits what.

Facts of Aim 3.29.1 that `Sequence.allowed_dtypes` and others show (behaviour T08, S10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aim_compat.objects import CustomObject

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["any_list_regex", "check_types_compatibility", "get_object_typename"]

any_list_regex = re.compile(r"list\([A-Za-z][A-Za-z0-9.]*\)")
"""The name of a list of anything known."""

_PLAIN: tuple[tuple[type, str], ...] = (
    (float, "float"),
    (int, "int"),
    (str, "str"),
    (bytes, "bytes"),
    (dict, "object"),
)


def get_object_typename(obj: Any) -> str:
    """The type name of a value; that of a list is `list(…)` of its first item's, or just `list`."""
    for kind, name in _PLAIN:
        if isinstance(obj, kind):
            return name
    if isinstance(obj, (list, tuple)):
        return f"list({get_object_typename(obj[0])})" if obj else "list"
    return str(obj.get_typename()) if isinstance(obj, CustomObject) else "unknown"


def check_types_compatibility(
    dtype: str, base_dtype: str, update_base_dtype_fn: Callable[[str, str], Any] | None = None
) -> bool:
    """Whether values of a type may follow values of another in one series.

    Args:
        dtype: type of the new value.
        base_dtype: type of the series.
        update_base_dtype_fn: called with the series' type and the wider one it gets, if it does.
    """
    if dtype == base_dtype or (base_dtype == "number" and dtype in ("int", "float")):
        return True
    wider = None
    if {dtype, base_dtype} == {"int", "float"}:
        wider = "number"
    elif base_dtype == "list" and any_list_regex.match(dtype):
        wider = dtype
    if wider is None:
        return dtype == "list" and any_list_regex.match(base_dtype) is not None
    if update_base_dtype_fn is not None:
        update_base_dtype_fn(base_dtype, wider)
    return True
