"""Where a framework is not installed, its adapter's import says what to install, and says it as
one typed error, whichever name it is imported by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aim_compat._surface_adapters import FRAMEWORKS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[3]

LIBRARIES = {
    **{name: each.libraries.split() for name, each in FRAMEWORKS.items() if each.libraries},
    "jax": ["jax"],
    "ray_tune": ["ray"],
    "sklearn": ["sklearn"],
}
EXTRAS = {
    **{name: each.extra for name, each in FRAMEWORKS.items()},
    "jax": "jax",
    "ray_tune": "ray-tune",
    "sklearn": "sklearn",
}

SCRIPT = """
import importlib, json, sys
import aim_compat
from matyan_client.exceptions import MissingFrameworkError
found = {}
asked = json.load(sys.stdin)
for libraries in asked.values():
    sys.modules.update(dict.fromkeys(libraries))  # None: not to be found
for name in asked:
    places = ["matyan_client.adapters.", "aim_compat.", "aim_compat.sdk.adapters."]
    for place in places if name not in ("jax", "ray_tune", "sklearn") else places[:1]:
        try:
            importlib.import_module(place + name)
        except MissingFrameworkError as exc:
            kinds = [each.__name__ for each in type(exc).__mro__]
            found[place + name] = [exc.extra, str(exc), kinds]
        except Exception as exc:
            found[place + name] = repr(exc)
        else:
            found[place + name] = None
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What importing each adapter raised, by module, with no framework to be found."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps(LIBRARIES),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_the_error_names_the_extra(name: str, found: dict[str, Any]) -> None:
    asked = [module for module in found if module.rpartition(".")[2] == name]
    assert len(asked) == (3 if name in FRAMEWORKS else 1)
    for module in asked:
        if found[module] is None:  # needs its framework at other times only
            assert module.startswith("matyan_client")
            continue
        extra, text, kinds = found[module]
        assert extra == EXTRAS[name]
        assert f"pip install 'matyan-client[{extra}]'" in text
        assert {"MatyanError", "RuntimeError", "ModuleNotFoundError"} < set(kinds)


def test_every_extra_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
