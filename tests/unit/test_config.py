"""Settings come from the environment, are checked, and are values."""

from __future__ import annotations

import pytest

from matyan_client.config import Settings
from matyan_client.exceptions import InvalidInputError


def test_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


def test_variables_are_read_and_converted() -> None:
    settings = Settings.from_environment(
        {"MATYAN_BACKEND_URL": "/x", "MATYAN_APPLY_INTERVAL_MS": "50", "OTHER": "1"}
    )
    assert settings == Settings(backend_url="/x", apply_interval_ms=50)


@pytest.mark.parametrize("text", ["x", "-1", "0", "1.5.2", "nan"])
def test_what_is_not_a_positive_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="MATYAN_CLOSE_TIMEOUT_S"):
        Settings.from_environment({"MATYAN_CLOSE_TIMEOUT_S": text})
