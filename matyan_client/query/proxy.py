"""What a name in a query can stand for: plain Python values, and `Proxy` objects.

On a proxy, attribute and item access mean what the proxy says; on plain values only the members
listed in `operations.py` exist. Python's own attribute lookup is never reachable from a query.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Proxy"]


class Proxy:
    """Base of everything a dialect binds a name to, or reaches from there.

    Comparisons, truth, length and iteration go through the usual dunder methods.
    """

    __slots__ = ()

    def query_getattr(self, name: str) -> Any:
        """`proxy.name`."""
        raise AttributeError(name)

    def query_getitem(self, key: Any) -> Any:
        """`proxy[key]`."""
        raise KeyError(key)

    def query_contains(self, item: Any) -> bool:
        """`item in proxy`."""
        raise TypeError(f"cannot look for {item!r} in this")

    def query_call(self, *values: Any, **named: Any) -> Any:
        """`proxy(...)`."""
        del values, named
        raise TypeError(f"{type(self).__name__!r} object is not callable")

    def query_plain(self) -> Any:
        """The plain value this stands for, if any, so that going through it can be paid for."""
        return None
