"""Everything in which two query languages over the same records differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from matyan_client.query.names import NAMES
from matyan_client.query.operations import get_attribute, get_item

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    from matyan_client.protocol.records import RunRecord, SequenceKind, SequenceRecord

__all__ = ["Dialect"]


@dataclass(frozen=True)
class Dialect:
    """One query language.

    Attributes:
        name: what people call it.
        run_proxy: makes what `run` stands for.
        sequence_proxy: makes what the sequence of a sequence search stands for.
        sequence_name: what a sequence is called in a search of a kind, e.g. `metric`.
        default_filter: given the tree (None: empty query) and the text, whether only runs that are
            not archived are meant.
        reserved: attributes of `run` that are not parameters.
        names: functions, classes and modules.
        get_attribute: what `value.name` is; proxies and plain values come here alike.
        get_item: what `value[key]` is.
        datetime_as_seconds: whether `datetime(<constants>)` stands for Unix seconds.
        on_error: told of an error of evaluation that counts as "no match", and the query's text.
    """

    name: str
    run_proxy: Callable[[RunRecord], Any]
    sequence_proxy: Callable[[RunRecord, SequenceRecord], Any]
    sequence_name: Callable[[SequenceKind], str]
    default_filter: Callable[[ast.expr | None, str], bool]
    reserved: frozenset[str]
    names: Mapping[str, Any] = field(default_factory=lambda: NAMES)
    get_attribute: Callable[[Any, str], Any] = get_attribute
    get_item: Callable[[Any, Any], Any] = get_item
    datetime_as_seconds: bool = False
    on_error: Callable[[Exception, str], None] | None = None
