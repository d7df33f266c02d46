"""Every error `matyan_client` raises, as one small tree.

    MatyanError
    ├── InvalidInputError (ValueError)        the caller passed something we cannot take
    │   ├── InvalidTypeError (TypeError)      ... because of its type
    │   │   └── EmptyListError                an empty list does not say what it is a list of
    │   ├── SequenceContentError              a value unlike what its sequence holds
    │   ├── OutOfRangeError (OverflowError)   a number too large for what keeps it
    │   ├── NotOneNumberError (RuntimeError)  an array or tensor where one number is wanted
    │   ├── InvalidMessageError               a protocol message that does not validate
    │   └── QueryError                        a query that does not parse or is refused
    │       └── QuerySyntaxError (SyntaxError)
    ├── MissingDependencyError (ModuleNotFoundError)  an optional library is not installed
    │   └── MissingFrameworkError (RuntimeError)      ... the one an adapter is for
    ├── NotFoundError (LookupError)
    │   ├── RunNotFoundError (RuntimeError)
    │   ├── ArtifactNotFoundError (KeyError)
    │   └── BlobNotFoundError
    ├── ReadOnlyRunError (RuntimeError)       a write on a run opened with read_only=True
    ├── RepoError (RuntimeError)              the repository itself
    │   ├── RepoAccessError (OSError)         cannot be read or created
    │   ├── StoreVersionError                 written by a newer release
    │   ├── StoreCorruptError                 what is on disk cannot be understood
    │   └── ServerError                       a deployment; names its URL
    │       ├── ServerUnreachableError (ConnectionError)  no answer: refused, timed out, TLS
    │       ├── ServerAccessError (PermissionError)       401, 403
    │       ├── ServerRefusedError            another 4xx: this request, as it is, is not taken
    │       ├── ServerFailedError             5xx: trying later may help
    │       └── UnexpectedAnswerError         not what the protocol says: another program, another
    │                                         version, an answer that was cut short
    └── CodecError (ValueError)               bytes that are not what the protocol says

Branches follow what the caller can do: fix the input, install something, look elsewhere, fix the
repository. Errors of third-party libraries (sqlite3, httpx, ...) never cross the public API.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ArtifactNotFoundError",
    "BlobNotFoundError",
    "CodecError",
    "EmptyListError",
    "InvalidInputError",
    "InvalidMessageError",
    "InvalidTypeError",
    "MatyanError",
    "MissingDependencyError",
    "MissingFrameworkError",
    "NotFoundError",
    "NotOneNumberError",
    "OutOfRangeError",
    "QueryError",
    "QuerySyntaxError",
    "ReadOnlyRunError",
    "RepoAccessError",
    "RepoError",
    "RunNotFoundError",
    "SequenceContentError",
    "ServerAccessError",
    "ServerError",
    "ServerFailedError",
    "ServerRefusedError",
    "ServerUnreachableError",
    "StoreCorruptError",
    "StoreVersionError",
    "UnexpectedAnswerError",
]

_EXCERPT_MAX = 160
"""How much of a query an error shows, in characters."""


class MatyanError(Exception):
    """Root of every error this package raises on purpose. Travels between processes as it is."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), self.args, dict(self.__dict__))


