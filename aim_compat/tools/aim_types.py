"""What Aim's members give: enough of its types to follow a run from where it is made to where it
is used.

Facts of Aim 3.29.1, written as annotations: `name` is an attribute, `name()` a method's result,
`[]` an item by key, `iter` what iteration gives. `T` is what a collection holds.
"""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

from aim_compat.tools.values import ANY, NOTHING, Named, Object, Several, Tuple, Values, join, one

if TYPE_CHECKING:
    from collections.abc import Callable

    from matyan_client.protocol.records import SequenceKind

__all__ = ["QUERIES", "class_of", "from_annotation", "given", "is_collection", "items"]

_SEQUENCES = {
    "Metric": "T",
    "Images": "Image",
    "Audios": "Audio",
    "Texts": "Text",
    "Distributions": "Distribution",
    "Figures": "Figure",
}
_COLLECTIONS = (
    "SequenceCollection",
    "SingleRunSequenceCollection",
    "QuerySequenceCollection",
    "QueryRunSequenceCollection",
)

_DEFINED = {
    "Run": "aim.sdk.run",
    "Repo": "aim.sdk.repo",
    "Context": "aim.storage.context",
    "Artifact": "aim.sdk.objects.artifact",
    "ArrayView": "aim.storage.arrayview",
    "Sequence": "aim.sdk.sequence",
    "SequenceData": "aim.sdk.sequence",
    "LogRecord": "aim.sdk.logging.log_record",
    "LogRecords": "aim.sdk.logging.log_record",
    "Logs": "aim.ext.resource.log",
    "LogLine": "aim.ext.resource.log",
    "RepoStatus": "aim.sdk.repo",
    **{name: f"aim.sdk.objects.{name.lower()}" for name in _SEQUENCES.values() if name != "T"},
    **{
        name: f"aim.sdk.sequences.{name.lower().removesuffix('s')}_sequence"
        for name in _SEQUENCES
        if name != "Metric"
    },
    "Metric": "aim.sdk.sequences.metric",
    **dict.fromkeys(_COLLECTIONS, "aim.sdk.sequence_collection"),
}

QUERIES: dict[str, SequenceKind | None] = {
    "query_runs": None,
    "query_metrics": "metric",
    "query_images": "images",
    "query_audios": "audios",
    "query_distributions": "distributions",
    "query_figure_objects": "figures",
    "query_texts": "texts",
}
"""Methods of Repo that take a query, and over what it goes."""

_SEQUENCE = {
    "run": "Run",
    "context": "Context",
    "name": "str",
    "data": "SequenceData",
    "values": "ArrayView",
    "epochs": "ArrayView",
    "timestamps": "ArrayView",
}
_COLLECTION = {"iter()": "Iterator[T]", "iter": "T", "run": "Run"}
_PER_RUN = {**_COLLECTION, "iter_runs()": "Iterator[SingleRunSequenceCollection[T]]"}
_ADAPTER = {"experiment": "Run", "_run": "Run"}

_GIVES: dict[str, dict[str, str]] = {
    "Run": {
        "repo": "Repo",
        "hash": "str",
        "metrics()": "SequenceCollection[Metric]",
        "get_metric()": "Metric",
        "get_image_sequence()": "Images",
        "get_figure_sequence()": "Figures",
        "get_audio_sequence()": "Audios",
        "get_distribution_sequence()": "Distributions",
        "get_text_sequence()": "Texts",
        "get_terminal_logs()": "Logs",
        "get_log_records()": "LogRecords",
        "iter_metrics_info()": "Iterator[tuple[str, Context, Run]]",
        "iter_sequence_info_by_type()": "Iterator[tuple[str, Context, Run]]",
        "artifacts": "dict[str, Artifact]",
        "idx_to_ctx()": "Context",
    },
    "Repo": {
        "default_repo()": "Repo",
        "from_path()": "Repo",
        "check_repo_status()": "RepoStatus",
        "get_run()": "Run",
        "iter_runs()": "Iterator[Run]",
        "iter_runs_from_cache()": "Iterator[Run]",
        "query_runs()": "QueryRunSequenceCollection[Sequence]",
        "query_metrics()": "QuerySequenceCollection[Metric]",
        "query_images()": "QuerySequenceCollection[Images]",
        "query_audios()": "QuerySequenceCollection[Audios]",
        "query_distributions()": "QuerySequenceCollection[Distributions]",
        "query_figure_objects()": "QuerySequenceCollection[Figures]",
        "query_texts()": "QuerySequenceCollection[Texts]",
    },
    "Sequence": _SEQUENCE,
    "Logs": _SEQUENCE,
    "LogRecords": _SEQUENCE,
    **{name: {**_SEQUENCE, "iter": "T"} for name in _SEQUENCES},
    **dict.fromkeys(_COLLECTIONS, _PER_RUN),
    "AimCallback": _ADAPTER,
    "AimLogger": _ADAPTER,
    "AimLoggingHandler": _ADAPTER,
    "AimWriter": {},
    "TrainingFlow": {},
    "SequenceData": dict.fromkeys(("view()", "range()", "sample()"), "SequenceData"),
    "get_repo": {"()": "Repo"},
    "convert_to_aim_image_list": {"()": "list[Image]"},
}

