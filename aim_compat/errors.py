"""Aim's exceptions, each also one of ours, and every text that Aim's users may match on.

    MissingRunError (RunNotFoundError, RuntimeError)   a hash no run has
    RepoIntegrityError (RepoError, RuntimeError)       only so that it can be caught
    RunLockingError (RepoError, RuntimeError)          only so that it can be caught
    ContextError (InvalidTypeError, NotImplementedError)   a context that cannot be a key
    MissingKeyError (NotFoundError, KeyError)          a parameter or step that is not there
    EmptyViewError (MissingKeyError, ValueError)       first or last of nothing
    HandlerSignatureError (InvalidInputError, AssertionError)   a method that can handle no event
    EventSignatureError (InvalidInputError, AssertionError)     a method that can be no event
    QueryParameterError (InvalidInputError, AssertionError)     a name that is in no query

Bases follow behaviour.md M04, M07, P03, P05 and T07 of Aim 3.29.1.
"""

from __future__ import annotations

from typing import Any

from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    RepoError,
    RunNotFoundError,
)

__all__ = [
    "ContextError",
    "EmptyViewError",
    "EventSignatureError",
    "HandlerSignatureError",
    "HashNeededError",
    "MissingKeyError",
    "MissingRunError",
    "QueryParameterError",
    "RepoIntegrityError",
    "RunLockingError",
    "artifact_scheme_unsupported",
    "artifacts_uri_missing",
    "dict_with_name",
    "event_parameters_unsupported",
    "handler_parameters_unsupported",
    "incompatible_values",
    "key_unsupported",
    "missing_run",
    "name_missing",
    "name_unsupported",
    "not_a_number",
    "not_a_sequence_type",
    "not_trackable",
    "query_parameter_unknown",
    "query_parameter_unsupported",
    "repo_missing",
    "unknown_aggregation",
    "value_unsupported",
]


class MissingRunError(RunNotFoundError):
    """A run was asked for by a hash that no run has (behaviour R06). Scripts may raise it, too,
    with arguments of their own, as any RuntimeError."""

    def __init__(self, *args: Any) -> None:
        super().__init__("", "")
        self.args = args


def missing_run(run_hash: str, where: str) -> MissingRunError:
    """The error for a hash that no run in this place has."""
    error = MissingRunError(f"Cannot find Run {run_hash} in aim Repo {where}.")
    error.run_hash = run_hash
    return error


class RepoIntegrityError(RepoError):
    """Aim: a run without its row in the relational database; cannot happen here."""


class RunLockingError(RepoError):
    """Aim: a run somebody else writes; a second writer is welcome here."""


class ContextError(InvalidTypeError, NotImplementedError):
    """A context, or something in it, that cannot tell sequences apart (behaviour T07)."""


class MissingKeyError(NotFoundError, KeyError):
    """No parameter at this path, or no value at this step (behaviour P05, S05)."""

    def __init__(self, path: tuple[Any, ...]) -> None:
        self.path = path
        super().__init__(f"No key {path!r} is present.")

    def __str__(self) -> str:
        return repr(self.args[0])  # as KeyError writes it, and so Aim's


class EmptyViewError(MissingKeyError, InvalidInputError):
    """The first or last entry of a view of nothing (behaviour S09; also a ValueError)."""

    def __init__(self) -> None:
        super().__init__(())
        self.args = ("Nothing was tracked, so there is no first and no last entry.",)


class HashNeededError(InvalidInputError, AssertionError):
    """A run to read without a hash that says which (behaviour R06)."""


class HandlerSignatureError(InvalidInputError, AssertionError):
    """An event handler without `self` first or `**kwargs` last (behaviour M04)."""


class EventSignatureError(InvalidInputError, AssertionError):
    """An event with parameters that cannot be given by keyword (behaviour M04)."""


class QueryParameterError(InvalidInputError, AssertionError):
    """A query was asked about something that has no name in queries."""


def value_unsupported(value: Any) -> InvalidTypeError:
    """A parameter value that strict mode refuses (behaviour P03)."""
    return InvalidTypeError(
        f"Unhandled non-native value `{value}` of type `{type(value)}`. Convert it first, or use "
        "run.set(key, value, strict=False) to store its repr()."
    )


