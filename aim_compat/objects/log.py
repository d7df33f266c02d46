"""Aim's LogLine and LogRecord: what a run's process printed, and its log messages (M01, M02)."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, ClassVar

from aim_compat.hashing import hash_auto
from aim_compat.objects.base import CustomObject, type_name
from aim_compat.objects.text import Text
from matyan_client.exceptions import InvalidTypeError

__all__ = ["LogLine", "LogRecord"]


@CustomObject.alias("aim.log_line")
class LogLine(Text):
    """One captured terminal line; its text is `data`.

    Raises:
        TypeError: not a str.
    """

    AIM_NAME: ClassVar[str] = "aim.log_line"

    def __init__(self, line: str) -> None:
        if not isinstance(line, str):
            raise InvalidTypeError(f"`line` must be a string, not {type_name(line)}.")
        super().__init__(line)


@CustomObject.alias("aim.log_record")
class LogRecord(CustomObject):
    """One message of `run.log_info()` and its siblings (behaviour M01).

    Args:
        message: the message.
        level: a level number of `logging`.
        timestamp: Unix seconds, None: now.
        logger_info: (file name, line number) of the call; None: whoever makes the record.
        **kwargs: what was logged with it.
    """

    AIM_NAME: ClassVar[str] = "aim.log_record"

    def __init__(
        self,
        message: str,
        level: int,
        timestamp: float | None = None,
        logger_info: tuple[str, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if not logger_info:
            caller = sys._getframe(1)
            logger_info = (caller.f_code.co_filename, caller.f_lineno)
        self.storage["message"] = message
        self.storage["log_level"] = level
        self.storage["timestamp"] = timestamp or time.time()
        if kwargs:
            self.storage["extra_args"] = kwargs
        self.storage["__logger_info"] = logger_info

    @property
    def message(self) -> str:
        """The message."""
        message: str = self.storage["message"]
        return message

    @property
    def level(self) -> int:
        """The level number."""
        level: int = self.storage["log_level"]
        return level

    def json(self) -> dict[str, Any]:
        """Message, name of the level, timestamp and what was logged with it."""
        return {
            "message": self.message,
            "log_level": logging.getLevelName(self.level),
            "timestamp": self.storage["timestamp"],
            "args": self.storage.get("extra_args", None),
        }

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return hash_auto((self.storage["__logger_info"], self.level))

    def __repr__(self) -> str:
        return f"<LogRecord {logging.getLevelName(self.level)} {self.message!r}>"
