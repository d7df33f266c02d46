"""`RunView`, `SequenceView`, `ContextView`: what a query sees of a run, for scripts to look at.

The same values as in `aimql/`, reached by Python's own attributes and items. Aim's queries are
evaluated with classes of these names; here they are only a window, nothing is evaluated with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat._absent_members import with_absent_members
from aim_compat.aimql.missing import MISSING
from aim_compat.aimql.rows import RunProxy, SequenceProxy
from aim_compat.aimql.values import ContextProxy
from aim_compat.context import as_context
from matyan_client.query import Proxy

if TYPE_CHECKING:
    from aim_compat.run_reading import RunReader

__all__ = ["ContextView", "RunView", "SequenceView"]


class _View:
    """A proxy of a query, looked at from outside."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def __getattr__(self, item: str) -> Any:
        if item.startswith("_"):
            raise AttributeError(item)
        if item in type(self).__dict__:
            return getattr(type(self), item)  # absent: says why
        return _shown(self._proxy.query_getattr(item))

    def __getitem__(self, key: Any) -> Any:
        return _shown(self._proxy.query_getitem(key))

    def __contains__(self, item: object) -> bool:
        return self._proxy.query_contains(item)

    def __eq__(self, other: object) -> bool:
        return bool(self._proxy == (other._proxy if isinstance(other, _View) else other))

    __hash__ = None  # type: ignore[assignment]  # equal to what changes

    def __bool__(self) -> bool:
        return bool(self._proxy)

    def __repr__(self) -> str:
        return repr(self._proxy)


@with_absent_members("aim.sdk.query_utils.RunView")
class RunView(_View):
    """`run` of a query: properties, and parameters as attributes or items; missing ones equal None.

    Args:
        run: a run, open for reading or writing.
        runs_proxy_cache: taken and not needed.
        timezone_offset: taken and not needed: times are naive UTC.
    """

    def __init__(
        self,
        run: RunReader,
        runs_proxy_cache: dict[Any, Any] | None = None,
        timezone_offset: int = 0,
    ) -> None:
        del runs_proxy_cache, timezone_offset
        self.run = run
        self.hash = run.hash
        self._record = run._fetch(params=True, sequences=True)
        super().__init__(RunProxy(self._record))

    def get(self, key: Any, default: Any = None) -> Any:
        """A parameter by a key or tuple of keys, or `default`."""
        return _shown(self._proxy.query_getattr("get")(key, default))


class SequenceView(_View):
    """`metric`, `images`, … of a query: one series of a run.

    Args:
        name: name of the series.
        context: its context, a dict.
        run_view: the run it belongs to; if it has no such series, every value is undefined
            and false.
    """

    def __init__(self, name: str, context: dict[str, Any], run_view: RunView) -> None:
        self.name = name
        self.run = run_view
        self._context = context
        found = run_view.run._find_sequence(name, as_context(context))
        proxy = MISSING if found is None else SequenceProxy(run_view._record, found)
        super().__init__(proxy)

    @property
    def context(self) -> ContextView:
        """The context as a query sees it."""
        return ContextView(self._context)


@with_absent_members("aim.sdk.query_utils.ContextView")
class ContextView(_View):
    """`metric.context` of a query: keys as attributes or items; a missing one is a KeyError.

    Args:
        context: the context, a dict.
    """

    def __init__(self, context: dict[str, Any]) -> None:
        self.context = context
        super().__init__(ContextProxy(context))

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        return self[key] if key in self else default


def _shown(value: Any) -> Any:
    return _View(value) if isinstance(value, Proxy) else value