def handler_parameters_unsupported(method: Any) -> HandlerSignatureError:
    """A method that `events.on` refuses (behaviour M04)."""
    return HandlerSignatureError(
        f"{_name(method)!r} cannot handle events: its parameters must start with self and end with "
        "**kwargs, and those between must be possible to give by keyword. Events come with any "
        "arguments."
    )


def event_parameters_unsupported(method: Any) -> EventSignatureError:
    """A method that `event` refuses (behaviour M04)."""
    return EventSignatureError(
        f"{_name(method)!r} cannot be an event: its arguments are given by keyword, so it can have "
        "neither *args nor positional-only parameters."
    )


def _name(method: Any) -> str:
    return getattr(method, "__qualname__", None) or repr(method)


def not_a_number(value: Any) -> InvalidInputError:
    """A value that has no plain number."""
    return InvalidInputError(f"not a number: {value!r} of type {type(value).__name__!r}")


def unknown_aggregation(mode: Any) -> InvalidInputError:
    """A way to aggregate measurements that there is not."""
    return InvalidInputError(f"unknown aggregation mode: {mode!r}")


def query_parameter_unknown(name: str, known: list[str]) -> QueryParameterError:
    """A query asked about a name it cannot have."""
    return QueryParameterError(f"A query knows {', '.join(known)}, but not {name!r}.")


def query_parameter_unsupported(name: str, value: Any) -> InvalidTypeError:
    """A query asked about a value of another package or kind."""
    return InvalidTypeError(
        f"A query is asked about run= a run, or metric=, images=, ... a sequence of a run; "
        f"{name}={value!r} of type {type(value).__name__!r} is neither."
    )


def key_unsupported(key: Any) -> InvalidInputError:
    """A parameter key that is neither text nor an int (behaviour P04)."""
    return InvalidInputError(f"Value {key!r} of type {type(key)} is not supported")


def not_trackable(value: Any) -> InvalidInputError:
    """A value `track` refuses (behaviour T01)."""
    return InvalidInputError(f"Input type {type(value)} is neither python number nor AimObject")


def incompatible_values(value: Any, name: str, why: str) -> InvalidInputError:
    """A value unlike what its series holds (behaviour T08); `why` follows Aim's sentence."""
    return InvalidInputError(
        f"Cannot log value '{value}' on sequence '{name}'. Incompatible data types. {why}"
    )


def name_missing() -> InvalidInputError:
    """`track` of one value without a name (behaviour T03)."""
    return InvalidInputError("'name' should not be None.")


def name_unsupported(name: Any) -> InvalidTypeError:
    """`track` with a name that is neither text nor an int (behaviour T13)."""
    return InvalidTypeError(
        f"The name of a sequence is text, not {name!r} of type {type(name).__name__!r}."
    )


def dict_with_name() -> InvalidInputError:
    """`track` of a dict with a name (behaviour T03)."""
    return InvalidInputError("'name' should be None when tracking values dictionary.")


def not_a_sequence_type(name: Any) -> InvalidInputError:
    """A sequence type name nobody registered (behaviour Q10)."""
    return InvalidInputError(f"{name!r} is not a valid Sequence")


def artifacts_uri_missing() -> InvalidInputError:
    """An artifact before `set_artifacts_uri` (behaviour M03)."""
    return InvalidInputError(
        "run.artifacts_uri is None. Use run.set_artifacts_uri(...) to set this value"
    )


def artifact_scheme_unsupported(scheme: str) -> InvalidInputError:
    """An artifact store of a kind we do not have (behaviour M03)."""
    return InvalidInputError(
        f"{scheme!r} is not supported artifact storage scheme. Use a file:// or s3:// URI, install "
        "'matyan-client[fsspec]' and the package for this scheme, or register a store of your own "
        "in aim.storage.artifacts.registry."
    )


def repo_missing(path: str, *, aim_has_one: bool = False) -> RepoError:
    """A repository that is not there (behaviour Q01)."""
    hint = (
        " The .aim directory beside it belongs to Aim itself, whose data is not read." * aim_has_one
    )
    return RepoError(
        f"Cannot find repository {path!r}. Please init first: Repo.from_path(path, init=True), or "
        f"`aim-compat init`.{hint}"
    )
