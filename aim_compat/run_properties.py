"""What a run says of itself, and what of it can be edited on any run, read-only ones too (R16).

Values come from the run's record (`base_run.py`); ids like R15 are observations of Aim 3.29.1.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from aim_compat.structured import naive_utc

if TYPE_CHECKING:
    import datetime as dt

    import matyan_client
    from matyan_client.protocol.records import RunRecord

__all__ = ["StructuredRunMixin"]

# scripts know it by Aim's name
log = logging.getLogger("aim.storage.structured.sql_engine.entities")


class StructuredRunMixin:
    """Name, description, experiment, tags and times of a run."""

    if TYPE_CHECKING:  # the run it is mixed into has these

        def _read_record(self) -> RunRecord: ...

        def _writable(self) -> matyan_client.Run: ...

    @property
    def name(self) -> str | None:
        """Display name; `Run: <hash>` until it is set."""
        return self._read_record().name

    @name.setter
    def name(self, value: str | None) -> None:
        self._writable().name = _text(value)

    @property
    def description(self) -> str | None:
        """Free text; None until it is set."""
        return self._read_record().description

    @description.setter
    def description(self, value: str | None) -> None:
        self._writable().description = _text(value)

    @property
    def archived(self) -> bool:
        """Whether queries leave the run out unless they mention `run.archived`."""
        return self._read_record().archived

    @archived.setter
    def archived(self, value: bool | None) -> None:
        self._writable().archived = bool(value)

    @property
    def experiment(self) -> str | None:
        """Name of the experiment; `default` until it is set."""
        return self._read_record().experiment

    @experiment.setter
    def experiment(self, value: str | None) -> None:
        self._writable().experiment = _text(value)

    @property
    def tags(self) -> list[str]:
        """Tag names in the order they were added."""
        return list(self._read_record().tags)

    def add_tag(self, value: str) -> None:
        """Attach a tag; one that is there already is only warned about (R15).

        A number becomes its text, as in Aim.

        Raises:
            InvalidInputError: no text, or an empty one (a ValueError).
        """
        if isinstance(value, (int, float)):
            value = str(int(value) if isinstance(value, bool) else value)
        if value in self.tags:
            log.warning("Tag with value: %s is already present in this run.", value)
            return
        self._writable().add_tag(value)

    def remove_tag(self, tag_name: str) -> bool:
        """Detach a tag; returns whether it was there."""
        return self._writable().remove_tag(tag_name)

    @property
    def creation_time(self) -> float:
        """Start in Unix seconds."""
        return self._read_record().created_at

    @property
    def created_at(self) -> dt.datetime:
        """Start as naive UTC datetime."""
        return naive_utc(self.creation_time)

    @property
    def end_time(self) -> float | None:
        """End in Unix seconds, None while the run is active."""
        return self._read_record().end_time

    @property
    def finalized_at(self) -> dt.datetime | None:
        """End as naive UTC datetime, None while the run is active."""
        end = self.end_time
        return None if end is None else naive_utc(end)

    @property
    def duration(self) -> float:
        """Seconds from start to end, or until now."""
        record = self._read_record()
        return (time.time() if record.end_time is None else record.end_time) - record.created_at

    @property
    def active(self) -> bool:
        """True until the run is closed or its process is gone."""
        return self._read_record().active


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
