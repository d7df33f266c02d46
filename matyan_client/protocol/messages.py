"""The messages a client sends to change a run: their shape, how to make them, how to check them.

Every write in this package is one of these (protocol section 3.5). Fields a real server does not
know are ours; it ignores them. Checking a message needs pydantic, which is imported when the first
one is checked: what this package makes itself is not checked again.

Ours are: `path` and `delete` of `log_hparams` (replace or remove exactly the subtree at that path),
`clear` of `set_run_property` (unset these), `sha256` and `size_bytes` of `blob_ref`, several
objects at one step as `{"type": "list", "items": [...]}`, `id` of `log_record`, and the message
`upload_pending`, which stays in the journal. `wire.py` says how they get to a server.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args, get_origin

from typing_extensions import NotRequired, TypedDict, get_type_hints

from matyan_client.exceptions import InvalidInputError, InvalidMessageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AddTag",
    "BlobRef",
    "CreateRun",
    "FinishRun",
    "LogCustomObject",
    "LogHparams",
    "LogMetric",
    "LogRecord",
    "LogTerminalLine",
    "Message",
    "RemoveTag",
    "SetRunProperty",
    "UploadPending",
    "add_tag",
    "blob_ref",
    "create_run",
    "decode_message",
    "encode_message",
    "finish_run",
    "format_time",
    "log_custom_object",
    "log_hparams",
    "log_metric",
    "log_record",
    "log_terminal_line",
    "parse_message",
    "parse_time",
    "remove_tag",
    "set_run_property",
    "upload_pending",
]


class CreateRun(TypedDict):
    """The run exists from here on."""

    type: Literal["create_run"]
    client_datetime: str
    force_resume: NotRequired[bool]


class LogMetric(TypedDict):
    """One point of a metric."""

    type: Literal["log_metric"]
    name: str
    value: float
    step: int | None
    epoch: float | None
    context: dict[str, Any] | None
    dtype: str | None
    client_datetime: str


class LogHparams(TypedDict):
    """Parameters of any kind."""

    type: Literal["log_hparams"]
    value: dict[str, Any]
    path: NotRequired[list[str | int]]
    delete: NotRequired[bool]


class FinishRun(TypedDict):
    """The run has ended."""

    type: Literal["finish_run"]
    client_datetime: NotRequired[str]


class SetRunProperty(TypedDict):
    """Name, description, experiment, archived; what is absent or null stays."""

    type: Literal["set_run_property"]
    name: NotRequired[str | None]
    description: NotRequired[str | None]
    experiment: NotRequired[str | None]
    archived: NotRequired[bool | None]
    clear: NotRequired[list[str]]


class AddTag(TypedDict):
    """Attach a tag."""

    type: Literal["add_tag"]
    tag_name: str


class RemoveTag(TypedDict):
    """Detach a tag."""

    type: Literal["remove_tag"]
    tag_name: str


class LogCustomObject(TypedDict):
    """One object, or several, at a step of a sequence."""

    type: Literal["log_custom_object"]
    name: str
    value: dict[str, Any]
    step: NotRequired[int | None]
    epoch: NotRequired[float | None]
    context: NotRequired[dict[str, Any] | None]
    dtype: NotRequired[str]
    client_datetime: NotRequired[str | None]
    automatic: NotRequired[bool]


class LogTerminalLine(TypedDict):
    """One line of captured output; `step` is its number."""

    type: Literal["log_terminal_line"]
    line: str
    step: int


class LogRecord(TypedDict):
    """One structured log message; `level` as in `logging`."""

    type: Literal["log_record"]
    message: str
    level: int
    timestamp: float
    logger_info: NotRequired[list[Any] | None]
    extra_args: NotRequired[dict[str, Any] | None]
    id: NotRequired[str]


class BlobRef(TypedDict):
    """A blob was stored under `s3_key`."""

    type: Literal["blob_ref"]
    s3_key: str
    artifact_path: str
    content_type: NotRequired[str]
    sha256: NotRequired[str]
    size_bytes: NotRequired[int]
    by_name: NotRequired[bool]


class UploadPending(TypedDict):
    """An artifact is about to be stored; never leaves the journal."""

    type: Literal["upload_pending"]
    source: str
    artifact_path: str
    size_bytes: int
    mtime_ns: int


Message: TypeAlias = (
    CreateRun
    | LogMetric
    | LogHparams
    | FinishRun
    | SetRunProperty
    | AddTag
    | RemoveTag
    | LogCustomObject
    | LogTerminalLine
    | LogRecord
    | BlobRef
    | UploadPending
)


def format_time(seconds: float) -> str:
    """Unix seconds as the protocol writes times: ISO 8601, UTC, microseconds."""
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).isoformat(timespec="microseconds")


def parse_time(value: str | float) -> float:
    """A time of the protocol (section 3.4) as Unix seconds; without an offset it is UTC.

    Raises:
        InvalidMessageError: neither a number nor ISO 8601.
    """
    if isinstance(value, (int, float)):
        return float(value)
    text = value.strip()
    try:
        # Before 3.11 fromisoformat knows no "Z".
        moment = dt.datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
    except ValueError:
        try:
            return float(text)
        except ValueError as exc:
            raise InvalidMessageError(f"{value!r} is not a time (ISO 8601 or seconds).") from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.timezone.utc)
    return moment.timestamp()


def create_run(*, time: float, force_resume: bool = True) -> CreateRun:
    """Create or resume a run at `time` (Unix seconds)."""
    return {
        "type": "create_run",
        "client_datetime": format_time(time),
        "force_resume": force_resume,
    }


def log_metric(
    name: str,
    value: float,
    *,
    step: int | None,
    epoch: float | None,
    context: dict[str, Any] | None,
    dtype: str | None,
    time: float,
) -> LogMetric:
    """One point; `step` None lets the server count."""
    return {
        "type": "log_metric",
        "name": name,
        "value": value,
        "step": step,
        "epoch": epoch,
        "context": context,
        "dtype": dtype,
        "client_datetime": format_time(time),
    }


def log_hparams(
    value: dict[str, Any], *, path: Sequence[str | int] | None = None, delete: bool = False
) -> LogHparams:
    """Set parameters.

    Args:
        value: nested parameters, JSON values.
        path: replace exactly the subtree at this path by what is at this path in `value`; None:
            assign as section 4.5 says.
        delete: remove the subtree at `path`.
    """
    message: LogHparams = {"type": "log_hparams", "value": value}
    if path is not None:
        message["path"] = list(path)
    if delete:
        message["delete"] = True
    return message


def finish_run(*, time: float) -> FinishRun:
    """The run ended at `time` (Unix seconds)."""
    return {"type": "finish_run", "client_datetime": format_time(time)}


def set_run_property(
    *,
    name: str | None = None,
    description: str | None = None,
    experiment: str | None = None,
    archived: bool | None = None,
    clear: Sequence[str] = (),
) -> SetRunProperty:
    """Set what is not None; unset the properties named in `clear`."""
    message: SetRunProperty = {"type": "set_run_property"}
    if name is not None:
        message["name"] = name
    if description is not None:
        message["description"] = description
    if experiment is not None:
        message["experiment"] = experiment
    if archived is not None:
        message["archived"] = archived
    if clear:
        message["clear"] = list(clear)
    return message


def add_tag(tag_name: str) -> AddTag:
    """Attach a tag."""
    return {"type": "add_tag", "tag_name": tag_name}


def remove_tag(tag_name: str) -> RemoveTag:
    """Detach a tag."""
    return {"type": "remove_tag", "tag_name": tag_name}


def log_custom_object(
    name: str,
    value: dict[str, Any],
    *,
    step: int | None,
    epoch: float | None,
    context: dict[str, Any] | None,
    dtype: str,
    time: float,
    automatic: bool = False,
) -> LogCustomObject:
    """One object, or `{"type": "list", "items": [...]}`, at a step.

    `automatic`: the step was counted; said in journals only.
    """
    message: LogCustomObject = {
        "type": "log_custom_object",
        "name": name,
        "value": value,
        "step": step,
        "epoch": epoch,
        "context": context,
        "dtype": dtype,
        "client_datetime": format_time(time),
    }
    if automatic:
        message["automatic"] = True
    return message


def log_terminal_line(line: str, step: int) -> LogTerminalLine:
    """Line number `step` of the captured output."""
    return {"type": "log_terminal_line", "line": line, "step": step}


def log_record(
    message: str,
    level: int,
    timestamp: float,
    *,
    logger_info: list[Any] | None = None,
    extra_args: dict[str, Any] | None = None,
    id: str | None = None,
) -> LogRecord:
    """A log message.

    Args:
        message: its text.
        level: as in `logging`.
        timestamp: when, Unix seconds.
        logger_info: `[file, line]`.
        extra_args: structured fields, JSON values.
        id: what tells it from others when it is delivered twice; None: a new one.
    """
    return {
        "type": "log_record",
        "message": message,
        "level": level,
        "timestamp": timestamp,
        "logger_info": logger_info,
        "extra_args": extra_args,
        "id": uuid.uuid4().hex if id is None else id,
    }


def blob_ref(
    key: str,
    path: str,
    *,
    content_type: str,
    sha256: str,
    size_bytes: int,
    by_name: bool = False,
) -> BlobRef:
    """The bytes under `key` are artifact `path` of the run.

    `by_name`: nothing but `key` leads to them, as with objects in parameters (`wire.py`).
    """
    message: BlobRef = {
        "type": "blob_ref",
        "s3_key": key,
        "artifact_path": path,
        "content_type": content_type,
        "sha256": sha256,
        "size_bytes": size_bytes,
    }
    if by_name:
        message["by_name"] = True
    return message


def upload_pending(source: str, path: str, *, size_bytes: int, mtime_ns: int) -> UploadPending:
    """The file `source`, as it is now, is to become artifact `path`."""
    return {
        "type": "upload_pending",
        "source": source,
        "artifact_path": path,
        "size_bytes": size_bytes,
        "mtime_ns": mtime_ns,
    }


def encode_message(message: Message) -> bytes:
    """JSON with Python's tokens for NaN and the infinities, ASCII only.

    Raises:
        InvalidInputError: a value JSON cannot hold; names the field.
    """
    try:
        return _encode(message).encode("ascii")
    except (TypeError, ValueError) as exc:
        for field, value in message.items():
            try:
                _encode(value)
            except (TypeError, ValueError):
                raise InvalidInputError(
                    f"Field {field!r} of a {message['type']} message holds a value JSON cannot: "
                    f"{exc}"
                ) from exc
        raise


_encode = json.JSONEncoder(separators=(",", ":")).encode


def decode_message(data: bytes) -> Message:
    """What `encode_message` made; shape is not checked.

    Raises:
        InvalidMessageError: not JSON, or not an object with a type.
    """
    try:
        message = json.loads(data)
    except ValueError as exc:
        raise InvalidMessageError(f"A message of {len(data)} bytes is not JSON: {exc}.") from exc
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise InvalidMessageError(f"{message!r:.100} is not a message: it has no type.")
    return cast("Message", message)


@lru_cache(maxsize=2)
def _validators(exact: bool) -> dict[str, Any]:
    """A pydantic model per message type, with the protocol's lax coercions (section 3.4)."""
    from pydantic import ConfigDict, create_model

    models: dict[str, Any] = {}
    for shape in _WIRE_TYPES:
        fields: dict[str, Any] = {}
        for field, hint in get_type_hints(shape, include_extras=True).items():
            origin: Any = get_origin(hint)
            optional = origin is NotRequired
            kind = get_args(hint)[0] if optional else hint
            if field == "client_datetime":
                kind = (dt.datetime | None) if get_origin(kind) else dt.datetime
            elif field == "epoch" and not exact:
                kind = int | None  # fractions of an epoch do not travel as such
            fields[field] = (kind, None if optional else ...)
        model = create_model(shape.__name__, __config__=ConfigDict(extra="ignore"), **fields)
        models[get_args(fields["type"][0])[0]] = model
    return models


