"""Changes of what is already on a deployment: properties and tags of runs, experiments, tags.

They go over REST (protocol sections 8.2, 8.7 and 8.8), so they are done when the call returns.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from matyan_client.backends.remote_search import run_path
from matyan_client.config import Settings
from matyan_client.exceptions import (
    InvalidInputError,
    RunNotFoundError,
    ServerFailedError,
    ServerRefusedError,
    UnexpectedAnswerError,
)
from matyan_client.protocol.records import ExperimentRecord, TagRecord
from matyan_client.protocol.routes import BACKEND

if TYPE_CHECKING:
    from collections.abc import Callable

    from matyan_client.protocol.messages import Message
    from matyan_client.transports.http import HttpClient

__all__ = [
    "apply_edit",
    "create_experiment",
    "create_tag",
    "delete_experiment",
    "delete_run",
    "delete_tag",
    "list_experiments",
    "list_tags",
    "update_experiment",
    "update_tag",
]

_EXPERIMENTS = f"{BACKEND}/experiments/"
_TAGS = f"{BACKEND}/tags/"


# -- one run --------------------------------------------------------------------------------------


def apply_edit(
    http: HttpClient, run_hash: str, message: Message, tags_of: Callable[[], list[str]]
) -> None:
    """Change properties or tags of a run.

    Args:
        http: asks the backend.
        run_hash: the run.
        message: `set_run_property`, `add_tag` or `remove_tag`.
        tags_of: the run's tags as they are.

    Raises:
        RunNotFoundError: there is none.
    """
    fields = cast("dict[str, Any]", message)
    if fields["type"] == "set_run_property":
        _set_properties(http, run_hash, fields)
    elif fields["type"] == "add_tag":
        # Each time it is added, a real server counts one run more (4.6).
        if fields["tag_name"] not in tags_of():
            body = {"tag_name": fields["tag_name"]}
            _of_run(http, "POST", run_hash, "tags/new/", body)
    elif fields["type"] == "remove_tag":
        for tag in list_tags(http):
            if tag.name == fields["tag_name"]:
                _of_run(http, "DELETE", run_hash, f"tags/{quote(tag.id, safe='')}/", None)
    else:
        raise InvalidInputError(f"A {fields['type']} message is no edit of a run.")


def _set_properties(http: HttpClient, run_hash: str, fields: dict[str, Any]) -> None:
    cleared = list(fields.get("clear") or ())
    body = {
        name: fields[name]
        for name in ("name", "description", "archived", "experiment")
        if fields.get(name) is not None
    }
    if body.get("experiment"):
        # A real server takes a run out of its experiment if the new one is unknown (8.2).
        known = {experiment.name for experiment in list_experiments(http)}
        if body["experiment"] not in known:
            _create(http, _EXPERIMENTS, {"name": body["experiment"]})
    # It cannot unset: an empty text stands for nothing, and no experiment has no name.
    body.update(dict.fromkeys(cleared, ""))
    if cleared:
        body["clear"] = cleared
    _of_run(http, "PUT", run_hash, "", body)


def _of_run(http: HttpClient, method: str, run_hash: str, rest: str, body: Any) -> None:
    if not _done(http, method, run_path(run_hash, rest), body):
        raise RunNotFoundError(run_hash, http.shown(""))


_ABSENT = object()


def _done(http: HttpClient, method: str, path: str, body: Any = None) -> bool:
    """Ask for a change; False if there is nothing to be changed.

    Raises:
        UnexpectedAnswerError: the answer does not say that it is done.
    """
    found = http.json(method, path, body=body, absent=lambda: _ABSENT, again=True)
    if found is _ABSENT:
        return False
    # Only a tag's deletion is answered with nothing (8.8).
    if found is not None and (not isinstance(found, dict) or found.get("status") != "OK"):
        raise UnexpectedAnswerError(
            f"{http.shown(path)} answered {found!r:.80}, which does not say that it did what it "
            "was asked for.",
            url=http.shown(path),
        )
    return True


def delete_run(http: HttpClient, run_hash: str) -> bool:
    """Delete a run, and wait until it is really gone; False if there was none.

    Raises:
        ServerFailedError: it is still there when time is up.
    """
    if not _done(http, "DELETE", run_path(run_hash)):
        return False
    deadline = time.monotonic() + Settings.from_environment().read_timeout_s
    wait_s = 0.02
    while http.json("GET", run_path(run_hash, "info/"), absent=lambda: _ABSENT) is not _ABSENT:
        if time.monotonic() >= deadline:
            raise ServerFailedError(
                f"{http.shown(run_path(run_hash))} took the order to delete the run, but has not "
                "carried it out in time. It may still; see whether its ingestion worker runs.",
                url=http.shown(run_path(run_hash)),
            )
        time.sleep(wait_s)
        wait_s = min(wait_s * 1.5, 0.5)
    return True


# -- experiments ----------------------------------------------------------------------------------


def list_experiments(http: HttpClient) -> list[ExperimentRecord]:
    """All experiments by name."""
    return sorted(_listed(http, _EXPERIMENTS, _experiment), key=lambda record: record.name)


def create_experiment(http: HttpClient, name: str) -> ExperimentRecord:
    """Make one; raises InvalidInputError if the name is taken."""
    made = _create(http, _EXPERIMENTS, {"name": name})
    return next(
        (record for record in list_experiments(http) if record.id == made),
        ExperimentRecord(made, name),
    )


def update_experiment(http: HttpClient, record: ExperimentRecord) -> bool:
    """Change one by id; False if there is none."""
    _refuse_taken(record.id, record.name, list_experiments(http), "experiment")
    return _update(
        http,
        f"{_EXPERIMENTS}{quote(record.id, safe='')}/",
        # Without a description a real server erases it (12.2.8).
        {
            "name": record.name,
            "description": record.description,
            "archived": record.archived,
        },
    )


def delete_experiment(http: HttpClient, experiment: str) -> bool:
    """Delete one by id or name; False if there was none."""
    return _delete(http, _EXPERIMENTS, _find(list_experiments(http), experiment))


def _experiment(item: Any) -> ExperimentRecord:
    return ExperimentRecord(
        str(item["id"]),
        str(item["name"]),
        str(item.get("description") or ""),
        bool(item.get("archived")),
        float(item.get("creation_time") or 0.0),
        int(item.get("run_count") or 0),
    )


# -- tags -----------------------------------------------------------------------------------------


def list_tags(http: HttpClient) -> list[TagRecord]:
    """All tags by name."""
    return sorted(_listed(http, _TAGS, _tag), key=lambda record: record.name)


def create_tag(http: HttpClient, name: str) -> TagRecord:
    """Make one; raises InvalidInputError if the name is taken."""
    made = _create(http, _TAGS, {"name": name})
    return next((record for record in list_tags(http) if record.id == made), TagRecord(made, name))


def update_tag(http: HttpClient, record: TagRecord) -> bool:
    """Change one by id; False if there is none."""
    _refuse_taken(record.id, record.name, list_tags(http), "tag")
    return _update(
        http,
        f"{_TAGS}{quote(record.id, safe='')}/",
        {
            "name": record.name,
            "color": record.color,
            "description": record.description,
            "archived": record.archived,
        },
    )


def delete_tag(http: HttpClient, tag: str) -> bool:
    """Delete one by id or name; False if there was none."""
    return _delete(http, _TAGS, _find(list_tags(http), tag))


def _tag(item: Any) -> TagRecord:
    return TagRecord(
        str(item["id"]),
        str(item["name"]),
        str(item.get("color") or ""),
        str(item.get("description") or ""),
        bool(item.get("archived")),
        int(item.get("run_count") or 0),
    )


# -- both -----------------------------------------------------------------------------------------


def _listed(http: HttpClient, path: str, made: Callable[[Any], Any]) -> list[Any]:
    found = http.json("GET", path)
    try:
        if not isinstance(found, list):
            raise TypeError(f"{found!r:.80} is no list")
        return [made(item) for item in found]
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise UnexpectedAnswerError(
            f"The answer of {http.shown(path)} makes no sense ({type(exc).__name__}: {exc}).",
            url=http.shown(path),
        ) from exc


def _create(http: HttpClient, path: str, body: dict[str, Any]) -> str:
    try:
        found = http.json("POST", path, body=body)
        return str(found["id"])
    except ServerRefusedError as exc:
        if exc.status not in (400, 409):
            raise
        raise InvalidInputError(f"{body['name']!r} cannot be created: {exc}") from exc
    except (KeyError, TypeError) as exc:
        raise UnexpectedAnswerError(
            f"{http.shown(path)} does not say what it made.", url=http.shown(path)
        ) from exc


def _refuse_taken(own_id: str, name: str, others: list[Any], what: str) -> None:
    if any(other.name == name and other.id != own_id for other in others):
        raise InvalidInputError(f"There is another {what} called {name!r}.")


def _update(http: HttpClient, path: str, body: dict[str, Any]) -> bool:
    return _done(http, "PUT", path, body)


def _find(records: list[Any], wanted: str) -> str | None:
    by_id = [record.id for record in records if record.id == wanted]
    by_name = [record.id for record in records if record.name == wanted]
    return next(iter(by_id + by_name), None)


def _delete(http: HttpClient, path: str, found: str | None) -> bool:
    if found is None:
        return False
    return _done(http, "DELETE", f"{path}{quote(found, safe='')}/")
