"""Importing our modules loads no heavy library; they come when they are used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aim_compat._surface_adapters import FRAMEWORKS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("matyan_client", "aim_compat")

HEAVY = [
    "IPython",
    "PIL",
    "httpx",
    "libcst",
    "matplotlib",
    "numpy",
    "omegaconf",
    "pandas",
    "plotly",
    "psutil",
    "pydantic",
    "pydantic_settings",
    "scipy",
    "sklearn",
    "soundfile",
    "starlette",
    "torch",
    "tqdm",
    "uvicorn",
    "websockets",
]

LOADED_AS_A_WHOLE = (
    "matyan_client.server.",
    "matyan_client.transports.",
    "matyan_client.backends.remote",
    "matyan_client.backends.shipping",
    *(f"{package}.adapters.{name}" for package in PACKAGES for name in FRAMEWORKS),
    *(f"matyan_client.adapters.{name}" for name in ("accelerate", "jax", "ray_tune", "sklearn")),
)
"""Modules that nobody imports who has no use for their library."""

CHECK = """
import importlib, json, sys
heavy, names = json.loads(sys.stdin.read())
guilty = {}
for name in names:
    importlib.import_module(name)
    new = [each for each in heavy if each in sys.modules and each not in guilty]
    guilty.update(dict.fromkeys(new, name))
print(json.dumps(guilty))
"""


def module_names() -> list[str]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] != "__main__":
                found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def heavy_after_importing(names: list[str]) -> dict[str, str]:
    """Heavy library to the module whose import brought it, in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        input=json.dumps([HEAVY, names]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_no_module_loads_a_heavy_library() -> None:
    names = [name for name in module_names() if not name.startswith(LOADED_AS_A_WHOLE)]
    assert "matyan_client.run" in names
    assert "matyan_client.cli.main" in names
    assert heavy_after_importing(names) == {}


@pytest.mark.parametrize("package", ["matyan_client", "aim_compat"])
def test_a_bare_import_loads_no_database_either(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {package}; print('sqlite3' in sys.modules)"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_a_heavy_library_would_be_noticed() -> None:
    assert heavy_after_importing(["json", "numpy"]) == {"numpy": "numpy"}
