"""What one evaluation of a query may cost, and what values weigh.

Time is counted in steps. What is made is paid for by its weight, so memory is bounded too; what is
read in one go by compiled code (`in`, `==`, `max(...)`) is paid for as well, at a lower price.
Values inside values count each time they appear, since comparing and printing go through all.
"""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

from matyan_client.exceptions import QueryError
from matyan_client.query.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CALLS_MAX", "INT_BITS_MAX", "SIZE_MAX", "STEPS_MAX", "Budget", "check_size", "weight"]

STEPS_MAX = 200_000
"""Steps one evaluation may take: about a tenth of a second."""
SIZE_MAX = 100_000
"""Longest text, list or range that an operator or function may blow up something to."""
INT_BITS_MAX = 4_096
"""Largest integer a product, power or shift may give, in bits; others may give four times that."""
CALLS_MAX = 40
"""Most calls of lambdas within each other."""
NESTING_MAX = 200
"""Deepest nesting of values; hashing nests on the C stack without a check of Python's own."""

_LIGHT = frozenset({int, float, bool, type(None)})
_CONTAINERS = (list, tuple, dict, set, frozenset, range, slice, KeysView, ValuesView, ItemsView)
_ELEMENT = 8  # weight of an element of a container; a character weighs 1
_MADE, _READ = 6, 8  # binary logarithms of the weight that one step pays for


class Budget:
    """What is left to one evaluation."""

    __slots__ = ("calls", "left")

    def __init__(self) -> None:
        self.left = STEPS_MAX
        self.calls = 0

    def spend(self, steps: int = 1) -> None:
        """Take steps away.

        Raises:
            QueryError: none are left.
        """
        self.left -= steps
        if self.left < 0:
            raise QueryError(f"The query takes more than {STEPS_MAX} steps for a single run.")

    def made(self, value: Any) -> Any:
        """`value`, having paid for something that was made just now.

        Raises:
            QueryError: it is too much.
        """
        kind = type(value)
        if kind is int:
            if value.bit_length() > 4 * INT_BITS_MAX:
                raise QueryError(f"The query computes an integer of {value.bit_length()} bits.")
        elif kind not in _LIGHT:
            self.spend(weight(value, (self.left + 1) << _MADE) >> _MADE)
        return value

    def read(self, value: Any) -> None:
        """Pay for going through `value` once.

        Raises:
            QueryError: it is too much.
        """
        kind = type(value)
        if kind in _LIGHT:
            return
        if isinstance(value, (str, bytes)):
            if len(value) >= 256:
                self.spend(len(value) >> _READ)
        else:
            self.spend(weight(value, (self.left + 1) << _READ) >> _READ)


def weight(value: Any, most: int) -> int:
    """The weight of a value with all that is in it; counting stops once it is over `most`.

    Raises:
        QueryError: it is nested too deeply.
    """
    total = 0
    level: list[Any] = [value]
    for _ in range(NESTING_MAX):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is int:
                if item > 1 << 64 or item < -1 << 64:
                    total += item.bit_length() >> 2
            elif kind in _LIGHT:
                continue
            elif isinstance(item, (str, bytes)):
                total += len(item)
            elif isinstance(item, _CONTAINERS):
                if isinstance(item, slice):
                    below += (item.start, item.stop, item.step)
                    continue
                total += _ELEMENT * len(item)
                if total > most:
                    return total
                if not isinstance(item, range):
                    below.extend(_children(item))
            elif isinstance(item, Proxy):
                below.append(item.query_plain())
        if not below or total > most:
            return total
        level = below
    raise QueryError(f"The query makes values nested more than {NESTING_MAX} deep.")


def _children(container: Any) -> Iterable[Any]:
    if isinstance(container, dict):
        return (*container.keys(), *container.values())
    found: Iterable[Any] = container
    return found


def check_size(size: int) -> None:
    """Refuse to blow something up.

    Raises:
        QueryError: it would be huge.
    """
    if size > SIZE_MAX:
        raise QueryError(f"The query makes a value of {size} elements; {SIZE_MAX} is the most.")
