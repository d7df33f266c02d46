"""Context ids are the real server's; what cannot be a context is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matyan_client.exceptions import InvalidInputError
from matyan_client.protocol.contexts import canonical, check_context, context_id


def test_ids_of_the_real_server(vectors: dict[str, Any]) -> None:
    for case in vectors["context_to_id"]:
        assert context_id(case["context"]) == case["id"], case


def test_no_context_is_one_thing() -> None:
    assert canonical(None) == canonical({}) == ""
    assert check_context(None) == check_context({}) == {}


def test_order_does_not_matter_but_type_does() -> None:
    assert canonical({"a": 1, "b": {"d": 1, "c": 2}}) == canonical({"b": {"c": 2, "d": 1}, "a": 1})
    assert len({canonical({"k": k}) for k in (1, 1.0, True, "1", None)}) == 5


def test_numbers_of_numpy_become_plain() -> None:
    given = {"i": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True), "n": {"t": (1, 2)}}
    checked = check_context(given)
    assert checked == {"i": 3, "f": 0.5, "b": True, "n": {"t": [1, 2]}}
    assert [type(v) for v in checked.values()] == [int, float, bool, dict]


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ("train", "'train'"),
        (["x"], "list"),
        (5, "5"),
        ({1: "x"}, "1"),
        ({"a": object()}, "value a is"),
        ({"a": {"b": {1, 2}}}, r"value a\.b is"),
        ({"a": np.zeros(3)}, "value a is"),
    ],
)
def test_what_cannot_be_a_context(context: Any, named: str) -> None:
    with pytest.raises(InvalidInputError, match=named):
        check_context(context)