_WIRE_TYPES: tuple[Any, ...] = (
    CreateRun,
    LogMetric,
    LogHparams,
    FinishRun,
    SetRunProperty,
    AddTag,
    RemoveTag,
    LogCustomObject,
    LogTerminalLine,
    LogRecord,
    BlobRef,
)


def parse_message(raw: object, *, exact: bool = False) -> Message:
    """Check a message that came from outside (protocol sections 3.4 and 3.5).

    Scalars are coerced as the real server does, but that a whole number stays one as the value of
    a metric; unknown fields are dropped.

    Args:
        raw: a JSON value.
        exact: whether it is what `wire.from_wire` restored, where an epoch may be any number.

    Raises:
        InvalidMessageError: no or an unknown type, or a field that does not fit; names it.
    """
    from pydantic import ValidationError

    if not isinstance(raw, dict):
        raise InvalidMessageError(f"A message is a JSON object, not {raw!r:.100}.")
    kind = raw.get("type")
    model = _validators(exact).get(kind) if isinstance(kind, str) else None
    if model is None:
        raise InvalidMessageError(
            f"{kind!r} is not a message type. There are: {', '.join(sorted(_validators(exact)))}."
        )
    try:
        checked: dict[str, Any] = model.model_validate(raw).model_dump(exclude_unset=True)
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidMessageError(
            f"A {kind} message does not validate: {where}: {first['msg']}, got "
            f"{first.get('input')!r:.100}."
        ) from exc
    if kind == "log_metric" and raw["value"].__class__ is int:
        checked["value"] = raw["value"]
    moment = checked.get("client_datetime")
    if moment is not None:
        # Without an offset it is UTC.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)
        try:
            moment = moment.astimezone(dt.timezone.utc)
        except OverflowError as exc:
            raise InvalidMessageError(f"{moment} is no time that can be kept.") from exc
        checked["client_datetime"] = moment.isoformat(timespec="microseconds")
    return cast("Message", checked)
