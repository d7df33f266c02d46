from __future__ import annotations

from typing import Any

import pytest

from matyan_client.exceptions import InvalidTypeError
from matyan_client.objects import Text


def test_data_and_json() -> None:
    text = Text(text="grüße \U0001f600")
    assert text.data == "grüße \U0001f600"
    assert text.json() == {"type": "text", "data": "grüße \U0001f600"}
    assert Text("").data == ""


def test_repr_shows_the_first_60_characters() -> None:
    assert repr(Text("a" * 60 + "b")) == f"Text('{'a' * 60}')"


def test_lone_surrogates_are_replaced() -> None:
    assert Text("a\udce9b").data == "a\ufffdb"


@pytest.mark.parametrize("value", [5, b"a", None, ["a"]])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(InvalidTypeError, match="str") as caught:
        Text(value)
    assert isinstance(caught.value, TypeError)
