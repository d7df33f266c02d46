"""The order in which Aim's storage gives back the keys of a tree."""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["in_key_order", "key_order"]


def key_order(key: str | int) -> tuple[int, bytes]:
    """Sorts keys as Aim's storage does: text by its UTF-8 bytes, a longer one before its own
    beginning, then ints, negative ones last."""
    if isinstance(key, str):
        return 0, key.encode("utf-8", "surrogatepass") + b"\xfe"
    return 1, struct.pack(">Q", key & 0xFFFFFFFFFFFFFFFF)


def in_key_order(tree: Any) -> Any:
    """The same dicts and lists, with all keys in order; what is in them is left as it is."""
    if isinstance(tree, dict):
        return {key: in_key_order(tree[key]) for key in sorted(tree, key=key_order)}
    return [in_key_order(item) for item in tree] if isinstance(tree, list) else tree
