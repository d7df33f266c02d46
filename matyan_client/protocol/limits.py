"""What a real server drops without a word because it is too large (protocol section 3.7), found
before it is sent, while whoever gave it can still do something about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.messages import encode_message
from matyan_client.protocol.routes import KEY_BYTES_MAX, MESSAGE_BYTES_MAX, VALUE_BYTES_MAX

if TYPE_CHECKING:
    from matyan_client.protocol.messages import Message

__all__ = ["TEXT_PARAM_BYTES_MAX", "check_key", "check_message", "cut_line"]

TEXT_PARAM_BYTES_MAX = MESSAGE_BYTES_MAX - 100_000
"""Most bytes of JSON that one text among parameters may have."""

_CUT = " … [cut, {} more bytes]"
_ROOM_FOR_MARK = 40


def check_key(text: str, what: str) -> None:
    """Names become keys of a database, which are short.

    Raises:
        InvalidInputError: it is too long.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    if size > KEY_BYTES_MAX:
        raise InvalidInputError(
            f"The {what} {text[:60]!r}… has {size} bytes; a server keeps at most {KEY_BYTES_MAX}."
        )


def check_message(message: Message) -> None:
    """Refuse what a server could not store.

    Raises:
        InvalidInputError: names what is too large, its size and the limit.
    """
    fields = cast("dict[str, Any]", message)
    kind = fields["type"]
    if kind == "log_hparams":
        if len(encode_message(message)) > VALUE_BYTES_MAX:
            _check_leaves(fields["value"], "")
        path = fields.get("path")
        check_key(".".join(map(str, path or ())), "parameter")
        _check_keys(fields["value"], "", 0)
    elif kind == "log_record":
        size = len(encode_message(message))
        if size > VALUE_BYTES_MAX:
            raise InvalidInputError(
                f"A log record of {size} bytes is too large; a server keeps at most "
                f"{VALUE_BYTES_MAX}. Shorten it, or keep the text as an artifact: "
                f"{fields['message'][:60]!r}…"
            )
    elif kind == "set_run_property":
        check_key(fields.get("experiment") or "", "experiment")
        for name in ("name", "description"):
            _check_value(fields.get(name) or "", f"{name} of a run")
    elif kind in ("add_tag", "remove_tag"):
        check_key(fields["tag_name"], "tag")
    elif kind == "blob_ref":
        check_key(fields["artifact_path"], "artifact")


def cut_line(line: str) -> str:
    """A terminal line short enough for a server, with a mark where it was cut."""
    if len(line) * 6 <= VALUE_BYTES_MAX:  # a character is at most six bytes of JSON
        return line
    data = line.encode("utf-8", "replace")
    if len(data) <= VALUE_BYTES_MAX:
        return line
    kept = VALUE_BYTES_MAX - _ROOM_FOR_MARK
    return data[:kept].decode("utf-8", "ignore") + _CUT.format(len(data) - kept)


def _check_value(text: str, what: str) -> None:
    size = len(text.encode("utf-8", "replace"))
    if size > VALUE_BYTES_MAX:
        raise InvalidInputError(
            f"The {what} has {size} bytes; a server keeps at most {VALUE_BYTES_MAX} in one text. "
            "Keep it as an artifact instead."
        )


def _check_leaves(node: Any, where: str) -> None:
    if isinstance(node, str):
        # It is sent in parts (`wire.mark`), but in one message.
        size = len(json.dumps(node))
        if size > TEXT_PARAM_BYTES_MAX:
            raise InvalidInputError(
                f"The parameter {where!r} is a text of {size} bytes as JSON; a server takes at "
                f"most {TEXT_PARAM_BYTES_MAX}. Keep it as an artifact instead."
            )
    elif isinstance(node, dict):
        for key, item in node.items():
            _check_leaves(item, f"{where}.{key}" if where else key)
    elif isinstance(node, list):
        # A list is sent whole.
        size = len(encode_message(cast("Message", {"type": "log_hparams", "value": node})))
        if size > MESSAGE_BYTES_MAX - KEY_BYTES_MAX:
            raise InvalidInputError(
                f"The parameter {where!r} is a list of {size} bytes as JSON; a server takes at "
                f"most {MESSAGE_BYTES_MAX - KEY_BYTES_MAX}. Keep it as an artifact instead."
            )
        for index, item in enumerate(node):
            _check_leaves(item, f"{where}[{index}]")


def _check_keys(node: Any, where: str, length: int) -> None:
    """A leaf's key is the path to it."""
    if isinstance(node, dict):
        for key, item in node.items():
            size = length + 1 + len(key.encode("utf-8", "replace"))
            if size > KEY_BYTES_MAX:
                raise InvalidInputError(
                    f"The parameter {f'{where}.{key}'[:60]!r}… has a name of {size} bytes; a "
                    f"server keeps at most {KEY_BYTES_MAX}."
                )
            _check_keys(item, f"{where}.{key}" if where else key, size)
    elif isinstance(node, list):
        for item in node:
            _check_keys(item, where, length + 10)