_HOLDERS = frozenset(
    "list List set Set frozenset FrozenSet Iterable Iterator Sequence Collection Generator deque "
    "AsyncIterator AsyncGenerator MutableSequence Deque".split()
)
_MAPPINGS = frozenset(
    "dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict".split()
)
_WRAPPERS = frozenset("Optional Union Annotated ClassVar Final Required NotRequired".split())


def class_of(name: str) -> Named:
    """A class of Aim by its bare name."""
    return Named(_DEFINED[name], name)


def is_collection(value: Object) -> bool:
    """Whether this is the answer to a query."""
    return value.cls.name in _COLLECTIONS


def given(owner: Object, what: str) -> Values | None:
    """What an attribute (`name`) or a method (`name()`) of an object gives; None: not known."""
    text = _GIVES.get(owner.cls.name, {}).get(what)
    return None if text is None else _resolve(text, owner.item)


def items(values: Values) -> Values:
    """What iterating over one of these gives."""
    found = [NOTHING]
    for value in values:
        if isinstance(value, Several):
            found.append(value.item)
        elif isinstance(value, Tuple):
            found += value.parts
        elif isinstance(value, Object):
            found.append(given(value, "iter") or ANY)
        else:
            found.append(ANY)
    return join(*found)


@functools.cache
def _resolve(text: str, item: Values) -> Values:
    def name(node: ast.expr) -> Values:
        if isinstance(node, ast.Name):
            if node.id == "T":
                return item or ANY
            if node.id in _DEFINED:
                return one(Object(class_of(node.id)))
        return ANY

    return from_annotation(ast.parse(text, mode="eval").body, name)


def from_annotation(
    node: ast.expr, resolve: Callable[[ast.expr], Values], depth: int = 0
) -> Values:
    """Objects that an annotation describes.

    Args:
        node: the annotation; text in it is read as one.
        resolve: gives the objects that a plain name or attribute stands for.
        depth: how deep it is nested in another.
    """
    if depth > 20:
        return ANY
    again = functools.partial(from_annotation, resolve=resolve, depth=depth + 1)
    if isinstance(node, ast.Constant):
        if node.value is None:
            return NOTHING
        parsed = _parsed(node.value)
        if parsed is None:
            return ANY
        for part in ast.walk(parsed):  # what is in the text stands where the text stands
            ast.copy_location(part, node)
        return again(parsed)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return join(again(node.left), again(node.right))
    if not isinstance(node, ast.Subscript):
        return resolve(node)
    head = node.value.attr if isinstance(node.value, ast.Attribute) else None
    head = node.value.id if isinstance(node.value, ast.Name) else head
    arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if head in _WRAPPERS:
        return join(*map(again, arguments[:1] if head == "Annotated" else arguments))
    if head in _COLLECTIONS and arguments:
        return one(Object(class_of(head), again(arguments[0])))
    if head in ("tuple", "Tuple"):
        if len(arguments) == 2 and ast.unparse(arguments[1]) == "...":
            return one(Several(again(arguments[0])))
        return one(Tuple(tuple(map(again, arguments))))
    if head in _HOLDERS and arguments:
        return one(Several(again(arguments[0])))
    if head in _MAPPINGS and arguments:
        return one(Several(again(arguments[-1])))
    return ANY


def _parsed(text: object) -> ast.expr | None:
    if not isinstance(text, str) or len(text) > 500:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