def _remade(kind: type[MatyanError], args: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    """An error that was pickled: its text is made, so only Python's own constructor runs."""
    built_in: Any = kind
    while built_in.__module__ != "builtins":
        built_in = built_in.__base__  # the one that decides what instances are made of
    error = built_in.__new__(kind, *args)
    built_in.__init__(error, *args)
    error.__dict__.update(attributes)
    return error


class InvalidInputError(MatyanError, ValueError):
    """A value the caller passed cannot be used; the message names it and what was expected."""


class InvalidTypeError(InvalidInputError, TypeError):
    """A value of a type that cannot be used."""


class EmptyListError(InvalidTypeError):
    """An empty list where nothing was tracked yet that says what it is a list of."""


class SequenceContentError(InvalidInputError):
    """A value of another kind than what the sequence it is tracked in holds.

    Attributes:
        name: the sequence's name.
    """

    name = ""


class OutOfRangeError(InvalidInputError, OverflowError):
    """A number too large for what keeps it."""


class NotOneNumberError(InvalidInputError, RuntimeError):
    """An array or tensor of several elements, or none, where one number is wanted.

    Also what torch raises for its tensors.
    """


class InvalidMessageError(InvalidInputError):
    """A protocol message that does not validate (protocol section 3.5)."""


class QueryError(InvalidInputError):
    """A query that was refused, with the place in the text that caused it.

    Attributes:
        query: the query as the user wrote it.
        reason: why it was refused, one sentence.
        position: 0-based character offset in `query` of the refused part, or None.
    """

    def __init__(self, reason: str, *, query: str = "", position: int | None = None) -> None:
        self.reason = reason
        self.query = query
        self.position = position
        super().__init__(reason if not query else f"{reason}\n{self._excerpt()}")

    def __str__(self) -> str:
        # SyntaxError, a base of a subclass, has another idea.
        return str(self.args[0])

    def _excerpt(self) -> str:
        """The line in question, or as much of it as fits, with its place marked."""
        if self.position is None:
            return f"    {self.query[:_EXCERPT_MAX]}"
        start = self.query.rfind("\n", 0, self.position) + 1
        start = max(start, self.position - _EXCERPT_MAX // 2)
        end = self.query.find("\n", self.position)
        end = min(end if end >= 0 else len(self.query), start + _EXCERPT_MAX)
        return f"    {self.query[start:end]}\n    {' ' * (self.position - start)}^"


class QuerySyntaxError(QueryError, SyntaxError):
    """A query that is not a well-formed expression."""


class MissingDependencyError(MatyanError, ModuleNotFoundError):
    """An optional library is needed for this call.

    Attributes:
        library: the module that could not be imported.
        extra: the extra of this distribution that installs it.
    """

    def __init__(self, library: str, *, extra: str, purpose: str) -> None:
        self.library = library
        self.extra = extra
        super().__init__(
            f"{purpose} needs {library!r}, which is not installed. "
            f"Install it with: pip install 'matyan-client[{extra}]'"
        )
        self.name = library


class MissingFrameworkError(MissingDependencyError, RuntimeError):
    """The framework an adapter is for is not installed."""


class NotFoundError(MatyanError, LookupError):
    """What was asked for is not there (and the backend could be reached)."""

    def __str__(self) -> str:
        # KeyError, a base of some subclasses, would print the repr of the message.
        return str(self.args[0]) if self.args else ""


class RunNotFoundError(NotFoundError, RuntimeError):
    """No run has this hash."""

    def __init__(self, run_hash: str, where: str) -> None:
        self.run_hash = run_hash
        super().__init__(f"Run {run_hash!r} is not in {where}.")


class ArtifactNotFoundError(NotFoundError, KeyError):
    """The run has no artifact of this name."""


class BlobNotFoundError(NotFoundError):
    """A stored object refers to bytes that are not in the blob store."""


class ReadOnlyRunError(MatyanError, RuntimeError):
    """A write on a run that was opened for reading."""


class RepoError(MatyanError, RuntimeError):
    """The repository cannot serve the call."""


class RepoAccessError(RepoError, OSError):
    """The repository's directory cannot be read, created or written."""


class StoreVersionError(RepoError):
    """The repository was written by a newer release than this one."""


class StoreCorruptError(RepoError):
    """Something on disk is not what this release writes."""


class ServerError(RepoError):
    """A deployment cannot serve the call.

    Attributes:
        url: what was asked, without credentials.
        status: HTTP status of the answer, None if there was none.
    """

    def __init__(self, message: str, *, url: str, status: int | None = None) -> None:
        self.url = url
        self.status = status
        super().__init__(message)


class ServerUnreachableError(ServerError, ConnectionError):
    """A deployment gives no answer; what is tracked meanwhile is kept and sent later.

    Attributes:
        close_code: with which a WebSocket was closed, None if it was not.
    """

    close_code: int | None = None


class ServerAccessError(ServerError, PermissionError):
    """A deployment wants other credentials, or none of ours."""


class ServerRefusedError(ServerError):
    """A deployment does not take a request as it is."""


class ServerFailedError(ServerError):
    """A deployment failed over a request."""


class UnexpectedAnswerError(ServerError):
    """An answer is not what the protocol says; it is never taken for a shorter one."""


class CodecError(MatyanError, ValueError):
    """Bytes that do not follow the protocol's or the store's format."""
