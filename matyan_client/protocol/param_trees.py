"""Changes inside a JSON parameter value: set or remove the part at a path.

Dicts with integer keys are stored in the tagged form of `objects.params`; this is the one place
that walks both forms without decoding them. What is set in a stored object becomes one of the
`fields` of its wire value, which come before all else in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["TAG", "child", "leaves", "put", "remove", "single_path"]

TAG = "__matyan__"
GAP_MAX = 10_000
"""How far beyond its end a list grows for an index; beyond that it becomes a dict."""


def _is_map(node: Any) -> bool:
    return isinstance(node, dict) and node.get(TAG) == "map"


def _is_object(node: Any) -> bool:
    return isinstance(node, dict) and node.get(TAG) == "object"


def _find(items: list[list[Any]], key: Any) -> list[Any] | None:
    return next((item for item in items if item[0] == key and type(item[0]) is type(key)), None)


def _container_for(node: Any, key: Any, texts: bool) -> Any:
    """`node` if it can take `key`, else a fresh container (a scalar is replaced)."""
    if isinstance(node, list):
        if isinstance(key, int) and -len(node) <= key < len(node) + GAP_MAX:
            node.extend([None] * (key + 1 - len(node)))
            return node
        if texts:
            return {str(i): item for i, item in enumerate(node)}
        node = {TAG: "map", "items": [[i, item] for i, item in enumerate(node)]}
    if _is_map(node):
        return node
    if isinstance(node, dict) and TAG not in node:
        if isinstance(key, str) and key != TAG:
            return node
        return {TAG: "map", "items": [[k, v] for k, v in node.items()]}
    return {} if isinstance(key, str) and key != TAG else {TAG: "map", "items": []}


def child(node: Any, key: Any) -> Any:
    """The part of `node` under `key`; KeyError or IndexError if there is none."""
    if _is_map(node):
        item = _find(node["items"], key)
        if item is None:
            raise KeyError(key)
        return item[1]
    if _is_object(node):
        return child(node["value"].get("fields", {}), key)
    return node[key]


def put(node: Any, path: Sequence[Any], value: Any, *, texts: bool = False) -> Any:
    """Return `node` with `value` at `path`; containers are made on the way.

    `texts`: all keys are texts, also those of a list that becomes a dict.
    """
    if not path:
        return value
    if _is_object(node):
        stored = node["value"]
        return {
            **node,
            "value": {**stored, "fields": put(stored.get("fields"), path, value, texts=texts)},
        }
    key, rest = path[0], path[1:]
    node = _container_for(node, key, texts)
    if _is_map(node):
        item = _find(node["items"], key)
        if item is None:
            node["items"].append([key, put(None, rest, value, texts=texts)])
        else:
            item[1] = put(item[1], rest, value, texts=texts)
    elif isinstance(node, list):
        node[key] = put(node[key], rest, value, texts=texts)
    else:
        node[key] = put(node.get(key), rest, value, texts=texts)
    return node


def remove(node: Any, path: Sequence[Any]) -> tuple[Any, bool]:
    """Return `node` without the part at `path` (not empty), and whether it was there."""
    if _is_object(node):
        stored = node["value"]
        fields, found = remove(stored.get("fields"), path)
        return ({**node, "value": {**stored, "fields": fields}}, True) if found else (node, False)
    key, rest = path[0], path[1:]
    if _is_map(node):
        item = _find(node["items"], key)
        if item is None:
            return node, False
        if not rest:
            node["items"].remove(item)
            return node, True
        item[1], found = remove(item[1], rest)
        return node, found
    if isinstance(node, list) and isinstance(key, int) and -len(node) <= key < len(node):
        if not rest:
            del node[key]
            return node, True
        node[key], found = remove(node[key], rest)
        return node, found
    if isinstance(node, dict) and TAG not in node and isinstance(key, str) and key in node:
        if not rest:
            del node[key]
            return node, True
        node[key], found = remove(node[key], rest)
        return node, found
    return node, False


def single_path(value: dict[str, Any]) -> tuple[list[str], Any]:
    """Follow one-key dicts down: where a plain `log_hparams` assigns (protocol section 4.5)."""
    path: list[str] = []
    node: Any = value
    while isinstance(node, dict) and len(node) == 1 and TAG not in node:
        ((key, node),) = node.items()
        path.append(key)
    return path, node


def leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield (path of text keys, scalar) below `node`; lists and other keys are not entered.

    An object among them shows its fields, and unless it is of an application's own type also the
    members of its wire value that no field hides. Scalars that are stored tagged (odd
    texts, huge ints) come as they are stored. NaN, which
    equals and orders with nothing, is left out.
    """
    stack = [(path, node)]
    while stack:
        here, value = stack.pop()
        if isinstance(value, dict):
            tag = value.get(TAG)
            if tag is None:
                stack.extend(((*here, key), child) for key, child in value.items())
            elif tag == "map":
                stack.extend(
                    ((*here, key), child) for key, child in value["items"] if isinstance(key, str)
                )
            elif tag == "object":
                stack.extend(_parts(value["value"], here))
            elif tag in ("text", "int"):
                yield here, value
        elif isinstance(value, (str, bool, int, float)) and value == value:
            yield here, value


def _parts(stored: dict[str, Any], here: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    fields = stored.get("fields")
    yield here, fields
    if stored.get("type") != "custom":
        hidden = fields if isinstance(fields, dict) else {}
        for key, item in stored.items():
            if key != "fields" and key not in hidden:
                yield (*here, key), item
