"""Contexts and their hash: Aim's numbers, equality, and the way over the wire and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aim_compat.context import Context, context_from_wire, context_to_wire
from aim_compat.errors import ContextError
from aim_compat.hashing import hash_auto
from matyan_client.protocol.contexts import canonical, check_context

plain: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.integers(-(2**63), 2**63 - 1), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        # Observed with Aim 3.29.1 (behaviour S02, S11).
        (0, 487590686800389010),
        (1, 6813614137041369426),
        (True, 6813614137041369426),
        (-1, -2031535777419256979),
        (2**61, 6813614137041369426),
        (0.5, -3745591848707183511),
        ({}, -4504863053055089774),
        ({"subset": "train"}, -8686149688933388395),
        ({"b": 1, "a": [1, {"x": None}]}, 3195482937003828392),
        ({2: True, 1: 3, "b": 4}, -5733924531401669375),
        (b"x", 7171810927830273537),
        ((0.5,), -6249934340821469140),
    ],
)
def test_hash_is_aims(value: Any, number: int):
    assert hash_auto(value) == number


def test_what_cannot_be_hashed_is_refused():
    with pytest.raises(NotImplementedError, match="object"):
        hash_auto({"a": object()})


@given(plain)
def test_a_context_comes_back_from_the_wire(value: Any):
    wire = check_context(context_to_wire(value))
    assert canonical(wire) is not None
    back = context_from_wire(wire)
    assert back.idx == Context(value).idx
    assert back.to_dict() == ({} if value is None else value)


def test_ordinary_contexts_look_on_the_wire_as_they_are():
    context = {"subset": "train", "fold": 1, "nested": {"deep": [1, None]}}
    assert context_to_wire(context) == context
    assert context_to_wire(Context(context)) == context


def test_equality_ignores_order_and_the_type_of_numbers():
    assert Context({"a": 1, "b": 2}) == Context({"b": 2.0, "a": True})
    assert Context({"a": 1}) == {"a": 1}
    assert Context({"a": 1}) != {"a": 2}
    assert Context(None) == Context({})
    assert len({Context({"a": 1}), Context({"a": True})}) == 1


def test_a_context_keeps_its_own_copy():
    given_dict = {"a": [1]}
    context = Context(given_dict)
    given_dict["a"].append(2)
    assert context.to_dict() == {"a": [1]}
    assert (context["a"], len(context), list(context)) == ([1], 1, ["a"])


def test_numpy_scalars_count_as_their_value():
    numpy = pytest.importorskip("numpy")
    assert context_to_wire({"fold": numpy.int64(3)}) == {"fold": 3}


def test_other_objects_in_a_context_are_refused_as_in_aim():
    with pytest.raises(NotImplementedError):
        context_to_wire({"a": object()})
    with pytest.raises(ContextError):
        context_to_wire({1.5: "a"})
