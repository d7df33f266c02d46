"""Progress bars on stderr, as Aim shows them for what takes long; none where tqdm is not installed.

tqdm is an extra, imported when a bar is wanted.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["counted", "reported"]

log = logging.getLogger("aim_compat.progress")

T = TypeVar("T")


def _tqdm() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        log.debug("tqdm is not installed; no progress bar")
        return None
    return tqdm


def counted(items: Iterable[T]) -> Iterable[T]:
    """The items, with a bar that counts them."""
    tqdm = _tqdm()
    return items if tqdm is None else tqdm(items)


def reported(search: Callable[[Any], Iterator[T]], total: int) -> Iterator[T]:
    """What `search(progress)` finds, with a bar that `progress` moves."""
    tqdm = _tqdm()
    if tqdm is None:
        yield from search(None)
        return
    with tqdm(total=total) as bar:
        yield from search(lambda done, of_all: bar.update(done - bar.n))
        bar.update(total - bar.n)
