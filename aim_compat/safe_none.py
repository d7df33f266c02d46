"""`SafeNone`: a None that answers everything with itself, and the metaclass that makes it one.

Facts of Aim 3.29.1. Imports nothing of this package.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["SafeNone", "Singleton"]


class Singleton(type):
    """Metaclass of classes that have one instance each, made by the first call."""

    _instances: ClassVar[dict[type, Any]] = {}

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls not in cls._instances:
            cls._instances[cls] = super().__call__(*args, **kwargs)
        return cls._instances[cls]


class SafeNone(metaclass=Singleton):
    """Equal to None, false, empty; its attributes, items and results are itself."""

    def get(self, item: Any) -> SafeNone:
        """Itself."""
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> SafeNone:
        return self

    def __getattr__(self, item: str) -> SafeNone:
        return self

    def __getitem__(self, item: Any) -> SafeNone:
        return self

    def __iter__(self) -> SafeNone:
        return self

    def __next__(self) -> Any:
        raise StopIteration

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, SafeNone)

    __hash__ = None  # type: ignore[assignment]  # as in Aim, which defines equality only

    def __repr__(self) -> str:
        return "None"
