"""What every test may rely on: a clean environment, and the protocol's vectors.

Imports neither package: the conformance suite also runs where only the original is installed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT.parent / "shared" / "protocol" / "vectors.json"


@pytest.fixture(autouse=True)
def no_settings_from_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A developer's own settings must not decide what a test sees, nor a test what they have."""
    state = tmp_path_factory.getbasetemp() / "state"
    for variable in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(state))
    for variable in list(os.environ):
        if variable.strip("_").startswith(("AIM_", "MATYAN_")):
            monkeypatch.delenv(variable)


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """The protocol's test vectors, which lie beside the project; required in CI."""
    if not VECTORS.is_file():
        message = f"The protocol's test vectors are not at {VECTORS}."
        if os.environ.get("CI") == "true":
            pytest.fail(message + " In CI they must be.")
        pytest.skip(message)
    found: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return found
