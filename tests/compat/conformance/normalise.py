"""Turning what a case saw into JSON that two runs of the same case agree on.

The only place of the suite where anything is dropped from an observation. Each rule says which
nondeterminism it removes; whatever is not named here is compared as it is, types included.
"""

from __future__ import annotations

import datetime
import enum
import math
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

__all__ = ["Normaliser", "raised"]

_HASH = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{24})(?![0-9a-f])")
_ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")
_OBJECT_ID = re.compile(r"#-?\d{6,}")
_STORE = re.compile(r"<repo>(/[^/\s'\"]+)*?/\.(?:aim|matyan)\b")
_DAY_S = 86400.0
_DIGITS = 9


class Normaliser:
    """Normalises the observations of one case; run hashes are numbered in order of appearance."""

    def __init__(self, directory: str) -> None:
        self._roots = sorted({directory, os.path.realpath(directory)}, key=len, reverse=True)
        self._hashes: dict[str, str] = {}
        self._url = ""

    def served_at(self, location: str) -> None:
        """The repository is not below its root but at a URL."""
        if location not in self._roots:
            self._url = location

    def __call__(self, value: Any) -> Any:
        """The JSON form of a value."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, str):
            return self.text(value)
        array = self._array(value)
        if array is not None:
            return array
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return self._number(value)
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": bytes(value).hex()}
        if isinstance(value, PurePath):
            return {"path": self.text(str(value))}
        if isinstance(value, datetime.datetime):
            # when the case ran
            return {"datetime": "naive" if value.tzinfo is None else "aware"}
        if isinstance(value, type):
            return {"class": value.__name__}
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            if all(type(key) is str for key in value):
                return {self.text(key): self(item) for key, item in value.items()}
            return {"pairs": [[self(key), self(item)] for key, item in value.items()]}
        if isinstance(value, tuple):
            return {"tuple": [self(item) for item in value]}
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, (set, frozenset)):
            # hash order of the process
            return {"set": sorted((self(item) for item in value), key=repr)}
        return {"object": type(value).__name__}

    def text(self, text: str) -> str:
        """Text without run hashes, directories, addresses and object ids."""
        if self._url:
            # name of the store, as below; at a URL nothing is above it
            text = text.replace(self._url, "<repo>/<store>")
        for root in self._roots:
            # the temporary directory of the case, and which way its path is spelled
            text = text.replace(root, "<repo>")
        if sys.platform == "win32":
            # separator of the platform
            text = text.replace("\\", "/") if "<repo>" in text else text
        # name of the directory below a repository root: each subject has its own by design
        text = _STORE.sub(lambda found: found.group().rpartition("/")[0] + "/<store>", text)
        # run hashes are random; their lengths are observed by a case of its own
        text = _HASH.sub(lambda found: self._hash(found.group()), text)
        # memory addresses
        text = _ADDRESS.sub("<address>", text)
        # ids made from paths and hashes, as in `<Run#7604622164053187854 ...>`
        return _OBJECT_ID.sub("#<id>", text)

    def _hash(self, run_hash: str) -> str:
        return self._hashes.setdefault(run_hash, f"<hash{len(self._hashes) + 1}>")

    def _number(self, number: float) -> Any:
        if math.isnan(number):
            return "<nan>"
        if math.isinf(number):
            return "<inf>" if number > 0 else "<-inf>"
        if abs(number - time.time()) < _DAY_S:
            # when the case ran
            return "<time>"
        # last bits of a sum, which differ with order of summation and mathematical library
        return float(f"{number:.{_DIGITS}g}")

    def _array(self, value: Any) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return None
        if isinstance(value, numpy.ndarray):
            return {"array": [self(item) for item in value.tolist()], "dtype": value.dtype.name}
        if isinstance(value, numpy.generic):
            return {"scalar": self(value.item()), "dtype": value.dtype.name}
        return None


def raised(
    error: BaseException, library_errors: Callable[[], list[type[BaseException]]]
) -> dict[str, Any]:
    """How an exception is observed: by the `except` clauses that would catch it, not by its text.

    Texts and classes of third-party libraries are the implementation's; a script can only rely on
    builtin classes and on the error classes that Aim documents.
    """
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    names = sorted(set(kinds) - {"object", "BaseException"})
    known = sorted(kind.__name__ for kind in library_errors() if isinstance(error, kind))
    return {"raises": names, "aim": known} if known else {"raises": names}
