"""Goldens: what real Aim was seen to do, one JSON file a case.

Written only on request (`--record` with real Aim as the subject), read on every other run, so
that the suite works where Aim cannot be installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.case import Case

__all__ = ["FORMAT", "Goldens"]

FORMAT = 1
"""Version of the files; another version is refused rather than guessed at."""


class Goldens:
    """A folder of goldens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> set[str]:
        """Ids of all cases that have a golden."""
        return {path.stem for path in self.folder.glob("*.json")}

    def versions(self) -> set[str]:
        """Versions of Aim that the goldens were recorded with."""
        return {self._load(case_id)["aim"] for case_id in self.ids()}

    def read(self, case_id: str) -> dict[str, Any]:
        """The observations of real Aim, by label.

        Raises:
            LookupError: the case was never recorded.
            ValueError: the file is of another format.
        """
        observations: dict[str, Any] = self._load(case_id)["observations"]
        return observations

    def _load(self, case_id: str) -> dict[str, Any]:
        path = self.folder / f"{case_id}.json"
        if not path.exists():
            raise LookupError(
                f"Case {case_id!r} has no golden. Record it with: "
                "pytest tests/compat --subject=aim --record"
            )
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["case"] != case_id:
            raise ValueError(
                f"{path.name} is not a golden of format {FORMAT} for case {case_id!r}."
            )
        return content

    def write(self, case: Case, version: str, observations: dict[str, Any]) -> None:
        """Replace a golden."""
        content = {
            "format": FORMAT,
            "case": case.id,
            "title": case.title,
            "aim": version,
            "observations": observations,
        }
        self.folder.mkdir(exist_ok=True)
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (self.folder / f"{case.id}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
