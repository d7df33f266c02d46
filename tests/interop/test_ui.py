"""The published web UI over our server: every page that shows runs shows them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import ui_screenshots
from servers.served import ServedRepositories

# Read at once: tests do not see settings from outside.
UI = os.environ.get("MATYAN_UI") or shutil.which("matyan-ui")
CHROMIUM = os.environ.get("MATYAN_CHROMIUM") or shutil.which("chromium")
PICTURES = os.environ.get("MATYAN_UI_PICTURES")


def test_pages_show_what_was_tracked(tmp_path: Path) -> None:
    if UI is None or CHROMIUM is None:
        pytest.skip("NOT RUN: MATYAN_UI or MATYAN_CHROMIUM does not say where it is.")
    hashes = ui_screenshots.demonstrate(tmp_path)
    served = ServedRepositories()
    try:
        with served.serving(str(tmp_path)) as server:
            into = Path(PICTURES or tmp_path / "pictures")
            assert ui_screenshots.take(server, UI, CHROMIUM, hashes[-1], into) == []
    finally:
        served.stop()
