"""What crosses the wire instead of a message that a real server could not hold as it is.

Messages that mean the same everywhere travel unchanged. The others travel in a form that a real
server stores without harm, and from which our server and every reader get the message back:

- a *companion*: a text beside what it stands for, in a sequence of the same context called
  `__matyan__:<dtype>:<name>`. Its data is JSON: `{"value", "epoch", "time"}`. It carries values of
  metrics that JSON has no number for, several objects at one step, and objects of an application's
  own type. On the wire it also has the message itself as `exact`, which a real server ignores.
- `epoch_exact` beside an `epoch` that is no whole number.
- parameters: one top-level key a message, a *marked* tree; see `mark` and `unmark`.
- a log record's own id as a third element of `logger_info`.
- a blob that is only found by its name is called `__matyan__/…` and not `seq/…`, which no real
  server gives to anybody who asks by name; the name it has is beside that as `path_exact`.

Knows nothing about connections; `ingest.py` decides when what is sent.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from matyan_client.protocol.messages import Message, format_time
from matyan_client.protocol.param_trees import TAG
from matyan_client.protocol.records import kind_of
from matyan_client.protocol.routes import INDEXED_TEXT_BYTES_MAX, VALUE_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BY_NAME",
    "COMPANION",
    "SYNC_NAME",
    "Companion",
    "companion_of",
    "decode_companion",
    "from_top_key",
    "from_wire",
    "is_plain_object",
    "mark",
    "named_path",
    "no_chain",
    "to_wire",
    "top_key",
    "unmark",
]

COMPANION: Final = "__matyan__:"
"""How the name of a companion sequence begins."""
BY_NAME: Final = "__matyan__/"
"""How artifacts begin that are none, but blobs found by their name only."""
SYNC_NAME: Final = "__matyan_sync"
"""Metric of dtype `logs`, which no list shows: a reader that finds a number there knows that all
that was sent before it is stored. Only for servers whose acknowledgement does not say so."""

_RECORD_ID: Final = "id:"
_OBJECT_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "image": frozenset({"type", "caption", "width", "height", "format", "s3_key"}),
    "audio": frozenset({"type", "caption", "format", "rate", "s3_key"}),
    "text": frozenset({"type", "data"}),
    "distribution": frozenset({"type", "bin_count", "range", "data"}),
    "figure": frozenset({"type", "data"}),
}
"""What a real server gives back of an object (7.5); anything else needs a companion."""


class Companion(NamedTuple):
    """What a companion sequence stands for."""

    dtype: str
    name: str


def companion_of(name: str) -> Companion | None:
    """What the sequence of this name stands for; None if it is an ordinary one."""
    if not name.startswith(COMPANION):
        return None
    dtype, colon, rest = name[len(COMPANION) :].partition(":")
    # The dtype of an application's own objects is `custom:<type>`.
    if dtype == "custom" and colon:
        kind, colon, rest = rest.partition(":")
        dtype = f"custom:{kind}"
    return Companion(dtype, rest) if colon else None


def to_wire(message: Message) -> list[dict[str, Any]]:
    """The messages to send for one of a journal; none for what stays there.

    Parameters are not handled here: they need to know what is there already (`mark`).
    """
    fields = cast("dict[str, Any]", message)
    kind = fields["type"]
    if kind == "upload_pending":
        return []
    if kind == "log_metric":
        return [_metric(fields)]
    if kind == "log_custom_object":
        return _objects(fields)
    if kind == "set_run_property" and fields.get("clear"):
        # A real server cannot unset; these are what it shows for nothing.
        empty = {name: "" for name in ("name", "description") if name in fields["clear"]}
        return [{**fields, **empty}]
    if kind == "blob_ref" and fields.get("by_name"):
        path = fields["artifact_path"]
        return [{**fields, "artifact_path": named_path(path), "path_exact": path}]
    if kind == "log_record" and "id" in fields:
        place = list(fields.get("logger_info") or [None, None])
        return [
            {
                **{key: value for key, value in fields.items() if key != "id"},
                "logger_info": [*place[:2], _RECORD_ID + fields["id"]],
            }
        ]
    return [fields]


def from_wire(raw: dict[str, Any]) -> dict[str, Any]:
    """The message that `to_wire` (or another client) sent. Nothing is checked here.

    A companion becomes the message it carries, a fraction of an epoch and a log record's `id` come
    back. Parameters stay marked.
    """
    kind = raw.get("type")
    exact = raw.get("exact")
    if isinstance(exact, dict) and companion_of(str(raw.get("name"))) is not None:
        return exact
    if kind == "blob_ref" and isinstance(raw.get("path_exact"), str):
        return {**raw, "artifact_path": raw["path_exact"]}
    if "epoch_exact" in raw:
        return {**raw, "epoch": raw["epoch_exact"]}
    if kind == "log_record":
        place = raw.get("logger_info")
        if isinstance(place, list) and len(place) == 3 and str(place[2]).startswith(_RECORD_ID):
            known = place[:2] if place[0] is not None else None
            return {**raw, "logger_info": known, "id": str(place[2])[len(_RECORD_ID) :]}
    return raw


def named_path(path: str) -> str:
    """What a blob that is only found by its name is called on a real server."""
    return BY_NAME + path.rpartition("/")[2]


def is_plain_object(dtype: str, value: Mapping[str, Any], epoch: float | None) -> bool:
    """Whether a real server gives an object back whole, and with it the way to its blob."""
    whole = "epoch_exact" not in _whole(epoch)
    return whole and set(value) <= _OBJECT_FIELDS.get(dtype, frozenset())


def _whole(epoch: float | None) -> dict[str, Any]:
    """`epoch` as a real server takes it, and as it is if that is something else."""
    if epoch is None or epoch != epoch:
        return {"epoch": None}
    if math.isfinite(epoch) and epoch == int(epoch) and abs(epoch) < 1 << 53:
        return {"epoch": int(epoch)}
    whole = int(epoch) if math.isfinite(epoch) and abs(epoch) < 1 << 53 else None
    return {"epoch": whole, "epoch_exact": epoch}


def _metric(fields: dict[str, Any]) -> dict[str, Any]:
    value = fields["value"]
    if math.isfinite(value):
        return {**fields, **_whole(fields["epoch"])}
    return _companion(fields, "float")


def _objects(fields: dict[str, Any]) -> list[dict[str, Any]]:
    value, dtype = fields["value"], fields.get("dtype", "custom")
    plain = {**fields, **_whole(fields.get("epoch"))}
    if kind_of(dtype) == "objects":
        return [_companion(fields, dtype)]
    if value.get("type") == "list":
        items = value["items"]
        first = [{**plain, "value": items[0]}] if items else []
        return [*first, _companion(fields, dtype)]
    if is_plain_object(dtype, value, fields.get("epoch")):
        return [plain]
    return [plain, _companion(fields, dtype)]


def _companion(fields: dict[str, Any], dtype: str) -> dict[str, Any]:
    data = {
        "value": fields["value"],
        "epoch": fields.get("epoch"),
        "time": fields.get("client_datetime"),
    }
    return {
        "type": "log_custom_object",
        "name": f"{COMPANION}{dtype}:{fields['name']}",
        "value": {"type": "text", "data": json.dumps(data, separators=(",", ":"))},
        "step": fields["step"],
        "epoch": _whole(fields.get("epoch"))["epoch"],
        "context": fields.get("context"),
        "dtype": "text",
        "client_datetime": fields.get("client_datetime") or format_time(0.0),
        "exact": fields,
    }


def decode_companion(data: str) -> dict[str, Any]:
    """`value`, `epoch` and `time` of a companion's text.

    Raises:
        ValueError: it is not one.
    """
    found = json.loads(data)
    if not isinstance(found, dict) or "value" not in found:
        raise ValueError(f"{data!r:.80} is not a companion.")
    return found


# -- parameters ----------------------------------------------------------------------------------

_DICT: Final = "dict"
_DELETED: Final = "deleted"
_LONG_TEXT: Final = "long"
_FLOAT: Final = "float"
_KEYS: Final = "keys"
_OPEN: Final = f"{TAG}open"
_INT64: Final = 1 << 63
_HEX_PLAIN_MAX: Final = 500
"""`objects.params` writes ints of more bits than that in tagged form itself."""
_UNSAFE: Final = frozenset({"", "__leaf__", "__empty_dict__", "__empty_list__"})
"""Keys that a real server or its stream codec use for something else (4.5, 6.2)."""


def top_key(key: str | int) -> str:
    """How a top-level key is called on the wire, where all are texts and some are taken."""
    if isinstance(key, int) or key in _UNSAFE or key == "__blobs__" or key.startswith(TAG):
        return f"{TAG}:{json.dumps(key)}"
    return key


def from_top_key(key: str) -> str | int:
    """The key that `top_key` was given."""
    if not key.startswith(f"{TAG}:"):
        return key
    try:
        found = json.loads(key[len(TAG) + 1 :])
    except ValueError:
        return key
    return found if isinstance(found, (str, int)) else key


def mark(
    key: str, value: Any, *, replaces: bool, deleted: bool = False, open_ended: bool = False
) -> dict[str, Any]:
    """The `value` of a `log_hparams` that makes `value` all there is under the top-level `key`.

    A real server merges along chains of one-key objects (4.5). Where something is there to be
    replaced, such an object gets a second member, the mark, and is no chain any more. Nothing can
    be removed there, so a mark also stands for what was. Numbers and keys that would not come back
    are marked as well.

    Args:
        key: top-level key, see `top_key`.
        value: JSON value, with the tags of `objects.params`.
        replaces: whether something may be under `key` already.
        deleted: `key` is to go.
        open_ended: more members of `value`, a dict, follow in messages of their own.
    """
    if deleted:
        return {key: {TAG: _DELETED, "was": None}}
    value = _safe(value)
    if isinstance(value, dict) and TAG not in value:
        if key == "hparams":
            value = {name: _shortened(item) for name, item in value.items()}
        if open_ended:
            value = {TAG: _DICT, _OPEN: None, **value}
        elif replaces:
            value = no_chain(value)
    return {key: value}


def no_chain(value: Any) -> Any:
    """A JSON value that a real server puts in the place of what is there, whatever that is."""
    if isinstance(value, dict) and len(value) == 1 and TAG not in value:
        return {**value, TAG: _DICT}
    return value


def _safe(value: Any) -> Any:
    """JSON values as a real server gives them back, others marked."""
    if isinstance(value, str) and len(value) * 4 > VALUE_BYTES_MAX:
        return _in_parts(value)
    if isinstance(value, dict):
        if TAG not in value and any(key in _UNSAFE or key.startswith(TAG) for key in value):
            return {TAG: _KEYS, "items": [[key, _safe(item)] for key, item in value.items()]}
        return {key: _safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_safe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {TAG: _FLOAT, "value": repr(value)}
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return {TAG: "int", "hex": f"{value:x}"}
    return value


def _in_parts(text: str) -> Any:
    """A text too long for one value, as several; elements of a list are values of their own."""
    if len(text.encode("utf-8", "replace")) <= VALUE_BYTES_MAX:
        return text
    size = VALUE_BYTES_MAX // 4  # a character has at most four bytes
    return {
        TAG: _LONG_TEXT,
        "parts": [text[start : start + size] for start in range(0, len(text), size)],
    }


def _shortened(item: Any) -> Any:
    """Long texts directly below `hparams` would be index keys; one level further down they are
    not."""
    if isinstance(item, str) and len(item.encode()) > INDEXED_TEXT_BYTES_MAX:
        return {TAG: _LONG_TEXT, "text": item}
    return item


def unmark(value: Any) -> tuple[Any, bool]:
    """What `mark` was given for a parameter, and whether it is there at all."""
    if isinstance(value, list):
        return [unmark(item)[0] for item in value], True
    if not isinstance(value, dict):
        return value, True
    tag = value.get(TAG)
    if tag == _DELETED:
        return None, False
    if tag == _LONG_TEXT:
        return value["text"] if "text" in value else "".join(value.get("parts", ())), True
    if tag == _FLOAT:
        return _number(value.get("value")), True
    if tag == "int":
        return _integer(value), True
    if tag == _KEYS:
        return {key: unmark(item)[0] for key, item in value.get("items", ())}, True
    if tag == _DICT:
        value = {key: item for key, item in value.items() if key not in (TAG, _OPEN)}
    return {key: unmark(item)[0] for key, item in value.items()}, True


def _number(text: Any) -> Any:
    return float(text) if text in ("nan", "inf", "-inf") else text


def _integer(value: dict[str, Any]) -> Any:
    """Larger ones stay tagged, as they were given."""
    text = value.get("hex")
    if isinstance(text, str) and len(text) <= _HEX_PLAIN_MAX:
        try:
            return int(text, 16)
        except ValueError:
            return value
    return value
