"""Objects of users' own types where Aim cannot be the judge; the rest the conformance suite has."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aim_compat import Image, Run, Text
from aim_compat.context import Context
from aim_compat.objects import CustomObject, InMemoryTreeView, UnregisteredObject, from_wire
from aim_compat.params import wire_object
from aim_compat.query import QuerySequenceCollection
from aim_compat.sequences import Sequence
from aim_compat.types import BLOB, QueryReportMode

ROOT = Path(__file__).resolve().parents[3]


@CustomObject.alias("test.thing")
class Thing(CustomObject):
    AIM_NAME = "test.thing"

    def __init__(self, x: Any) -> None:
        super().__init__()
        self.storage["x"] = x


WRITER = """
import sys
from aim_compat import Run, Text
from aim_compat.objects import CustomObject
from aim_compat.types import BLOB

@CustomObject.alias("other.process")
class Elsewhere(CustomObject):
    AIM_NAME = "other.process"

run = Run(repo=sys.argv[1], capture_terminal_logs=False, system_tracking_interval=None)
thing = Elsewhere()
thing.storage["x"] = {"a": [1, 2]}
thing.storage["raw"] = BLOB(b"raw")
thing.storage["text"] = Text("t")
run["thing"] = {"deep": thing}
run.track(thing, name="things")
run.close()
print(run.hash)
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    """Hash of a run that another process wrote, whose class is not known here."""
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout.strip()


def test_objects_without_a_class_keep_all_they_hold(elsewhere: str, tmp_path: Path) -> None:
    run = Run(elsewhere, repo=tmp_path, read_only=True)
    for thing in (run["thing"]["deep"], Sequence("things", Context({}), run).values[0]):
        assert isinstance(thing, UnregisteredObject)
        assert thing.get_typename() == "other.process"
        assert thing.storage["x", "a"] == [1, 2]
        assert thing.storage["raw"].load() == b"raw"
        assert thing.storage["text"].data == "t"
    writer = Run(repo=tmp_path, capture_terminal_logs=False)
    writer["again"] = run["thing"]["deep"]
    writer.close()

    @CustomObject.alias("other.process")
    class Elsewhere(CustomObject):
        AIM_NAME = "other.process"

    read = Run(writer.hash, repo=tmp_path, read_only=True)["again"]
    assert type(read) is Elsewhere
    assert read.storage["x"] == {"a": [1, 2]}
    del CustomObject.registry["other.process"]


def test_whoever_is_registered_is_what_is_read() -> None:
    class Better(Text):
        def shout(self) -> str:
            return self.data.upper()

    CustomObject.alias("aim.text")(Better)
    try:
        value, blob, _ = wire_object(Text("t")).encode()
        assert from_wire(value, lambda: blob or b"").shout() == "T"
    finally:
        CustomObject.alias("aim.text")(Text)


FIELDS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1) | st.integers(-(2**62), 2**62), inner, max_size=3)
        | st.builds(Thing, inner)
        | st.builds(BLOB, st.binary(max_size=30))
    ),
    max_leaves=10,
)


def shown(value: Any) -> Any:
    if isinstance(value, CustomObject):
        return (value.get_typename(), shown(value.storage[...]))
    if isinstance(value, BLOB):
        return ("blob", value.load())
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value


@given(FIELDS)
def test_what_is_in_a_storage_comes_back(field: Any) -> None:
    value, blob, _ = wire_object(Thing(field)).encode()
    assert shown(from_wire(value, lambda: blob or b"")) == shown(Thing(field))
    assert shown(copy.deepcopy(Thing(field))) == shown(Thing(field))
    assert shown(pickle.loads(pickle.dumps(Thing(field)))) == shown(Thing(field))


def test_a_class_may_have_any_attributes_of_its_own() -> None:
    class Busy(Thing):
        dtype = "float32"

        def encode(self) -> str:
            return "mine"

        def decode(self) -> str:
            return "mine"

        def json(self) -> str:
            return "mine"

    busy = Busy(1)
    value, _, _ = wire_object(busy).encode()
    assert value == {"type": "custom", "name": "test.thing", "fields": {"x": 1}}
    assert (busy.encode(), busy.decode(), busy.json()) == ("mine", "mine", "mine")


def test_images_with_blobs_beside_their_own_bytes() -> None:
    image = Image(np.zeros((2, 3), "uint8"))
    own = bytes(image.storage["data"])
    image.storage["depth"] = BLOB(b"depth" * 100)
    image.storage["mask"] = Image(np.ones((2, 3), "uint8"))
    value, blob, extension = wire_object(image).encode()
    assert extension == "png"
    again = from_wire(value, lambda: blob or b"")
    assert bytes(again.storage["data"]) == own
    assert again.storage["depth"].load() == b"depth" * 100
    assert np.asarray(again.storage["mask"].to_pil_image()).tolist() == [[1] * 3] * 2
    assert again == image


def test_sequences_of_own_objects_are_found_by_a_query(tmp_path: Path) -> None:
    class Things(Sequence[Any]):
        @classmethod
        def allowed_dtypes(cls) -> tuple[str, ...]:
            return ("test.thing",)

        @classmethod
        def sequence_name(cls) -> str:
            return "things"

    run = Run(repo=tmp_path, capture_terminal_logs=False, system_tracking_interval=None)
    for subset in ("train", "val"):
        run.track(Thing(subset), name="t", context={"subset": subset})
    run.track(1.0, name="m")
    found = QuerySequenceCollection(
        run.repo, Things, 'things.context.subset == "val"', QueryReportMode.DISABLED
    )
    assert [(type(each), each.values[0].storage["x"]) for each in found] == [(Things, "val")]
    everything = QuerySequenceCollection(run.repo, Things, "", QueryReportMode.DISABLED)
    assert len(list(everything)) == 2
    assert [name for name, _, _ in run.iter_sequence_info_by_type("test.thing")] == ["t", "t"]
    del Sequence.registry["things"]
    run.close()


def test_a_tree_reaches_into_objects() -> None:
    tree = InMemoryTreeView(
        {"a": Thing({"b": [1, Thing(2)]}), "list": [5, 6], "n": {1: "x", 0: "y"}}
    )
    assert tree["a", "x", "b", 1, "x"] == 2
    tree["a", "x", "b", 0] = 7
    assert tree.collect("a", resolve_objects=True) == {"x": {"b": [7, {"x": 2}]}}
    assert tree.array("list").tolist() == [5, 6]
    assert tree.array("n").tolist() == ["y", "x"]
    assert (tree.first_key(), tree.last_key(), len(tree), list(tree)) == (
        "a",
        "n",
        3,
        ["a", "list", "n"],
    )
    with pytest.raises(KeyError):
        InMemoryTreeView({}).first_key()
    shared: list[int] = []
    InMemoryTreeView(tree.container, constructed=False).set("s", shared)
    shared.append(1)
    assert tree["s"] == [1]
