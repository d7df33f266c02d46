"""Aim's adapters and ours, each with its framework: the same names, members and signatures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aim_compat import _surface
from aim_compat._surface_adapters import modules
from aim_compat._surface_members import CLASSES

FACTS = Path(__file__).resolve().parents[1] / "unit" / "aim_compat" / "surface_facts.py"
ADAPTERS = sorted(name for name in modules() if name.startswith("aim.sdk.adapters."))

NOT_IN_AIM = {"aim.sdk.adapters.keras_tuner"}
"""Adapters that cannot be imported in Aim with the framework's newest release."""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What both offer, by package; each adapter in a process of its own, since frameworks are."""
    found: dict[str, Any] = {"aim": {}, "aim_compat": {}}
    place = tmp_path_factory.mktemp("facts")
    for package in found:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(FACTS), package],
            input=json.dumps(ADAPTERS),
            capture_output=True,
            text=True,
            check=False,
            cwd=place,
        )
        assert done.returncode == 0, done.stderr
        found[package] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(300)
def test_adapters_of_what_is_installed_can_be_imported(facts: dict[str, Any]) -> None:
    installed = {name for name in ADAPTERS if not _surface.missing_library(name)}
    assert installed <= facts["aim_compat"].keys()
    assert installed - facts["aim"].keys() == NOT_IN_AIM


@pytest.mark.timeout(300)
def test_names_members_and_signatures_are_aims(facts: dict[str, Any]) -> None:
    differing = {}
    for module, theirs in facts["aim"].items():
        ours = facts["aim_compat"].get(module, {"names": {}})["names"]
        for name, what in theirs["names"].items():
            row = _surface.find(module, name)
            if row is None or row.status is _surface.Status.ABSENT:
                continue
            here = ours.get(name, {})
            if what["kind"] != here.get("kind"):
                differing[f"{module}.{name}"] = (what["kind"], here.get("kind"))
            if what["kind"] == "function" and what["signature"] != here["signature"]:
                differing[f"{module}.{name}"] = (what["signature"], here["signature"])
            if f"{module}.{name}" in CLASSES:
                differing |= members(f"{module}.{what['name']}", what, here)
    assert differing == {}


def members(title: str, theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Members of a class that are not as in Aim, and how they are in both."""
    module, _, cls = title.rpartition(".")
    differing = {}
    for member, what in theirs["members"].items():
        row = _surface.find(module, f"{cls}.{member}")
        if row is not None and row.status is not _surface.Status.SUPPORTED:
            continue
        here = ours["members"].get(member)
        same_kind = here is not None and here["kind"] == what["kind"]
        if not same_kind or what.get("signature") != here.get("signature"):
            differing[f"{title}.{member}"] = (what, here)
        elif row is None:
            differing[f"{title}.{member}"] = "not in the table"
    return differing
